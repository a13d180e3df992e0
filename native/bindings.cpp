// SPDX-License-Identifier: GPL-3.0-or-later
// The Python module: XLA's calls unpacked for the algorithms, and a few plain functions.
//
// Every XLA call carries the mesh (attributes `nodes`, `cell`) and the number of a communicator,
// 0 for one process. Over ranks a token comes last among operands and results; it orders the
// calls and holds no data.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>

#include <complex>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "buffer.hpp"
#include "communicator.hpp"
#include "convolve.hpp"
#include "fourier.hpp"
#include "halo.hpp"
#include "mesh.hpp"
#include "paint.hpp"
#include "planes.hpp"
#include "readout.hpp"
#include "readout_gradient.hpp"
#include "region_sums.hpp"
#include "stencil.hpp"
#include "threads.hpp"
#include "white_noise.hpp"
#include "xla/ffi/api/ffi.h"

namespace nb = nanobind;
namespace ffi = xla::ffi;

namespace jerald {
namespace {

using Operand = ffi::AnyBuffer;
using Outcome = ffi::Result<ffi::AnyBuffer>;
using Numbers = ffi::Span<const int64_t>;
using Lengths = ffi::Span<const double>;

// What every call is about.
struct Setting {
  Mesh mesh;
  const Communicator& ranks;

  Setting(Numbers nodes, Lengths cell, int64_t number)
      : mesh{{nodes[0], nodes[1], nodes[2]}, {cell[0], cell[1], cell[2]}},
        ranks(communicator(number)) {}
};

void expect_size(const Operand& array, int64_t size, const char* name) {
  if (static_cast<int64_t>(array.element_count()) != size) {
    throw std::invalid_argument(std::string(name) + " has " +
                                std::to_string(array.element_count()) + " entries instead of " +
                                std::to_string(size));
  }
}

int64_t particle_count(const Operand& positions) {
  return static_cast<int64_t>(positions.dimensions()[0]);
}

// Run work(float{}) or work(double{}) as the operand's type asks; an error ends all ranks.
template <class Work>
ffi::Error run(const Setting& setting, const Operand& operand, Work work) {
  try {
    switch (operand.element_type()) {
      case ffi::F32:
      case ffi::C64:
        work(float{});
        break;
      case ffi::F64:
      case ffi::C128:
        work(double{});
        break;
      default:
        throw std::invalid_argument("arrays must be of single or double precision");
    }
  } catch (const std::exception& error) {
    if (!setting.ranks.alone()) setting.ranks.abort(error.what());
    return ffi::Error::Internal(error.what());
  }
  return ffi::Error::Success();
}

template <class T>
const T* data(const Operand& operand) {
  return static_cast<const T*>(operand.untyped_data());
}

template <class T>
T* data(Outcome& outcome) {
  return static_cast<T*>(outcome->untyped_data());
}

// Null for an operand of no entries, which stands for one that is left out.
template <class T>
const T* optional_data(const Operand& operand, int64_t size, const char* name) {
  if (operand.element_count() == 0) return nullptr;
  expect_size(operand, size, name);
  return data<T>(operand);
}

int reach_of(int64_t order) { return Stencil<double>(order, 1.0).reach; }

// The planes that particles touch; a process alone has all and needs not look.
template <class T>
std::vector<char> planes_of(const Setting& setting, const Operand& positions) {
  if (setting.ranks.alone()) return std::vector<char>(setting.mesh.nx(), 1);
  return touched_planes(setting.mesh, data<T>(positions), particle_count(positions));
}

// Read a field with ghosts where particles need them: work(planes).
template <class T, class Work>
void with_ghosts(const Setting& setting, const std::vector<char>& wanted, const Operand& field,
                 Work work) {
  const Halo halo(setting.ranks, setting.mesh, wanted);
  expect_size(field, halo.count() * setting.mesh.plane_size(), "the field");
  const Buffer<T> ghosts(halo.ghost_count() * setting.mesh.plane_size());
  halo.fill(data<T>(field), ghosts.data());
  work(halo.planes<const T>(data<T>(field), ghosts.data()));
}

// Write a field with ghosts, work(planes), and add them to their owners' planes.
template <class T, class Work>
void onto_ghosts(const Setting& setting, const std::vector<char>& wanted, Outcome& field,
                 Work work) {
  const Halo halo(setting.ranks, setting.mesh, wanted);
  expect_size(*field, halo.count() * setting.mesh.plane_size(), "the field");
  const Buffer<T> ghosts(halo.ghost_count() * setting.mesh.plane_size());
  work(halo.planes<T>(data<T>(field), ghosts.data()));
  halo.reduce(data<T>(field), ghosts.data());
}

// Weights that are left out stand for one each.
ffi::Error paint_call(Operand positions, Operand weights, ffi::RemainingArgs, Outcome field,
                      ffi::RemainingRets, Numbers nodes, Lengths cell, int64_t number) {
  const Setting setting(nodes, cell, number);
  return run(setting, positions, [&](auto zero) {
    using T = decltype(zero);
    const int64_t particles = particle_count(positions);
    const T* weight = optional_data<T>(weights, particles, "the array of weights");
    onto_ghosts<T>(setting, planes_of<T>(setting, positions), field, [&](const Planes<T>& planes) {
      const T* at = data<T>(positions);
      if (weight == nullptr) {
        paint(setting.mesh, at, particles, [](int64_t) { return T(1); }, planes);
      } else {
        paint(setting.mesh, at, particles, [=](int64_t p) { return weight[p]; }, planes);
      }
    });
  });
}

ffi::Error readout_call(Operand field, Operand positions, ffi::RemainingArgs, Outcome values,
                        ffi::RemainingRets, Numbers nodes, Lengths cell, int64_t number) {
  const Setting setting(nodes, cell, number);
  return run(setting, positions, [&](auto zero) {
    using T = decltype(zero);
    T* result = data<T>(values);
    with_ghosts<T>(setting, planes_of<T>(setting, positions), field,
                   [&](const Planes<const T>& planes) {
                     readout(setting.mesh, planes, data<T>(positions), particle_count(positions),
                             [result](int64_t p, T value) { result[p] = value; });
                   });
  });
}

ffi::Error readout_slope_call(Operand field, Operand positions, ffi::RemainingArgs, Outcome slopes,
                              ffi::RemainingRets, Numbers nodes, Lengths cell, int64_t number) {
  const Setting setting(nodes, cell, number);
  return run(setting, positions, [&](auto zero) {
    using T = decltype(zero);
    T* result = data<T>(slopes);
    with_ghosts<T>(
        setting, planes_of<T>(setting, positions), field, [&](const Planes<const T>& planes) {
          readout_slope(setting.mesh, planes, data<T>(positions), particle_count(positions),
                        [result](int64_t p, T along_x, T along_y, T along_z) {
                          result[3 * p] = along_x;
                          result[3 * p + 1] = along_y;
                          result[3 * p + 2] = along_z;
                        });
        });
  });
}

ffi::Error readout_gradient_call(Operand field, Operand positions, Operand onto, ffi::RemainingArgs,
                                 Outcome gradients, ffi::RemainingRets, Numbers nodes, Lengths cell,
                                 int64_t number, int64_t order) {
  const Setting setting(nodes, cell, number);
  return run(setting, positions, [&](auto zero) {
    using T = decltype(zero);
    const auto touched = planes_of<T>(setting, positions);
    const T* base = optional_data<T>(onto, 3 * particle_count(positions), "what is added to");
    with_ghosts<T>(
        setting, widened(touched, reach_of(order)), field, [&](const Planes<const T>& planes) {
          readout_gradient(setting.mesh, planes, order, marked(touched), data<T>(positions),
                           particle_count(positions), base, data<T>(gradients));
        });
  });
}

ffi::Error readout_gradient_field_bar_call(Operand positions, Operand cotangent, ffi::RemainingArgs,
                                           Outcome field_bar, ffi::RemainingRets, Numbers nodes,
                                           Lengths cell, int64_t number, int64_t order) {
  const Setting setting(nodes, cell, number);
  return run(setting, positions, [&](auto zero) {
    using T = decltype(zero);
    expect_size(cotangent, 3 * particle_count(positions), "the cotangent");
    const auto touched = planes_of<T>(setting, positions);
    onto_ghosts<T>(
        setting, widened(touched, reach_of(order)), field_bar, [&](const Planes<T>& planes) {
          readout_gradient_field_bar(setting.mesh, order, marked(touched), data<T>(positions),
                                     data<T>(cotangent), particle_count(positions), planes);
        });
  });
}

ffi::Error readout_gradient_positions_bar_call(Operand field, Operand positions, Operand cotangent,
                                               Operand onto, ffi::RemainingArgs,
                                               Outcome positions_bar, ffi::RemainingRets,
                                               Numbers nodes, Lengths cell, int64_t number,
                                               int64_t order) {
  const Setting setting(nodes, cell, number);
  return run(setting, positions, [&](auto zero) {
    using T = decltype(zero);
    expect_size(cotangent, 3 * particle_count(positions), "the cotangent");
    const auto touched = planes_of<T>(setting, positions);
    const T* base = optional_data<T>(onto, 3 * particle_count(positions), "what is added to");
    with_ghosts<T>(
        setting, widened(touched, reach_of(order)), field, [&](const Planes<const T>& planes) {
          readout_gradient_positions_bar(setting.mesh, planes, order, marked(touched),
                                         data<T>(positions), data<T>(cotangent),
                                         particle_count(positions), base, data<T>(positions_bar));
        });
  });
}

ffi::Error region_sums_call(Operand field, ffi::RemainingArgs, Outcome sums, ffi::RemainingRets,
                            Numbers nodes, Lengths cell, int64_t number, int64_t upper_start,
                            Numbers corner) {
  const Setting setting(nodes, cell, number);
  return run(setting, field, [&](auto zero) {
    using T = decltype(zero);
    const Distribution slabs{setting.mesh.nx(), setting.ranks.size};
    const int64_t start = slabs.start(setting.ranks.rank), count = slabs.count(setting.ranks.rank);
    expect_size(field, count * setting.mesh.plane_size(), "the field");
    const Regions regions{upper_start, {corner[0], corner[1], corner[2]}};
    region_sums(setting.mesh, regions, start, count, data<T>(field), data<double>(sums));
  });
}

ffi::Error finite_difference_call(Operand field, ffi::RemainingArgs, Outcome derivative,
                                  ffi::RemainingRets, Numbers nodes, Lengths cell, int64_t number,
                                  int64_t axis, int64_t order) {
  const Setting setting(nodes, cell, number);
  return run(setting, field, [&](auto zero) {
    using T = decltype(zero);
    const Mesh& mesh = setting.mesh;
    const Distribution slabs{mesh.nx(), setting.ranks.size};
    const int64_t start = slabs.start(setting.ranks.rank);
    const int64_t count = slabs.count(setting.ranks.rank);
    std::vector<char> wanted(mesh.nx(), 0);
    std::fill_n(wanted.begin() + start, count, 1);
    if (axis == 0) wanted = widened(wanted, reach_of(order));
    with_ghosts<T>(setting, wanted, field, [&](const Planes<const T>& planes) {
      finite_difference(mesh, planes, start, count, static_cast<int>(axis), order,
                        data<T>(derivative));
    });
  });
}

ffi::Error r2c_call(Operand field, ffi::RemainingArgs, Outcome spectrum, ffi::RemainingRets,
                    Numbers nodes, Lengths cell, int64_t number) {
  const Setting setting(nodes, cell, number);
  return run(setting, field, [&](auto zero) {
    using T = decltype(zero);
    using Complex = std::complex<T>;
    const auto& plans = transform<T>(setting.mesh, setting.ranks);
    expect_size(field, plans.field_size(), "the field");
    expect_size(*spectrum, plans.spectrum_size(), "the spectrum");
    const T scale = T(1) / static_cast<T>(setting.mesh.size());
    T* result = data<T>(spectrum);
    const int64_t numbers = 2 * plans.spectrum_size();
    if (plans.workspace_size() == plans.spectrum_size()) {
      plans.forward(data<T>(field), data<Complex>(spectrum));
      for (int64_t at = 0; at < numbers; ++at) result[at] *= scale;
    } else {
      const Buffer<Complex> workspace(plans.workspace_size());
      plans.forward(data<T>(field), workspace.data());
      const T* work = reinterpret_cast<const T*>(workspace.data());
      for (int64_t at = 0; at < numbers; ++at) result[at] = work[at] * scale;
    }
  });
}

ffi::Error c2r_call(Operand spectrum, ffi::RemainingArgs, Outcome field, ffi::RemainingRets,
                    Numbers nodes, Lengths cell, int64_t number) {
  const Setting setting(nodes, cell, number);
  return run(setting, spectrum, [&](auto zero) {
    using T = decltype(zero);
    using Complex = std::complex<T>;
    const auto& plans = transform<T>(setting.mesh, setting.ranks);
    expect_size(spectrum, plans.spectrum_size(), "the spectrum");
    expect_size(*field, plans.field_size(), "the field");
    const Buffer<Complex> workspace(plans.workspace_size());
    std::copy_n(data<Complex>(spectrum), plans.spectrum_size(), workspace.data());
    plans.backward(workspace.data(), data<T>(field));
  });
}

template <class T>
ModeIndex mode_index(const Transform<T>& plans, const Operand& first, const Operand& second,
                     const Operand& third) {
  expect_size(first, plans.first(), "the mode index of the first axis");
  expect_size(second, plans.second(), "the mode index of the second axis");
  expect_size(third, plans.half(), "the mode index of the third axis");
  return {data<int32_t>(first), data<int32_t>(second), data<int32_t>(third)};
}

ffi::Error convolve_call(Operand field, Operand kernel, Operand first, Operand second,
                         Operand third, ffi::RemainingArgs, Outcome result, ffi::RemainingRets,
                         Numbers nodes, Lengths cell, int64_t number) {
  const Setting setting(nodes, cell, number);
  return run(setting, field, [&](auto zero) {
    using T = decltype(zero);
    const auto& plans = transform<T>(setting.mesh, setting.ranks);
    expect_size(field, plans.field_size(), "the field");
    convolve(setting.mesh, plans, mode_index(plans, first, second, third), data<T>(field),
             data<T>(kernel), data<T>(result));
  });
}

ffi::Error convolve_adjoint_call(Operand field, Operand kernel, Operand cotangent, Operand first,
                                 Operand second, Operand third, ffi::RemainingArgs,
                                 Outcome field_bar, Outcome kernel_bar, ffi::RemainingRets,
                                 Numbers nodes, Lengths cell, int64_t number) {
  const Setting setting(nodes, cell, number);
  return run(setting, cotangent, [&](auto zero) {
    using T = decltype(zero);
    const auto& plans = transform<T>(setting.mesh, setting.ranks);
    expect_size(field, plans.field_size(), "the field");
    expect_size(cotangent, plans.field_size(), "the cotangent");
    convolve_adjoint(setting.mesh, plans, mode_index(plans, first, second, third), data<T>(field),
                     data<T>(kernel), static_cast<int64_t>(kernel.element_count()),
                     data<T>(cotangent), data<T>(field_bar), data<T>(kernel_bar));
  });
}

ffi::Error convolve_kernel_bar_call(Operand field, Operand cotangent, Operand first, Operand second,
                                    Operand third, ffi::RemainingArgs, Outcome kernel_bar,
                                    ffi::RemainingRets, Numbers nodes, Lengths cell,
                                    int64_t number) {
  const Setting setting(nodes, cell, number);
  return run(setting, cotangent, [&](auto zero) {
    using T = decltype(zero);
    const auto& plans = transform<T>(setting.mesh, setting.ranks);
    expect_size(field, plans.field_size(), "the field");
    expect_size(cotangent, plans.field_size(), "the cotangent");
    convolve_kernel_bar(setting.mesh, plans, mode_index(plans, first, second, third),
                        data<T>(field), static_cast<int64_t>(kernel_bar->element_count()),
                        data<T>(cotangent), data<T>(kernel_bar));
  });
}

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
#ifdef JERALD_WITH_MPI
  module.attr("with_mpi") = true;
  module.def("mpi_library_version", &mpi_library_version);
  module.def("register_communicator", &register_communicator);
#else
  module.attr("with_mpi") = false;
#endif
}
