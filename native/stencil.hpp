// SPDX-License-Identifier: GPL-3.0-or-later
// Central finite differences: coefficients, and derivatives of fields row by row.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "arrays.hpp"
#include "mesh.hpp"
#include "planes.hpp"
#include "stencil_coefficients.hpp"
#include "threads.hpp"

namespace jerald {

// Offsets of an axis's rows (or nodes) by number, periodic, up to a stencil's reach beyond both
// ends.
class PeriodicOffsets {
 public:
  static constexpr int64_t margin = 4;

  PeriodicOffsets(int64_t nodes, int64_t stride) : offsets_(nodes + 2 * margin) {
    for (int64_t slot = 0; slot < nodes + 2 * margin; ++slot) {
      offsets_[slot] = wrapped(slot - margin, nodes) * stride;
    }
  }
  int64_t operator[](int64_t index) const {
    assert(0 <= index + margin && index + margin < static_cast<int64_t>(offsets_.size()));
    return offsets_[index + margin];
  }

 private:
  std::vector<int64_t> offsets_;
};

// The derivatives of a field, one row of nodes along z at a time. Each row of the field is
// contiguous; it begins `row_stride` numbers after the previous one.
template <class T>
class RowDerivatives {
 public:
  RowDerivatives(const Mesh& mesh, const Planes<const T>& planes, int64_t order, int64_t row_stride)
      : planes_(planes),
        rows_(mesh.ny(), row_stride),
        nodes_(mesh.nz(), 1),
        nz_(mesh.nz()),
        stencils_{{order, mesh.cell[0]}, {order, mesh.cell[1]}, {order, mesh.cell[2]}} {}

  // Add to `out` sign times the nz derivatives along an axis on row j of plane i.
  void add(int64_t i, int64_t j, int axis, T sign, T* out) const {
    if (stencils_[axis].reach == 2) {
      add_with_reach<2>(i, j, axis, sign, out);
    } else {
      add_with_reach<3>(i, j, axis, sign, out);
    }
  }

 private:
  // All terms in one loop, so that `out` is loaded and stored once. Not inlined, since GCC would no
  // longer know that `out` overlaps no other row, and would not always use vector instructions.
  template <int reach>
  __attribute__((noinline)) void add_with_reach(int64_t i, int64_t j, int axis, T sign,
                                                T* __restrict out) const {
    T factor[reach];
    const T *after[reach], *before[reach];
    for (int m = 1; m <= reach; ++m) {
      factor[m - 1] = sign * stencils_[axis].coefficient[m - 1];
      after[m - 1] = neighbour(i, j, axis, m);
      before[m - 1] = neighbour(i, j, axis, -m);
    }
    const auto term = [&](int64_t k) {
      T sum = 0;
      for (int m = 0; m < reach; ++m) sum += factor[m] * (after[m][k] - before[m][k]);
      return sum;
    };
    if (axis != 2) {
      for (int64_t k = 0; k < nz_; ++k) out[k] += term(k);
      return;
    }
    const T* row = planes_[i] + rows_[j];
    const auto wrapped_term = [&](int64_t k) {
      T sum = 0;
      for (int m = 1; m <= reach; ++m) {
        sum += factor[m - 1] * (row[nodes_[k + m]] - row[nodes_[k - m]]);
      }
      return sum;
    };
    const int64_t begin = std::min<int64_t>(reach, nz_), end = std::max(nz_ - reach, begin);
    for (int64_t k = 0; k < begin; ++k) out[k] += wrapped_term(k);
    for (int64_t k = begin; k < end; ++k) out[k] += term(k);
    for (int64_t k = end; k < nz_; ++k) out[k] += wrapped_term(k);
  }

  // The row m nodes away along an axis; along z it is the row itself, shifted.
  const T* neighbour(int64_t i, int64_t j, int axis, int m) const {
    if (axis == 0) return planes_[i + m] + rows_[j];
    if (axis == 1) return planes_[i] + rows_[j + m];
    return planes_[i] + rows_[j] + m;
  }

  const Planes<const T>& planes_;
  PeriodicOffsets rows_, nodes_;
  int64_t nz_;
  Stencil<T> stencils_[3];
};

// The derivative along an axis, 0 to 2. The first plane of `result` is plane `start` of the mesh.
template <class T>
void finite_difference(const Mesh& mesh, const Planes<const T>& planes, int64_t start, int axis,
                       int64_t order, const Slab<T>& result) {
  if (axis < 0 || axis > 2) {
    throw std::invalid_argument("finite difference along axis " + std::to_string(axis) +
                                ": choose 0, 1 or 2");
  }
  const RowDerivatives<T> derivatives(mesh, planes, order, mesh.nz());
  const int64_t ny = mesh.ny(), nz = mesh.nz();
#pragma omp parallel for num_threads(threads()) schedule(static)
  for (int64_t plane = 0; plane < result.planes(); ++plane) {
    for (int64_t j = 0; j < ny; ++j) {
      T* out = result.row(plane, j);
      std::fill_n(out, nz, T(0));
      derivatives.add(start + plane, j, axis, T(1), out);
    }
  }
}

}  // namespace jerald
