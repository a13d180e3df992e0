// SPDX-License-Identifier: GPL-3.0-or-later
// The finite-difference gradient of a field at particles, and its adjoints.
//
// The gradient is computed on the mesh, its three components side by side, so that one readout of
// vectors yields all of them. The memory for it is released at the end of the call.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "arrays.hpp"
#include "buffer.hpp"
#include "mesh.hpp"
#include "paint.hpp"
#include "planes.hpp"
#include "readout.hpp"
#include "stencil.hpp"
#include "threads.hpp"
#include "vectors.hpp"

namespace jerald {

// A vector field on some planes of the mesh. The other planes read as zero and must not be written.
template <class T>
class VectorPlanes {
 public:
  VectorPlanes(const Mesh& mesh, const std::vector<int64_t>& planes)
      : storage_(static_cast<int64_t>(planes.size()) * mesh.plane_size()),
        zeros_(mesh.plane_size()),
        writable_(mesh),
        readable_(mesh, zeros_.data()) {
    std::memset(static_cast<void*>(zeros_.data()), 0, mesh.plane_size() * sizeof(Quad<T>));
    const Slab<Quad<T>> vectors(storage_.data(), mesh.slab(planes.size()));
    for (std::size_t slot = 0; slot < planes.size(); ++slot) {
      writable_.hold(planes[slot], vectors.plane(slot));
      readable_.hold(planes[slot], vectors.plane(slot));
    }
  }
  const Planes<Quad<T>>& writable() const { return writable_; }
  const Planes<const Quad<T>>& readable() const { return readable_; }

  // The planes as numbers, from an offset on; after split_components.
  Planes<const T> component(int64_t offset) const {
    return readable_.template transformed<const T>(
        [offset](const Quad<T>* plane) { return reinterpret_cast<const T*>(plane) + offset; });
  }

 private:
  Buffer<Quad<T>> storage_, zeros_;
  Planes<Quad<T>> writable_;
  Planes<const Quad<T>> readable_;
};

// The gradient of a field on the planes that `vectors` holds.
template <class T>
void gradient(const Mesh& mesh, const Planes<const T>& field, int64_t order,
              const Planes<Quad<T>>& vectors) {
  const RowDerivatives<T> derivatives(mesh, field, order, mesh.nz());
  const int64_t held = vectors.held().size(), ny = mesh.ny(), nz = mesh.nz();
#pragma omp parallel num_threads(threads())
  {
    const Buffer<T> rows(3 * nz);
    T *along_x = rows.data(), *along_y = along_x + nz, *along_z = along_y + nz;
#pragma omp for schedule(static)
    for (int64_t slot = 0; slot < held; ++slot) {
      const int64_t i = vectors.held()[slot];
      for (int64_t j = 0; j < ny; ++j) {
        std::fill_n(along_x, 3 * nz, T(0));
        derivatives.add(i, j, 0, T(1), along_x);
        derivatives.add(i, j, 1, T(1), along_y);
        derivatives.add(i, j, 2, T(1), along_z);
        Quad<T>* out = vectors[i] + j * nz;
        for (int64_t k = 0; k < nz; ++k) out[k] = Quad<T>{along_x[k], along_y[k], along_z[k], 0};
      }
    }
  }
}

// A function (p, vector) that stores onto[p] + vector in result[p]; without `onto`, the vector
// alone.
template <class T>
auto store_sum(const std::optional<Rows<const T, 3>>& onto, const Rows<T, 3>& result) {
  return [base = onto.has_value() ? onto->data() : nullptr, out = result.data()](int64_t p,
                                                                                 Quad<T> vector) {
    for (int64_t entry = 3 * p, axis = 0; axis < 3; ++axis, ++entry) {
      out[entry] = base == nullptr ? vector[axis] : base[entry] + vector[axis];
    }
  };
}

// gradients = onto + the field's gradient at each particle. `touched` are the planes of the
// particles' cells; the field also holds the planes within a stencil's reach of them.
template <class T>
void readout_gradient(const Mesh& mesh, const Planes<const T>& field, int64_t order,
                      const std::vector<int64_t>& touched, const Rows<const T, 3>& positions,
                      const std::optional<Rows<const T, 3>>& onto, const Rows<T, 3>& gradients) {
  const VectorPlanes<T> vectors(mesh, touched);
  gradient(mesh, field, order, vectors.writable());
  readout(mesh, vectors.readable(), positions, store_sum(onto, gradients));
}

// The products of three vectors with another one, and a spare: a matrix times a vector.
template <class T>
inline Quad<T> products(Quad<T> first, Quad<T> second, Quad<T> third, const T* other) {
  const Quad<T> pairs_xy = __builtin_shufflevector(first, second, 0, 4, 1, 5);
  const Quad<T> pairs_z = __builtin_shufflevector(first, second, 2, 6, 3, 7);
  return __builtin_shufflevector(pairs_xy, third, 0, 1, 4, 4) * other[0] +
         __builtin_shufflevector(pairs_xy, third, 2, 3, 5, 5) * other[1] +
         __builtin_shufflevector(pairs_z, third, 0, 1, 6, 6) * other[2];
}

// positions_bar = onto + the cotangent of the positions, from that of the gradients.
template <class T>
void readout_gradient_positions_bar(const Mesh& mesh, const Planes<const T>& field, int64_t order,
                                    const std::vector<int64_t>& touched,
                                    const Rows<const T, 3>& positions,
                                    const Rows<const T, 3>& cotangent,
                                    const std::optional<Rows<const T, 3>>& onto,
                                    const Rows<T, 3>& positions_bar) {
  const VectorPlanes<T> vectors(mesh, touched);
  gradient(mesh, field, order, vectors.writable());
  readout_slope(mesh, vectors.readable(), positions,
                [cotangent, store = store_sum(onto, positions_bar)](
                    int64_t p, Quad<T> along_x, Quad<T> along_y, Quad<T> along_z) {
                  store(p, products(along_x, along_y, along_z, cotangent[p]));
                });
}

// Rearrange rows of vectors, in place, into three rows of components: along x, then y, then z.
template <class T>
void split_components(const Mesh& mesh, const Planes<Quad<T>>& vectors) {
  const int64_t held = vectors.held().size(), ny = mesh.ny(), nz = mesh.nz();
#pragma omp parallel num_threads(threads())
  {
    const Buffer<Quad<T>> row(nz);
#pragma omp for schedule(static)
    for (int64_t slot = 0; slot < held; ++slot) {
      for (int64_t j = 0; j < ny; ++j) {
        Quad<T>* place = vectors[vectors.held()[slot]] + j * nz;
        std::copy_n(place, nz, row.data());
        T* component = reinterpret_cast<T*>(place);
        for (int64_t k = 0; k < nz; ++k) {
          component[k] = row[k][0];
          component[k + nz] = row[k][1];
          component[k + 2 * nz] = row[k][2];
        }
      }
    }
  }
}

// Fill the planes of field_bar from the cotangent of the gradients: the cotangents are painted,
// then differenced, with a minus sign since a central difference is antisymmetric. field_bar also
// holds the planes within a stencil's reach of those touched.
template <class T>
void readout_gradient_field_bar(const Mesh& mesh, int64_t order,
                                const std::vector<int64_t>& touched,
                                const Rows<const T, 3>& positions,
                                const Rows<const T, 3>& cotangent, const Planes<T>& field_bar) {
  const VectorPlanes<T> vectors(mesh, touched);
  paint(
      mesh, positions,
      [=](int64_t p) {
        const T* bar = cotangent[p];
        return Quad<T>{bar[0], bar[1], bar[2], 0};
      },
      vectors.writable());
  split_components<T>(mesh, vectors.writable());

  const int64_t ny = mesh.ny(), nz = mesh.nz(), held = field_bar.held().size();
  const Planes<const T> components[3] = {vectors.component(0), vectors.component(nz),
                                         vectors.component(2 * nz)};
  const RowDerivatives<T> derivatives[3] = {{mesh, components[0], order, 4 * nz},
                                            {mesh, components[1], order, 4 * nz},
                                            {mesh, components[2], order, 4 * nz}};
#pragma omp parallel for num_threads(threads()) schedule(static)
  for (int64_t slot = 0; slot < held; ++slot) {
    const int64_t i = field_bar.held()[slot];
    for (int64_t j = 0; j < ny; ++j) {
      T* out = field_bar[i] + j * nz;
      std::fill_n(out, nz, T(0));
      for (int axis = 0; axis < 3; ++axis) derivatives[axis].add(i, j, axis, T(-1), out);
    }
  }
}

}  // namespace jerald
