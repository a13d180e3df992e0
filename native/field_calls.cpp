// SPDX-License-Identifier: GPL-3.0-or-later
// XLA's calls to the operations on fields and spectra.
#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "calls.hpp"
#include "convolve.hpp"
#include "filtered_powers.hpp"
#include "planner.hpp"
#include "region_sums.hpp"
#include "stencil.hpp"
#include "xla_call.hpp"

namespace jerald {
namespace {

template <class T>
void region_sums_call(const Call& call, Operand field, Outcome sums) {
  const Regions regions{attribute<int64_t>(call.attributes, "upper_start"),
                        triple<int64_t>(call.attributes, "corner")};
  const auto result = values<double>(sums, 3, "the array of sums");
  const RegionSums found =
      region_sums(call.mesh, regions, call.start, slab<T>(field, call.field_shape, "the field"));
  result[0] = found.upper;
  result[1] = found.rest;
  result[2] = found.corner;
}

template <class T>
void finite_difference_call(const Call& call, Operand field, Outcome derivative) {
  const auto axis = attribute<int64_t>(call.attributes, "axis");
  const auto order = call.order();
  const auto result = slab<T>(derivative, call.field_shape, "the derivative");
  std::vector<char> wanted(call.mesh.nx(), 0);
  std::fill_n(wanted.begin() + call.start, result.planes(), 1);
  if (axis == 0) wanted = widened(wanted, reach_of(order));
  with_ghosts<T>(call, wanted, field, [&](const Planes<const T>& planes) {
    finite_difference(call.mesh, planes, call.start, static_cast<int>(axis), order, result);
  });
}

template <class T>
void r2c_call(const Call& call, Operand field, Outcome spectrum) {
  using Complex = std::complex<T>;
  const auto& plans = planner().transform<T>(call.mesh, call.ranks);
  const auto modes = slab<Complex>(spectrum, plans.spectrum_shape(), "the spectrum");
  plans.forward(slab<T>(field, plans.field_shape(), "the field"), modes);
  const T scale = T(1) / static_cast<T>(call.mesh.size());
  T* numbers = reinterpret_cast<T*>(modes.data());
  for (int64_t at = 0; at < 2 * modes.size(); ++at) numbers[at] *= scale;
}

template <class T>
void c2r_call(const Call& call, Operand spectrum, Outcome field) {
  using Complex = std::complex<T>;
  const auto& plans = planner().transform<T>(call.mesh, call.ranks);
  const auto modes = slab<Complex>(spectrum, plans.spectrum_shape(), "the spectrum");
  const Buffer<Complex> workspace(modes.size());
  std::copy_n(modes.data(), modes.size(), workspace.data());
  plans.backward({workspace.data(), modes.shape()},
                 slab<T>(field, plans.field_shape(), "the field"));
}

template <class T>
ModeIndex mode_index(const Transform<T>& plans, const Operand& first, const Operand& second,
                     const Operand& third) {
  return {values<int32_t>(first, plans.first(), "the mode index of the first axis"),
          values<int32_t>(second, plans.second(), "the mode index of the second axis"),
          values<int32_t>(third, plans.half(), "the mode index of the third axis")};
}

template <class T>
void convolve_call(const Call& call, Operand field, Operand kernel, Operand first, Operand second,
                   Operand third, Outcome result) {
  const auto& plans = planner().transform<T>(call.mesh, call.ranks);
  const Shape shape = plans.field_shape();
  convolve(call.mesh, plans, mode_index(plans, first, second, third),
           slab<T>(field, shape, "the field"),
           values<T>(kernel, length(kernel), "the kernel table"),
           slab<T>(result, shape, "the convolved field"));
}

template <class T>
void convolve_adjoint_call(const Call& call, Operand field, Operand kernel, Operand cotangent,
                           Operand first, Operand second, Operand third, Outcome field_bar,
                           Outcome kernel_bar) {
  const auto& plans = planner().transform<T>(call.mesh, call.ranks);
  const Shape shape = plans.field_shape();
  const auto table = values<T>(kernel, length(kernel), "the kernel table");
  convolve_adjoint(call.mesh, plans, mode_index(plans, first, second, third),
                   slab<T>(field, shape, "the field"), table,
                   slab<T>(cotangent, shape, "the cotangent"),
                   slab<T>(field_bar, shape, "the cotangent of the field"),
                   values<T>(kernel_bar, table.size(), "the cotangent of the kernel table"));
}

template <class T>
void convolve_kernel_bar_call(const Call& call, Operand field, Operand cotangent, Operand first,
                              Operand second, Operand third, Outcome kernel_bar) {
  const auto& plans = planner().transform<T>(call.mesh, call.ranks);
  const Shape shape = plans.field_shape();
  convolve_kernel_bar(
      call.mesh, plans, mode_index(plans, first, second, third), slab<T>(field, shape, "the field"),
      slab<T>(cotangent, shape, "the cotangent"),
      values<T>(kernel_bar, length(*kernel_bar), "the cotangent of the kernel table"));
}

// The offsets of all terms, whose number is that of the terms.
ffi::Span<const double> offsets(const Call& call) {
  return attribute<ffi::Span<const double>>(call.attributes, "offsets");
}

// A term whose field, exponent and kernel follow one another among the operands.
template <class T>
PowerTerm<T> power_term(const Shape& shape, double offset, const Operands& operands, int64_t at,
                        const Slab<std::complex<T>>& spectrum) {
  const Operand kernel = operands[at + 2];
  const double exponent = values<double>(operands[at + 1], 1, "the exponent")[0];
  return {
      {slab<T>(operands[at], shape, "the field"), static_cast<T>(offset), static_cast<T>(exponent)},
      values<T>(kernel, length(kernel), "the kernel table"),
      spectrum};
}

// Operands: field, exponent and kernel of each term, then the mode index. Results: the sum, and the
// spectrum of each term if they are to be kept.
template <class T>
void filtered_powers_call(const Call& call, const Operands& operands, const Outcomes& results) {
  using Complex = std::complex<T>;
  const auto& plans = planner().transform<T>(call.mesh, call.ranks);
  const Shape shape = plans.field_shape(), modes = plans.spectrum_shape();
  const auto added = offsets(call);
  const int64_t number = added.size();
  const bool keep = attribute<int64_t>(call.attributes, "keep_spectra") != 0;
  std::vector<std::unique_ptr<Buffer<Complex>>> scratch;
  std::vector<PowerTerm<T>> terms;
  for (int64_t term = 0; term < number; ++term) {
    if (!keep) scratch.push_back(std::make_unique<Buffer<Complex>>(plans.spectrum_size()));
    const auto spectrum = keep ? slab<Complex>(results[1 + term], modes, "a spectrum")
                               : Slab<Complex>(scratch.back()->data(), modes);
    terms.push_back(power_term<T>(shape, added[term], operands, 3 * term, spectrum));
  }
  filtered_powers(
      call.mesh, plans,
      mode_index(plans, operands[3 * number], operands[3 * number + 1], operands[3 * number + 2]),
      terms, keep, slab<T>(results[0], shape, "the sum of the filtered powers"));
}

// Operands: the sum's cotangent; field, exponent, kernel and spectrum of each term; the mode index.
// Results: cotangents of field, exponent and kernel of each term, the first without entries where
// it is not wanted.
template <class T>
void filtered_powers_adjoint_call(const Call& call, const Operands& operands,
                                  const Outcomes& results) {
  using Complex = std::complex<T>;
  const auto& plans = planner().transform<T>(call.mesh, call.ranks);
  const Shape shape = plans.field_shape(), modes = plans.spectrum_shape();
  const auto added = offsets(call);
  const int64_t number = added.size();
  std::vector<PowerTerm<T>> terms;
  std::vector<PowerTermBar<T>> bars;
  for (int64_t term = 0; term < number; ++term) {
    const int64_t at = 1 + 4 * term;
    const Slab<Complex> spectrum(data<Complex>(operands[at + 3], modes, "a spectrum"), modes);
    terms.push_back(power_term<T>(shape, added[term], operands, at, spectrum));
    Outcome field_bar = results[3 * term];
    std::optional<Slab<T>> wanted;
    if (!is_left_out(*field_bar)) wanted = slab<T>(field_bar, shape, "the cotangent of a field");
    bars.push_back({wanted, 0.0,
                    values<T>(results[3 * term + 2], terms[term].kernel.size(),
                              "the cotangent of a kernel table")});
  }
  const int64_t at = 1 + 4 * number;
  filtered_powers_adjoint(call.mesh, plans,
                          mode_index(plans, operands[at], operands[at + 1], operands[at + 2]),
                          terms, slab<T>(operands[0], shape, "the cotangent"), bars);
  for (int64_t term = 0; term < number; ++term) {
    values<double>(results[3 * term + 1], 1, "the cotangent of an exponent")[0] =
        bars[term].exponent;
  }
}

// factor * field^exponent; both are in one array.
template <class T>
void power_call(const Call& call, Operand field, Operand numbers, Outcome result) {
  const auto both = values<double>(numbers, 2, "factor and exponent");
  const Power<T> power{slab<T>(field, call.field_shape, "the field"), T(0),
                       static_cast<T>(both[1])};
  scaled_power(power, static_cast<T>(both[0]),
               slab<T>(result, call.field_shape, "the power").data());
}

template <class T>
void power_adjoint_call(const Call& call, Operand field, Operand numbers, Operand bar,
                        Outcome field_bar, Outcome numbers_bar) {
  const auto both = values<double>(numbers, 2, "factor and exponent");
  const auto result = values<double>(numbers_bar, 2, "the cotangents of factor and exponent");
  const Power<T> power{slab<T>(field, call.field_shape, "the field"), T(0),
                       static_cast<T>(both[1])};
  T* of_field = nullptr;
  if (!is_left_out(*field_bar)) {
    of_field = slab<T>(field_bar, call.field_shape, "the field's cotangent").data();
  }
  const PowerBars bars =
      power_adjoint(power, static_cast<T>(both[0]),
                    slab<T>(bar, call.field_shape, "the cotangent").data(), of_field);
  result[0] = bars.factor;
  result[1] = bars.exponent;
}

}  // namespace

Handlers field_handlers() {
  return {
      {"region_sums", handler<region_sums_call<float>, region_sums_call<double>>},
      {"finite_difference", handler<finite_difference_call<float>, finite_difference_call<double>>},
      {"r2c", handler<r2c_call<float>, r2c_call<double>>},
      {"c2r", handler<c2r_call<float>, c2r_call<double>>},
      {"power", handler<power_call<float>, power_call<double>>},
      {"power_adjoint", handler<power_adjoint_call<float>, power_adjoint_call<double>>},
      {"filtered_powers",
       handler_of_many<filtered_powers_call<float>, filtered_powers_call<double>>},
      {"filtered_powers_adjoint",
       handler_of_many<filtered_powers_adjoint_call<float>, filtered_powers_adjoint_call<double>>},
      {"convolve", handler<convolve_call<float>, convolve_call<double>>},
      {"convolve_adjoint", handler<convolve_adjoint_call<float>, convolve_adjoint_call<double>>},
      {"convolve_kernel_bar",
       handler<convolve_kernel_bar_call<float>, convolve_kernel_bar_call<double>>}};
}

}  // namespace jerald
