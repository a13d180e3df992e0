// SPDX-License-Identifier: GPL-3.0-or-later
// Cloud-in-cell painting: particles to a field.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "arrays.hpp"
#include "cells.hpp"
#include "cloud_in_cell.hpp"
#include "mesh.hpp"
#include "planes.hpp"
#include "rolling_planes.hpp"
#include "threads.hpp"

namespace jerald {

// Where a particle is on a plane: the four nodes around it, and the shares of the nodes that
// follow.
template <class T>
struct Place {
  int64_t node, next, next_row;
  T y, z;

  Place(const Cells<T>& cells, int64_t p)
      : node(cells.node(p)),
        next(cells.to_next(p)),
        next_row(cells.to_next_row(p)),
        y(cells.fraction(p, 1)),
        z(cells.fraction(p, 2)) {}
};

template <class T>
inline void deposit(T* plane, const Place<T>& place, T value) {
  const PlaneShares<T> shares(value, place.y, place.z);
  T* row = plane + place.node;
  T* next_row = row + place.next_row;
  row[0] += shares.here;
  row[place.next] += shares.next;
  next_row[0] += shares.next_row;
  next_row[place.next] += shares.next_of_next_row;
}

// The thread that writes each plane. Each node is written by one thread and sums in the order of
// the particles, so the result does not depend on the number of threads.
class PlaneOwners {
 public:
  static constexpr int most = 64;

  PlaneOwners(const Mesh& mesh, const std::vector<int64_t>& planes, int workers)
      : owner_(mesh.nx() + 1, 0) {
    const int64_t number = planes.size();
    for (int64_t slot = 0; slot < number; ++slot) {
      owner_[planes[slot]] = static_cast<uint8_t>(slot * workers / number);
    }
    owner_[mesh.nx()] = owner_[0];
  }
  int operator[](int64_t plane) const { return owner_[plane]; }

 private:
  std::vector<uint8_t> owner_;
};

// Fill the planes with the sum of the particles' values; value(p) belongs to particle p. Every
// plane that a particle touches must be held.
template <class T, class Value>
void paint(const Mesh& mesh, const Rows<const T, 3>& positions, Value value,
           const Planes<T>& planes) {
  const int workers = std::min(threads(), PlaneOwners::most);
  const PlaneOwners owners(mesh, planes.held(), workers);
  const int64_t blocks = block_count<T>(positions.count());

  // The threads that each block concerns, one bit each, so that the others skip it: a block of
  // particles in the order of their cells concerns one or two.
  std::vector<uint64_t> concerned(workers > 1 ? blocks : 0, 0);
  if (workers > 1) {
    const auto ranges = planes_of_blocks(mesh, positions);
    for (int64_t block = 0; block < blocks; ++block) {
      ranges[block].for_each(
          mesh.nx(), [&](int64_t plane) { concerned[block] |= uint64_t{1} << owners[plane]; });
    }
  }

#pragma omp parallel for num_threads(workers) schedule(static, 1)
  for (int worker = 0; worker < workers; ++worker) {
    for (const int64_t plane : planes.held()) {
      if (owners[plane] == worker) {
        std::memset(planes[plane], 0, mesh.plane_size() * sizeof(T));
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
        const Place<T> place(cells, p);
        const T whole = value(first + p);
        const T upper = whole * cells.fraction(p, 0);
        if (workers == 1 || owners[i] == worker) deposit(planes[i], place, whole - upper);
        if (workers == 1 || owners[i + 1] == worker) deposit(planes[i + 1], place, upper);
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
