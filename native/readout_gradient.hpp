// SPDX-License-Identifier: GPL-3.0-or-later
// The finite-difference gradient of a field at particles, and its adjoints.
//
// The gradient is taken on the mesh, its three components side by side, so that one readout of
// vectors serves all; memory for it lasts for the call only.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "buffer.hpp"
#include "mesh.hpp"
#include "paint.hpp"
#include "planes.hpp"
#include "readout.hpp"
#include "stencil.hpp"
#include "threads.hpp"
#include "vectors.hpp"

namespace jerald {

// A vector field on some planes of the mesh, zero (and not to be written) on the others.
template <class T>
class VectorPlanes {
 public:
  VectorPlanes(const Mesh& mesh, const std::vector<int64_t>& planes)
      : storage_(static_cast<int64_t>(planes.size()) * mesh.plane_size()),
        zeros_(mesh.plane_size()),
        writable_(mesh),
        readable_(mesh, zeros_.data()) {
    std::memset(static_cast<void*>(zeros_.data()), 0, mesh.plane_size() * sizeof(Quad<T>));
    Quad<T>* plane = storage_.data();
    for (const int64_t i : planes) {
      writable_.set(i, plane);
      readable_.set(i, plane);
      plane += mesh.plane_size();
    }
  }
  const Planes<Quad<T>>& writable() const { return writable_; }
  const Planes<const Quad<T>>& readable() const { return readable_; }

 private:
  Buffer<Quad<T>> storage_, zeros_;
  Planes<Quad<T>> writable_;
  Planes<const Quad<T>> readable_;
};

// The gradient of a field on the planes that `vectors` holds.
template <class T>
void gradient(const Mesh& mesh, const Planes<const T>& field, int64_t order,
              const Planes<Quad<T>>& vectors) {
  const RowDerivatives<T> derivative(mesh, field, order);
  const int64_t held = vectors.held().size(), ny = mesh.ny(), nz = mesh.nz();
#pragma omp parallel num_threads(threads())
  {
    const Buffer<T> rows(3 * nz);
    T *along_x = rows.data(), *along_y = along_x + nz, *along_z = along_y + nz;
#pragma omp for schedule(static)
    for (int64_t slot = 0; slot < held; ++slot) {
      const int64_t i = vectors.held()[slot];
      for (int64_t j = 0; j < ny; ++j) {
        derivative(i, j, 0, along_x);
        derivative(i, j, 1, along_y);
        derivative(i, j, 2, along_z);
        Quad<T>* out = vectors[i] + j * nz;
        for (int64_t k = 0; k < nz; ++k) out[k] = Quad<T>{along_x[k], along_y[k], along_z[k], 0};
      }
    }
  }
}

// gradients: (particles, 3). `touched` are the planes of the particles' cells, field holds a
// stencil's reach more.
template <class T>
void readout_gradient(const Mesh& mesh, const Planes<const T>& field, int64_t order,
                      const std::vector<int64_t>& touched, const T* positions, int64_t particles,
                      T* gradients) {
  const VectorPlanes<T> vectors(mesh, touched);
  gradient(mesh, field, order, vectors.writable());
  readout(mesh, vectors.readable(), positions, particles, [gradients](int64_t p, Quad<T> value) {
    for (int axis = 0; axis < 3; ++axis) gradients[3 * p + axis] = value[axis];
  });
}

template <class T>
inline T dot(Quad<T> vector, const T* other) {
  return vector[0] * other[0] + vector[1] * other[1] + vector[2] * other[2];
}

// positions_bar: (particles, 3), from the cotangent (particles, 3) of the gradients.
template <class T>
void readout_gradient_positions_bar(const Mesh& mesh, const Planes<const T>& field, int64_t order,
                                    const std::vector<int64_t>& touched, const T* positions,
                                    const T* cotangent, int64_t particles, T* positions_bar) {
  const VectorPlanes<T> vectors(mesh, touched);
  gradient(mesh, field, order, vectors.writable());
  readout_slope(mesh, vectors.readable(), positions, particles,
                [=](int64_t p, Quad<T> along_x, Quad<T> along_y, Quad<T> along_z) {
                  const T* own = cotangent + 3 * p;
                  positions_bar[3 * p] = dot<T>(along_x, own);
                  positions_bar[3 * p + 1] = dot<T>(along_y, own);
                  positions_bar[3 * p + 2] = dot<T>(along_z, own);
                });
}

// Minus the finite-difference divergence of a vector field, on all planes that `result` holds.
template <int reach, class T>
void negative_divergence(const Mesh& mesh, const Planes<const Quad<T>>& vectors,
                         const Planes<T>& result) {
  Quad<T> factor[3][reach] = {};
  for (int axis = 0; axis < 3; ++axis) {
    const Stencil<T> stencil(2 * reach, mesh.cell[axis]);
    for (int m = 0; m < reach; ++m) factor[axis][m][axis] = -stencil.coefficient[m];
  }
  const int64_t ny = mesh.ny(), nz = mesh.nz(), held = result.held().size();
  const PeriodicOffsets rows(ny, nz), nodes(nz, 1);

#pragma omp parallel for num_threads(threads()) schedule(static)
  for (int64_t slot = 0; slot < held; ++slot) {
    const int64_t i = result.held()[slot];
    for (int64_t j = 0; j < ny; ++j) {
      T* out = result[i] + rows[j];
      const Quad<T>* row = vectors[i] + rows[j];
      const Quad<T>*after_x[reach], *before_x[reach], *after_y[reach], *before_y[reach];
      for (int m = 1; m <= reach; ++m) {
        after_x[m - 1] = vectors[i + m] + rows[j];
        before_x[m - 1] = vectors[i - m] + rows[j];
        after_y[m - 1] = vectors[i] + rows[j + m];
        before_y[m - 1] = vectors[i] + rows[j - m];
      }
      for (int64_t k = 0; k < nz; ++k) {
        Quad<T> total{};
        for (int m = 0; m < reach; ++m) {
          total += factor[0][m] * (after_x[m][k] - before_x[m][k]);
          total += factor[1][m] * (after_y[m][k] - before_y[m][k]);
          total += factor[2][m] * (row[nodes[k + m + 1]] - row[nodes[k - m - 1]]);
        }
        out[k] = total[0] + total[1] + total[2];
      }
    }
  }
}

// Fill the planes of field_bar from the cotangent (particles, 3) of the gradients: the cotangents
// are painted, then differenced, since a central difference is antisymmetric. field_bar holds a
// stencil's reach more than the planes touched.
template <class T>
void readout_gradient_field_bar(const Mesh& mesh, int64_t order,
                                const std::vector<int64_t>& touched, const T* positions,
                                const T* cotangent, int64_t particles, const Planes<T>& field_bar) {
  const VectorPlanes<T> vectors(mesh, touched);
  paint(
      mesh, positions, particles,
      [cotangent](int64_t p) {
        return Quad<T>{cotangent[3 * p], cotangent[3 * p + 1], cotangent[3 * p + 2], 0};
      },
      vectors.writable());
  const auto difference = order == 4 ? negative_divergence<2, T> : negative_divergence<3, T>;
  difference(mesh, vectors.readable(), field_bar);
}

}  // namespace jerald
