// SPDX-License-Identifier: GPL-3.0-or-later
// Cloud-in-cell weights (Hockney & Eastwood 1981): what the nodes around a particle get of it.
#pragma once

#include "host_device.hpp"

namespace jerald {

// The shares of the four nodes around a particle on one plane of the mesh.
template <class T>
struct PlaneShares {
  T here, next, next_row, next_of_next_row;

  // Of a value, for a particle at the fractions y and z of its cell.
  JERALD_HOST_DEVICE PlaneShares(T value, T y, T z) {
    const T behind = value * y, first = value - behind;
    next = first * z;
    next_of_next_row = behind * z;
    here = first - next;
    next_row = behind - next_of_next_row;
  }
};

}  // namespace jerald
