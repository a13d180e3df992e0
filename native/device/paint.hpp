// SPDX-License-Identifier: GPL-3.0-or-later
// Cloud-in-cell painting, and readout of a field and of its slope.
#pragma once

#include <cstdint>
#include <limits>

#include "../cloud_in_cell.hpp"
#include "../mass_check.hpp"
#include "grid.hpp"
#include "loop.hpp"

namespace jerald::device {

// The shares that some particles, one after another, leave on the two planes of their cell. Those
// of particles in one cell are added up before they go to memory.
template <class T>
class ShareSums {
 public:
  JERALD_HOST_DEVICE ShareSums(const Grid<T>& grid, Four<T>* shares, const Place<T>& first)
      : grid_(grid), shares_(shares), cell_(first), low_{}, high_{} {}

  JERALD_HOST_DEVICE void add_particle(const Place<T>& place, T weight) {
    if (place.low[0] != cell_.low[0] || place.low[1] != cell_.low[1] ||
        place.low[2] != cell_.low[2]) {
      finish();
      low_ = high_ = Four<T>{};
      cell_ = place;
    }
    const T upper = weight * place.fraction[0];
    const T y = place.fraction[1], z = place.fraction[2];
    const PlaneShares<T> low(weight - upper, y, z), high(upper, y, z);
    low_ = low_ + Four<T>{low.here, low.next, low.next_row, low.next_of_next_row};
    high_ = high_ + Four<T>{high.here, high.next, high.next_row, high.next_of_next_row};
  }

  JERALD_HOST_DEVICE void finish() const {
    add(shares_ + grid_.row(cell_.low[0], cell_.low[1]) + cell_.low[2], low_);
    add(shares_ + grid_.row(cell_.high[0], cell_.low[1]) + cell_.low[2], high_);
  }

 private:
  const Grid<T>& grid_;
  Four<T>* shares_;
  Place<T> cell_;
  Four<T> low_, high_;
};

// field = the sum of the particles' weights, 1 where `weights` is null.
//
// What a particle leaves on one plane of the mesh is four numbers, which are added together at the
// place of its cell in `shares`, one for each cell: that takes two additions instead of eight.
// Then every node takes its own from the four cells around it.
template <class T>
void paint(Stream stream, const Grid<T>& grid, int64_t count, const T* positions, const T* weights,
           Four<T>* shares, T* field) {
  clear(stream, shares, grid.size());
  for_each_run<4>(stream, count, [=] JERALD_HOST_DEVICE(int64_t first, int32_t number) {
    ShareSums<T> sums(grid, shares, Place<T>(grid, positions + 3 * first));
    for (int64_t p = first; p < first + number; ++p) {
      sums.add_particle(Place<T>(grid, positions + 3 * p), weights == nullptr ? T(1) : weights[p]);
    }
    sums.finish();
  });
  for_each_node(stream, grid.nodes[0], grid.nodes[1], grid.nodes[2],
                [=] JERALD_HOST_DEVICE(int32_t i, int32_t j, int32_t k) {
                  const int32_t before = grid.shifted(2, k, -1);
                  const Four<T>* same = shares + grid.row(i, j);
                  const Four<T>* previous = shares + grid.row(i, grid.shifted(1, j, -1));
                  field[grid.row(i, j) + k] =
                      same[k].x + same[before].y + previous[k].z + previous[before].w;
                });
}

// Check that a field holds the mass of all its particles, each of weight 1.
template <class T>
void check_painted(Stream stream, const Grid<T>& grid, int64_t count, const T* field,
                   Four<T>* workspace) {
  const TwoSums found = sums(stream, grid.size(), reinterpret_cast<double*>(workspace),
                             [=] JERALD_HOST_DEVICE(int64_t node) {
                               const double value = field[node];
                               return TwoSums{value, value * value};
                             });
  check_mass({found.first, found.second}, count, std::numeric_limits<T>::epsilon());
}

// values = the field at the particles.
template <class T>
void readout(Stream stream, const Grid<T>& grid, const T* field, int64_t count, const T* positions,
             T* values) {
  for_each(stream, count, [=] JERALD_HOST_DEVICE(int64_t p) {
    const Place<T> place(grid, positions + 3 * p);
    values[p] = Corners<T>(grid, place, field).value(place.fraction);
  });
}

// slopes = onto + the derivative of the interpolated field by the position; without `onto` the
// derivative alone. The result may be in the memory of `onto` or of the positions.
template <class T>
void readout_slope(Stream stream, const Grid<T>& grid, const T* field, int64_t count,
                   const T* positions, const T* onto, T* slopes) {
  for_each(stream, count, [=] JERALD_HOST_DEVICE(int64_t p) {
    const Place<T> place(grid, positions + 3 * p);
    const Corners<T> around(grid, place, field);
    const T slope[3] = {around.slope_x(place.fraction), around.slope_y(place.fraction),
                        around.slope_z(place.fraction)};
    for (int axis = 0; axis < 3; ++axis) {
      const T base = onto == nullptr ? T(0) : onto[3 * p + axis];
      slopes[3 * p + axis] = base + slope[axis] / grid.cell[axis];
    }
  });
}

}  // namespace jerald::device
