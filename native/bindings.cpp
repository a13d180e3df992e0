// SPDX-License-Identifier: GPL-3.0-or-later
// The Python module: the operations for XLA, and a few plain functions.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>

#include <cstdint>
#include <stdexcept>
#include <string>

#include "arrays.hpp"
#include "buffer.hpp"
#include "calls.hpp"
#include "checks.hpp"
#include "communicator.hpp"
#include "planner.hpp"
#include "threads.hpp"
#include "white_noise.hpp"

namespace nb = nanobind;

namespace jerald {
namespace {

nb::dict handlers() {
  nb::dict all;
  for (const auto& operations : {field_handlers(), particle_handlers()}) {
    for (const auto& [name, handler] : operations) {
      all[name.c_str()] = nb::capsule(reinterpret_cast<void*>(handler));
    }
  }
  return all;
}

template <class T, class... Axes>
using Array = nb::ndarray<T, nb::c_contig, nb::device::cpu, Axes...>;
template <class T>
using Field = Array<const T, nb::ndim<3>>;

template <class T>
void check_mass_of(Field<T> field, int64_t particles) {
  const Shape shape{static_cast<int64_t>(field.shape(0)), static_cast<int64_t>(field.shape(1)),
                    static_cast<int64_t>(field.shape(2))};
  const Mesh mesh{shape, {1, 1, 1}};
  check_mass(mesh, Planes<const T>::whole(mesh, {field.data(), shape}), particles);
}

template <class T>
uint64_t checksum_of(Field<T> field) {
  return checksum(field.data(), static_cast<int64_t>(field.nbytes()));
}

void draw_uniforms_into(uint64_t seed, Array<double, nb::ndim<1>> uniforms) {
  draw_uniforms(seed, {uniforms.data(), static_cast<int64_t>(uniforms.size())});
}

// pairs: (seeds, count, 2).
void draw_columns_into(Array<const int64_t, nb::ndim<1>> seeds,
                       Array<double, nb::shape<-1, -1, 2>> pairs) {
  const int64_t columns = static_cast<int64_t>(seeds.size());
  if (static_cast<int64_t>(pairs.shape(0)) != columns) {
    throw std::invalid_argument("there must be one column of pairs for each seed");
  }
  draw_columns({seeds.data(), columns},
               {pairs.data(), {columns, static_cast<int64_t>(pairs.shape(1)), 2}});
}

}  // namespace
}  // namespace jerald

NB_MODULE(_native, module) {
  using namespace jerald;
#if defined(__x86_64__) && defined(__AVX2__)
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
    throw std::runtime_error(
        "the native library was built for processors with AVX2, which this one lacks: install it "
        "again with -C cmake.define.JERALD_ARCHITECTURE=native");
  }
#endif
  module.def("handlers", &handlers);
  module.def("set_threads", &set_threads);
  module.def("threads", &threads);
  module.def("release_scratch", [] { scratch_pool().release(); });
  module.def("set_wisdom_directory",
             [](const std::string& directory) { planner().set_wisdom_directory(directory); });
  module.def("wisdom", [](int ranks) { return planner().wisdom_in_use(ranks); });
  module.def("draw_uniforms", &draw_uniforms_into);
  module.def("draw_columns", &draw_columns_into);
  // The checks by themselves, for tests and benchmarks.
  module.def("check_mass", &check_mass_of<float>);
  module.def("check_mass", &check_mass_of<double>);
  module.def("checksum", &checksum_of<float>);
  module.def("checksum", &checksum_of<double>);
#ifdef JERALD_WITH_MPI
  module.attr("with_mpi") = true;
  module.def("mpi_library_version", &mpi_library_version);
  module.def("register_communicator", &register_communicator);
#else
  module.attr("with_mpi") = false;
#endif
}
