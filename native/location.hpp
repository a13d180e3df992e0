// SPDX-License-Identifier: GPL-3.0-or-later
// Where a coordinate is along an axis of the periodic mesh: its cell, and how far into it.
#pragma once

#include <cmath>
#include <cstdint>

#include "host_device.hpp"

namespace jerald {

// The cell of the box that a cell of any period of the mesh repeats; 0 for NaN.
template <class T>
JERALD_HOST_DEVICE inline int32_t wrapped_cell(T cell, T nodes, T per_nodes) {
  const T rest = cell - nodes * std::floor(cell * per_nodes);
  // By rounding, `rest` may be `nodes` where it should be 0.
  const bool inside = (rest >= 0) & (rest < nodes);
  return static_cast<int32_t>(inside ? rest : T(0));
}

// A coordinate in units of the cell: the cell, wrapped into the box, and the fraction, from 0 to 1.
template <class T>
struct Located {
  int32_t cell;
  T fraction;
};

// The cells along one axis.
template <class T>
struct AxisCells {
  T size, nodes, per_nodes;

  // The length of a cell [Mpc/h], and how many there are.
  AxisCells(T length, int32_t number) : size(length), nodes(T(number)), per_nodes(1 / T(number)) {}

  // Any real coordinate [Mpc/h]; a NaN remains in the fraction.
  JERALD_HOST_DEVICE Located<T> locate(T coordinate) const {
    const T scaled = coordinate / size;
    const T whole = std::floor(scaled);
    return {wrapped_cell(whole, nodes, per_nodes), scaled - whole};
  }
};

}  // namespace jerald
