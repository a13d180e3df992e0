// SPDX-License-Identifier: GPL-3.0-or-later
// Where the planes of a field are in memory: own planes in the caller's array, others in ghosts.
#pragma once

#include <cassert>
#include <cstdint>
#include <vector>

#include "arrays.hpp"
#include "mesh.hpp"

namespace jerald {

// Pointers to planes by number, periodic: planes[i] for -margin <= i < nx + margin. A plane that
// this process does not hold has the pointer `absent`.
template <class V>
class Planes {
 public:
  static constexpr int64_t margin = 4;

  explicit Planes(const Mesh& mesh, V* absent = nullptr)
      : nx_(mesh.nx()), pointers_(mesh.nx() + 2 * margin, absent) {}

  // All planes of one field.
  static Planes whole(const Mesh& mesh, const Slab<V>& field) {
    Planes planes(mesh);
    planes.hold(0, field);
    return planes;
  }

  void hold(int64_t plane, V* pointer) {
    held_.push_back(plane);
    for (int64_t slot = (plane + margin) % nx_; slot < nx_ + 2 * margin; slot += nx_) {
      pointers_[slot] = pointer;
    }
  }

  // Consecutive planes, from number `first` on.
  void hold(int64_t first, const Slab<V>& slab) {
    for (int64_t i = 0; i < slab.planes(); ++i) hold(first + i, slab.plane(i));
  }

  V* operator[](int64_t plane) const {
    assert(-margin <= plane && plane < nx_ + margin);
    return pointers_[plane + margin];
  }

  // The same planes with other pointers: change(pointer) for each, absent planes included.
  template <class W, class Change>
  Planes<W> transformed(Change change) const {
    Planes<W> result(nx_, held_);
    for (V* pointer : pointers_) result.pointers_.push_back(change(pointer));
    return result;
  }

  // Numbers of the planes that this process holds, own planes first.
  const std::vector<int64_t>& held() const { return held_; }

 private:
  template <class W>
  friend class Planes;

  Planes(int64_t nx, const std::vector<int64_t>& held) : nx_(nx), held_(held) {}

  int64_t nx_;
  std::vector<V*> pointers_;
  std::vector<int64_t> held_;
};

}  // namespace jerald
