// SPDX-License-Identifier: GPL-3.0-or-later
// Cloud-in-cell geometry: the cell that each particle is in, and where in it.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>

#include "arrays.hpp"
#include "location.hpp"
#include "mesh.hpp"
#include "threads.hpp"

namespace jerald {

// Cells of a block of particles, and where in them the particles are. A whole block is computed
// before it is used, with one array for each number, so that the compiler uses vector instructions.
template <class T>
class Cells {
 public:
  static constexpr int64_t capacity = 128;

  explicit Cells(const Mesh& mesh) : Cells(mesh, mesh.nz()) {}

  // For planes whose rows begin `row_stride` numbers after the previous one.
  Cells(const Mesh& mesh, int64_t row_stride) : stride_(static_cast<int32_t>(row_stride)) {
    for (int axis = 0; axis < 3; ++axis) {
      size_[axis] = static_cast<T>(mesh.cell[axis]);
      nodes_[axis] = static_cast<int32_t>(mesh.nodes[axis]);
    }
  }

  // positions: at most `capacity` rows of any real numbers, which are wrapped into the box; a NaN
  // remains in the fraction.
  void locate(const Rows<const T, 3>& positions) {
    const int64_t count = positions.count();
    assert(count <= capacity);
    const T* coordinates = positions.data();
    for (int64_t p = 0; p < count; ++p) {
      fraction_[0][p] = coordinates[3 * p];
      fraction_[1][p] = coordinates[3 * p + 1];
      fraction_[2][p] = coordinates[3 * p + 2];
    }
    alignas(64) int32_t row[capacity], column[capacity];
    split(0, count, plane_);
    split(1, count, row);
    split(2, count, column);
    const int32_t last_row = nodes_[1] - 1, last_column = nodes_[2] - 1, stride = stride_;
    for (int64_t p = 0; p < count; ++p) {
      node_[p] = row[p] * stride + column[p];
      to_next_row_[p] = row[p] == last_row ? -last_row * stride : stride;
      to_next_[p] = column[p] == last_column ? -last_column : 1;
    }
  }

  // The plane of a particle's cell, and the lowest of its four nodes there, as an offset into it.
  int64_t plane(int64_t particle) const { return plane_[particle]; }
  int64_t node(int64_t particle) const { return node_[particle]; }
  // From there to the next node of the row, and to the next row.
  int64_t to_next(int64_t particle) const { return to_next_[particle]; }
  int64_t to_next_row(int64_t particle) const { return to_next_row_[particle]; }
  // Where in its cell a particle is, from 0 to 1.
  T fraction(int64_t particle, int axis) const { return fraction_[axis][particle]; }
  const T* fractions(int64_t particle, int axis) const { return fraction_[axis] + particle; }

 private:
  // Coordinates become cells and fractions.
  void split(int axis, int64_t count, int32_t* cell) {
    const AxisCells<T> cells(size_[axis], nodes_[axis]);
    T* fraction = fraction_[axis];
    for (int64_t p = 0; p < count; ++p) {
      const auto located = cells.locate(fraction[p]);
      fraction[p] = located.fraction;
      cell[p] = located.cell;
    }
  }

  T size_[3];
  int32_t nodes_[3], stride_;
  alignas(64) T fraction_[3][capacity];
  alignas(64) int32_t plane_[capacity], node_[capacity], to_next_[capacity];
  alignas(64) int32_t to_next_row_[capacity];
};

template <class T>
int64_t block_count(int64_t particles) {
  return (particles + Cells<T>::capacity - 1) / Cells<T>::capacity;
}

// The particles of a block, which is the last one where fewer than `capacity` are left.
template <class T>
Rows<const T, 3> block_of(const Rows<const T, 3>& positions, int64_t block) {
  const int64_t first = block * Cells<T>::capacity;
  return positions.part(first, std::min(Cells<T>::capacity, positions.count() - first));
}

// Call work(cells, first, count) for each block of particles, on all threads.
template <class T, class Work>
void for_each_block(const Mesh& mesh, const Rows<const T, 3>& positions, Work work) {
  const int64_t blocks = block_count<T>(positions.count());
#pragma omp parallel num_threads(threads())
  {
    Cells<T> cells(mesh);
#pragma omp for schedule(static)
    for (int64_t block = 0; block < blocks; ++block) {
      const Rows<const T, 3> located = block_of(positions, block);
      cells.locate(located);
      work(cells, block * Cells<T>::capacity, located.count());
    }
  }
}

}  // namespace jerald
