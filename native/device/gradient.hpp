// SPDX-License-Identifier: GPL-3.0-or-later
// The finite-difference gradient of a field at particles, and its adjoints.
//
// The gradient is computed at all nodes, its three components and a spare side by side, so that a
// particle reads eight vectors instead of the 72 (order 4) or 96 numbers that its stencils touch.
#pragma once

#include <cstdint>

#include "../stencil_coefficients.hpp"
#include "grid.hpp"
#include "loop.hpp"

namespace jerald::device {

// The stencils of all axes.
template <class T>
struct Differences {
  Stencil<T> axis[3];

  Differences(int64_t order, const std::array<double, 3>& cell)
      : axis{{order, cell[0]}, {order, cell[1]}, {order, cell[2]}} {}

  // The derivative along an axis at node (i, j, k) of what value(node number) gives.
  template <int along, class Value>
  JERALD_HOST_DEVICE T at(const Grid<T>& grid, int32_t i, int32_t j, int32_t k,
                          Value value) const {
    T sum = 0;
    for (int m = 1; m <= axis[along].reach; ++m) {
      const int64_t after = number<along>(grid, i, j, k, m);
      const int64_t before = number<along>(grid, i, j, k, -m);
      sum += axis[along].coefficient[m - 1] * (value(after) - value(before));
    }
    return sum;
  }

 private:
  template <int along>
  JERALD_HOST_DEVICE static int64_t number(const Grid<T>& grid, int32_t i, int32_t j, int32_t k,
                                           int steps) {
    if (along == 0) return grid.row(grid.shifted(0, i, steps), j) + k;
    if (along == 1) return grid.row(i, grid.shifted(1, j, steps)) + k;
    return grid.row(i, j) + grid.shifted(2, k, steps);
  }
};

// The derivative of a field along one axis, 0 to 2.
template <class T>
void finite_difference(Stream stream, const Grid<T>& grid, const Differences<T>& differences,
                       int axis, const T* field, T* derivative) {
  for_each_in_rows(stream, grid.rows(), grid.nodes[2],
                   [=] JERALD_HOST_DEVICE(int64_t row, int32_t k) {
                     const int32_t i = grid.plane_of(row), j = int32_t(row) - i * grid.nodes[1];
                     const auto value = [=](int64_t node) { return field[node]; };
                     T result = 0;
                     if (axis == 0) result = differences.template at<0>(grid, i, j, k, value);
                     if (axis == 1) result = differences.template at<1>(grid, i, j, k, value);
                     if (axis == 2) result = differences.template at<2>(grid, i, j, k, value);
                     derivative[grid.row(i, j) + k] = result;
                   });
}

// vectors = the gradient of a field at every node.
template <class T>
void gradient_at_nodes(Stream stream, const Grid<T>& grid, const Differences<T>& differences,
                       const T* field, Four<T>* vectors) {
  for_each_in_rows(stream, grid.rows(), grid.nodes[2],
                   [=] JERALD_HOST_DEVICE(int64_t row, int32_t k) {
                     const int32_t i = grid.plane_of(row), j = int32_t(row) - i * grid.nodes[1];
                     const auto value = [=](int64_t node) { return field[node]; };
                     vectors[grid.row(i, j) + k] = {
                         differences.template at<0>(grid, i, j, k, value),
                         differences.template at<1>(grid, i, j, k, value),
                         differences.template at<2>(grid, i, j, k, value), T(0)};
                   });
}

// gradients = onto + the gradient at the particles; without `onto` the gradient alone.
template <class T>
void readout_vectors(Stream stream, const Grid<T>& grid, const Four<T>* vectors, int64_t count,
                     const T* positions, const T* onto, T* gradients) {
  for_each(stream, count, [=] JERALD_HOST_DEVICE(int64_t p) {
    const Place<T> place(grid, positions + 3 * p);
    const Four<T> vector = Corners<Four<T>>(grid, place, vectors).value(place.fraction);
    const T found[3] = {vector.x, vector.y, vector.z};
    for (int axis = 0; axis < 3; ++axis) {
      const T base = onto == nullptr ? T(0) : onto[3 * p + axis];
      gradients[3 * p + axis] = base + found[axis];
    }
  });
}

// positions_bar = onto + the positions' cotangent, from that of the gradients.
template <class T>
void readout_vectors_positions_bar(Stream stream, const Grid<T>& grid, const Four<T>* vectors,
                                   int64_t count, const T* positions, const T* cotangent,
                                   const T* onto, T* positions_bar) {
  for_each(stream, count, [=] JERALD_HOST_DEVICE(int64_t p) {
    const Place<T> place(grid, positions + 3 * p);
    const Corners<Four<T>> around(grid, place, vectors);
    const T bar[3] = {cotangent[3 * p], cotangent[3 * p + 1], cotangent[3 * p + 2]};
    const Four<T> slopes[3] = {around.slope_x(place.fraction), around.slope_y(place.fraction),
                               around.slope_z(place.fraction)};
    for (int axis = 0; axis < 3; ++axis) {
      const T base = onto == nullptr ? T(0) : onto[3 * p + axis];
      const T product =
          slopes[axis].x * bar[0] + slopes[axis].y * bar[1] + slopes[axis].z * bar[2];
      positions_bar[3 * p + axis] = base + product / grid.cell[axis];
    }
  });
}

// vectors = the sum of the particles' vectors, such as cotangents of gradients, on the nodes.
template <class T>
void paint_vectors(Stream stream, const Grid<T>& grid, int64_t count, const T* positions,
                   const T* of_particles, Four<T>* vectors) {
  clear(stream, vectors, grid.size());
  for_each(stream, count, [=] JERALD_HOST_DEVICE(int64_t p) {
    const Place<T> place(grid, positions + 3 * p);
    const Four<T> whole{of_particles[3 * p], of_particles[3 * p + 1], of_particles[3 * p + 2], 0};
    for (int x = 0; x < 2; ++x) {
      const Four<T> plane = whole * (x ? place.fraction[0] : 1 - place.fraction[0]);
      for (int y = 0; y < 2; ++y) {
        const Four<T> behind = plane * (y ? place.fraction[1] : 1 - place.fraction[1]);
        const Four<T> next = behind * place.fraction[2];
        Four<T>* row = vectors + grid.row(x ? place.high[0] : place.low[0],
                                          y ? place.high[1] : place.low[1]);
        add(row + place.low[2], behind - next);
        add(row + place.high[2], next);
      }
    }
  });
}

// field_bar = the cotangent of the field, from that of its gradient at the nodes. A central
// difference is antisymmetric.
template <class T>
void gradient_at_nodes_adjoint(Stream stream, const Grid<T>& grid,
                               const Differences<T>& differences, const Four<T>* vectors,
                               T* field_bar) {
  for_each_in_rows(
      stream, grid.rows(), grid.nodes[2], [=] JERALD_HOST_DEVICE(int64_t row, int32_t k) {
        const int32_t i = grid.plane_of(row), j = int32_t(row) - i * grid.nodes[1];
        const auto x = [=](int64_t node) { return vectors[node].x; };
        const auto y = [=](int64_t node) { return vectors[node].y; };
        const auto z = [=](int64_t node) { return vectors[node].z; };
        field_bar[grid.row(i, j) + k] = -differences.template at<0>(grid, i, j, k, x) -
                                        differences.template at<1>(grid, i, j, k, y) -
                                        differences.template at<2>(grid, i, j, k, z);
      });
}

}  // namespace jerald::device
