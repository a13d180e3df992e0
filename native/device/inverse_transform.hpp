// SPDX-License-Identifier: GPL-3.0-or-later
// The inverse Fourier transform by cuFFT, which overwrites its input. XLA's own copies the input
// and scales the result twice: half of its time.
//
// cuFFT is the one that JAX brings and has loaded; it is not needed to build this library.
#pragma once

#include <dlfcn.h>

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include "loop.hpp"

namespace jerald::device {

// The part of cuFFT's interface that is used, by the names and numbers of its documentation.
class Cufft {
 public:
  using Plan = int;
  static constexpr int complex_to_real = 0x2c, double_complex_to_real = 0x6c;

  static const Cufft& loaded() {
    static const Cufft library;
    return library;
  }

  static void expect(int status) {
    if (status != 0) throw std::runtime_error("cuFFT: error " + std::to_string(status));
  }

  int (*create)(Plan*);
  int (*set_auto_allocation)(Plan, int);
  int (*make_plan)(Plan, int, long long*, long long*, long long, long long, long long*, long long,
                   long long, int, long long, std::size_t*);
  int (*set_stream)(Plan, cudaStream_t);
  int (*set_work_area)(Plan, void*);
  int (*execute_single)(Plan, void*, void*);
  int (*execute_double)(Plan, void*, void*);

 private:
  Cufft() {
    // The numbers are those of CUDA 13 and 12.
    for (const char* name : {"libcufft.so.12", "libcufft.so.11"}) {
      library_ = dlopen(name, RTLD_NOW);
      if (library_ != nullptr) break;
    }
    if (library_ == nullptr) {
      throw std::runtime_error(
          "cuFFT was not found: install jerald-tools[cuda13], or load a module of CUDA");
    }
    find("cufftCreate", create);
    find("cufftSetAutoAllocation", set_auto_allocation);
    find("cufftMakePlanMany64", make_plan);
    find("cufftSetStream", set_stream);
    find("cufftSetWorkArea", set_work_area);
    find("cufftExecC2R", execute_single);
    find("cufftExecZ2D", execute_double);
  }

  template <class Function>
  void find(const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library_, name));
    if (function == nullptr) throw std::runtime_error(std::string("cuFFT has no ") + name);
  }

  void* library_ = nullptr;
};

// The plan of one transform, and the bytes that it works in.
struct InversePlan {
  Cufft::Plan plan = 0;
  std::size_t bytes = 0;

  InversePlan(const std::array<int64_t, 3>& nodes, bool is_double) {
    const Cufft& cufft = Cufft::loaded();
    long long shape[] = {nodes[0], nodes[1], nodes[2]};
    Cufft::expect(cufft.create(&plan));
    // Its memory comes from XLA, and only while it runs.
    Cufft::expect(cufft.set_auto_allocation(plan, 0));
    const int type = is_double ? Cufft::double_complex_to_real : Cufft::complex_to_real;
    Cufft::expect(cufft.make_plan(plan, 3, shape, nullptr, 1, 0, nullptr, 1, 0, type, 1, &bytes));
  }
};

// field = the real field of a half spectrum, not normalised; the spectrum is overwritten.
// allocate(bytes) gives memory of the device until the call is over.
template <class Allocate>
void inverse_transform(cudaStream_t stream, const std::array<int64_t, 3>& nodes, bool is_double,
                       void* spectrum, void* field, Allocate allocate) {
  static std::mutex mutex;
  static std::map<std::pair<std::array<int64_t, 3>, bool>, InversePlan> plans;
  const std::lock_guard<std::mutex> lock(mutex);
  auto found = plans.find({nodes, is_double});
  if (found == plans.end()) {
    found = plans.emplace(std::make_pair(nodes, is_double), InversePlan(nodes, is_double)).first;
  }
  const InversePlan& transform = found->second;
  const Cufft& cufft = Cufft::loaded();
  Cufft::expect(cufft.set_stream(transform.plan, stream));
  Cufft::expect(cufft.set_work_area(transform.plan, allocate(transform.bytes)));
  const auto execute = is_double ? cufft.execute_double : cufft.execute_single;
  Cufft::expect(execute(transform.plan, spectrum, field));
}

}  // namespace jerald::device
