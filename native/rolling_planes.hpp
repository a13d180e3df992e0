// SPDX-License-Identifier: GPL-3.0-or-later
// Planes that are in memory only while particles touch them.
//
// Particles in the order of their cells touch few planes at a time. What is computed for a plane,
// or collected on it, is then used while it is still in the cache, and needs little memory.
// Particles in any other order are worked on as correctly; then all planes are held at once.
#pragma once

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "arrays.hpp"
#include "cells.hpp"
#include "mesh.hpp"
#include "threads.hpp"

namespace jerald {

// `count` consecutive planes from number `first` on, periodic.
struct PlaneRange {
  int32_t first, count;

  // Call work(plane) for each.
  template <class Work>
  void for_each(int64_t nx, Work work) const {
    for (int64_t plane = first, left = count; left > 0; --left) {
      work(plane);
      if (++plane == nx) plane = 0;
    }
  }
};

// The planes that a block of particles touches, as Cells locates them: all planes if the block is
// scattered, far outside the box, or holds a NaN.
template <class T>
PlaneRange planes_of_block(const Mesh& mesh, const Rows<const T, 3>& positions) {
  // So near to the box, wrapping is exact in both precisions.
  constexpr int32_t limit = 1 << 20;
  const T cell = static_cast<T>(mesh.cell[0]);
  const int32_t nodes = static_cast<int32_t>(mesh.nx()), half = nodes / 2;
  const int64_t count = positions.count();
  const T* coordinates = positions.data();
  alignas(64) T whole[Cells<T>::capacity];
  for (int64_t p = 0; p < count; ++p) whole[p] = std::floor(coordinates[3 * p] / cell);
  // Integers, so that the compiler compares them in vectors.
  alignas(64) int32_t plane[Cells<T>::capacity] = {};
  for (int64_t p = 0; p < count; ++p) {
    const T from_below = whole[p] > T(-limit) ? whole[p] : T(-limit);
    plane[p] = static_cast<int32_t>(from_below < T(limit) ? from_below : T(limit));
  }
  // Planes from the first particle's on: behind it where the box is periodic in between.
  const int32_t start = plane[0];
  int32_t least = 0, most = 0, farthest = 0;
  for (int64_t p = 0; p < count; ++p) {
    const int32_t ahead = plane[p] - start;
    const int32_t nearest = ahead - (ahead > half ? nodes : 0) + (ahead < -half ? nodes : 0);
    least = std::min(least, nearest);
    most = std::max(most, nearest);
    farthest = std::max(farthest, std::abs(plane[p]));
  }
  if (farthest == limit || most - least + 2 > nodes) return {0, nodes};
  return {static_cast<int32_t>(wrapped(start + least, nodes)), most - least + 2};
}

template <class T>
std::vector<PlaneRange> planes_of_blocks(const Mesh& mesh, const Rows<const T, 3>& positions) {
  std::vector<PlaneRange> ranges(block_count<T>(positions.count()));
  const int64_t blocks = ranges.size();
#pragma omp parallel for num_threads(threads()) schedule(static)
  for (int64_t block = 0; block < blocks; ++block) {
    ranges[block] = planes_of_block(mesh, block_of(positions, block));
  }
  return ranges;
}

// The planes that one thread needs for the blocks from `begin` to `end`, visited in this order. V
// is what a plane holds at each node.
template <class V>
class RollingPlanes {
 public:
  // among: the planes that this thread has to do with.
  RollingPlanes(const Mesh& mesh, const std::vector<PlaneRange>& ranges, int64_t begin, int64_t end,
                int64_t plane_size, const std::vector<int64_t>& among)
      : nx_(mesh.nx()),
        plane_size_(plane_size),
        ranges_(ranges),
        first_(nx_, none),
        last_(nx_, none),
        pointers_(nx_ + 1, nullptr) {
    std::vector<char> needed(nx_, 0);
    for (const int64_t plane : among) needed[plane] = 1;
    for (int64_t block = begin; block < end; ++block) {
      ranges_[block].for_each(nx_, [&](int64_t plane) {
        if (!needed[plane]) return;
        if (first_[plane] == none) first_[plane] = block;
        last_[plane] = block;
      });
    }
    int64_t held = 0;
    for (int64_t block = begin; block < end; ++block) {
      ranges_[block].for_each(nx_, [&](int64_t plane) { held += first_[plane] == block; });
      most_ = std::max(most_, held);
      ranges_[block].for_each(nx_, [&](int64_t plane) { held -= last_[plane] == block; });
    }
  }

  // The size of the storage that `use` takes.
  int64_t size() const { return most_ * plane_size_; }

  void use(V* storage) {
    for (int64_t slot = most_; slot-- > 0;) free_.push_back(storage + slot * plane_size_);
  }

  // Whether the block touches any of the planes.
  bool concerned(int64_t block) const {
    bool found = false;
    ranges_[block].for_each(nx_, [&](int64_t plane) { found |= first_[plane] != none; });
    return found;
  }

  // Whether any block touches the plane.
  bool touched(int64_t plane) const { return first_[plane] != none; }

  // Call fresh(plane, its nodes) for each plane that this block is the first to touch.
  template <class Fresh>
  void enter(int64_t block, Fresh fresh) {
    ranges_[block].for_each(nx_, [&](int64_t plane) {
      if (first_[plane] != block) return;
      V* nodes = free_.back();
      free_.pop_back();
      place(plane, nodes);
      fresh(plane, nodes);
    });
  }

  // Call done(plane, its nodes) for each plane that this block is the last to touch.
  template <class Done>
  void leave(int64_t block, Done done) {
    ranges_[block].for_each(nx_, [&](int64_t plane) {
      if (last_[plane] != block) return;
      V* nodes = pointers_[plane];
      done(plane, nodes);
      place(plane, nullptr);
      free_.push_back(nodes);
    });
  }

  // Plane 0 to nx, which is plane 0 again; only while it is held.
  V* operator[](int64_t plane) const {
    assert(0 <= plane && plane <= nx_);
    return pointers_[plane];
  }

 private:
  static constexpr int64_t none = -1;

  void place(int64_t plane, V* nodes) {
    pointers_[plane] = nodes;
    if (plane == 0) pointers_[nx_] = nodes;
  }

  int64_t nx_, plane_size_;
  const std::vector<PlaneRange>& ranges_;
  std::vector<int64_t> first_, last_;
  std::vector<V*> pointers_, free_;
  int64_t most_ = 0;
};

}  // namespace jerald
