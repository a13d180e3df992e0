// SPDX-License-Identifier: GPL-3.0-or-later
// Operations between particles and mesh: painting against a sum over nodes, the others by dot
// products with it. Particles may be anywhere, on any number of ranks and threads.
#include <doctest/doctest.h>

#include <array>
#include <optional>

#include "cases.hpp"
#include "halo.hpp"
#include "paint.hpp"
#include "readout.hpp"
#include "readout_gradient.hpp"

namespace jerald {
namespace {

// Particles of this rank, and the field's planes that they need from other ranks.
template <class T>
struct Particles {
  static constexpr int64_t number = 300;

  Particles(const Mesh& mesh, int reach)
      : whole(random_positions<T>(mesh, number, 2)),
        own(own_rows(whole, 3, world())),
        rows(rows_of(own)),
        touched(touched_planes(mesh, rows)),
        halo(world(), mesh, widened(touched, reach)),
        ghosts(halo.ghosts_shape()) {}

  Planes<const T> planes(const Slab<const T>& field) const {
    halo.fill(field, *ghosts);
    return halo.planes<const T>(field, *ghosts);
  }

  std::vector<T> whole, own;
  Rows<const T, 3> rows;
  std::vector<char> touched;
  Halo halo;
  OwnSlab<T> ghosts;
};

template <class T>
OwnSlab<T> own_field(const Mesh& mesh) {
  return OwnSlab<T>(mesh.slab(Distribution{mesh.nx(), world().size}.count(world().rank)));
}

// The whole mesh, painted node by node in double precision.
template <class T>
std::vector<double> painted(const Mesh& mesh, const std::vector<T>& positions,
                            const std::vector<T>& weights) {
  std::vector<double> field(mesh.size(), 0.0);
  for (std::size_t p = 0; p < weights.size(); ++p) {
    std::array<int64_t, 3> lower;
    std::array<double, 3> fraction;
    for (int axis = 0; axis < 3; ++axis) {
      const double cells = double{positions[3 * p + axis]} / mesh.cell[axis];
      lower[axis] = static_cast<int64_t>(std::floor(cells));
      fraction[axis] = cells - std::floor(cells);
    }
    for (int corner = 0; corner < 8; ++corner) {
      double share = weights[p];
      std::array<int64_t, 3> node;
      for (int axis = 0; axis < 3; ++axis) {
        const int upper = corner >> axis & 1;
        share *= upper == 1 ? fraction[axis] : 1 - fraction[axis];
        node[axis] = wrapped(lower[axis] + upper, mesh.nodes[axis]);
      }
      field[(node[0] * mesh.ny() + node[1]) * mesh.nz() + node[2]] += share;
    }
  }
  return field;
}

TEST_CASE_TEMPLATE("painting sums every particle's weights, and readout is its adjoint", T, float,
                   double) {
  for (const Mesh& mesh : meshes()) {
    for (const int workers : {1, 3}) {
      set_threads(workers);
      const Particles<T> particles(mesh, 0);
      const auto whole_weights = random_numbers<T>(particles.number, 3);
      const std::vector<T> weights = own_rows(whole_weights, 1, world());
      const OwnSlab<T> field = own_field<T>(mesh);
      paint(
          mesh, particles.rows, [&](int64_t p) { return weights[p]; },
          particles.halo.template planes<T>(*field, *particles.ghosts));
      particles.halo.template reduce<T>(*field, particles.ghosts.read());

      const auto expected = painted(mesh, particles.whole, whole_weights);
      const int64_t start = Distribution{mesh.nx(), world().size}.start(world().rank);
      for (int64_t node = 0; node < field->size(); ++node) {
        CHECK(std::abs(field[node] - expected[start * mesh.plane_size() + node]) < tolerance<T>);
      }

      const OwnSlab<T> other = random_field<T>(mesh, world(), 4);
      std::vector<T> values(weights.size());
      readout(mesh, particles.planes(other.read()), particles.rows,
              [&](int64_t p, T value) { values[p] = value; });
      const double on_mesh = dot(field->data(), other->data(), field->size());
      const double on_particles = dot(weights.data(), values.data(), weights.size());
      CHECK(std::abs(sum_over_ranks(world(), on_mesh - on_particles)) < tolerance<T>);
    }
  }
  set_threads(1);
}

TEST_CASE_TEMPLATE("the gradient's cotangent of the field is its adjoint", T, float, double) {
  for (const Mesh& mesh : meshes()) {
    for (const int64_t order : {4, 6}) {
      const Particles<T> particles(mesh, reach_of(order));
      const auto numbers = marked(particles.touched);
      const OwnSlab<T> field = random_field<T>(mesh, world(), 5);
      std::vector<T> gradients(particles.own.size());
      const Rows<T, 3> result(gradients.data(), particles.rows.count());
      const std::optional<Rows<const T, 3>> nothing;
      readout_gradient(mesh, particles.planes(field.read()), order, numbers, particles.rows,
                       nothing, result);

      const std::vector<T> cotangent =
          own_rows(random_numbers<T>(3 * particles.number, 6), 3, world());
      const OwnSlab<T> bar = own_field<T>(mesh);
      readout_gradient_field_bar(mesh, order, numbers, particles.rows, rows_of(cotangent),
                                 particles.halo.template planes<T>(*bar, *particles.ghosts));
      particles.halo.template reduce<T>(*bar, particles.ghosts.read());
      const double on_mesh = dot(bar->data(), field->data(), field->size());
      const double on_particles = dot(gradients.data(), cotangent.data(), cotangent.size());
      const double scale = 1 / *std::min_element(mesh.cell.begin(), mesh.cell.end());
      CHECK(std::abs(sum_over_ranks(world(), on_mesh - on_particles)) < scale * tolerance<T>);

      // The same numbers, added to others.
      std::vector<T> sums(gradients.size());
      const std::optional<Rows<const T, 3>> onto = rows_of(cotangent);
      readout_gradient(mesh, particles.planes(field.read()), order, numbers, particles.rows, onto,
                       Rows<T, 3>(sums.data(), particles.rows.count()));
      for (std::size_t at = 0; at < sums.size(); ++at) {
        CHECK(sums[at] == cotangent[at] + gradients[at]);
      }
    }
  }
}

// Along a line the interpolant is a cubic within a cell: Richardson's combination is exact.
TEST_CASE("the gradient's cotangent of the positions is a slope") {
  for (const Mesh& mesh : meshes()) {
    std::vector<double> positions = random_numbers<double>(3 * 40, 7, 0.3, 0.7);
    const auto cells = random_numbers<double>(positions.size(), 8, -9, 9);
    const auto directions = random_numbers<double>(positions.size(), 9);
    const auto cotangent = random_numbers<double>(positions.size(), 10);
    for (std::size_t at = 0; at < positions.size(); ++at) {
      positions[at] = (positions[at] + std::floor(cells[at])) * mesh.cell[at % 3];
    }
    const OwnSlab<double> field = random_field<double>(mesh, Communicator{}, 11);
    const auto planes = Planes<const double>::whole(mesh, field.read());
    std::vector<int64_t> all(mesh.nx());
    for (int64_t i = 0; i < mesh.nx(); ++i) all[i] = i;
    const std::optional<Rows<const double, 3>> nothing;

    const auto along = [&](double step) {
      std::vector<double> moved(positions), gradients(positions.size());
      for (std::size_t at = 0; at < moved.size(); ++at) {
        moved[at] += step * mesh.cell[at % 3] * directions[at];
      }
      readout_gradient(mesh, planes, 6, all, rows_of(moved), nothing,
                       Rows<double, 3>(gradients.data(), 40));
      return dot(gradients.data(), cotangent.data(), cotangent.size());
    };
    const double near = (along(0.05) - along(-0.05)) / 0.1;
    const double far = (along(0.1) - along(-0.1)) / 0.2;

    std::vector<double> bar(positions.size());
    readout_gradient_positions_bar(mesh, planes, 6, all, rows_of(positions), rows_of(cotangent),
                                   nothing, Rows<double, 3>(bar.data(), 40));
    double slope = 0, size = 1;
    for (std::size_t at = 0; at < bar.size(); ++at) {
      slope += bar[at] * mesh.cell[at % 3] * directions[at];
      size += std::abs(bar[at]);
    }
    CHECK(slope == doctest::Approx((4 * near - far) / 3).epsilon(1e-9).scale(size));
  }
}

TEST_CASE_TEMPLATE("positions that no integer holds touch a plane and reach no other memory", T,
                   float, double) {
  const Mesh mesh{{5, 4, 3}, {1, 1, 1}};
  const T infinity = std::numeric_limits<T>::infinity();
  const T nan = std::numeric_limits<T>::quiet_NaN();
  for (const T wild : {T(1e9), T(-3e9), T(1e30), -infinity, infinity, nan}) {
    const std::vector<T> positions = {wild, 0.5, 0.5, 0.5, wild, 0.5, 0.5, 0.5, wild};
    const auto touched = touched_planes(mesh, rows_of(positions));
    CHECK(std::count(touched.begin(), touched.end(), 1) >= 2);
    const OwnSlab<T> field(mesh.slab(5));
    paint(mesh, rows_of(positions), [](int64_t) { return T(1); }, Planes<T>::whole(mesh, *field));
    double mass = 0;
    for (int64_t node = 0; node < field->size(); ++node) mass += field[node];
    if (std::isfinite(wild)) {
      CHECK(mass == doctest::Approx(3));
    } else {
      CHECK(std::isnan(mass));
    }
  }
}

}  // namespace
}  // namespace jerald
