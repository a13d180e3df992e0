// SPDX-License-Identifier: GPL-3.0-or-later
// The periodic mesh of every algorithm.
#pragma once

#include <array>
#include <cstdint>

#include "arrays.hpp"

namespace jerald {

// The number of nodes along each axis and the distance between them [Mpc/h]. Node (i, j, k) lies at
// (i, j, k) * cell; the box is periodic. A plane is all nodes of one i: contiguous, z fastest.
struct Mesh {
  std::array<int64_t, 3> nodes;
  std::array<double, 3> cell;

  int64_t nx() const { return nodes[0]; }
  int64_t ny() const { return nodes[1]; }
  int64_t nz() const { return nodes[2]; }
  int64_t plane_size() const { return nodes[1] * nodes[2]; }
  int64_t size() const { return nodes[0] * plane_size(); }
  // The shape of some of its planes.
  Shape slab(int64_t planes) const { return {planes, nodes[1], nodes[2]}; }
};

// index modulo nodes, in [0, nodes) for negative indices too.
inline int64_t wrapped(int64_t index, int64_t nodes) {
  const int64_t rest = index % nodes;
  return rest < 0 ? rest + nodes : rest;
}

}  // namespace jerald
