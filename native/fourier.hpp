// SPDX-License-Identifier: GPL-3.0-or-later
// Real transforms of a mesh by FFTW, in one process or over ranks.
#pragma once

#include <complex>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <tuple>

#include "communicator.hpp"
#include "fftw.hpp"
#include "mesh.hpp"
#include "slab_transform.hpp"
#include "threads.hpp"
#include "whole_transform.hpp"
#include "wisdom.hpp"

namespace jerald {

// Plans for one mesh. This rank's part of a spectrum is (nx, ny_local, nz/2+1), all of it in one
// process.
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

  int64_t field_size() const { return planes_ * mesh_.plane_size(); }
  int64_t spectrum_size() const { return first() * second() * half(); }
  // Extents of the spectrum's axes.
  int64_t first() const { return mesh_.nx(); }
  int64_t second() const { return rows_; }
  int64_t half() const { return mesh_.nz() / 2 + 1; }
  // How many modes of the full spectrum the mode k of the halved axis stands for.
  int hermitian_weight(int64_t k) const { return k == 0 || 2 * k == mesh_.nz() ? 1 : 2; }

  // The plain sum over nodes. The field stays as it is.
  void forward(const T* field, Complex* spectrum) const {
    check_alignment(field, spectrum);
    call([&](const auto& transform) { transform.forward(field, spectrum); });
  }

  // The plain sum over modes. The spectrum is used up.
  void backward(Complex* spectrum, T* field) const {
    check_alignment(field, spectrum);
    call([&](const auto& transform) { transform.backward(spectrum, field); });
  }

  // Forget the plans and make them anew, from the wisdom that FFTW has now.
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

  // Plans are made for aligned arrays, which XLA's are.
  static void check_alignment(const T* field, const Complex* spectrum) {
    if (Fftw<T>::alignment_of(const_cast<T*>(field)) != 0 ||
        Fftw<T>::alignment_of(reinterpret_cast<T*>(const_cast<Complex*>(spectrum))) != 0) {
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
      wisdom().recall<T>(ranks, name);
      slot->plan_again();
    }
  }
  return *slot;
}

}  // namespace jerald
