// SPDX-License-Identifier: GPL-3.0-or-later
// Sums of a field over regions that are ranges of indices.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "mesh.hpp"
#include "threads.hpp"

namespace jerald {

// Three regions that fill the mesh: nodes of z-index upper_start or more; the corner, all indices
// below its three numbers, which lies below upper_start; and the rest.
struct Regions {
  int64_t upper_start;
  int64_t corner[3];
};

template <class T>
double row_sum(const T* row, int64_t begin, int64_t end) {
  // Eight partial sums, which the compiler keeps in vectors.
  constexpr int64_t lanes = 8;
  double partial[lanes] = {};
  int64_t k = begin;
  for (; k + lanes <= end; k += lanes) {
    for (int64_t lane = 0; lane < lanes; ++lane) partial[lane] += row[k + lane];
  }
  double sum = 0;
  for (; k < end; ++k) sum += row[k];
  for (const double part : partial) sum += part;
  return sum;
}

// sums: over the upper part, the rest and the corner, in double precision, of a slab of `count`
// planes from plane `start` on. They do not depend on the number of threads.
template <class T>
void region_sums(const Mesh& mesh, const Regions& regions, int64_t start, int64_t count,
                 const T* field, double* sums) {
  const int64_t ny = mesh.ny(), nz = mesh.nz();
  std::vector<double> upper(count), rest(count), corner(count);
#pragma omp parallel for num_threads(threads()) schedule(static)
  for (int64_t plane = 0; plane < count; ++plane) {
    for (int64_t j = 0; j < ny; ++j) {
      const T* row = field + (plane * ny + j) * nz;
      const bool cut = start + plane < regions.corner[0] && j < regions.corner[1];
      const int64_t below = cut ? regions.corner[2] : 0;
      corner[plane] += row_sum(row, 0, below);
      rest[plane] += row_sum(row, below, regions.upper_start);
      upper[plane] += row_sum(row, regions.upper_start, nz);
    }
  }
  std::fill_n(sums, 3, 0.0);
  for (int64_t plane = 0; plane < count; ++plane) {
    sums[0] += upper[plane];
    sums[1] += rest[plane];
    sums[2] += corner[plane];
  }
}

}  // namespace jerald
