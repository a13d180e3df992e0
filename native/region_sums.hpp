// SPDX-License-Identifier: GPL-3.0-or-later
// Sums of a field over regions that are ranges of indices.
#pragma once

#include <array>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "arrays.hpp"
#include "mesh.hpp"
#include "threads.hpp"

namespace jerald {

// Three regions that fill the mesh: the upper part, of z-index upper_start or more; the corner, of
// indices below three numbers, which lies below upper_start; and the rest.
struct Regions {
  int64_t upper_start;
  std::array<int64_t, 3> corner;

  void expect_inside(const Mesh& mesh) const {
    bool inside = corner[2] <= upper_start && upper_start <= mesh.nz();
    for (int axis = 0; axis < 3; ++axis) {
      inside = inside && 0 <= corner[axis] && corner[axis] <= mesh.nodes[axis];
    }
    if (!inside) throw std::invalid_argument("the regions reach beyond the mesh or overlap");
  }
};

// The region sums of a field, in double precision.
struct RegionSums {
  double upper = 0, rest = 0, corner = 0;
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

// The sums over the planes of `field`, whose first is plane `start` of the mesh. They do not depend
// on the number of threads.
template <class T>
RegionSums region_sums(const Mesh& mesh, const Regions& regions, int64_t start,
                       const Slab<const T>& field) {
  regions.expect_inside(mesh);
  const int64_t ny = mesh.ny(), nz = mesh.nz();
  std::vector<RegionSums> sums(field.planes());
#pragma omp parallel for num_threads(threads()) schedule(static)
  for (int64_t plane = 0; plane < field.planes(); ++plane) {
    RegionSums& sum = sums[plane];
    for (int64_t j = 0; j < ny; ++j) {
      const T* row = field.row(plane, j);
      const bool cut = start + plane < regions.corner[0] && j < regions.corner[1];
      const int64_t below = cut ? regions.corner[2] : 0;
      sum.corner += row_sum(row, 0, below);
      sum.rest += row_sum(row, below, regions.upper_start);
      sum.upper += row_sum(row, regions.upper_start, nz);
    }
  }
  RegionSums total;
  for (const RegionSums& sum : sums) {
    total.upper += sum.upper;
    total.rest += sum.rest;
    total.corner += sum.corner;
  }
  return total;
}

}  // namespace jerald
