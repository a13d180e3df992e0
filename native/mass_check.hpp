// SPDX-License-Identifier: GPL-3.0-or-later
// The self-check of painting: the mesh holds the mass of all particles.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <sstream>
#include <stdexcept>

namespace jerald {

// The library or the machine made an error; the input is not the cause.
class CheckFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Sums of numbers and of their squares, in double precision.
struct Moments {
  double sum = 0, squares = 0;
};

// Check that a painted mesh holds the mass of particles of weight 1, up to the rounding of numbers
// whose unit in the last place of 1 is `epsilon`.
//
// A node that sums n weights to v rounds n times by at most half a unit in the last place of v, and
// eight nodes of v hold n = 8 v; weights round by some units of 1. NaN passes this check, since an
// optimiser may try parameters that overflow; Python checks for it between stages.
inline void check_mass(const Moments& total, int64_t particles, double epsilon) {
  const double expected = static_cast<double>(particles);
  // A mesh whose rounding explained more than a hundredth would be useless in this precision.
  const double tolerance = std::min(4 * epsilon * (total.squares + expected), expected / 100);
  if (!(std::abs(total.sum - expected) > tolerance)) return;
  std::ostringstream message;
  message.precision(12);
  message << "self-check of painting: the mesh holds a mass of " << total.sum << ", but "
          << particles << " particles were painted; rounding explains a difference of "
          << tolerance;
  throw CheckFailed(message.str());
}

}  // namespace jerald
