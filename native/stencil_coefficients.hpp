// SPDX-License-Identifier: GPL-3.0-or-later
// Central finite differences: their coefficients.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace jerald {

// Coefficients of f(x + m h) - f(x - m h), m = 1 .. reach, for an error of order h^order.
template <class T>
struct Stencil {
  int reach;
  T coefficient[3];

  Stencil(int64_t order, double cell) : reach(static_cast<int>(order) / 2) {
    if (order != 4 && order != 6) {
      throw std::invalid_argument("finite difference of order " + std::to_string(order) +
                                  ": choose 4 or 6");
    }
    const double fourth[] = {8.0 / 12, -1.0 / 12};
    const double sixth[] = {45.0 / 60, -9.0 / 60, 1.0 / 60};
    for (int m = 0; m < reach; ++m) {
      coefficient[m] = static_cast<T>((order == 4 ? fourth : sixth)[m] / cell);
    }
  }
};

inline int reach_of(int64_t order) { return Stencil<double>(order, 1.0).reach; }

}  // namespace jerald
