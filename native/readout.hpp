// SPDX-License-Identifier: GPL-3.0-or-later
// Cloud-in-cell readout: a field, or the slope of its interpolant, at particles.
#pragma once

#include <cstdint>

#include "arrays.hpp"
#include "cells.hpp"
#include "mesh.hpp"
#include "planes.hpp"

namespace jerald {

template <class V, class T>
inline V interpolate(const V* plane, const Square<T>& square) {
  return (plane[square.node[0]] * square.weight[0] + plane[square.node[1]] * square.weight[1]) +
         (plane[square.node[2]] * square.weight[2] + plane[square.node[3]] * square.weight[3]);
}

// Call store(p, value) with the field at each particle. V is a number or a vector of numbers.
template <class T, class V, class Store>
void readout(const Mesh& mesh, const Planes<const V>& planes, const Rows<const T, 3>& positions,
             Store store) {
  for_each_block(mesh, positions, [&](const Cells<T>& cells, int64_t first, int64_t count) {
    for (int64_t p = 0; p < count; ++p) {
      const int64_t i = cells.plane(p);
      const Square<T> square = cells.square(p);
      const V lower = interpolate(planes[i], square);
      const V upper = interpolate(planes[i + 1], square);
      store(first + p, lower + cells.fraction(p, 0) * (upper - lower));
    }
  });
}

// Call store(p, along_x, along_y, along_z) with the derivatives of the interpolant with respect to
// the particle's position.
template <class T, class V, class Store>
void readout_slope(const Mesh& mesh, const Planes<const V>& planes,
                   const Rows<const T, 3>& positions, Store store) {
  const T per_x = static_cast<T>(1 / mesh.cell[0]);
  const T per_y = static_cast<T>(1 / mesh.cell[1]);
  const T per_z = static_cast<T>(1 / mesh.cell[2]);
  for_each_block(mesh, positions, [&](const Cells<T>& cells, int64_t first, int64_t count) {
    for (int64_t p = 0; p < count; ++p) {
      const int64_t i = cells.plane(p);
      const Square<T> square = cells.square(p);
      const V *lower = planes[i], *upper = planes[i + 1];
      const T x = cells.fraction(p, 0), y = cells.fraction(p, 1), z = cells.fraction(p, 2);
      V face[4];
      for (int corner = 0; corner < 4; ++corner) {
        const V low = lower[square.node[corner]];
        face[corner] = low + x * (upper[square.node[corner]] - low);
      }
      const V along_x = interpolate(upper, square) - interpolate(lower, square);
      const V along_y = (face[2] - face[0]) * (1 - z) + (face[3] - face[1]) * z;
      const V along_z = (face[1] - face[0]) * (1 - y) + (face[3] - face[2]) * y;
      store(first + p, along_x * per_x, along_y * per_y, along_z * per_z);
    }
  });
}

}  // namespace jerald
