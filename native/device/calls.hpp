// SPDX-License-Identifier: GPL-3.0-or-later
// XLA's calls to the loops, the same for the GPU's build (cuda.cu) and the CPU's (host.cpp).
//
// Every call has the attributes `nodes` and `cell`. Workspaces are results that nobody reads: XLA
// plans their memory with all other.
#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <stdexcept>

#include "../xla_arrays.hpp"
#include "gradient.hpp"
#include "grid.hpp"
#include "loop.hpp"
#include "modes.hpp"
#include "paint.hpp"

namespace jerald::device {

// One call: the mesh, where the loops run, and the attributes of the operation.
struct Call {
  std::array<int64_t, 3> nodes;
  std::array<double, 3> cell;
  Stream stream;
  Attributes attributes;

  Call(const Attributes& given, Stream where)
      : nodes(triple<int64_t>(given, "nodes")),
        cell(triple<double>(given, "cell")),
        stream(where),
        attributes(given) {
    // The third dimension of a grid of threads, and 32-bit numbers of rows.
    if (nodes[0] > 65535 || nodes[0] * nodes[1] >= int64_t{1} << 31) {
      throw std::invalid_argument("a GPU takes at most 65535 planes of nodes: use a smaller mesh");
    }
  }

  template <class T>
  Grid<T> grid() const {
    return {nodes, cell};
  }
  // work(differences), with those of the order that the call asks for.
  template <class T, class Work>
  void with_differences(Work work) const {
    if (reach_of(attribute<int64_t>(attributes, "order")) == 2) {
      work(Differences<T, 2>(cell));
    } else {
      work(Differences<T, 3>(cell));
    }
  }
  std::array<int64_t, 3> modes() const { return {nodes[0], nodes[1], nodes[2] / 2 + 1}; }
};

// The array of each operand and result, checked.
template <class T>
T* field(const Call& call, const Operand& array, const char* name = "the field") {
  return data<T>(array, call.nodes, name);
}
template <class T>
T* particle_rows(const Operand& array, int64_t count, const char* name) {
  return data<T, 2>(array, {count, 3}, name);
}
template <class T>
T* optional_rows(const Operand& array, int64_t count, const char* name) {
  return is_left_out(array) ? nullptr : particle_rows<T>(array, count, name);
}
template <class T>
Four<T>* workspace(const Call& call, const Operand& array) {
  const std::array<int64_t, 4> shape{call.nodes[0], call.nodes[1], call.nodes[2], 4};
  return reinterpret_cast<Four<T>*>(data<T>(array, shape, "the workspace"));
}
template <class T>
Complex<T>* spectrum(const Call& call, const Operand& array) {
  return reinterpret_cast<Complex<T>*>(data<std::complex<T>>(array, call.modes(), "the spectrum"));
}
inline ModeIndex mode_index(const Call& call, const Operands& operands, int64_t at) {
  const auto axis = [&](int number) {
    return data<int32_t, 1>(operands[at + number], {call.modes()[number]}, "the mode index");
  };
  return {axis(0), axis(1), axis(2)};
}

// positions, weights or none -> field, workspace
template <class T>
void paint_call(const Call& call, const Operands& operands, const Outcomes& results) {
  const int64_t count = length(operands[0]);
  const T* weights =
      is_left_out(operands[1]) ? nullptr : data<T, 1>(operands[1], {count}, "the array of weights");
  Four<T>* shares = workspace<T>(call, *results[1]);
  T* painted = field<T>(call, *results[0]);
  paint(call.stream, call.grid<T>(), count,
        particle_rows<T>(operands[0], count, "the array of positions"), weights, shares, painted);
  if (weights == nullptr) check_painted(call.stream, call.grid<T>(), count, painted, shares);
}

// field, positions -> values
template <class T>
void readout_call(const Call& call, const Operands& operands, const Outcomes& results) {
  const int64_t count = length(operands[1]);
  readout(call.stream, call.grid<T>(), field<T>(call, operands[0]), count,
          particle_rows<T>(operands[1], count, "the array of positions"),
          data<T, 1>(*results[0], {count}, "the array of values"));
}

// field, positions, onto or none -> slopes
template <class T>
void readout_slope_call(const Call& call, const Operands& operands, const Outcomes& results) {
  const int64_t count = length(operands[1]);
  readout_slope(call.stream, call.grid<T>(), field<T>(call, operands[0]), count,
                particle_rows<T>(operands[1], count, "the array of positions"),
                optional_rows<T>(operands[2], count, "the array to add to"),
                particle_rows<T>(*results[0], count, "the array of slopes"));
}

// field -> derivative
template <class T>
void finite_difference_call(const Call& call, const Operands& operands, const Outcomes& results) {
  const auto axis = attribute<int64_t>(call.attributes, "axis");
  const T* of = field<T>(call, operands[0]);
  T* derivative = field<T>(call, *results[0], "the derivative");
  call.with_differences<T>([&](const auto& differences) {
    const Grid<T> grid = call.grid<T>();
    switch (axis) {
      case 0:
        return finite_difference<0>(call.stream, grid, differences, of, derivative);
      case 1:
        return finite_difference<1>(call.stream, grid, differences, of, derivative);
      case 2:
        return finite_difference<2>(call.stream, grid, differences, of, derivative);
      default:
        throw std::invalid_argument("an axis is 0, 1 or 2");
    }
  });
}

// field, positions, onto or none -> gradients, workspace
template <class T>
void readout_gradient_call(const Call& call, const Operands& operands, const Outcomes& results) {
  const int64_t count = length(operands[1]);
  const T* of = field<T>(call, operands[0]);
  Four<T>* vectors = workspace<T>(call, *results[1]);
  call.with_differences<T>([&](const auto& differences) {
    gradient_at_nodes(call.stream, call.grid<T>(), differences, of, vectors);
  });
  readout_vectors(call.stream, call.grid<T>(), vectors, count,
                  particle_rows<T>(operands[1], count, "the array of positions"),
                  optional_rows<T>(operands[2], count, "the array to add to"),
                  particle_rows<T>(*results[0], count, "the array of gradients"));
}

// positions, cotangent -> field's cotangent, workspace
template <class T>
void readout_gradient_field_bar_call(const Call& call, const Operands& operands,
                                     const Outcomes& results) {
  const int64_t count = length(operands[0]);
  T* field_bar = field<T>(call, *results[0], "the cotangent of the field");
  Four<T>* vectors = workspace<T>(call, *results[1]);
  paint_vectors(call.stream, call.grid<T>(), count,
                particle_rows<T>(operands[0], count, "the array of positions"),
                particle_rows<T>(operands[1], count, "the cotangent"), vectors);
  call.with_differences<T>([&](const auto& differences) {
    gradient_at_nodes_adjoint(call.stream, call.grid<T>(), differences, vectors, field_bar);
  });
}

// field, positions, cotangent, onto or none -> positions' cotangent, workspace
template <class T>
void readout_gradient_positions_bar_call(const Call& call, const Operands& operands,
                                         const Outcomes& results) {
  const int64_t count = length(operands[1]);
  const T* of = field<T>(call, operands[0]);
  Four<T>* vectors = workspace<T>(call, *results[1]);
  call.with_differences<T>([&](const auto& differences) {
    gradient_at_nodes(call.stream, call.grid<T>(), differences, of, vectors);
  });
  readout_vectors_positions_bar(
      call.stream, call.grid<T>(), vectors, count,
      particle_rows<T>(operands[1], count, "the array of positions"),
      particle_rows<T>(operands[2], count, "the cotangent"),
      optional_rows<T>(operands[3], count, "the array to add to"),
      particle_rows<T>(*results[0], count, "the cotangent of the positions"));
}

// spectrum, kernel, mode index, onto or none -> spectrum
template <class T>
void multiply_by_kernel_call(const Call& call, const Operands& operands, const Outcomes& results) {
  const int64_t entries = length(operands[1]);
  multiply_by_kernel(call.stream, call.grid<T>(), mode_index(call, operands, 2),
                     data<T, 1>(operands[1], {entries}, "the kernel table"),
                     T(attribute<double>(call.attributes, "factor")),
                     spectrum<T>(call, operands[0]),
                     is_left_out(operands[5]) ? nullptr : spectrum<T>(call, operands[5]),
                     spectrum<T>(call, *results[0]));
}

// two spectra, mode index -> sums
template <class T>
void sum_products_call(const Call& call, const Operands& operands, const Outcomes& results) {
  const int64_t entries = length(*results[0]);
  sum_products(call.stream, call.grid<T>(), mode_index(call, operands, 2),
               spectrum<T>(call, operands[0]), spectrum<T>(call, operands[1]), entries,
               data<double, 1>(*results[0], {entries}, "the array of sums"));
}

// Call the function for the precision of the first operand.
template <auto single_precision, auto double_precision>
ffi::Error run(Stream stream, const Attributes& attributes, Operand first,
               ffi::RemainingArgs others, ffi::RemainingRets results) {
  try {
    const Call call(attributes, stream);
    const Operands operands(first, others);
    switch (first.element_type()) {
      case ffi::F32:
      case ffi::C64:
        single_precision(call, operands, Outcomes(results));
        break;
      case ffi::F64:
      case ffi::C128:
        double_precision(call, operands, Outcomes(results));
        break;
      default:
        throw std::invalid_argument("arrays must be of single or double precision");
    }
  } catch (const std::exception& error) {
    return ffi::Error::Internal(error.what());
  }
  return ffi::Error::Success();
}

template <auto single_precision, auto double_precision>
XLA_FFI_Error* handler(XLA_FFI_CallFrame* frame) {
#ifdef __CUDACC__
  static const auto* function =
      ffi::Ffi::Bind()
          .Ctx<ffi::PlatformStream<cudaStream_t>>()
          .Arg<ffi::AnyBuffer>()
          .RemainingArgs()
          .RemainingRets()
          .Attrs()
          .To([](cudaStream_t stream, Operand first, ffi::RemainingArgs others,
                 ffi::RemainingRets results, Attributes attributes) {
            return run<single_precision, double_precision>(stream, attributes, first, others,
                                                           results);
          })
          .release();
#else
  static const auto* function =
      ffi::Ffi::Bind()
          .Arg<ffi::AnyBuffer>()
          .RemainingArgs()
          .RemainingRets()
          .Attrs()
          .To([](Operand first, ffi::RemainingArgs others, ffi::RemainingRets results,
                 Attributes attributes) {
            return run<single_precision, double_precision>({}, attributes, first, others, results);
          })
          .release();
#endif
  return function->Call(frame);
}

}  // namespace jerald::device

// What the library offers, by name.
#define JERALD_DEVICE_CALL(name)                                                  \
  extern "C" __attribute__((visibility("default"))) XLA_FFI_Error* jerald_##name( \
      XLA_FFI_CallFrame* frame) {                                                 \
    return jerald::device::handler<jerald::device::name##_call<float>,            \
                                   jerald::device::name##_call<double>>(frame);   \
  }

JERALD_DEVICE_CALL(paint)
JERALD_DEVICE_CALL(readout)
JERALD_DEVICE_CALL(readout_slope)
JERALD_DEVICE_CALL(finite_difference)
JERALD_DEVICE_CALL(readout_gradient)
JERALD_DEVICE_CALL(readout_gradient_field_bar)
JERALD_DEVICE_CALL(readout_gradient_positions_bar)
JERALD_DEVICE_CALL(multiply_by_kernel)
JERALD_DEVICE_CALL(sum_products)
