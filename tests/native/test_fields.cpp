// SPDX-License-Identifier: GPL-3.0-or-later
// Operations on fields against sums that are written out.
#include <doctest/doctest.h>

#include "cases.hpp"
#include "checks.hpp"
#include "convolve.hpp"
#include "planner.hpp"
#include "region_sums.hpp"
#include "stencil.hpp"
#include "white_noise.hpp"

namespace jerald {
namespace {

TEST_CASE_TEMPLATE("finite differences on meshes of any shape", T, float, double) {
  for (const Mesh& mesh : meshes()) {
    const OwnSlab<T> field = random_field<T>(mesh, Communicator{}, 1);
    const auto planes = Planes<const T>::whole(mesh, field.read());
    for (const int64_t order : {4, 6}) {
      for (int axis = 0; axis < 3; ++axis) {
        const Stencil<double> stencil(order, mesh.cell[axis]);
        const OwnSlab<T> result(mesh.slab(mesh.nx()));
        finite_difference(mesh, planes, 0, axis, order, *result);
        for (int64_t i = 0; i < mesh.nx(); ++i) {
          for (int64_t j = 0; j < mesh.ny(); ++j) {
            for (int64_t k = 0; k < mesh.nz(); ++k) {
              const auto at = [&](int64_t offset) {
                std::array<int64_t, 3> node{i, j, k};
                node[axis] = wrapped(node[axis] + offset, mesh.nodes[axis]);
                return double{field->row(node[0], node[1])[node[2]]};
              };
              double expected = 0;
              for (int m = 1; m <= stencil.reach; ++m) {
                expected += stencil.coefficient[m - 1] * (at(m) - at(-m));
              }
              CHECK(std::abs(result->row(i, j)[k] - expected) < tolerance<T>);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("a stencil of another order or axis is refused") {
  const Mesh mesh{{2, 2, 2}, {1, 1, 1}};
  const OwnSlab<float> field(mesh.slab(2));
  const auto planes = Planes<const float>::whole(mesh, field.read());
  CHECK_THROWS_AS(finite_difference(mesh, planes, 0, 0, 5, *field), std::invalid_argument);
  CHECK_THROWS_AS(finite_difference(mesh, planes, 0, 3, 4, *field), std::invalid_argument);
}

TEST_CASE("region sums fill the mesh and do not depend on threads") {
  const Mesh mesh{{6, 5, 29}, {1, 1, 1}};
  const OwnSlab<float> field = random_field<float>(mesh, Communicator{}, 2);
  const Regions regions{20, {3, 4, 11}};
  double upper = 0, corner = 0, all = 0;
  for (int64_t i = 0; i < 6; ++i) {
    for (int64_t j = 0; j < 5; ++j) {
      for (int64_t k = 0; k < 29; ++k) {
        const double value = field->row(i, j)[k];
        all += value;
        if (k >= 20) upper += value;
        if (i < 3 && j < 4 && k < 11) corner += value;
      }
    }
  }
  const RegionSums alone = region_sums(mesh, regions, 0, field.read());
  CHECK(alone.upper == doctest::Approx(upper));
  CHECK(alone.corner == doctest::Approx(corner));
  CHECK(alone.rest == doctest::Approx(all - upper - corner));
  set_threads(4);
  const RegionSums shared = region_sums(mesh, regions, 0, field.read());
  set_threads(1);
  CHECK(alone.upper == shared.upper);
  CHECK(alone.rest == shared.rest);
  CHECK(alone.corner == shared.corner);
}

TEST_CASE("regions that overlap or leave the mesh are refused") {
  const Mesh mesh{{4, 4, 4}, {1, 1, 1}};
  const OwnSlab<float> field(mesh.slab(4));
  for (const Regions& regions : {Regions{2, {1, 1, 3}}, Regions{5, {1, 1, 1}},
                                 Regions{3, {5, 1, 1}}, Regions{3, {1, -1, 1}}}) {
    CHECK_THROWS_AS(region_sums(mesh, regions, 0, field.read()), std::invalid_argument);
  }
}

// A table with an entry of its own for every mode of the half spectrum, over the ranks.
struct Index {
  Index(int64_t rows, int64_t first_row, const Mesh& mesh) : half(mesh.nz() / 2 + 1) {
    for (int32_t a = 0; a < mesh.nx(); ++a) first.push_back(a * mesh.ny() * half);
    for (int32_t b = 0; b < rows; ++b) second.push_back((first_row + b) * half);
    for (int32_t c = 0; c < half; ++c) third.push_back(c);
    entries = mesh.nx() * mesh.ny() * half;
  }
  ModeIndex view() const {
    const auto values = [](const std::vector<int32_t>& axis) {
      return Values<const int32_t>(axis.data(), axis.size());
    };
    return {values(first), values(second), values(third)};
  }
  int64_t half, entries;
  std::vector<int32_t> first, second, third;
};

TEST_CASE_TEMPLATE("the cotangents of a convolution are its adjoints", T, float, double) {
  for (const Mesh& mesh : meshes()) {
    const auto& plans = planner().transform<T>(mesh, world());
    const Index index(plans.second(), Distribution{mesh.ny(), world().size}.start(world().rank),
                      mesh);
    const OwnSlab<T> field = random_field<T>(mesh, world(), 3);
    const OwnSlab<T> cotangent = random_field<T>(mesh, world(), 4);
    const OwnSlab<T> result(plans.field_shape()), field_bar(plans.field_shape());
    std::vector<T> kernel = random_numbers<T>(index.entries, 5), kernel_bar(index.entries),
                   alone(index.entries);
    // A real, even kernel: modes k and -k on the planes that hold both have equal entries.
    for (int64_t a = 0; a < mesh.nx(); ++a) {
      for (int64_t b = 0; b < mesh.ny(); ++b) {
        for (int64_t c = 0; c < index.half; ++c) {
          if (plans.hermitian_weight(c) == 2) continue;
          const int64_t opposite_a = wrapped(-a, mesh.nx()), opposite_b = wrapped(-b, mesh.ny());
          kernel[(opposite_a * mesh.ny() + opposite_b) * index.half + c] =
              kernel[(a * mesh.ny() + b) * index.half + c];
        }
      }
    }
    const Values<const T> table(kernel.data(), index.entries);
    convolve(mesh, plans, index.view(), field.read(), table, *result);
    convolve_adjoint(mesh, plans, index.view(), field.read(), table, cotangent.read(), *field_bar,
                     Values<T>(kernel_bar.data(), index.entries));
    convolve_kernel_bar(mesh, plans, index.view(), field.read(), cotangent.read(),
                        Values<T>(alone.data(), index.entries));
    CHECK(alone == kernel_bar);
    const double value = dot(result->data(), cotangent->data(), result->size());
    const double by_field = dot(field->data(), field_bar->data(), field->size());
    const double by_kernel = dot(kernel.data(), kernel_bar.data(), index.entries);
    CHECK(std::abs(sum_over_ranks(world(), value - by_field)) < tolerance<T>);
    CHECK(std::abs(sum_over_ranks(world(), value - by_kernel)) < tolerance<T>);
  }
}

TEST_CASE("a kernel table without the entries of all modes is refused") {
  const Mesh mesh{{3, 4, 5}, {1, 1, 1}};
  const auto& plans = planner().transform<double>(mesh, Communicator{});
  const Index index(4, 0, mesh);
  const OwnSlab<double> field(plans.field_shape());
  const std::vector<double> kernel(index.entries - 1);
  CHECK_THROWS_WITH_AS(convolve(mesh, plans, index.view(), field.read(),
                                Values<const double>(kernel.data(), kernel.size()), *field),
                       "modes belong to entries 0 to 35 of a kernel table that has 35",
                       std::invalid_argument);
}

TEST_CASE("columns of random numbers do not depend on threads") {
  const std::vector<int64_t> seeds = {1, 2, 3, 4, 5};
  std::vector<double> alone(5 * 3 * 2), shared(alone.size());
  const Values<const int64_t> view(seeds.data(), 5);
  draw_columns(view, Slab<double>(alone.data(), {5, 3, 2}));
  set_threads(4);
  draw_columns(view, Slab<double>(shared.data(), {5, 3, 2}));
  set_threads(1);
  CHECK(alone == shared);
  CHECK(*std::min_element(alone.begin(), alone.end()) >= 0);
  CHECK(*std::max_element(alone.begin(), alone.end()) < 1);
  std::vector<double> first(6);
  draw_uniforms(2, Values<double>(first.data(), 6));
  CHECK(std::equal(first.begin(), first.end(), alone.begin() + 6));
}

TEST_CASE("a checksum covers the bytes that fill no word") {
  std::vector<unsigned char> bytes(21, 7);
  const uint64_t before = checksum(bytes.data(), 21);
  for (unsigned char& byte : bytes) {
    byte ^= 1;
    CHECK(checksum(bytes.data(), 21) != before);
    byte ^= 1;
  }
  CHECK(checksum(bytes.data(), 21) == before);
}

}  // namespace
}  // namespace jerald
