// SPDX-License-Identifier: GPL-3.0-or-later
// Transforms against the plain sums over nodes and modes, on any number of ranks.
#include <doctest/doctest.h>

#include <complex>

#include "cases.hpp"
#include "planner.hpp"

namespace jerald {
namespace {

// The mode (a, b, c) of a whole field, summed in double precision.
template <class T>
std::complex<double> mode(const Mesh& mesh, const std::vector<T>& field, int64_t a, int64_t b,
                          int64_t c) {
  const double turn = -2 * std::acos(-1.0);
  std::complex<double> sum = 0;
  int64_t node = 0;
  for (int64_t i = 0; i < mesh.nx(); ++i) {
    for (int64_t j = 0; j < mesh.ny(); ++j) {
      for (int64_t k = 0; k < mesh.nz(); ++k, ++node) {
        const double phase =
            double(a * i) / mesh.nx() + double(b * j) / mesh.ny() + double(c * k) / mesh.nz();
        sum += double{field[node]} * std::polar(1.0, turn * phase);
      }
    }
  }
  return sum;
}

// Transform a random field there and back, over the ranks of a communicator.
template <class T>
void check_transforms(const Mesh& mesh, const Communicator& ranks) {
  const auto& plans = planner().transform<T>(mesh, ranks);
  const OwnSlab<T> field = random_field<T>(mesh, ranks, 1);
  const OwnSlab<std::complex<T>> spectrum(plans.spectrum_shape());
  plans.forward(*field, *spectrum);

  const std::vector<T> whole = random_numbers<T>(mesh.size(), 1);
  const int64_t first_row = Distribution{mesh.ny(), ranks.size}.start(ranks.rank);
  for (int64_t a = 0; a < plans.first(); ++a) {
    for (int64_t b = 0; b < plans.second(); ++b) {
      for (int64_t c = 0; c < plans.half(); ++c) {
        const std::complex<double> found(spectrum->row(a, b)[c]);
        const std::complex<double> expected = mode(mesh, whole, a, first_row + b, c);
        CHECK(std::abs(found - expected) < tolerance<T>);
      }
    }
  }

  const OwnSlab<T> back(plans.field_shape());
  plans.backward(*spectrum, *back);
  for (int64_t node = 0; node < back->size(); ++node) {
    CHECK(std::abs(back[node] - mesh.size() * field[node]) < mesh.size() * tolerance<T>);
  }
}

TEST_CASE_TEMPLATE("a transform is the sum over nodes, and its inverse returns the field", T, float,
                   double) {
  for (const Mesh& mesh : meshes()) check_transforms<T>(mesh, world());
}

TEST_CASE_TEMPLATE("threads share a transform", T, float, double) {
  set_threads(3);
  check_transforms<T>(meshes().back(), world());
  set_threads(1);
}

TEST_CASE("two communicators of one size have plans of their own") {
  for (const Mesh& mesh : meshes()) {
    check_transforms<double>(mesh, world());
    check_transforms<double>(mesh, reversed_world());
    const bool shared = &planner().transform<double>(mesh, world()) ==
                        &planner().transform<double>(mesh, reversed_world());
    CHECK(shared == (world().size == 1));
  }
}

TEST_CASE("plans refuse arrays of another shape or alignment") {
  const Mesh mesh{{4, 4, 4}, {1, 1, 1}};
  const auto& plans = planner().transform<float>(mesh, Communicator{});
  const OwnSlab<float> field({5, 4, 4});
  const OwnSlab<std::complex<float>> spectrum(plans.spectrum_shape());
  CHECK_THROWS_AS(plans.forward(*field, *spectrum), std::invalid_argument);
  const Slab<const float> shifted(field->data() + 1, mesh.slab(4));
  CHECK_THROWS_AS(plans.forward(shifted, *spectrum), std::runtime_error);
}

}  // namespace
}  // namespace jerald
