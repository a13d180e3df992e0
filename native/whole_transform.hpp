// SPDX-License-Identifier: GPL-3.0-or-later
// Real transforms of a whole mesh in one process, by FFTW.
#pragma once

#include <complex>
#include <cstdint>
#include <stdexcept>

#include "arrays.hpp"
#include "buffer.hpp"
#include "fftw.hpp"
#include "mesh.hpp"
#include "threads.hpp"

namespace jerald {

// The spectrum is (nx, ny, nz/2+1).
template <class T>
class WholeTransform {
 public:
  using Complex = std::complex<T>;

  explicit WholeTransform(const Mesh& mesh) : mesh_(mesh) { plan(); }
  WholeTransform(const WholeTransform&) = delete;
  ~WholeTransform() { destroy(); }

  int64_t spectrum_size() const { return mesh_.nx() * mesh_.ny() * (mesh_.nz() / 2 + 1); }

  // The plain sum over nodes. The field remains unchanged.
  void forward(const Slab<const T>& field, const Slab<Complex>& spectrum) const {
    Fftw<T>::execute_r2c(forward_, const_cast<T*>(field.data()), raw(spectrum.data()));
  }

  // The plain sum over modes. The spectrum is overwritten.
  void backward(const Slab<Complex>& spectrum, const Slab<T>& field) const {
    Fftw<T>::execute_c2r(backward_, raw(spectrum.data()), field.data());
  }

  void plan() {
    const int nx = mesh_.nx(), ny = mesh_.ny(), nz = mesh_.nz();
    const Buffer<Complex> spectrum(spectrum_size());
    const Buffer<T> field(mesh_.size());
    Fftw<T>::plan_with_threads(threads());
    forward_ = Fftw<T>::plan_r2c(nx, ny, nz, field.data(), raw(spectrum.data()), FFTW_MEASURE);
    backward_ = Fftw<T>::plan_c2r(nx, ny, nz, raw(spectrum.data()), field.data(), FFTW_MEASURE);
    if (forward_ == nullptr || backward_ == nullptr) {
      throw std::runtime_error("FFTW cannot plan the transforms of a mesh");
    }
  }

  void destroy() {
    for (auto* plan : {&forward_, &backward_}) {
      if (*plan != nullptr) Fftw<T>::destroy(*plan);
      *plan = nullptr;
    }
  }

 private:
  static auto* raw(Complex* modes) { return reinterpret_cast<typename Fftw<T>::Complex*>(modes); }

  Mesh mesh_;
  typename Fftw<T>::Plan forward_ = nullptr, backward_ = nullptr;
};

}  // namespace jerald
