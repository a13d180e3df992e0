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

// The stencils of all axes; `reach` is half the order.
template <class T, int reach>
struct Differences {
  T coefficient[3][reach];

  explicit Differences(const std::array<double, 3>& cell) {
    for (int axis = 0; axis < 3; ++axis) {
      const Stencil<T> stencil(2 * reach, cell[axis]);
      for (int m = 0; m < reach; ++m) coefficient[axis][m] = stencil.coefficient[m];
    }
  }

  // The derivative along an axis at node (i, j, k) of what value(number of a node) gives.
  template <int axis, class Value>
  JERALD_HOST_DEVICE T at(const Grid<T>& grid, int32_t i, int32_t j, int32_t k, Value value) const {
    T sum = 0;
    for (int m = 1; m <= reach; ++m) {
      const int64_t after = number<axis>(grid, i, j, k, m);
      const int64_t before = number<axis>(grid, i, j, k, -m);
      sum += coefficient[axis][m - 1] * (value(after) - value(before));
    }
    return sum;
  }

 private:
  template <int axis>
  JERALD_HOST_DEVICE static int64_t number(const Grid<T>& grid, int32_t i, int32_t j, int32_t k,
                                           int steps) {
    if (axis == 0) return grid.row(grid.shifted(0, i, steps), j) + k;
    if (axis == 1) return grid.row(i, grid.shifted(1, j, steps)) + k;
    return grid.row(i, j) + grid.shifted(2, k, steps);
  }
};

// The derivative of a field along one axis.
template <int axis, class T, int reach>
void finite_difference(Stream stream, const Grid<T>& grid, const Differences<T, reach>& differences,
                       const T* field, T* derivative) {
  for_each_node(stream, grid.nodes[0], grid.nodes[1], grid.nodes[2],
                [=] JERALD_HOST_DEVICE(int32_t i, int32_t j, int32_t k) {
                  const auto value = [=](int64_t node) { return field[node]; };
                  derivative[grid.row(i, j) + k] =
                      differences.template at<axis>(grid, i, j, k, value);
                });
}

// vectors = the gradient of a field at every node.
template <class T, int reach>
void gradient_at_nodes(Stream stream, const Grid<T>& grid, const Differences<T, reach>& differences,
                       const T* field, Four<T>* vectors) {
  for_each_node(stream, grid.nodes[0], grid.nodes[1], grid.nodes[2],
                [=] JERALD_HOST_DEVICE(int32_t i, int32_t j, int32_t k) {
                  const auto value = [=](int64_t node) { return field[node]; };
                  vectors[grid.row(i, j) + k] = {differences.template at<0>(grid, i, j, k, value),
                                                 differences.template at<1>(grid, i, j, k, value),
                                                 differences.template at<2>(grid, i, j, k, value),
                                                 T(0)};
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
      const T product = slopes[axis].x * bar[0] + slopes[axis].y * bar[1] + slopes[axis].z * bar[2];
      positions_bar[3 * p + axis] = base + product / grid.cell[axis];
    }
  });
}

// The sums that some particles, one after another, leave on the eight nodes around them. Particles
// in one cell, and in the next one along z, are added up before they go to memory: particles mostly
// come in the order of their lattice or of their cells.
template <class T>
class NodeSums {
 public:
  JERALD_HOST_DEVICE NodeSums(const Grid<T>& grid, Four<T>* vectors, const Place<T>& first)
      : grid_(grid), vectors_(vectors), cell_(first) {
    for (int corner = 0; corner < 4; ++corner) low_[corner] = high_[corner] = Four<T>{};
  }

  JERALD_HOST_DEVICE void add_particle(const Place<T>& place, const Four<T>& vector) {
    const bool same_column = place.low[0] == cell_.low[0] && place.low[1] == cell_.low[1];
    if (same_column && place.low[2] == cell_.high[2]) {
      store(low_, cell_.low[2]);
      for (int corner = 0; corner < 4; ++corner) {
        low_[corner] = high_[corner];
        high_[corner] = Four<T>{};
      }
    } else if (!same_column || place.low[2] != cell_.low[2]) {
      finish();
      for (int corner = 0; corner < 4; ++corner) low_[corner] = high_[corner] = Four<T>{};
    }
    cell_ = place;
    for (int x = 0; x < 2; ++x) {
      const Four<T> plane = vector * (x ? place.fraction[0] : 1 - place.fraction[0]);
      for (int y = 0; y < 2; ++y) {
        const Four<T> row = plane * (y ? place.fraction[1] : 1 - place.fraction[1]);
        const Four<T> next = row * place.fraction[2];
        low_[2 * x + y] = low_[2 * x + y] + (row - next);
        high_[2 * x + y] = high_[2 * x + y] + next;
      }
    }
  }

  JERALD_HOST_DEVICE void finish() const {
    store(low_, cell_.low[2]);
    store(high_, cell_.high[2]);
  }

 private:
  JERALD_HOST_DEVICE void store(const Four<T> (&sums)[4], int32_t column) const {
    for (int x = 0; x < 2; ++x) {
      for (int y = 0; y < 2; ++y) {
        const int64_t row =
            grid_.row(x ? cell_.high[0] : cell_.low[0], y ? cell_.high[1] : cell_.low[1]);
        add(vectors_ + row + column, sums[2 * x + y]);
      }
    }
  }

  const Grid<T>& grid_;
  Four<T>* vectors_;
  Place<T> cell_;
  Four<T> low_[4], high_[4];
};

// vectors = the sum of the particles' vectors, such as cotangents of gradients, on the nodes.
template <class T>
void paint_vectors(Stream stream, const Grid<T>& grid, int64_t count, const T* positions,
                   const T* of_particles, Four<T>* vectors) {
  clear(stream, vectors, grid.size());
  for_each_run<8>(stream, count, [=] JERALD_HOST_DEVICE(int64_t first, int32_t number) {
    NodeSums<T> sums(grid, vectors, Place<T>(grid, positions + 3 * first));
    for (int32_t at = 0; at < number; ++at) {
      const int64_t entry = 3 * (first + at);
      sums.add_particle(Place<T>(grid, positions + entry),
                        {of_particles[entry], of_particles[entry + 1], of_particles[entry + 2], 0});
    }
    sums.finish();
  });
}

// field_bar = the cotangent of the field, from that of its gradient at the nodes. A central
// difference is antisymmetric.
template <class T, int reach>
void gradient_at_nodes_adjoint(Stream stream, const Grid<T>& grid,
                               const Differences<T, reach>& differences, const Four<T>* vectors,
                               T* field_bar) {
  for_each_node(stream, grid.nodes[0], grid.nodes[1], grid.nodes[2],
                [=] JERALD_HOST_DEVICE(int32_t i, int32_t j, int32_t k) {
                  const auto x = [=](int64_t node) { return vectors[node].x; };
                  const auto y = [=](int64_t node) { return vectors[node].y; };
                  const auto z = [=](int64_t node) { return vectors[node].z; };
                  field_bar[grid.row(i, j) + k] = -differences.template at<0>(grid, i, j, k, x) -
                                                  differences.template at<1>(grid, i, j, k, y) -
                                                  differences.template at<2>(grid, i, j, k, z);
                });
}

}  // namespace jerald::device
