// SPDX-License-Identifier: GPL-3.0-or-later
// XLA's calls to the operations on fields and spectra.
#include <algorithm>
#include <vector>

#include "calls.hpp"
#include "convolve.hpp"
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

}  // namespace

Handlers field_handlers() {
  return {
      {"region_sums", handler<region_sums_call<float>, region_sums_call<double>>},
      {"finite_difference", handler<finite_difference_call<float>, finite_difference_call<double>>},
      {"r2c", handler<r2c_call<float>, r2c_call<double>>},
      {"c2r", handler<c2r_call<float>, c2r_call<double>>},
      {"convolve", handler<convolve_call<float>, convolve_call<double>>},
      {"convolve_adjoint", handler<convolve_adjoint_call<float>, convolve_adjoint_call<double>>},
      {"convolve_kernel_bar",
       handler<convolve_kernel_bar_call<float>, convolve_kernel_bar_call<double>>}};
}

}  // namespace jerald
