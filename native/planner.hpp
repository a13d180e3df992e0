// SPDX-License-Identifier: GPL-3.0-or-later
// The plans of all transforms, made once for each mesh, number of threads and communicator.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>

#include "communicator.hpp"
#include "fftw.hpp"
#include "fourier.hpp"
#include "mesh.hpp"
#include "threads.hpp"
#include "wisdom.hpp"

namespace jerald {

class Planner {
 public:
  void set_wisdom_directory(const std::string& directory) {
    const std::lock_guard<std::mutex> lock(mutex_);
    wisdom_.set_directory(directory);
  }

  // Texts by name that plans over a number of ranks use.
  std::map<std::string, std::string> wisdom_in_use(int ranks) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return wisdom_.in_use(ranks);
  }

  // The plans for a mesh, made at the first call (collective over the ranks).
  template <class T>
  const Transform<T>& transform(const Mesh& mesh, const Communicator& ranks) {
    const std::lock_guard<std::mutex> lock(mutex_);
    // Plans over ranks contain their communicator, so its size alone does not tell them apart.
    auto& slot = plans<T>()[{mesh.nx(), mesh.ny(), mesh.nz(), threads(), ranks.number}];
    if (slot == nullptr) slot = planned<T>(mesh, ranks);
    return *slot;
  }

 private:
  template <class T>
  using Plans = std::map<std::tuple<int64_t, int64_t, int64_t, int, int64_t>,
                         std::unique_ptr<const Transform<T>>>;

  template <class T>
  Plans<T>& plans() {
    if constexpr (std::is_same_v<T, float>) {
      return single_;
    } else {
      return double_;
    }
  }

  template <class T>
  std::unique_ptr<const Transform<T>> planned(const Mesh& mesh, const Communicator& ranks) {
    static const int with_threads = Fftw<T>::init_threads();
    if (with_threads == 0) throw std::runtime_error("FFTW cannot start its threads");
    const std::string name = "mesh" + std::to_string(mesh.nx()) + "x" + std::to_string(mesh.ny()) +
                             "x" + std::to_string(mesh.nz()) +
                             (sizeof(T) == sizeof(float) ? "-single" : "-double") + "-threads" +
                             std::to_string(threads()) + "-ranks" + std::to_string(ranks.size);
    const bool known = wisdom_.recall<T>(ranks, name);
    auto transform = std::make_unique<Transform<T>>(mesh, ranks);
    if (!known) {
      // Ranks may have measured the same problem differently: plan again from the wisdom that is
      // kept, as every later run will.
      wisdom_.keep<T>(ranks, name);
      wisdom_.recall<T>(ranks, name);
      transform->plan_again();
    }
    return transform;
  }

  std::mutex mutex_;
  Wisdom wisdom_;
  Plans<float> single_;
  Plans<double> double_;
};

// One for the process: so is FFTW's planner, with its wisdom, and only one thread at a time may
// call it. Never destroyed: plans over ranks contain communicators, and MPI ends before static
// objects.
inline Planner& planner() {
  static Planner& kept = *new Planner;
  return kept;
}

}  // namespace jerald
