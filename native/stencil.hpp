// SPDX-License-Identifier: GPL-3.0-or-later
// Central finite differences: coefficients, and derivatives of fields row by row.
#pragma once

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "mesh.hpp"
#include "planes.hpp"
#include "threads.hpp"

namespace jerald {

// Coefficients of f(x + m h) - f(x - m h), m = 1 .. reach, by the order of the error.
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

// The derivatives of a field, one row of nodes along z at a time.
template <class T>
class RowDerivatives {
 public:
  RowDerivatives(const Mesh& mesh, const Planes<const T>& planes, int64_t order)
      : planes_(planes),
        rows_(mesh.ny(), mesh.nz()),
        nodes_(mesh.nz(), 1),
        nz_(mesh.nz()),
        stencils_{{order, mesh.cell[0]}, {order, mesh.cell[1]}, {order, mesh.cell[2]}} {}

  // out: the nz derivatives along an axis on row j of plane i.
  void operator()(int64_t i, int64_t j, int axis, T* out) const {
    const Stencil<T>& stencil = stencils_[axis];
    std::fill_n(out, nz_, T(0));
    for (int m = 1; m <= stencil.reach; ++m) {
      const T factor = stencil.coefficient[m - 1];
      if (axis == 2) {
        along_row(planes_[i] + rows_[j], m, factor, out);
      } else {
        const T* after = axis == 0 ? planes_[i + m] + rows_[j] : planes_[i] + rows_[j + m];
        const T* before = axis == 0 ? planes_[i - m] + rows_[j] : planes_[i] + rows_[j - m];
        for (int64_t k = 0; k < nz_; ++k) out[k] += factor * (after[k] - before[k]);
      }
    }
  }

 private:
  void along_row(const T* row, int m, T factor, T* out) const {
    const int64_t begin = std::min<int64_t>(m, nz_), end = std::max<int64_t>(nz_ - m, begin);
    for (int64_t k = 0; k < begin; ++k)
      out[k] += factor * (row[nodes_[k + m]] - row[nodes_[k - m]]);
    for (int64_t k = begin; k < end; ++k) out[k] += factor * (row[k + m] - row[k - m]);
    for (int64_t k = end; k < nz_; ++k)
      out[k] += factor * (row[nodes_[k + m]] - row[nodes_[k - m]]);
  }

  const Planes<const T>& planes_;
  PeriodicOffsets rows_, nodes_;
  int64_t nz_;
  Stencil<T> stencils_[3];
};

// result: the slab of `count` planes from plane `start` on, contiguous.
template <class T>
void finite_difference(const Mesh& mesh, const Planes<const T>& planes, int64_t start,
                       int64_t count, int axis, int64_t order, T* result) {
  const RowDerivatives<T> derivative(mesh, planes, order);
  const int64_t ny = mesh.ny();
#pragma omp parallel for num_threads(threads()) schedule(static)
  for (int64_t plane = 0; plane < count; ++plane) {
    for (int64_t j = 0; j < ny; ++j) {
      derivative(start + plane, j, axis, result + (plane * ny + j) * mesh.nz());
    }
  }
}

}  // namespace jerald
