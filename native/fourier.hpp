// SPDX-License-Identifier: GPL-3.0-or-later
// Real transforms of a mesh by FFTW, in one process or over ranks.
#pragma once

#include <complex>
#include <cstdint>
#include <memory>
#include <stdexcept>

#include "arrays.hpp"
#include "communicator.hpp"
#include "fftw.hpp"
#include "mesh.hpp"
#include "slab_transform.hpp"
#include "whole_transform.hpp"

namespace jerald {

// Plans for one mesh. This rank's part of a field is (nx_local, ny, nz), of a spectrum
// (nx, ny_local, nz/2+1); in one process both are the whole.
template <class T>
class Transform {
 public:
  using Complex = std::complex<T>;

  Transform(const Mesh& mesh, const Communicator& ranks)
      : mesh_(mesh),
        planes_(Distribution{mesh.nx(), ranks.size}.count(ranks.rank)),
        rows_(Distribution{mesh.ny(), ranks.size}.count(ranks.rank)) {
#ifdef JERALD_WITH_MPI
    if (!ranks.alone()) {
      slabs_ = std::make_unique<SlabTransform<T>>(mesh, ranks);
      return;
    }
#endif
    whole_ = std::make_unique<WholeTransform<T>>(mesh);
  }

  Shape field_shape() const { return mesh_.slab(planes_); }
  Shape spectrum_shape() const { return {first(), second(), half()}; }
  int64_t spectrum_size() const { return first() * second() * half(); }
  // Lengths of the spectrum's axes.
  int64_t first() const { return mesh_.nx(); }
  int64_t second() const { return rows_; }
  int64_t half() const { return mesh_.nz() / 2 + 1; }
  // The number of modes of the full spectrum that mode k of the halved axis represents.
  int hermitian_weight(int64_t k) const { return k == 0 || 2 * k == mesh_.nz() ? 1 : 2; }

  // The plain sum over nodes. The field remains unchanged.
  void forward(const Slab<const T>& field, const Slab<Complex>& spectrum) const {
    expect_fit(field, spectrum);
    call([&](const auto& transform) { transform.forward(field, spectrum); });
  }

  // The plain sum over modes. The spectrum is overwritten.
  void backward(const Slab<Complex>& spectrum, const Slab<T>& field) const {
    expect_fit(field, spectrum);
    call([&](const auto& transform) { transform.backward(spectrum, field); });
  }

  // Replace the plans by those that FFTW's present wisdom leads to.
  void plan_again() {
    call([](auto& transform) {
      transform.destroy();
      transform.plan();
    });
  }

 private:
  template <class Work>
  void call(Work work) const {
#ifdef JERALD_WITH_MPI
    if (slabs_ != nullptr) {
      work(*slabs_);
      return;
    }
#endif
    work(*whole_);
  }

  // Plans depend on the shapes, and on an alignment that XLA's arrays have.
  void expect_fit(const Slab<const T>& field, const Slab<Complex>& spectrum) const {
    if (field.shape() != field_shape() || spectrum.shape() != spectrum_shape()) {
      throw std::invalid_argument(
          "an array to be transformed does not have the shape of its plans");
    }
    if (Fftw<T>::alignment_of(const_cast<T*>(field.data())) != 0 ||
        Fftw<T>::alignment_of(reinterpret_cast<T*>(spectrum.data())) != 0) {
      throw std::runtime_error("an array to be transformed is not aligned for vector instructions");
    }
  }

  Mesh mesh_;
  int64_t planes_, rows_;
  std::unique_ptr<WholeTransform<T>> whole_;
#ifdef JERALD_WITH_MPI
  std::unique_ptr<SlabTransform<T>> slabs_;
#endif
};

}  // namespace jerald
