// SPDX-License-Identifier: GPL-3.0-or-later
// Meshes, ranks and random arrays that the tests share. Each rank draws the whole array, the same
// on every rank, and takes its own part.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "arrays.hpp"
#include "buffer.hpp"
#include "communicator.hpp"
#include "mesh.hpp"

namespace jerald {

// All ranks of the run, the process alone without --mpi; and the same ranks in reverse order.
const Communicator& world();
const Communicator& reversed_world();

// Shorter than a stencil, odd, of fewer planes than ranks; and one of several blocks of scratch
// memory.
inline const std::vector<Mesh>& meshes() {
  static const std::vector<Mesh> all = {{{1, 1, 1}, {2, 2, 2}},
                                        {{2, 3, 2}, {0.5, 1, 2}},
                                        {{3, 4, 5}, {1, 0.25, 2}},
                                        {{6, 5, 8}, {0.5, 0.25, 1}},
                                        {{9, 7, 13}, {1, 1, 1}}};
  return all;
}

inline double sum_over_ranks(const Communicator& ranks, double value) {
#ifdef JERALD_WITH_MPI
  if (!ranks.alone()) MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_DOUBLE, MPI_SUM, ranks.handle);
#endif
  (void)ranks;
  return value;
}

// An array and its memory, aligned as XLA's arrays are.
template <class T>
class OwnSlab {
 public:
  explicit OwnSlab(const Shape& shape)
      : storage_(shape[0] * shape[1] * shape[2]), view_(storage_.data(), shape) {
    std::fill_n(view_.data(), view_.size(), T(0));
  }
  OwnSlab(const Shape& shape, const T* values) : OwnSlab(shape) {
    std::copy_n(values, view_.size(), view_.data());
  }
  const Slab<T>& operator*() const { return view_; }
  const Slab<T>* operator->() const { return &view_; }
  Slab<const T> read() const { return view_; }
  T& operator[](int64_t index) const { return view_.data()[index]; }

 private:
  Buffer<T> storage_;
  Slab<T> view_;
};

template <class T>
std::vector<T> random_numbers(int64_t count, unsigned seed, double low = -1, double high = 1) {
  std::mt19937_64 generator(seed);
  std::uniform_real_distribution<double> uniform(low, high);
  std::vector<T> numbers(count);
  for (T& number : numbers) number = static_cast<T>(uniform(generator));
  return numbers;
}

// This rank's planes of a random field.
template <class T>
OwnSlab<T> random_field(const Mesh& mesh, const Communicator& ranks, unsigned seed) {
  const std::vector<T> whole = random_numbers<T>(mesh.size(), seed);
  const Distribution slabs{mesh.nx(), ranks.size};
  return OwnSlab<T>(mesh.slab(slabs.count(ranks.rank)),
                    whole.data() + slabs.start(ranks.rank) * mesh.plane_size());
}

// This rank's share of particles: every one of `ranks.size`, so that most lie in other ranks'
// slabs.
template <class T>
std::vector<T> own_rows(const std::vector<T>& whole, int width, const Communicator& ranks) {
  std::vector<T> own;
  for (std::size_t row = ranks.rank; row < whole.size() / width; row += ranks.size) {
    own.insert(own.end(), whole.begin() + row * width, whole.begin() + (row + 1) * width);
  }
  return own;
}

// Positions in the box and up to two boxes away, a part of them on the edges of cells.
template <class T>
std::vector<T> random_positions(const Mesh& mesh, int64_t count, unsigned seed) {
  std::vector<T> positions = random_numbers<T>(3 * count, seed, -2, 3);
  for (std::size_t entry = 0; entry < positions.size(); ++entry) {
    const int axis = entry % 3;
    double cells = positions[entry] * mesh.nodes[axis];
    if (entry % 4 == 0) cells = std::round(cells);
    positions[entry] = static_cast<T>(cells * mesh.cell[axis]);
  }
  return positions;
}

template <class T>
Rows<const T, 3> rows_of(const std::vector<T>& numbers) {
  return {numbers.data(), static_cast<int64_t>(numbers.size()) / 3};
}

template <class T>
double dot(const T* first, const T* second, int64_t count) {
  double sum = 0;
  for (int64_t at = 0; at < count; ++at) sum += double{first[at]} * second[at];
  return sum;
}

// A bound on the rounding of sums of some thousand numbers of order 1.
template <class T>
constexpr double tolerance = 4000 * std::numeric_limits<T>::epsilon();

}  // namespace jerald
