// SPDX-License-Identifier: GPL-3.0-or-later
// Self-checks: quantities that an operation conserves for any input, compared before and after it.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <sstream>
#include <type_traits>
#include <vector>

#include "arrays.hpp"
#include "mass_check.hpp"
#include "mesh.hpp"
#include "planes.hpp"
#include "threads.hpp"

namespace jerald {

template <class T>
Moments moments(const T* values, int64_t count) {
  // The compiler keeps these partial sums in vectors; there are enough to hide an addition's
  // latency.
  constexpr int64_t lanes = 16;
  double sum[lanes] = {}, squares[lanes] = {};
  int64_t at = 0;
  for (; at + lanes <= count; at += lanes) {
    for (int64_t lane = 0; lane < lanes; ++lane) {
      const double value = values[at + lane];
      sum[lane] += value;
      squares[lane] += value * value;
    }
  }
  Moments total;
  for (; at < count; ++at) {
    total.sum += values[at];
    total.squares += double{values[at]} * values[at];
  }
  for (int64_t lane = 0; lane < lanes; ++lane) {
    total.sum += sum[lane];
    total.squares += squares[lane];
  }
  return total;
}

// Check that the planes that were painted hold the mass of all particles of weight 1.
template <class T>
void check_mass(const Mesh& mesh, const Planes<T>& planes, int64_t particles) {
  const int64_t held = planes.held().size();
  std::vector<Moments> parts(held);
#pragma omp parallel for num_threads(threads()) schedule(static)
  for (int64_t slot = 0; slot < held; ++slot) {
    parts[slot] = moments(planes[planes.held()[slot]], mesh.plane_size());
  }
  Moments total;
  for (const Moments& part : parts) {
    total.sum += part.sum;
    total.squares += part.squares;
  }
  check_mass(total, particles, std::numeric_limits<std::remove_const_t<T>>::epsilon());
}

// The number of particles whose weight is 1, if padding of weight 0 is all that there is besides;
// otherwise -1: the sum of arbitrary weights, as in an adjoint, may cancel to less than its
// rounding.
template <class T>
int64_t particles_among(const Values<const T>& weights) {
  int64_t ones = 0, zeros = 0;
  for (int64_t at = 0; at < weights.size(); ++at) {
    ones += weights[at] == T(1);
    zeros += weights[at] == T(0);
  }
  return ones + zeros == weights.size() ? ones : -1;
}

// The sum of 8-byte words of memory, the last one filled up with zeros.
inline uint64_t checksum(const void* data, int64_t bytes) {
  const char* at = static_cast<const char*>(data);
  const int64_t words = bytes / 8;
  uint64_t sum = 0, word = 0;
  for (int64_t number = 0; number < words; ++number) {
    std::memcpy(&word, at + 8 * number, 8);
    sum += word;
  }
  word = 0;
  std::memcpy(&word, at + 8 * words, bytes - 8 * words);
  return sum + word;
}

// Check that a plane arrived with the checksum that it was sent with.
inline void check_plane(uint64_t sent, uint64_t received, int64_t plane, int64_t from, int64_t to) {
  if (sent == received) return;
  std::ostringstream message;
  message << "self-check of a halo exchange: plane " << plane << " from rank " << from
          << " came to rank " << to << " with the checksum " << std::hex << received
          << " instead of " << sent;
  throw CheckFailed(message.str());
}

}  // namespace jerald
