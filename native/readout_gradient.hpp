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
#include "vectors.hpp"

namespace jerald {

// Vectors on one plane. Behind each row, and behind the last one, the first node and the first row
// are repeated, so that the four nodes around a particle are two pairs.
struct VectorPlane {
  int64_t ny, nz;

  explicit VectorPlane(const Mesh& mesh) : ny(mesh.ny()), nz(mesh.nz()) {}
  int64_t stride() const { return nz + 1; }
  // Rows and planes begin at different offsets into a page of memory: a processor takes a number
  // that is loaded for one that is just stored, if their offsets are equal, and waits for it.
  int64_t size() const {
    const int64_t size = (ny + 1) * stride();
    return size + wrapped(64 - size, 256);
  }
};

// A row of numbers with those that precede and follow it, periodic.
template <class T>
class PeriodicRow {
 public:
  static constexpr int64_t margin = 4;

  explicit PeriodicRow(int64_t nodes) : nodes_(nodes), storage_(nodes + 2 * margin) {}
  void fill(const T* row) const {
    T* own = storage_.data() + margin;
    std::copy_n(row, nodes_, own);
    for (int64_t k = 1; k <= margin; ++k) {
      own[-k] = row[wrapped(-k, nodes_)];
      own[nodes_ - 1 + k] = row[wrapped(k - 1, nodes_)];
    }
  }
  const T* data() const { return storage_.data() + margin; }

 private:
  int64_t nodes_;
  Buffer<T> storage_;
};

// The gradient of a field on plane i, its three components side by side.
template <class T>
class PlaneGradient {
 public:
  PlaneGradient(const Mesh& mesh, const Planes<const T>& field, int64_t order)
      : shape_(mesh),
        field_(field),
        rows_(mesh.ny(), mesh.nz()),
        row_(mesh.nz()),
        stencils_{{order, mesh.cell[0]}, {order, mesh.cell[1]}, {order, mesh.cell[2]}} {}

  void compute(int64_t i, Quad<T>* plane) const {
    const int64_t stride = shape_.stride();
    for (int64_t j = 0; j < shape_.ny; ++j) {
      Quad<T>* out = plane + j * stride;
      if (stencils_[0].reach == 2) {
        compute_row<2>(i, j, out);
      } else {
        compute_row<3>(i, j, out);
      }
      out[shape_.nz] = out[0];
    }
    std::copy_n(plane, stride, plane + shape_.ny * stride);
  }

 private:
  template <int reach>
  void compute_row(int64_t i, int64_t j, Quad<T>* out) const {
    row_.fill(field_[i] + rows_[j]);
    const T *after[3][reach], *before[3][reach];
    for (int m = 1; m <= reach; ++m) {
      after[0][m - 1] = field_[i + m] + rows_[j];
      before[0][m - 1] = field_[i - m] + rows_[j];
      after[1][m - 1] = field_[i] + rows_[j + m];
      before[1][m - 1] = field_[i] + rows_[j - m];
      after[2][m - 1] = row_.data() + m;
      before[2][m - 1] = row_.data() - m;
    }
    const auto along = [&](auto zero, int axis, int64_t k) {
      using V = decltype(zero);
      V sum = zero;
      for (int m = 0; m < reach; ++m) {
        sum += stencils_[axis].coefficient[m] *
               (load<V>(after[axis][m] + k) - load<V>(before[axis][m] + k));
      }
      return sum;
    };
    int64_t k = 0;
    for (; k + 8 <= shape_.nz; k += 8) {
      const Pair<T> x = along(Pair<T>{}, 0, k), y = along(Pair<T>{}, 1, k);
      const Pair<T> z = along(Pair<T>{}, 2, k);
      const auto first = transposed(first_half(x), first_half(y), first_half(z), Quad<T>{});
      const auto second = transposed(second_half(x), second_half(y), second_half(z), Quad<T>{});
      for (int64_t node = 0; node < 4; ++node) {
        out[k + node] = first[node];
        out[k + 4 + node] = second[node];
      }
    }
    for (; k < shape_.nz; ++k) {
      out[k] = Quad<T>{along(T(0), 0, k), along(T(0), 1, k), along(T(0), 2, k), 0};
    }
  }

  VectorPlane shape_;
  const Planes<const T>& field_;
  PeriodicOffsets rows_;
  PeriodicRow<T> row_;
  Stencil<T> stencils_[3];
};

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

// Turns planes on which vectors were painted into planes of a field's cotangent, but for the
// differences along x, which need several planes. One for each thread.
template <class T>
class PlaneAdjoint {
 public:
  PlaneAdjoint(const Mesh& mesh, int64_t order)
      : shape_(mesh),
        rows_(mesh.ny(), mesh.nz()),
        along_y_(mesh.plane_size()),
        along_z_(mesh.plane_size()),
        row_(mesh.nz()),
        stencil_y_(order, mesh.cell[1]),
        stencil_z_(order, mesh.cell[2]) {}

  // Store the components along x, and minus the differences of the others along their axes.
  void finish(Quad<T>* plane, T* along_x, T* field_bar) const {
    fold(plane);
    for (int64_t j = 0; j < shape_.ny; ++j) split(plane + j * shape_.stride(), rows_[j], along_x);
    for (int64_t j = 0; j < shape_.ny; ++j) {
      if (stencil_y_.reach == 2) {
        difference_row<2>(j, field_bar + rows_[j]);
      } else {
        difference_row<3>(j, field_bar + rows_[j]);
      }
    }
  }

 private:
  // Add what was painted behind the rows to where it belongs.
  void fold(Quad<T>* plane) const {
    const int64_t stride = shape_.stride();
    for (int64_t k = 0; k < stride; ++k) plane[k] += plane[shape_.ny * stride + k];
    for (int64_t j = 0; j < shape_.ny; ++j) plane[j * stride] += plane[j * stride + shape_.nz];
  }

  // A row of vectors becomes three rows of components.
  void split(const Quad<T>* row, int64_t start, T* along_x) const {
    T *x = along_x + start, *y = along_y_.data() + start, *z = along_z_.data() + start;
    int64_t k = 0;
    for (; k + 4 <= shape_.nz; k += 4) {
      const auto parts = transposed(row[k], row[k + 1], row[k + 2], row[k + 3]);
      store(x + k, parts[0]);
      store(y + k, parts[1]);
      store(z + k, parts[2]);
    }
    for (; k < shape_.nz; ++k) {
      x[k] = row[k][0];
      y[k] = row[k][1];
      z[k] = row[k][2];
    }
  }

  template <int reach>
  void difference_row(int64_t j, T* __restrict out) const {
    row_.fill(along_z_.data() + rows_[j]);
    const T *after[reach], *before[reach], *z = row_.data();
    for (int m = 1; m <= reach; ++m) {
      after[m - 1] = along_y_.data() + rows_[j + m];
      before[m - 1] = along_y_.data() + rows_[j - m];
    }
    for (int64_t k = 0; k < shape_.nz; ++k) {
      T sum = 0;
      for (int m = 1; m <= reach; ++m) {
        sum += stencil_y_.coefficient[m - 1] * (before[m - 1][k] - after[m - 1][k]);
        sum += stencil_z_.coefficient[m - 1] * (z[k - m] - z[k + m]);
      }
      out[k] = sum;
    }
  }

  VectorPlane shape_;
  PeriodicOffsets rows_;
  Buffer<T> along_y_, along_z_;
  PeriodicRow<T> row_;
  Stencil<T> stencil_y_, stencil_z_;
};

// Fill the planes of field_bar from the cotangent of the gradients: the cotangents are painted,
// then differenced, with a minus sign since a central difference is antisymmetric. field_bar also
// holds the planes within a stencil's reach of those touched.
template <class T>
void readout_gradient_field_bar(const Mesh& mesh, int64_t order,
                                const std::vector<int64_t>& touched,
                                const Rows<const T, 3>& positions,
                                const Rows<const T, 3>& cotangent, const Planes<T>& field_bar) {
  const auto ranges = planes_of_blocks(mesh, positions);
  const int64_t blocks = ranges.size(), stride = VectorPlane(mesh).stride();
  const int64_t last = positions.count() - 1, plane_size = mesh.plane_size();
  const int workers = std::min(threads(), PlaneOwners::most);
  const PlaneOwners owners(mesh, touched, workers);
  std::vector<std::vector<int64_t>> owned(workers);
  for (const int64_t plane : touched) owned[owners[plane]].push_back(plane);
  std::vector<RollingPlanes<Quad<T>>> vectors;
  std::vector<int64_t> starts{0};
  for (int worker = 0; worker < workers; ++worker) {
    vectors.emplace_back(mesh, ranges, 0, blocks, VectorPlane(mesh).size(), owned[worker]);
    starts.push_back(starts.back() + vectors.back().size());
  }
  const Buffer<Quad<T>> storage(starts.back());
  const Buffer<T> along_x(static_cast<int64_t>(touched.size()) * plane_size), zeros(plane_size);
  std::fill_n(zeros.data(), plane_size, T(0));
  Planes<T> components(mesh, zeros.data());
  for (std::size_t slot = 0; slot < touched.size(); ++slot) {
    const int64_t plane = touched[slot];
    if (vectors[owners[plane]].touched(plane)) {
      components.hold(plane, along_x.data() + slot * plane_size);
    }
  }
#pragma omp parallel for num_threads(workers) schedule(static, 1)
  for (int worker = 0; worker < workers; ++worker) {
    RollingPlanes<Quad<T>>& planes = vectors[worker];
    planes.use(storage.data() + starts[worker]);
    const PlaneAdjoint<T> adjoint(mesh, order);
    Cells<T> cells(mesh, stride);
    for (int64_t block = 0; block < blocks; ++block) {
      if (!planes.concerned(block)) continue;
      planes.enter(block, [&](int64_t, Quad<T>* plane) {
        std::memset(static_cast<void*>(plane), 0, VectorPlane(mesh).size() * sizeof(Quad<T>));
      });
      const Rows<const T, 3> located = block_of(positions, block);
      const int64_t first = block * Cells<T>::capacity, count = located.count();
      cells.locate(located);
      const auto add = [&](int64_t p) {
        const T* bar = cotangent[first + p];
        const Quad<T> vector =
            first + p < last ? load<Quad<T>>(bar) : Quad<T>{bar[0], bar[1], bar[2], 0};
        const Quad<T> behind = vector * cells.fraction(p, 2);
        const Pair<T> pair = joined<Quad<T>>(vector - behind, behind);
        const Pair<T> upper = cells.fraction(p, 0) * pair;
        const T y = cells.fraction(p, 1);
        const int64_t i = cells.plane(p);
        if (workers == 1 || owners[i] == worker)
          deposit(planes[i], cells.node(p), stride, pair - upper, y);
        if (workers == 1 || owners[i + 1] == worker)
          deposit(planes[i + 1], cells.node(p), stride, upper, y);
      };
      for (int64_t p = 0; p < count; ++p) add(p);
      planes.leave(block, [&](int64_t i, Quad<T>* plane) {
        adjoint.finish(plane, components[i], field_bar[i]);
      });
    }
  }

  const auto readable = components.template transformed<const T>([](T* plane) { return plane; });
  const RowDerivatives<T> derivatives(mesh, readable, order, mesh.nz());
  const int64_t held = field_bar.held().size();
#pragma omp parallel for num_threads(threads()) schedule(static)
  for (int64_t slot = 0; slot < held; ++slot) {
    const int64_t i = field_bar.held()[slot];
    if (components[i] == zeros.data()) std::fill_n(field_bar[i], plane_size, T(0));
    for (int64_t j = 0; j < mesh.ny(); ++j) {
      derivatives.add(i, j, 0, T(-1), field_bar[i] + j * mesh.nz());
    }
  }
}

}  // namespace jerald
