// SPDX-License-Identifier: GPL-3.0-or-later
// Cloud-in-cell readout: a field, or the slope of its interpolant, at particles.
#pragma once

#include <cstdint>

#include "cells.hpp"
#include "mesh.hpp"
#include "planes.hpp"

namespace jerald {

template <class T>
inline T interpolate(const T* plane, const Square<T>& square) {
  return (plane[square.node[0]] * square.weight[0] + plane[square.node[1]] * square.weight[1]) +
         (plane[square.node[2]] * square.weight[2] + plane[square.node[3]] * square.weight[3]);
}

// values: (particles,). The adjoint of painting.
template <class T>
void readout(const Mesh& mesh, const Planes<const T>& planes, const T* positions,
             int64_t particles, T* values) {
  for_each_block(mesh, positions, particles,
                 [&](const Cells<T>& cells, int64_t first, int64_t count) {
                   for (int64_t p = 0; p < count; ++p) {
                     const int64_t i = cells.plane(p);
                     const Square<T> square = cells.square(p);
                     const T lower = interpolate(planes[i], square);
                     const T upper = interpolate(planes[i + 1], square);
                     values[first + p] = lower + cells.fraction(p, 0) * (upper - lower);
                   }
                 });
}

// slopes: (particles, 3), the derivative of the interpolant by the particle's position.
template <class T>
void readout_slope(const Mesh& mesh, const Planes<const T>& planes, const T* positions,
                   int64_t particles, T* slopes) {
  const T per_x = static_cast<T>(1 / mesh.cell[0]);
  const T per_y = static_cast<T>(1 / mesh.cell[1]);
  const T per_z = static_cast<T>(1 / mesh.cell[2]);
  for_each_block(
      mesh, positions, particles, [&](const Cells<T>& cells, int64_t first, int64_t count) {
        for (int64_t p = 0; p < count; ++p) {
          const int64_t i = cells.plane(p);
          const Square<T> square = cells.square(p);
          const T *lower = planes[i], *upper = planes[i + 1];
          const T x = cells.fraction(p, 0), y = cells.fraction(p, 1), z = cells.fraction(p, 2);
          T face[4];
          for (int corner = 0; corner < 4; ++corner) {
            const T low = lower[square.node[corner]];
            face[corner] = low + x * (upper[square.node[corner]] - low);
          }
          T* slope = slopes + 3 * (first + p);
          slope[0] = per_x * (interpolate(upper, square) - interpolate(lower, square));
          slope[1] = per_y * ((1 - z) * (face[2] - face[0]) + z * (face[3] - face[1]));
          slope[2] = per_z * ((1 - y) * (face[1] - face[0]) + y * (face[3] - face[2]));
        }
      });
}

}  // namespace jerald
