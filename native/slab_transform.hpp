// SPDX-License-Identifier: GPL-3.0-or-later
// Real transforms over ranks, each of which has some planes of the field.
#pragma once

#include <algorithm>
#include <complex>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "arrays.hpp"
#include "buffer.hpp"
#include "communicator.hpp"
#include "fftw.hpp"
#include "mesh.hpp"
#include "threads.hpp"

#ifdef JERALD_WITH_MPI

namespace jerald {

// Each rank transforms its planes along y and z; after an exchange it has all planes of some rows,
// and transforms them along x: its part of the spectrum is (nx, ny_local, nz/2+1), with the axes in
// the same order as in one process. Rows are copied into the messages plane by plane, from the
// cache. FFTW's own transforms over ranks would pad the field and copy the whole of it.
template <class T>
class SlabTransform {
 public:
  using Complex = std::complex<T>;

  SlabTransform(const Mesh& mesh, const Communicator& ranks)
      : mesh_(mesh),
        ranks_(ranks),
        half_(mesh.nz() / 2 + 1),
        planes_{mesh.nx(), ranks.size},
        rows_{mesh.ny(), ranks.size},
        own_planes_(planes_.count(ranks.rank)),
        own_rows_(rows_.count(ranks.rank)) {
    MPI_Type_contiguous(static_cast<int>(2 * half_),
                        sizeof(T) == sizeof(float) ? MPI_FLOAT : MPI_DOUBLE, &row_);
    MPI_Type_commit(&row_);
    for (int64_t rank = 0; rank < ranks.size; ++rank) {
      plane_parts_.add(own_planes_ * rows_.count(rank));
      row_parts_.add(planes_.count(rank) * own_rows_);
    }
    plan();
  }
  SlabTransform(const SlabTransform&) = delete;
  ~SlabTransform() { destroy(); }

  int64_t spectrum_size() const { return mesh_.nx() * own_rows_ * half_; }

  // The plain sum over nodes. The field remains unchanged.
  void forward(const Slab<const T>& field, const Slab<Complex>& spectrum) const {
    const Buffer<Complex> parts(own_planes_ * mesh_.ny() * half_);
    for_each_plane([&](int64_t plane, Complex* modes, T* nodes) {
      const T* here = field.plane(plane);
      if (!is_aligned(here)) {
        std::copy_n(here, mesh_.plane_size(), nodes);
        here = nodes;
      }
      Fftw<T>::execute_r2c(forward_plane_, const_cast<T*>(here), raw(modes));
      for_each_part(plane, [&](int64_t first_row, int64_t rows, int64_t place) {
        std::copy_n(modes + first_row * half_, rows * half_, parts.data() + place);
      });
    });
    Complex* rows = spectrum.data();
    exchange(parts.data(), plane_parts_, rows, row_parts_);
    if (own_rows_ > 0) Fftw<T>::execute_c2c(forward_rows_, raw(rows), raw(rows));
  }

  // The plain sum over modes. The spectrum is overwritten.
  void backward(const Slab<Complex>& spectrum, const Slab<T>& field) const {
    const Buffer<Complex> parts(own_planes_ * mesh_.ny() * half_);
    Complex* rows = spectrum.data();
    if (own_rows_ > 0) Fftw<T>::execute_c2c(backward_rows_, raw(rows), raw(rows));
    exchange(rows, row_parts_, parts.data(), plane_parts_);
    for_each_plane([&](int64_t plane, Complex* modes, T* nodes) {
      for_each_part(plane, [&](int64_t first_row, int64_t rows, int64_t place) {
        std::copy_n(parts.data() + place, rows * half_, modes + first_row * half_);
      });
      T* here = field.plane(plane);
      T* target = is_aligned(here) ? here : nodes;
      Fftw<T>::execute_c2r(backward_plane_, raw(modes), target);
      if (target != here) std::copy_n(nodes, mesh_.plane_size(), here);
    });
  }

  void plan() {
    const int nx = mesh_.nx(), ny = mesh_.ny(), nz = mesh_.nz();
    const Buffer<Complex> modes(std::max(spectrum_size(), ny * half_));
    const Buffer<T> nodes(mesh_.plane_size());
    // Each thread transforms planes of its own.
    Fftw<T>::plan_with_threads(1);
    forward_plane_ = Fftw<T>::plan_r2c_2d(ny, nz, nodes.data(), raw(modes.data()), FFTW_MEASURE);
    backward_plane_ = Fftw<T>::plan_c2r_2d(ny, nz, raw(modes.data()), nodes.data(), FFTW_MEASURE);
    check(forward_plane_ != nullptr && backward_plane_ != nullptr);
    if (own_rows_ == 0) return;
    Fftw<T>::plan_with_threads(threads());
    const int stride = static_cast<int>(own_rows_ * half_);
    for (const int sign : {FFTW_FORWARD, FFTW_BACKWARD}) {
      auto& rows = sign == FFTW_FORWARD ? forward_rows_ : backward_rows_;
      rows = Fftw<T>::plan_many_c2c(1, &nx, stride, raw(modes.data()), nullptr, stride, 1,
                                    raw(modes.data()), nullptr, stride, 1, sign, FFTW_MEASURE);
      check(rows != nullptr);
    }
  }

  void destroy() {
    for (auto* plan : {&forward_plane_, &backward_plane_, &forward_rows_, &backward_rows_}) {
      if (*plan != nullptr) Fftw<T>::destroy(*plan);
      *plan = nullptr;
    }
  }

 private:
  // The number of rows that each rank receives or sends, and where they start.
  struct Parts {
    std::vector<int> counts, starts;
    int total = 0;

    void add(int64_t rows) {
      counts.push_back(static_cast<int>(rows));
      starts.push_back(total);
      total += static_cast<int>(rows);
    }
  };

  static auto* raw(Complex* modes) { return reinterpret_cast<typename Fftw<T>::Complex*>(modes); }

  static bool is_aligned(const T* nodes) {
    return Fftw<T>::alignment_of(const_cast<T*>(nodes)) == 0;
  }

  void check(bool planned) const {
    if (!planned) throw std::runtime_error("FFTW cannot plan the transforms of a mesh over ranks");
  }

  // work(plane, memory for its modes, memory for its nodes) for every own plane, on all threads.
  template <class Work>
  void for_each_plane(Work work) const {
#pragma omp parallel num_threads(threads())
    {
      const Buffer<Complex> modes(mesh_.ny() * half_);
      const Buffer<T> nodes(mesh_.plane_size());
#pragma omp for schedule(static)
      for (int64_t plane = 0; plane < own_planes_; ++plane) work(plane, modes.data(), nodes.data());
    }
  }

  // work(first row, rows, place in the messages) for the rows of a plane that each rank receives.
  template <class Work>
  void for_each_part(int64_t plane, Work work) const {
    for (int64_t rank = 0; rank < ranks_.size; ++rank) {
      const int64_t rows = rows_.count(rank);
      work(rows_.start(rank), rows, (plane_parts_.starts[rank] + plane * rows) * half_);
    }
  }

  void exchange(const Complex* out, const Parts& sent, Complex* in, const Parts& received) const {
    MPI_Alltoallv(out, sent.counts.data(), sent.starts.data(), row_, in, received.counts.data(),
                  received.starts.data(), row_, ranks_.handle);
  }

  Mesh mesh_;
  Communicator ranks_;
  int64_t half_;
  Distribution planes_, rows_;
  int64_t own_planes_, own_rows_;
  MPI_Datatype row_;
  Parts plane_parts_, row_parts_;
  typename Fftw<T>::Plan forward_plane_ = nullptr, backward_plane_ = nullptr;
  typename Fftw<T>::Plan forward_rows_ = nullptr, backward_rows_ = nullptr;
};

}  // namespace jerald

#endif
