// SPDX-License-Identifier: GPL-3.0-or-later
// The finite-difference gradient of a field at one particle, as sums over the nodes around it.
//
// Stencil and cloud-in-cell interpolation along the same axis merge into one row of eight taps:
// tap t weighs node (cell + t - 3) with base[t] + d slope[t], d the particle's place in its cell.
#pragma once

#include <cstdint>
#include <cstring>

#include "cells.hpp"
#include "mesh.hpp"
#include "planes.hpp"
#include "stencil.hpp"
#include "vectors.hpp"

namespace jerald {

constexpr int taps = 8;
constexpr int first_tap = -3;

template <class T>
struct MergedStencil {
  Octet<T> base{}, slope{};

  MergedStencil(int64_t order, double cell) {
    const auto coefficients = stencil(order);
    T at[taps + 1] = {};  // coefficient of node t - 3 seen from a node; one more for the shift
    for (int m = 1; m <= largest_reach; ++m) {
      at[-first_tap + m] = static_cast<T>(coefficients[m - 1] / cell);
      at[-first_tap - m] = static_cast<T>(-coefficients[m - 1] / cell);
    }
    for (int t = 0; t < taps; ++t) {
      base[t] = at[t];
      slope[t] = (t == 0 ? 0 : at[t - 1]) - at[t];
    }
  }
  Octet<T> at(T fraction) const { return base + fraction * slope; }
};

template <class T>
inline T sum(Pair<T> pair) {
  return pair[0] + pair[1];
}

template <class T>
inline T sum(Octet<T> octet) {
  return ((octet[0] + octet[4]) + (octet[1] + octet[5])) +
         ((octet[2] + octet[6]) + (octet[3] + octet[7]));
}

// Reads nodes (k, k+1) and (k-3 .. k+4) of a row; away from the ends of the axis they are
// contiguous.
template <class T, bool inner>
struct RowReader {
  int64_t k;
  const PeriodicOffsets& nodes;

  Pair<T> pair(const T* row) const {
    if constexpr (inner) {
      Pair<T> value;
      std::memcpy(&value, row + k, sizeof value);
      return value;
    } else {
      return Pair<T>{row[nodes[k]], row[nodes[k + 1]]};
    }
  }
  Octet<T> octet(const T* row) const {
    Octet<T> value;
    if constexpr (inner) {
      std::memcpy(&value, row + k + first_tap, sizeof value);
    } else {
      for (int t = 0; t < taps; ++t) value[t] = row[nodes[k + first_tap + t]];
    }
    return value;
  }
};

inline bool inside_row(int64_t k, int64_t nz) {
  return k + first_tap >= 0 && k + first_tap + taps <= nz;
}

// A field with its stencils, ready to be read at particles. reach is the stencil's, 2 or 3.
template <class T, int reach>
class GradientReader {
 public:
  GradientReader(const Mesh& mesh, const Planes<const T>& planes)
      : planes_(planes),
        rows_(mesh.ny(), mesh.nz()),
        nodes_(mesh.nz(), 1),
        nz_(mesh.nz()),
        along_x_(2 * reach, mesh.cell[0]),
        along_y_(2 * reach, mesh.cell[1]),
        along_z_(2 * reach, mesh.cell[2]) {
    for (int axis = 0; axis < 3; ++axis) per_cell_[axis] = static_cast<T>(1 / mesh.cell[axis]);
  }

  // gradient: 3 numbers.
  void gradient(const Cells<T>& cells, int64_t p, T* result) const {
    const int64_t k = cells.index(p, 2);
    if (inside_row(k, nz_)) {
      gradient(cells, p, RowReader<T, true>{k, nodes_}, result);
    } else {
      gradient(cells, p, RowReader<T, false>{k, nodes_}, result);
    }
  }

  // slope: 3 numbers, the derivative by the particle's position of its gradient times cotangent.
  void slope(const Cells<T>& cells, int64_t p, const T* cotangent, T* result) const {
    const int64_t k = cells.index(p, 2);
    if (inside_row(k, nz_)) {
      slope(cells, p, RowReader<T, true>{k, nodes_}, cotangent, result);
    } else {
      slope(cells, p, RowReader<T, false>{k, nodes_}, cotangent, result);
    }
  }

 private:
  static constexpr int begin = -first_tap - reach;      // first and last-plus-one tap in use
  static constexpr int end = -first_tap + reach + 2;

  template <class Reader>
  void gradient(const Cells<T>& cells, int64_t p, Reader read, T* result) const {
    const int64_t i = cells.plane(p), j = cells.index(p, 1);
    const T x = cells.fraction(p, 0), y = cells.fraction(p, 1), z = cells.fraction(p, 2);
    const int64_t row = rows_[j], next_row = rows_[j + 1];
    const T *plane = planes_[i], *next_plane = planes_[i + 1];
    const Octet<T> tap_x = along_x_.at(x), tap_y = along_y_.at(y), tap_z = along_z_.at(z);
    const Pair<T> weight_z = {1 - z, z};

    Pair<T> sum_x{}, sum_y{};
    for (int t = begin; t < end; ++t) {
      const T* other = planes_[i + first_tap + t];
      const Pair<T> low = read.pair(other + row), high = read.pair(other + next_row);
      sum_x += tap_x[t] * (low + y * (high - low));
    }
    for (int t = begin; t < end; ++t) {
      const int64_t other = rows_[j + first_tap + t];
      const Pair<T> low = read.pair(plane + other), high = read.pair(next_plane + other);
      sum_y += tap_y[t] * (low + x * (high - low));
    }
    Octet<T> low = read.octet(plane + row), high = read.octet(next_plane + row);
    low += y * (read.octet(plane + next_row) - low);
    high += y * (read.octet(next_plane + next_row) - high);

    result[0] = sum<T>(sum_x * weight_z);
    result[1] = sum<T>(sum_y * weight_z);
    result[2] = sum<T>((low + x * (high - low)) * tap_z);
  }

  template <class Reader>
  void slope(const Cells<T>& cells, int64_t p, Reader read, const T* cotangent,
             T* result) const {
    const int64_t i = cells.plane(p), j = cells.index(p, 1);
    const T x = cells.fraction(p, 0), y = cells.fraction(p, 1), z = cells.fraction(p, 2);
    const int64_t row = rows_[j], next_row = rows_[j + 1];
    const T *plane = planes_[i], *next_plane = planes_[i + 1];
    const Octet<T> tap_x = along_x_.at(x) * cotangent[0], slope_x = along_x_.slope * cotangent[0];
    const Octet<T> tap_y = along_y_.at(y) * cotangent[1], slope_y = along_y_.slope * cotangent[1];
    const Octet<T> tap_z = along_z_.at(z) * cotangent[2], slope_z = along_z_.slope * cotangent[2];
    const Pair<T> weight_z = {1 - z, z}, sign_z = {-1, 1};

    // The x component on the rows j and j + 1, and its derivative along x.
    Pair<T> low{}, high{}, low_slope{}, high_slope{};
    for (int t = begin; t < end; ++t) {
      const T* other = planes_[i + first_tap + t];
      const Pair<T> lower = read.pair(other + row), upper = read.pair(other + next_row);
      low += tap_x[t] * lower;
      high += tap_x[t] * upper;
      low_slope += slope_x[t] * lower;
      high_slope += slope_x[t] * upper;
    }
    Pair<T> by_x = low_slope + y * (high_slope - low_slope);
    Pair<T> by_y = high - low;
    Pair<T> across = low + y * (high - low);

    // The y component on the planes i and i + 1, and its derivative along y.
    low = high = low_slope = high_slope = Pair<T>{};
    for (int t = begin; t < end; ++t) {
      const int64_t other = rows_[j + first_tap + t];
      const Pair<T> lower = read.pair(plane + other), upper = read.pair(next_plane + other);
      low += tap_y[t] * lower;
      high += tap_y[t] * upper;
      low_slope += slope_y[t] * lower;
      high_slope += slope_y[t] * upper;
    }
    by_x += high - low;
    by_y += low_slope + x * (high_slope - low_slope);
    across += low + x * (high - low);

    // The z component, from the four rows around the particle.
    const Octet<T> low_low = read.octet(plane + row), low_high = read.octet(plane + next_row);
    const Octet<T> high_low = read.octet(next_plane + row);
    const Octet<T> high_high = read.octet(next_plane + next_row);
    const Octet<T> low_x = low_low + y * (low_high - low_low);
    const Octet<T> high_x = high_low + y * (high_high - high_low);
    const Octet<T> low_y = low_low + x * (high_low - low_low);
    const Octet<T> high_y = low_high + x * (high_high - low_high);

    result[0] = per_cell_[0] * (sum<T>(by_x * weight_z) + sum<T>((high_x - low_x) * tap_z));
    result[1] = per_cell_[1] * (sum<T>(by_y * weight_z) + sum<T>((high_y - low_y) * tap_z));
    result[2] = per_cell_[2] *
                (sum<T>(across * sign_z) + sum<T>((low_x + x * (high_x - low_x)) * slope_z));
  }

  const Planes<const T>& planes_;
  PeriodicOffsets rows_, nodes_;
  int64_t nz_;
  MergedStencil<T> along_x_, along_y_, along_z_;
  T per_cell_[3];
};

}  // namespace jerald
