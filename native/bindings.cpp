// SPDX-License-Identifier: GPL-3.0-or-later
// The Python module: handlers that unpack XLA's calls, and a few plain functions.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>

#include <cstdint>
#include <stdexcept>
#include <string>

#include "checks.hpp"
#include "field_calls.hpp"
#include "particle_calls.hpp"
#include "threads.hpp"
#include "white_noise.hpp"

namespace nb = nanobind;

namespace jerald {
namespace {

// A handler takes its operands, perhaps a token, its results, perhaps a token, the attributes that
// all calls have, and its own.
#define JERALD_HANDLER(NAME, OPERANDS, RESULTS, ...)                                       \
  XLA_FFI_DEFINE_HANDLER(NAME##_handler, NAME##_call,                                      \
                         ffi::Ffi::Bind() OPERANDS.RemainingArgs() RESULTS.RemainingRets() \
                             .Attr<Numbers>("nodes")                                       \
                             .Attr<Lengths>("cell")                                        \
                             .Attr<int64_t>("communicator") __VA_ARGS__)
#define ONE_OPERAND .Arg<Operand>()
#define TWO_OPERANDS ONE_OPERAND ONE_OPERAND
#define THREE_OPERANDS TWO_OPERANDS ONE_OPERAND
#define ONE_RESULT .Ret<Operand>()
#define TWO_RESULTS ONE_RESULT ONE_RESULT
#define ORDER .Attr<int64_t>("order")
#define AXIS .Attr<int64_t>("axis")

JERALD_HANDLER(paint, TWO_OPERANDS, ONE_RESULT);
JERALD_HANDLER(readout, TWO_OPERANDS, ONE_RESULT);
JERALD_HANDLER(readout_slope, TWO_OPERANDS, ONE_RESULT);
JERALD_HANDLER(readout_gradient, THREE_OPERANDS, ONE_RESULT, ORDER);
JERALD_HANDLER(readout_gradient_field_bar, TWO_OPERANDS, ONE_RESULT, ORDER);
JERALD_HANDLER(readout_gradient_positions_bar, TWO_OPERANDS TWO_OPERANDS, ONE_RESULT, ORDER);
JERALD_HANDLER(finite_difference, ONE_OPERAND, ONE_RESULT, AXIS ORDER);
JERALD_HANDLER(region_sums, ONE_OPERAND, ONE_RESULT,
               .Attr<int64_t>("upper_start").Attr<Numbers>("corner"));
JERALD_HANDLER(r2c, ONE_OPERAND, ONE_RESULT);
JERALD_HANDLER(c2r, ONE_OPERAND, ONE_RESULT);
JERALD_HANDLER(convolve, TWO_OPERANDS THREE_OPERANDS, ONE_RESULT);
JERALD_HANDLER(convolve_kernel_bar, TWO_OPERANDS THREE_OPERANDS, ONE_RESULT);
JERALD_HANDLER(convolve_adjoint, THREE_OPERANDS THREE_OPERANDS, TWO_RESULTS);

nb::dict handlers() {
  nb::dict all;
  const auto add = [&all](const char* name, XLA_FFI_Handler* handler) {
    all[name] = nb::capsule(reinterpret_cast<void*>(handler));
  };
  add("paint", paint_handler);
  add("readout", readout_handler);
  add("readout_slope", readout_slope_handler);
  add("readout_gradient", readout_gradient_handler);
  add("readout_gradient_field_bar", readout_gradient_field_bar_handler);
  add("readout_gradient_positions_bar", readout_gradient_positions_bar_handler);
  add("finite_difference", finite_difference_handler);
  add("region_sums", region_sums_handler);
  add("r2c", r2c_handler);
  add("c2r", c2r_handler);
  add("convolve", convolve_handler);
  add("convolve_adjoint", convolve_adjoint_handler);
  add("convolve_kernel_bar", convolve_kernel_bar_handler);
  return all;
}

using Doubles = nb::ndarray<double, nb::c_contig, nb::device::cpu>;
template <class T>
using Field = nb::ndarray<const T, nb::ndim<3>, nb::c_contig, nb::device::cpu>;

template <class T>
void check_mass_of(Field<T> field, int64_t particles) {
  const Mesh mesh{{static_cast<int64_t>(field.shape(0)), static_cast<int64_t>(field.shape(1)),
                   static_cast<int64_t>(field.shape(2))},
                  {1, 1, 1}};
  check_mass(mesh, Planes<const T>::whole(mesh, field.data()), particles);
}

template <class T>
uint64_t checksum_of(Field<T> field) {
  return checksum(field.data(), static_cast<int64_t>(field.nbytes()));
}

using Seeds = nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

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
             [](const std::string& directory) { wisdom().set_directory(directory); });
  module.def("wisdom", [](int ranks) {
    const std::lock_guard<std::mutex> lock(planner_mutex());
    return wisdom().in_use(ranks);
  });
  module.def("draw_uniforms", [](uint64_t seed, Doubles uniforms) {
    draw_uniforms(seed, static_cast<int64_t>(uniforms.size()), uniforms.data());
  });
  module.def("draw_columns", [](Seeds seeds, Doubles pairs) {
    draw_columns(seeds.data(), static_cast<int64_t>(seeds.size()),
                 static_cast<int64_t>(pairs.shape(1)), pairs.data());
  });
  // The checks by themselves, as tests and benchmarks want them.
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
