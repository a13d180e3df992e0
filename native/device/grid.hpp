// SPDX-License-Identifier: GPL-3.0-or-later
// The periodic mesh as the loops of a device see it, and where particles are on it.
#pragma once

#include <array>
#include <cstdint>

#include "../host_device.hpp"
#include "../location.hpp"

namespace jerald::device {

// Nodes and cells along each axis; node (i, j, k) is number (i ny + j) nz + k.
template <class T>
struct Grid {
  int32_t nodes[3];
  T cell[3];
  AxisCells<T> axes[3];

  Grid(const std::array<int64_t, 3>& number, const std::array<double, 3>& length)
      : nodes{int32_t(number[0]), int32_t(number[1]), int32_t(number[2])},
        cell{T(length[0]), T(length[1]), T(length[2])},
        axes{{cell[0], nodes[0]}, {cell[1], nodes[1]}, {cell[2], nodes[2]}} {}

  int64_t size() const { return int64_t(nodes[0]) * nodes[1] * nodes[2]; }

  JERALD_HOST_DEVICE int64_t row(int32_t i, int32_t j) const {
    return int64_t(i * nodes[1] + j) * nodes[2];
  }

  // The node that lies `steps` from another along an axis.
  JERALD_HOST_DEVICE int32_t shifted(int axis, int32_t node, int steps) const {
    const int32_t n = nodes[axis], there = node + steps;
    if (0 <= there && there < n) return there;
    // More than one period only where the mesh is smaller than a stencil.
    return (there % n + n) % n;
  }
};

// A particle's cell and its place in it.
template <class T>
struct Place {
  int32_t low[3], high[3];  // the nodes on either side along each axis
  T fraction[3];

  Place() = default;
  JERALD_HOST_DEVICE Place(const Grid<T>& grid, const T* position) {
    for (int axis = 0; axis < 3; ++axis) {
      const Located<T> located = grid.axes[axis].locate(position[axis]);
      low[axis] = located.cell;
      high[axis] = located.cell + 1 == grid.nodes[axis] ? 0 : located.cell + 1;
      fraction[axis] = located.fraction;
    }
  }
};

// Values of the eight nodes around a particle, numbers or vectors: [x][y][z], 0 low and 1 high.
template <class V>
struct Corners {
  V at[2][2][2];

  template <class T>
  JERALD_HOST_DEVICE Corners(const Grid<T>& grid, const Place<T>& place, const V* values) {
    for (int x = 0; x < 2; ++x) {
      for (int y = 0; y < 2; ++y) {
        const V* row =
            values + grid.row(x ? place.high[0] : place.low[0], y ? place.high[1] : place.low[1]);
        at[x][y][0] = row[place.low[2]];
        at[x][y][1] = row[place.high[2]];
      }
    }
  }

  // Interpolated, and the slope along an axis per cell.
  template <class T>
  JERALD_HOST_DEVICE V value(const T (&f)[3]) const {
    const V low = along(plane(0, f[1], 0), plane(0, f[1], 1), f[2]);
    const V high = along(plane(1, f[1], 0), plane(1, f[1], 1), f[2]);
    return along(low, high, f[0]);
  }
  template <class T>
  JERALD_HOST_DEVICE V slope_x(const T (&f)[3]) const {
    return along(plane(1, f[1], 0) - plane(0, f[1], 0), plane(1, f[1], 1) - plane(0, f[1], 1),
                 f[2]);
  }
  template <class T>
  JERALD_HOST_DEVICE V slope_y(const T (&f)[3]) const {
    const V low = along(at[0][1][0] - at[0][0][0], at[0][1][1] - at[0][0][1], f[2]);
    const V high = along(at[1][1][0] - at[1][0][0], at[1][1][1] - at[1][0][1], f[2]);
    return along(low, high, f[0]);
  }
  template <class T>
  JERALD_HOST_DEVICE V slope_z(const T (&f)[3]) const {
    return along(plane(0, f[1], 1) - plane(0, f[1], 0), plane(1, f[1], 1) - plane(1, f[1], 0),
                 f[0]);
  }

 private:
  template <class T>
  JERALD_HOST_DEVICE static V along(V low, V high, T fraction) {
    return low + (high - low) * fraction;
  }
  template <class T>
  JERALD_HOST_DEVICE V plane(int x, T fraction, int z) const {
    return along(at[x][0][z], at[x][1][z], fraction);
  }
};

}  // namespace jerald::device
