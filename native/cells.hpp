// SPDX-License-Identifier: GPL-3.0-or-later
// Cloud-in-cell geometry: the cell that each particle is in, and where in it.
#pragma once

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>

#include "arrays.hpp"
#include "mesh.hpp"
#include "threads.hpp"

namespace jerald {

// The four nodes of a plane around a particle, as offsets into the plane, and their weights.
template <class T>
struct Square {
  int64_t node[4];
  T weight[4];
};

// The cell of the box that a cell of any period of the mesh repeats; 0 for NaN.
template <class T>
inline int32_t wrapped_cell(T cell, T nodes, T per_nodes) {
  const T rest = cell - nodes * std::floor(cell * per_nodes);
  // By rounding, `rest` may be `nodes` where it should be 0.
  const bool inside = (rest >= 0) & (rest < nodes);
  return static_cast<int32_t>(inside ? rest : T(0));
}

// Cells of a block of particles, and the particles' weights on the nodes. A whole block is computed
// before it is used, with one array for each number, so that the compiler uses vector instructions.
template <class T>
class Cells {
 public:
  static constexpr int64_t capacity = 128;

  explicit Cells(const Mesh& mesh)
      : ny_(static_cast<int32_t>(mesh.ny())), nz_(static_cast<int32_t>(mesh.nz())) {
    for (int64_t entry = 0; entry < 3 * capacity; ++entry) {
      cell_[entry] = static_cast<T>(mesh.cell[entry % 3]);
      nodes_[entry] = static_cast<T>(mesh.nodes[entry % 3]);
      per_nodes_[entry] = 1 / nodes_[entry];
    }
  }

  // positions: at most `capacity` rows of any real numbers, which are wrapped into the box; a NaN
  // remains in the fraction.
  void locate(const Rows<const T, 3>& positions) {
    const int64_t count = positions.count();
    assert(count <= capacity);
    const T* coordinates = positions.data();
    alignas(64) T fraction[3 * capacity];
    alignas(64) int32_t index[3 * capacity];
    for (int64_t entry = 0; entry < 3 * count; ++entry) {
      const T scaled = coordinates[entry] / cell_[entry];
      const T whole = std::floor(scaled);
      fraction[entry] = scaled - whole;
      index[entry] = wrapped_cell(whole, nodes_[entry], per_nodes_[entry]);
    }
    for (int64_t p = 0; p < count; ++p) {
      const int32_t j = index[3 * p + 1], k = index[3 * p + 2];
      plane_[p] = index[3 * p];
      node_[p] = j * nz_ + k;
      to_next_row_[p] = j + 1 == ny_ ? nz_ - ny_ * nz_ : nz_;
      to_next_[p] = k + 1 == nz_ ? 1 - nz_ : 1;
    }
    for (int64_t p = 0; p < count; ++p) {
      const T y = fraction[3 * p + 1], z = fraction[3 * p + 2], yz = y * z;
      fraction_[0][p] = fraction[3 * p];
      fraction_[1][p] = y;
      fraction_[2][p] = z;
      weight_[0][p] = 1 - y - z + yz;
      weight_[1][p] = z - yz;
      weight_[2][p] = y - yz;
      weight_[3][p] = yz;
    }
  }

  int64_t plane(int64_t particle) const { return plane_[particle]; }
  T fraction(int64_t particle, int axis) const { return fraction_[axis][particle]; }

  Square<T> square(int64_t particle) const {
    const int64_t node = node_[particle], next = to_next_[particle];
    const int64_t next_row = node + to_next_row_[particle];
    return {
        {node, node + next, next_row, next_row + next},
        {weight_[0][particle], weight_[1][particle], weight_[2][particle], weight_[3][particle]}};
  }

 private:
  int32_t ny_, nz_;
  alignas(64) T cell_[3 * capacity];
  alignas(64) T nodes_[3 * capacity];
  alignas(64) T per_nodes_[3 * capacity];
  alignas(64) T fraction_[3][capacity];
  alignas(64) T weight_[4][capacity];
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
