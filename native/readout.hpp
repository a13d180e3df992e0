// SPDX-License-Identifier: GPL-3.0-or-later
// Cloud-in-cell readout: a field, or the slope of its interpolant, at particles.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "arrays.hpp"
#include "cells.hpp"
#include "mesh.hpp"
#include "planes.hpp"
#include "vectors.hpp"

namespace jerald {

// The field around a particle on the four nodes of its lower plane, then of its upper one: first
// row, then the next one.
template <class T>
struct Corners {
  T lower[4], upper[4];

  Corners(const Planes<const T>& planes, const Cells<T>& cells, int64_t p) {
    const int64_t node = cells.node(p), next = cells.to_next(p), next_row = cells.to_next_row(p);
    const int64_t nodes[4] = {node, node + next, node + next_row, node + next_row + next};
    const T *low = planes[cells.plane(p)], *high = planes[cells.plane(p) + 1];
    for (int corner = 0; corner < 4; ++corner) {
      lower[corner] = low[nodes[corner]];
      upper[corner] = high[nodes[corner]];
    }
  }
};

template <class V, class T>
inline V between(V first, V second, T fraction) {
  return first + fraction * (second - first);
}

// The interpolant at the fractions of a particle, or of several ones with a vector each.
template <class V>
inline V interpolant(const V (&lower)[4], const V (&upper)[4], V x, V y, V z) {
  const V first = between(between(lower[0], upper[0], x), between(lower[1], upper[1], x), z);
  const V second = between(between(lower[2], upper[2], x), between(lower[3], upper[3], x), z);
  return between(first, second, y);
}

// Its derivatives by the fractions.
template <class V>
struct Slopes {
  V along_x, along_y, along_z;

  Slopes(const V (&lower)[4], const V (&upper)[4], V x, V y, V z) {
    V rise[4], value[4];
    for (int corner = 0; corner < 4; ++corner) {
      rise[corner] = upper[corner] - lower[corner];
      value[corner] = lower[corner] + x * rise[corner];
    }
    along_x = between(between(rise[0], rise[1], z), between(rise[2], rise[3], z), y);
    along_y = between(value[2], value[3], z) - between(value[0], value[1], z);
    along_z = between(value[1] - value[0], value[3] - value[2], y);
  }
};

// Call store(p, value) with the field at each particle.
template <class T, class Store>
void readout(const Mesh& mesh, const Planes<const T>& planes, const Rows<const T, 3>& positions,
             Store store) {
  for_each_block(mesh, positions, [&](const Cells<T>& cells, int64_t first, int64_t count) {
    for (int64_t p = 0; p < count; ++p) {
      const Corners<T> field(planes, cells, p);
      store(first + p, interpolant(field.lower, field.upper, cells.fraction(p, 0),
                                   cells.fraction(p, 1), cells.fraction(p, 2)));
    }
  });
}

// The nodes around four particles, one vector for each corner.
template <class T>
inline void around_four(const Planes<const T>& planes, const Cells<T>& cells, int64_t p, int upper,
                        Quad<T> (&corners)[4]) {
  const auto square = [&](int64_t particle) {
    const T* plane = planes[cells.plane(particle) + upper] + cells.node(particle);
    const auto row = load<Two<T>>(plane),
               next_row = load<Two<T>>(plane + cells.to_next_row(particle));
    return __builtin_shufflevector(row, next_row, 0, 1, 2, 3);
  };
  const auto turned = transposed<Quad<T>>(square(p), square(p + 1), square(p + 2), square(p + 3));
  std::copy_n(turned.data(), 4, corners);
}

// slopes = onto + the derivatives of the interpolant with respect to each particle's position.
template <class T>
void readout_slope(const Mesh& mesh, const Planes<const T>& planes,
                   const Rows<const T, 3>& positions, const std::optional<Rows<const T, 3>>& onto,
                   const Rows<T, 3>& slopes) {
  const T per_x = static_cast<T>(1 / mesh.cell[0]);
  const T per_y = static_cast<T>(1 / mesh.cell[1]);
  const T per_z = static_cast<T>(1 / mesh.cell[2]);
  const T* base = onto.has_value() ? onto->data() : nullptr;
  const auto one = [&](const Cells<T>& cells, int64_t p, int64_t row) {
    const Corners<T> field(planes, cells, p);
    const Slopes<T> slope(field.lower, field.upper, cells.fraction(p, 0), cells.fraction(p, 1),
                          cells.fraction(p, 2));
    const T along[3] = {slope.along_x * per_x, slope.along_y * per_y, slope.along_z * per_z};
    for (int axis = 0; axis < 3; ++axis) {
      const T before = base == nullptr ? T(0) : base[3 * row + axis];
      slopes[row][axis] = before + along[axis];
    }
  };
  const auto four = [&](const Cells<T>& cells, int64_t p, int64_t row) {
    Quad<T> lower[4], upper[4];
    around_four(planes, cells, p, 0, lower);
    around_four(planes, cells, p, 1, upper);
    const Slopes<Quad<T>> slope(lower, upper, load<Quad<T>>(cells.fractions(p, 0)),
                                load<Quad<T>>(cells.fractions(p, 1)),
                                load<Quad<T>>(cells.fractions(p, 2)));
    const auto rows =
        transposed(slope.along_x * per_x, slope.along_y * per_y, slope.along_z * per_z, Quad<T>{});
    // Twelve numbers, without the spare components.
    const Quad<T> parts[3] = {__builtin_shufflevector(rows[0], rows[1], 0, 1, 2, 4),
                              __builtin_shufflevector(rows[1], rows[2], 1, 2, 4, 5),
                              __builtin_shufflevector(rows[2], rows[3], 2, 4, 5, 6)};
    for (int64_t part = 0, entry = 3 * row; part < 3; ++part, entry += 4) {
      const Quad<T> before = base == nullptr ? Quad<T>{} : load<Quad<T>>(base + entry);
      store(slopes.data() + entry, before + parts[part]);
    }
  };
  for_each_block(mesh, positions, [&](const Cells<T>& cells, int64_t first, int64_t count) {
    int64_t p = 0;
    for (; p + 4 <= count; p += 4) {
      // At the end of a row, the next node is not behind the first one.
      int64_t steps = 0;
      for (int64_t particle = p; particle < p + 4; ++particle) steps += cells.to_next(particle);
      if (steps == 4) {
        four(cells, p, first + p);
      } else {
        for (int64_t particle = p; particle < p + 4; ++particle)
          one(cells, particle, first + particle);
      }
    }
    for (; p < count; ++p) one(cells, p, first + p);
  });
}

}  // namespace jerald
