// SPDX-License-Identifier: GPL-3.0-or-later
// Real transforms of a mesh by FFTW, in one process or over ranks.
#pragma once

#include <algorithm>
#include <complex>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <tuple>

#include "buffer.hpp"
#include "communicator.hpp"
#include "fftw.hpp"
#include "mesh.hpp"
#include "threads.hpp"
#include "wisdom.hpp"

namespace jerald {

// Plans for one mesh. A spectrum has the layout (nx, ny, nz/2+1) in one process and, as FFTW
// leaves it, (ny_local, nx, nz/2+1) over ranks. A workspace is a spectrum with room to spare.
template <class T>
class Transform {
 public:
  using Complex = std::complex<T>;

  Transform(const Mesh& mesh, const Communicator& ranks)
      : mesh_(mesh),
        ranks_(ranks),
        half_(mesh.nz() / 2 + 1),
        rows_(Distribution{mesh.nx(), ranks.size}.count(ranks.rank) * mesh.ny()) {
    const int64_t second = Distribution{mesh.ny(), ranks.size}.count(ranks.rank);
    spectrum_size_ = (ranks.alone() ? rows_ : second * mesh.nx()) * half_;
    workspace_size_ = spectrum_size_;
#ifdef JERALD_WITH_MPI
    if (!ranks.alone()) {
      ptrdiff_t unused[4];
      workspace_size_ = FftwMpi<T>::local_size(mesh.nx(), mesh.ny(), half_, ranks.handle, unused,
                                               unused + 1, unused + 2, unused + 3);
      workspace_size_ = std::max(workspace_size_, rows_ * half_);
    }
#endif
    plan();
  }
  Transform(const Transform&) = delete;
  ~Transform() { destroy(); }

  int64_t field_size() const { return rows_ * mesh_.nz(); }
  int64_t spectrum_size() const { return spectrum_size_; }
  int64_t workspace_size() const { return workspace_size_; }
  // How many modes of the full spectrum the mode k of the halved axis stands for.
  int hermitian_weight(int64_t k) const { return k == 0 || 2 * k == mesh_.nz() ? 1 : 2; }
  int64_t half() const { return half_; }
  // Extents of the two other axes of a spectrum.
  int64_t second() const { return ranks_.alone() ? mesh_.ny() : mesh_.nx(); }
  int64_t first() const { return spectrum_size_ / (second() * half_); }

  // The plain sum over nodes. The field stays as it is.
  void forward(const T* field, Complex* workspace) const {
    check_alignment(field, workspace);
    auto* spectrum = reinterpret_cast<typename Fftw<T>::Complex*>(workspace);
    if (ranks_.alone()) {
      Fftw<T>::execute_r2c(forward_, const_cast<T*>(field), spectrum);
      return;
    }
#ifdef JERALD_WITH_MPI
    T* padded = reinterpret_cast<T*>(workspace);
    for (int64_t row = 0; row < rows_; ++row) {
      std::copy_n(field + row * mesh_.nz(), mesh_.nz(), padded + row * 2 * half_);
    }
    FftwMpi<T>::execute_r2c(forward_, padded, spectrum);
#endif
  }

  // The plain sum over modes. The workspace is used up.
  void backward(Complex* workspace, T* field) const {
    check_alignment(field, workspace);
    auto* spectrum = reinterpret_cast<typename Fftw<T>::Complex*>(workspace);
    if (ranks_.alone()) {
      Fftw<T>::execute_c2r(backward_, spectrum, field);
      return;
    }
#ifdef JERALD_WITH_MPI
    T* padded = reinterpret_cast<T*>(workspace);
    FftwMpi<T>::execute_c2r(backward_, spectrum, padded);
    for (int64_t row = 0; row < rows_; ++row) {
      std::copy_n(padded + row * 2 * half_, mesh_.nz(), field + row * mesh_.nz());
    }
#endif
  }

  void plan() {
    const Buffer<Complex> workspace(workspace_size_);
    auto* spectrum = reinterpret_cast<typename Fftw<T>::Complex*>(workspace.data());
    const int nx = mesh_.nx(), ny = mesh_.ny(), nz = mesh_.nz();
    Fftw<T>::plan_with_threads(threads());
    if (ranks_.alone()) {
      const Buffer<T> field(field_size());
      forward_ = Fftw<T>::plan_r2c(nx, ny, nz, field.data(), spectrum, FFTW_MEASURE);
      backward_ = Fftw<T>::plan_c2r(nx, ny, nz, spectrum, field.data(), FFTW_MEASURE);
    }
#ifdef JERALD_WITH_MPI
    if (!ranks_.alone()) {
      T* padded = reinterpret_cast<T*>(spectrum);
      forward_ = FftwMpi<T>::plan_r2c(nx, ny, nz, padded, spectrum, ranks_.handle,
                                      FFTW_MEASURE | FFTW_MPI_TRANSPOSED_OUT);
      backward_ = FftwMpi<T>::plan_c2r(nx, ny, nz, spectrum, padded, ranks_.handle,
                                       FFTW_MEASURE | FFTW_MPI_TRANSPOSED_IN);
    }
#endif
    if (forward_ == nullptr || backward_ == nullptr) {
      throw std::runtime_error("FFTW cannot plan a mesh of " + std::to_string(nx) + " x " +
                               std::to_string(ny) + " x " + std::to_string(nz) + " nodes");
    }
  }

  void destroy() {
    if (forward_ != nullptr) Fftw<T>::destroy(forward_);
    if (backward_ != nullptr) Fftw<T>::destroy(backward_);
    forward_ = backward_ = nullptr;
  }

 private:
  // Plans are made for aligned arrays, which XLA's are.
  static void check_alignment(const T* field, const Complex* workspace) {
    if (Fftw<T>::alignment_of(const_cast<T*>(field)) != 0 ||
        Fftw<T>::alignment_of(reinterpret_cast<T*>(const_cast<Complex*>(workspace))) != 0) {
      throw std::runtime_error("an array to be transformed is not aligned for vector instructions");
    }
  }

  Mesh mesh_;
  Communicator ranks_;
  int64_t half_, rows_, spectrum_size_, workspace_size_;
  typename Fftw<T>::Plan forward_ = nullptr, backward_ = nullptr;
};

inline std::mutex& planner_mutex() {
  static std::mutex mutex;
  return mutex;
}

inline Wisdom& wisdom() {
  static Wisdom kept;
  return kept;
}

// The plans for a mesh, made at the first call (collective over the ranks).
template <class T>
const Transform<T>& transform(const Mesh& mesh, const Communicator& ranks) {
  using Plans =
      std::map<std::tuple<int64_t, int64_t, int64_t, int, int>, std::unique_ptr<Transform<T>>>;
  // Never destroyed: plans over ranks hold communicators, and MPI ends before static objects do.
  static Plans& made = *new Plans;
  const std::lock_guard<std::mutex> lock(planner_mutex());
  static const int with_threads = Fftw<T>::init_threads();
  if (with_threads == 0) throw std::runtime_error("FFTW cannot start its threads");
#ifdef JERALD_WITH_MPI
  static std::once_flag with_ranks;
  if (!ranks.alone()) std::call_once(with_ranks, FftwMpi<T>::init);
#endif
  auto& slot = made[{mesh.nx(), mesh.ny(), mesh.nz(), threads(), ranks.size}];
  if (slot == nullptr) {
    const std::string name = "mesh" + std::to_string(mesh.nx()) + "x" + std::to_string(mesh.ny()) +
                             "x" + std::to_string(mesh.nz()) +
                             (sizeof(T) == sizeof(float) ? "-single" : "-double") + "-threads" +
                             std::to_string(threads()) + "-ranks" + std::to_string(ranks.size);
    const bool known = wisdom().recall<T>(ranks, name);
    slot = std::make_unique<Transform<T>>(mesh, ranks);
    if (!known) {
      // Ranks may have measured the same problem differently: plan again from what is kept, as
      // every later run will.
      wisdom().keep<T>(ranks, name);
      slot->destroy();
      wisdom().recall<T>(ranks, name);
      slot->plan();
    }
  }
  return *slot;
}

}  // namespace jerald
