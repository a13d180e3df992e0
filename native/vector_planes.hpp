// SPDX-License-Identifier: GPL-3.0-or-later
// Vectors on one plane of the mesh: the gradient of a field, or painted vectors on their way to the
// cotangent of one.
#pragma once

#include <algorithm>
#include <cstdint>

#include "arrays.hpp"
#include "buffer.hpp"
#include "mesh.hpp"
#include "planes.hpp"
#include "stencil.hpp"
#include "vectors.hpp"

namespace jerald {

// Vectors on one plane. Behind each row, and behind the last one, the first node and the first row
// are repeated, so that the four nodes around a particle are two pairs.
struct VectorPlane {
  int64_t ny, nz;

  explicit VectorPlane(const Mesh& mesh) : ny(mesh.ny()), nz(mesh.nz()) {}
  int64_t stride() const { return nz + 1; }
  // Rows and planes begin at different offsets into a page of memory: a processor takes a number
  // that is loaded for one that is just stored, if their offsets are equal, and waits for it.
  int64_t size() const {
    const int64_t size = (ny + 1) * stride();
    return size + wrapped(64 - size, 256);
  }
};

// A row of numbers with those that precede and follow it, periodic.
template <class T>
class PeriodicRow {
 public:
  static constexpr int64_t margin = 4;

  explicit PeriodicRow(int64_t nodes) : nodes_(nodes), storage_(nodes + 2 * margin) {}
  void fill(const T* row) const {
    T* own = storage_.data() + margin;
    std::copy_n(row, nodes_, own);
    for (int64_t k = 1; k <= margin; ++k) {
      own[-k] = row[wrapped(-k, nodes_)];
      own[nodes_ - 1 + k] = row[wrapped(k - 1, nodes_)];
    }
  }
  const T* data() const { return storage_.data() + margin; }

 private:
  int64_t nodes_;
  Buffer<T> storage_;
};

// The gradient of a field on plane i, its three components side by side.
template <class T>
class PlaneGradient {
 public:
  PlaneGradient(const Mesh& mesh, const Planes<const T>& field, int64_t order)
      : shape_(mesh),
        field_(field),
        rows_(mesh.ny(), mesh.nz()),
        row_(mesh.nz()),
        stencils_{{order, mesh.cell[0]}, {order, mesh.cell[1]}, {order, mesh.cell[2]}} {}

  void compute(int64_t i, Quad<T>* plane) const {
    const int64_t stride = shape_.stride();
    for (int64_t j = 0; j < shape_.ny; ++j) {
      Quad<T>* out = plane + j * stride;
      if (stencils_[0].reach == 2) {
        compute_row<2>(i, j, out);
      } else {
        compute_row<3>(i, j, out);
      }
      out[shape_.nz] = out[0];
    }
    std::copy_n(plane, stride, plane + shape_.ny * stride);
  }

 private:
  template <int reach>
  void compute_row(int64_t i, int64_t j, Quad<T>* out) const {
    row_.fill(field_[i] + rows_[j]);
    const T *after[3][reach], *before[3][reach];
    for (int m = 1; m <= reach; ++m) {
      after[0][m - 1] = field_[i + m] + rows_[j];
      before[0][m - 1] = field_[i - m] + rows_[j];
      after[1][m - 1] = field_[i] + rows_[j + m];
      before[1][m - 1] = field_[i] + rows_[j - m];
      after[2][m - 1] = row_.data() + m;
      before[2][m - 1] = row_.data() - m;
    }
    const auto along = [&](auto zero, int axis, int64_t k) {
      using V = decltype(zero);
      V sum = zero;
      for (int m = 0; m < reach; ++m) {
        sum += stencils_[axis].coefficient[m] *
               (load<V>(after[axis][m] + k) - load<V>(before[axis][m] + k));
      }
      return sum;
    };
    int64_t k = 0;
    for (; k + 8 <= shape_.nz; k += 8) {
      const Pair<T> x = along(Pair<T>{}, 0, k), y = along(Pair<T>{}, 1, k);
      const Pair<T> z = along(Pair<T>{}, 2, k);
      const auto first = transposed(first_half(x), first_half(y), first_half(z), Quad<T>{});
      const auto second = transposed(second_half(x), second_half(y), second_half(z), Quad<T>{});
      for (int64_t node = 0; node < 4; ++node) {
        out[k + node] = first[node];
        out[k + 4 + node] = second[node];
      }
    }
    for (; k < shape_.nz; ++k) {
      out[k] = Quad<T>{along(T(0), 0, k), along(T(0), 1, k), along(T(0), 2, k), 0};
    }
  }

  VectorPlane shape_;
  const Planes<const T>& field_;
  PeriodicOffsets rows_;
  PeriodicRow<T> row_;
  Stencil<T> stencils_[3];
};

// Turns planes on which vectors were painted into planes of a field's cotangent, but for the
// differences along x, which need several planes. One for each thread.
template <class T>
class PlaneAdjoint {
 public:
  PlaneAdjoint(const Mesh& mesh, int64_t order)
      : shape_(mesh),
        rows_(mesh.ny(), mesh.nz()),
        along_y_(mesh.plane_size()),
        along_z_(mesh.plane_size()),
        row_(mesh.nz()),
        stencil_y_(order, mesh.cell[1]),
        stencil_z_(order, mesh.cell[2]) {}

  // Store the components along x, and minus the differences of the others along their axes.
  void finish(Quad<T>* plane, T* along_x, T* field_bar) const {
    fold(plane);
    for (int64_t j = 0; j < shape_.ny; ++j) split(plane + j * shape_.stride(), rows_[j], along_x);
    for (int64_t j = 0; j < shape_.ny; ++j) {
      if (stencil_y_.reach == 2) {
        difference_row<2>(j, field_bar + rows_[j]);
      } else {
        difference_row<3>(j, field_bar + rows_[j]);
      }
    }
  }

 private:
  // Add what was painted behind the rows to where it belongs.
  void fold(Quad<T>* plane) const {
    const int64_t stride = shape_.stride();
    for (int64_t k = 0; k < stride; ++k) plane[k] += plane[shape_.ny * stride + k];
    for (int64_t j = 0; j < shape_.ny; ++j) plane[j * stride] += plane[j * stride + shape_.nz];
  }

  // A row of vectors becomes three rows of components.
  void split(const Quad<T>* row, int64_t start, T* along_x) const {
    T *x = along_x + start, *y = along_y_.data() + start, *z = along_z_.data() + start;
    int64_t k = 0;
    for (; k + 4 <= shape_.nz; k += 4) {
      const auto parts = transposed(row[k], row[k + 1], row[k + 2], row[k + 3]);
      store(x + k, parts[0]);
      store(y + k, parts[1]);
      store(z + k, parts[2]);
    }
    for (; k < shape_.nz; ++k) {
      x[k] = row[k][0];
      y[k] = row[k][1];
      z[k] = row[k][2];
    }
  }

  template <int reach>
  void difference_row(int64_t j, T* __restrict out) const {
    row_.fill(along_z_.data() + rows_[j]);
    const T *after[reach], *before[reach], *z = row_.data();
    for (int m = 1; m <= reach; ++m) {
      after[m - 1] = along_y_.data() + rows_[j + m];
      before[m - 1] = along_y_.data() + rows_[j - m];
    }
    for (int64_t k = 0; k < shape_.nz; ++k) {
      T sum = 0;
      for (int m = 1; m <= reach; ++m) {
        sum += stencil_y_.coefficient[m - 1] * (before[m - 1][k] - after[m - 1][k]);
        sum += stencil_z_.coefficient[m - 1] * (z[k - m] - z[k + m]);
      }
      out[k] = sum;
    }
  }

  VectorPlane shape_;
  PeriodicOffsets rows_;
  Buffer<T> along_y_, along_z_;
  PeriodicRow<T> row_;
  Stencil<T> stencil_y_, stencil_z_;
};

}  // namespace jerald
