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
#include "rolling_planes.hpp"
#include "stencil.hpp"
#include "threads.hpp"
#include "vector_planes.hpp"
#include "vectors.hpp"

namespace jerald {

// The eight vectors around a particle, interpolated along x: two pairs.
template <class T>
struct Surroundings {
  Pair<T> rise[2];   // from the lower plane to the upper one, on the lower row and on the upper one
  Pair<T> value[2];  // at the particle's x

  Surroundings(const Quad<T>* lower, const Quad<T>* upper, int64_t node, int64_t stride, T x) {
    for (int row = 0; row < 2; ++row, node += stride) {
      const auto low = load<Pair<T>>(lower + node);
      rise[row] = load<Pair<T>>(upper + node) - low;
      value[row] = low + x * rise[row];
    }
  }
};

template <class T>
inline Quad<T> along_pair(Pair<T> pair, T z) {
  const Quad<T> first = first_half(pair);
  return first + z * (second_half(pair) - first);
}

// Call visit(cells, first, count, planes) for each block of particles, with the field's gradient on
// the planes that the block touches, which are among those of the list `touched`. Each thread
// visits blocks of its own in their order.
template <class T, class Visit>
void visit_gradient(const Mesh& mesh, const Planes<const T>& field, int64_t order,
                    const std::vector<int64_t>& touched, const Rows<const T, 3>& positions,
                    Visit visit) {
  const auto ranges = planes_of_blocks(mesh, positions);
  const int64_t blocks = ranges.size(), workers = threads();
  const auto begin = [=](int64_t worker) { return blocks * worker / workers; };
  std::vector<RollingPlanes<Quad<T>>> vectors;
  std::vector<int64_t> starts{0};
  for (int64_t worker = 0; worker < workers; ++worker) {
    vectors.emplace_back(mesh, ranges, begin(worker), begin(worker + 1), VectorPlane(mesh).size(),
                         touched);
    starts.push_back(starts.back() + vectors.back().size());
  }
  const Buffer<Quad<T>> storage(starts.back());
#pragma omp parallel for num_threads(workers) schedule(static, 1)
  for (int64_t worker = 0; worker < workers; ++worker) {
    RollingPlanes<Quad<T>>& planes = vectors[worker];
    planes.use(storage.data() + starts[worker]);
    const PlaneGradient<T> gradient(mesh, field, order);
    Cells<T> cells(mesh, VectorPlane(mesh).stride());
    for (int64_t block = begin(worker); block < begin(worker + 1); ++block) {
      planes.enter(block, [&](int64_t i, Quad<T>* plane) { gradient.compute(i, plane); });
      const Rows<const T, 3> located = block_of(positions, block);
      cells.locate(located);
      visit(cells, block * Cells<T>::capacity, located.count(), planes);
      planes.leave(block, [](int64_t, Quad<T>*) {});
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
  const auto store = store_sum(onto, gradients);
  const int64_t stride = VectorPlane(mesh).stride();
  visit_gradient(mesh, field, order, touched, positions,
                 [=](const Cells<T>& cells, int64_t first, int64_t count, const auto& planes) {
                   for (int64_t p = 0; p < count; ++p) {
                     const int64_t i = cells.plane(p);
                     const T x = cells.fraction(p, 0), y = cells.fraction(p, 1);
                     const Surroundings<T> around(planes[i], planes[i + 1], cells.node(p), stride,
                                                  x);
                     const Pair<T> low = around.value[0];
                     const Pair<T> pair = low + y * (around.value[1] - low);
                     store(first + p, along_pair<T>(pair, cells.fraction(p, 2)));
                   }
                 });
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
  const auto store = store_sum(onto, positions_bar);
  const int64_t stride = VectorPlane(mesh).stride();
  const T per_x = static_cast<T>(1 / mesh.cell[0]);
  const T per_y = static_cast<T>(1 / mesh.cell[1]);
  const T per_z = static_cast<T>(1 / mesh.cell[2]);
  visit_gradient(
      mesh, field, order, touched, positions,
      [=](const Cells<T>& cells, int64_t first, int64_t count, const auto& planes) {
        for (int64_t p = 0; p < count; ++p) {
          const int64_t i = cells.plane(p);
          const T x = cells.fraction(p, 0), y = cells.fraction(p, 1), z = cells.fraction(p, 2);
          const Surroundings<T> around(planes[i], planes[i + 1], cells.node(p), stride, x);
          const Pair<T> along_x = around.rise[0] + y * (around.rise[1] - around.rise[0]);
          const Pair<T> along_y = around.value[1] - around.value[0];
          const Pair<T> value = around.value[0] + y * along_y;
          const Quad<T> along_z = second_half(value) - first_half(value);
          store(first + p,
                products(along_pair<T>(along_x, z) * per_x, along_pair<T>(along_y, z) * per_y,
                         along_z * per_z, cotangent[first + p]));
        }
      });
}

// Two pairs of nodes around a particle on one plane take their shares of a vector.
template <class T>
inline void deposit(Quad<T>* plane, int64_t node, int64_t stride, Pair<T> value, T y) {
  const Pair<T> upper = y * value;
  store(plane + node, load<Pair<T>>(plane + node) + (value - upper));
  store(plane + node + stride, load<Pair<T>>(plane + node + stride) + upper);
}

// Paints the cotangents of the gradients of a block's particles onto planes of vectors.
template <class T>
class CotangentPainter {
 public:
  CotangentPainter(const Mesh& mesh, const Rows<const T, 3>& cotangent)
      : cotangent_(cotangent), stride_(VectorPlane(mesh).stride()) {}

  // owns(plane): whether this thread writes the plane; planes[i] are the vectors of plane i.
  template <class VectorsOnPlanes, class Owns>
  void paint(const Cells<T>& cells, int64_t first, int64_t count, const VectorsOnPlanes& planes,
             Owns owns) const {
    for (int64_t p = 0; p < count; ++p) {
      const Quad<T> vector = cotangent_of(first + p);
      const Quad<T> behind = vector * cells.fraction(p, 2);
      const Pair<T> pair = joined<Quad<T>>(vector - behind, behind);
      const Pair<T> upper = cells.fraction(p, 0) * pair;
      const T y = cells.fraction(p, 1);
      const int64_t i = cells.plane(p), node = cells.node(p);
      if (owns(i)) deposit(planes[i], node, stride_, pair - upper, y);
      if (owns(i + 1)) deposit(planes[i + 1], node, stride_, upper, y);
    }
  }

 private:
  // The spare component is that of the next row, where there is one.
  Quad<T> cotangent_of(int64_t row) const {
    const T* bar = cotangent_[row];
    return row + 1 < cotangent_.count() ? load<Quad<T>>(bar) : Quad<T>{bar[0], bar[1], bar[2], 0};
  }

  Rows<const T, 3> cotangent_;
  int64_t stride_;
};

// Paint the cotangents on all planes of the list `touched`. A plane on which all are painted goes
// to along_x and field_bar, see PlaneAdjoint. Returns which planes particles do touch.
template <class T>
std::vector<char> paint_cotangents(const Mesh& mesh, int64_t order,
                                   const std::vector<int64_t>& touched,
                                   const Rows<const T, 3>& positions,
                                   const Rows<const T, 3>& cotangent, const Planes<T>& along_x,
                                   const Planes<T>& field_bar) {
  const auto ranges = planes_of_blocks(mesh, positions);
  const int64_t blocks = ranges.size(), plane_size = VectorPlane(mesh).size();
  const int workers = std::min(threads(), PlaneOwners::most);
  const PlaneOwners owners(mesh, touched, workers);
  std::vector<std::vector<int64_t>> owned(workers);
  for (const int64_t plane : touched) owned[owners[plane]].push_back(plane);
  std::vector<RollingPlanes<Quad<T>>> vectors;
  std::vector<int64_t> starts{0};
  for (int worker = 0; worker < workers; ++worker) {
    vectors.emplace_back(mesh, ranges, 0, blocks, plane_size, owned[worker]);
    starts.push_back(starts.back() + vectors.back().size());
  }
  const Buffer<Quad<T>> storage(starts.back());
  const CotangentPainter<T> painter(mesh, cotangent);
#pragma omp parallel for num_threads(workers) schedule(static, 1)
  for (int worker = 0; worker < workers; ++worker) {
    RollingPlanes<Quad<T>>& planes = vectors[worker];
    planes.use(storage.data() + starts[worker]);
    const PlaneAdjoint<T> adjoint(mesh, order);
    Cells<T> cells(mesh, VectorPlane(mesh).stride());
    for (int64_t block = 0; block < blocks; ++block) {
      if (!planes.concerned(block)) continue;
      planes.enter(block, [=](int64_t, Quad<T>* plane) {
        std::memset(static_cast<void*>(plane), 0, plane_size * sizeof(Quad<T>));
      });
      const Rows<const T, 3> located = block_of(positions, block);
      cells.locate(located);
      painter.paint(cells, block * Cells<T>::capacity, located.count(), planes,
                    [&](int64_t plane) { return workers == 1 || owners[plane] == worker; });
      planes.leave(block, [&](int64_t i, Quad<T>* plane) {
        adjoint.finish(plane, along_x[i], field_bar[i]);
      });
    }
  }
  std::vector<char> found(mesh.nx(), 0);
  for (const int64_t plane : touched) found[plane] = vectors[owners[plane]].touched(plane);
  return found;
}

// Fill the planes of field_bar from the cotangent of the gradients: the cotangents are painted,
// then differenced, with a minus sign since a central difference is antisymmetric. field_bar also
// holds the planes within a stencil's reach of those touched.
template <class T>
void readout_gradient_field_bar(const Mesh& mesh, int64_t order,
                                const std::vector<int64_t>& touched,
                                const Rows<const T, 3>& positions,
                                const Rows<const T, 3>& cotangent, const Planes<T>& field_bar) {
  const int64_t plane_size = mesh.plane_size();
  const Buffer<T> storage(static_cast<int64_t>(touched.size()) * plane_size), zeros(plane_size);
  std::fill_n(zeros.data(), plane_size, T(0));
  Planes<T> along_x(mesh);
  for (std::size_t slot = 0; slot < touched.size(); ++slot) {
    along_x.hold(touched[slot], storage.data() + slot * plane_size);
  }
  const auto found =
      paint_cotangents(mesh, order, touched, positions, cotangent, along_x, field_bar);
  Planes<const T> readable(mesh, zeros.data());
  for (const int64_t plane : touched) {
    if (found[plane]) readable.hold(plane, along_x[plane]);
  }
  const RowDerivatives<T> derivatives(mesh, readable, order, mesh.nz());
  const int64_t held = field_bar.held().size();
#pragma omp parallel for num_threads(threads()) schedule(static)
  for (int64_t slot = 0; slot < held; ++slot) {
    const int64_t i = field_bar.held()[slot];
    if (!found[i]) std::fill_n(field_bar[i], plane_size, T(0));
    for (int64_t j = 0; j < mesh.ny(); ++j) {
      derivatives.add(i, j, 0, T(-1), field_bar[i] + j * mesh.nz());
    }
  }
}

}  // namespace jerald
