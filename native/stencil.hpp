// SPDX-License-Identifier: GPL-3.0-or-later
// Central finite differences: coefficients, and the derivative of a field along an axis.
#pragma once

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "mesh.hpp"
#include "planes.hpp"
#include "threads.hpp"

namespace jerald {

constexpr int largest_reach = 3;

// Coefficients of f(x + m h) - f(x - m h), m = 1, 2, 3, times 1/h, by the order of the error.
inline std::array<double, largest_reach> stencil(int64_t order) {
  if (order == 4) return {8.0 / 12, -1.0 / 12, 0.0};
  if (order == 6) return {45.0 / 60, -9.0 / 60, 1.0 / 60};
  throw std::invalid_argument("finite difference of order " + std::to_string(order) +
                              ": choose 4 or 6");
}

inline int stencil_reach(int64_t order) { return static_cast<int>(order) / 2; }

// Offsets of rows (or nodes) of an axis by number, periodic, for numbers a stencil beyond the ends.
class PeriodicOffsets {
 public:
  static constexpr int64_t margin = 4;

  PeriodicOffsets(int64_t nodes, int64_t stride) : offsets_(nodes + 2 * margin) {
    for (int64_t slot = 0; slot < nodes + 2 * margin; ++slot) {
      offsets_[slot] = wrapped(slot - margin, nodes) * stride;
    }
  }
  int64_t operator[](int64_t index) const { return offsets_[index + margin]; }

 private:
  std::vector<int64_t> offsets_;
};

// result: the slab of `count` planes from plane `start` on, contiguous.
template <class T>
void finite_difference(const Mesh& mesh, const Planes<const T>& planes, int64_t start,
                       int64_t count, int axis, int64_t order, T* result) {
  const int reach = stencil_reach(order);
  T coefficient[largest_reach];
  for (int m = 0; m < largest_reach; ++m) {
    coefficient[m] = static_cast<T>(stencil(order)[m] / mesh.cell[axis]);
  }
  const int64_t ny = mesh.ny(), nz = mesh.nz();
  const PeriodicOffsets rows(ny, nz), nodes(nz, 1);

#pragma omp parallel for num_threads(threads()) schedule(static)
  for (int64_t plane = 0; plane < count; ++plane) {
    for (int64_t j = 0; j < ny; ++j) {
      T* out = result + (plane * ny + j) * nz;
      for (int64_t k = 0; k < nz; ++k) out[k] = 0;
      const T* row = planes[start + plane] + rows[j];
      for (int m = 1; m <= reach; ++m) {
        const T factor = coefficient[m - 1];
        if (axis == 2) {
          for (int64_t k = 0; k < nz; ++k) {
            if (k < m || k >= nz - m) out[k] += factor * (row[nodes[k + m]] - row[nodes[k - m]]);
          }
          for (int64_t k = m; k < nz - m; ++k) out[k] += factor * (row[k + m] - row[k - m]);
        } else {
          const T* after = axis == 0 ? planes[start + plane + m] + rows[j]
                                     : planes[start + plane] + rows[j + m];
          const T* before = axis == 0 ? planes[start + plane - m] + rows[j]
                                      : planes[start + plane] + rows[j - m];
          for (int64_t k = 0; k < nz; ++k) out[k] += factor * (after[k] - before[k]);
        }
      }
    }
  }
}

}  // namespace jerald
