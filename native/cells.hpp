// SPDX-License-Identifier: GPL-3.0-or-later
// Cloud-in-cell geometry: the cell that each particle is in, and where in it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "mesh.hpp"
#include "threads.hpp"

namespace jerald {

// The four nodes of a plane around a particle, as offsets into the plane, and their weights.
template <class T>
struct Square {
  int64_t node[4];
  T weight[4];
};

// Cells of a block of particles. Locating a whole block before using it lets the compiler turn
// the divisions and roundings into vector instructions.
template <class T>
class Cells {
 public:
  static constexpr int64_t capacity = 128;

  explicit Cells(const Mesh& mesh) : ny_(mesh.ny()), nz_(mesh.nz()) {
    for (int64_t entry = 0; entry < 3 * capacity; ++entry) {
      cell_[entry] = static_cast<T>(mesh.cell[entry % 3]);
      nodes_[entry] = static_cast<T>(mesh.nodes[entry % 3]);
    }
  }

  // positions: (count, 3) row by row, any real numbers; they are wrapped into the box.
  void locate(const T* positions, int64_t count) {
    int far = 0;
    for (int64_t entry = 0; entry < 3 * count; ++entry) {
      const T scaled = positions[entry] / cell_[entry], nodes = nodes_[entry];
      const T whole = std::floor(scaled);
      // A box beyond either side is common near the faces, and cheap without a branch.
      const T near = whole + (whole < 0 ? nodes : T(0)) - (whole >= nodes ? nodes : T(0));
      const bool inside = (near >= 0) & (near < nodes);
      fraction_[entry] = scaled - whole;
      index_[entry] = static_cast<int32_t>(inside ? near : T(0));
      far |= !inside;
    }
    if (far) wrap(positions, count);
  }

  int64_t plane(int64_t particle) const { return index_[3 * particle]; }
  int64_t index(int64_t particle, int axis) const { return index_[3 * particle + axis]; }
  T fraction(int64_t particle, int axis) const { return fraction_[3 * particle + axis]; }

  Square<T> square(int64_t particle) const {
    const int64_t j = index(particle, 1), k = index(particle, 2);
    const int64_t row = j * nz_, next_row = (j + 1 == ny_ ? 0 : j + 1) * nz_;
    const int64_t next_k = k + 1 == nz_ ? 0 : k + 1;
    const T y = fraction(particle, 1), z = fraction(particle, 2);
    const T yz = y * z;
    return {{row + k, row + next_k, next_row + k, next_row + next_k},
            {1 - y - z + yz, z - yz, y - yz, yz}};
  }

 private:
  // Particles several boxes away; not-a-number stays one, in its fraction.
  void wrap(const T* positions, int64_t count) {
    for (int64_t entry = 0; entry < 3 * count; ++entry) {
      const T whole = std::floor(positions[entry] / cell_[entry]);
      const T rest = whole - nodes_[entry] * std::floor(whole / nodes_[entry]);
      const bool inside = (rest >= 0) & (rest < nodes_[entry]);
      index_[entry] = inside ? static_cast<int32_t>(rest) : 0;
    }
  }

  int64_t ny_, nz_;
  alignas(64) T cell_[3 * capacity];
  alignas(64) T nodes_[3 * capacity];
  alignas(64) T fraction_[3 * capacity];
  alignas(64) int32_t index_[3 * capacity];
};

template <class T>
int64_t block_count(int64_t particles) {
  return (particles + Cells<T>::capacity - 1) / Cells<T>::capacity;
}

// Call work(cells, first, count) for each block of particles, on all threads.
template <class T, class Work>
void for_each_block(const Mesh& mesh, const T* positions, int64_t particles, Work work) {
  const int64_t blocks = block_count<T>(particles);
#pragma omp parallel num_threads(threads())
  {
    Cells<T> cells(mesh);
#pragma omp for schedule(static)
    for (int64_t block = 0; block < blocks; ++block) {
      const int64_t first = block * Cells<T>::capacity;
      const int64_t count = std::min(Cells<T>::capacity, particles - first);
      cells.locate(positions + 3 * first, count);
      work(cells, first, count);
    }
  }
}

}  // namespace jerald
