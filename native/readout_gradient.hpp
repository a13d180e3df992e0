// SPDX-License-Identifier: GPL-3.0-or-later
// The finite-difference gradient of a field at particles, and its adjoints.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "buffer.hpp"
#include "cells.hpp"
#include "gradient_taps.hpp"
#include "mesh.hpp"
#include "paint.hpp"
#include "planes.hpp"
#include "stencil.hpp"
#include "vectors.hpp"

namespace jerald {

// gradients: (particles, 3). The planes must hold a stencil's reach beyond the particles' cells.
template <class T, int reach>
void readout_gradient(const Mesh& mesh, const Planes<const T>& planes, const T* positions,
                      int64_t particles, T* gradients) {
  const GradientReader<T, reach> reader(mesh, planes);
  for_each_block(mesh, positions, particles,
                 [&](const Cells<T>& cells, int64_t first, int64_t count) {
                   for (int64_t p = 0; p < count; ++p) {
                     reader.gradient(cells, p, gradients + 3 * (first + p));
                   }
                 });
}

// positions_bar: (particles, 3), from the cotangent (particles, 3) of the gradients.
template <class T, int reach>
void readout_gradient_positions_bar(const Mesh& mesh, const Planes<const T>& planes,
                                    const T* positions, const T* cotangent, int64_t particles,
                                    T* positions_bar) {
  const GradientReader<T, reach> reader(mesh, planes);
  for_each_block(mesh, positions, particles,
                 [&](const Cells<T>& cells, int64_t first, int64_t count) {
                   for (int64_t p = 0; p < count; ++p) {
                     const int64_t at = 3 * (first + p);
                     reader.slope(cells, p, cotangent + at, positions_bar + at);
                   }
                 });
}

// Minus the finite-difference divergence of a vector field, on all planes that field_bar holds.
template <class T, int reach>
void negative_divergence(const Mesh& mesh, const Planes<const Quad<T>>& vectors,
                         const Planes<T>& field_bar) {
  Quad<T> factor[3][reach] = {};
  for (int axis = 0; axis < 3; ++axis) {
    for (int m = 0; m < reach; ++m) {
      factor[axis][m][axis] = static_cast<T>(-stencil(2 * reach)[m] / mesh.cell[axis]);
    }
  }
  const int64_t ny = mesh.ny(), nz = mesh.nz();
  const PeriodicOffsets rows(ny, nz), nodes(nz, 1);
  const int64_t held = field_bar.held().size();

#pragma omp parallel for num_threads(threads()) schedule(static)
  for (int64_t slot = 0; slot < held; ++slot) {
    const int64_t i = field_bar.held()[slot];
    for (int64_t j = 0; j < ny; ++j) {
      T* out = field_bar[i] + rows[j];
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
        const bool inner = k >= reach && k < nz - reach;
        for (int m = 1; m <= reach; ++m) {
          const int64_t after = inner ? k + m : nodes[k + m];
          const int64_t before = inner ? k - m : nodes[k - m];
          total += factor[0][m - 1] * (after_x[m - 1][k] - before_x[m - 1][k]);
          total += factor[1][m - 1] * (after_y[m - 1][k] - before_y[m - 1][k]);
          total += factor[2][m - 1] * (row[after] - row[before]);
        }
        out[k] = total[0] + total[1] + total[2];
      }
    }
  }
}

// Fill the planes of field_bar from the cotangent (particles, 3) of the gradients: the cotangents
// are painted, three components and a spare in one vector, then differenced, since a central
// difference is antisymmetric. `touched` are the planes of the particles' cells, field_bar holds a
// stencil's reach more.
template <class T, int reach>
void readout_gradient_field_bar(const Mesh& mesh, const std::vector<int64_t>& touched,
                                const T* positions, const T* cotangent, int64_t particles,
                                const Planes<T>& field_bar) {
  const Buffer<Quad<T>> storage(touched.size() * mesh.plane_size());
  const Buffer<Quad<T>> zeros(mesh.plane_size());
  std::memset(zeros.data(), 0, mesh.plane_size() * sizeof(Quad<T>));
  Planes<Quad<T>> painted(mesh);
  Planes<const Quad<T>> vectors(mesh, zeros.data());
  Quad<T>* plane = storage.data();
  for (const int64_t i : touched) {
    painted.set(i, plane);
    vectors.set(i, plane);
    plane += mesh.plane_size();
  }
  paint(
      mesh, positions, particles,
      [cotangent](int64_t p) {
        return Quad<T>{cotangent[3 * p], cotangent[3 * p + 1], cotangent[3 * p + 2], 0};
      },
      painted);
  negative_divergence<T, reach>(mesh, vectors, field_bar);
}

}  // namespace jerald
