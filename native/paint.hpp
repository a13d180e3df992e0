// SPDX-License-Identifier: GPL-3.0-or-later
// Cloud-in-cell painting: particles to a field.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "arrays.hpp"
#include "cells.hpp"
#include "mesh.hpp"
#include "planes.hpp"
#include "threads.hpp"

namespace jerald {

template <class V, class T>
inline void deposit(V* plane, const Square<T>& square, V value) {
  for (int corner = 0; corner < 4; ++corner) {
    plane[square.node[corner]] += value * square.weight[corner];
  }
}

// The thread that writes each plane. Each node is written by one thread and sums in the order of
// the particles, so the result does not depend on the number of threads.
template <class V>
class PlaneOwners {
 public:
  static constexpr int most = 64;

  PlaneOwners(const Mesh& mesh, const Planes<V>& planes, int workers) : owner_(mesh.nx() + 1, 0) {
    const int64_t held = planes.held().size();
    for (int64_t slot = 0; slot < held; ++slot) {
      owner_[planes.held()[slot]] = static_cast<uint8_t>(slot * workers / held);
    }
    owner_[mesh.nx()] = owner_[0];
  }
  int operator[](int64_t plane) const { return owner_[plane]; }

 private:
  std::vector<uint8_t> owner_;
};

// Fill the planes with the sum of the particles' values. V is a number or a vector of numbers;
// value(p) belongs to particle p. Every plane that a particle touches must be held.
template <class T, class V, class Value>
void paint(const Mesh& mesh, const Rows<const T, 3>& positions, Value value,
           const Planes<V>& planes) {
  const int workers = std::min(threads(), PlaneOwners<V>::most);
  const PlaneOwners<V> owners(mesh, planes, workers);
  const int64_t blocks = block_count<T>(positions.count());

  // The threads that each block concerns, one bit each, so that the others skip it: a block of
  // particles in the order of their cells concerns one or two.
  std::vector<uint64_t> concerned(workers > 1 ? blocks : 0, 0);
  if (workers > 1) {
    for_each_block(mesh, positions, [&](const Cells<T>& cells, int64_t first, int64_t count) {
      uint64_t mask = 0;
      for (int64_t p = 0; p < count; ++p) {
        mask |= uint64_t{1} << owners[cells.plane(p)];
        mask |= uint64_t{1} << owners[cells.plane(p) + 1];
      }
      concerned[first / Cells<T>::capacity] = mask;
    });
  }

#pragma omp parallel for num_threads(workers) schedule(static, 1)
  for (int worker = 0; worker < workers; ++worker) {
    for (const int64_t plane : planes.held()) {
      if (owners[plane] == worker) {
        std::memset(planes[plane], 0, mesh.plane_size() * sizeof(V));
      }
    }
    Cells<T> cells(mesh);
    for (int64_t block = 0; block < blocks; ++block) {
      if (workers > 1 && !(concerned[block] >> worker & 1)) continue;
      const Rows<const T, 3> located = block_of(positions, block);
      const int64_t first = block * Cells<T>::capacity, count = located.count();
      cells.locate(located);
      const auto add = [&](int64_t p) {
        const int64_t i = cells.plane(p);
        const Square<T> square = cells.square(p);
        const V whole = value(first + p);
        const V upper = whole * cells.fraction(p, 0);
        if (workers == 1 || owners[i] == worker) deposit(planes[i], square, whole - upper);
        if (workers == 1 || owners[i + 1] == worker) deposit(planes[i + 1], square, upper);
      };
      // Alternate between both halves of the block: neighbours in the order of cells share nodes,
      // so the second would wait until the first is stored.
      const int64_t half = count / 2;
      for (int64_t p = 0; p < half; ++p) {
        add(p);
        add(p + half);
      }
      if (count > 2 * half) add(count - 1);
    }
  }
}

}  // namespace jerald
