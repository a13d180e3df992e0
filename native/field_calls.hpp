// SPDX-License-Identifier: GPL-3.0-or-later
// XLA's calls to the operations on fields and spectra.
#pragma once

#include <algorithm>

#include "convolve.hpp"
#include "fourier.hpp"
#include "region_sums.hpp"
#include "stencil.hpp"
#include "xla_call.hpp"

namespace jerald {

inline ffi::Error region_sums_call(Operand field, ffi::RemainingArgs, Outcome sums,
                                   ffi::RemainingRets, Numbers nodes, Lengths cell, int64_t number,
                                   int64_t upper_start, Numbers corner) {
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

inline ffi::Error finite_difference_call(Operand field, ffi::RemainingArgs, Outcome derivative,
                                         ffi::RemainingRets, Numbers nodes, Lengths cell,
                                         int64_t number, int64_t axis, int64_t order) {
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

inline ffi::Error r2c_call(Operand field, ffi::RemainingArgs, Outcome spectrum, ffi::RemainingRets,
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
    plans.forward(data<T>(field), data<Complex>(spectrum));
    for (int64_t at = 0; at < 2 * plans.spectrum_size(); ++at) result[at] *= scale;
  });
}

inline ffi::Error c2r_call(Operand spectrum, ffi::RemainingArgs, Outcome field, ffi::RemainingRets,
                           Numbers nodes, Lengths cell, int64_t number) {
  const Setting setting(nodes, cell, number);
  return run(setting, spectrum, [&](auto zero) {
    using T = decltype(zero);
    using Complex = std::complex<T>;
    const auto& plans = transform<T>(setting.mesh, setting.ranks);
    expect_size(spectrum, plans.spectrum_size(), "the spectrum");
    expect_size(*field, plans.field_size(), "the field");
    const Buffer<Complex> workspace(plans.spectrum_size());
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

inline ffi::Error convolve_call(Operand field, Operand kernel, Operand first, Operand second,
                                Operand third, ffi::RemainingArgs, Outcome result,
                                ffi::RemainingRets, Numbers nodes, Lengths cell, int64_t number) {
  const Setting setting(nodes, cell, number);
  return run(setting, field, [&](auto zero) {
    using T = decltype(zero);
    const auto& plans = transform<T>(setting.mesh, setting.ranks);
    expect_size(field, plans.field_size(), "the field");
    convolve(setting.mesh, plans, mode_index(plans, first, second, third), data<T>(field),
             data<T>(kernel), data<T>(result));
  });
}

inline ffi::Error convolve_adjoint_call(Operand field, Operand kernel, Operand cotangent,
                                        Operand first, Operand second, Operand third,
                                        ffi::RemainingArgs, Outcome field_bar, Outcome kernel_bar,
                                        ffi::RemainingRets, Numbers nodes, Lengths cell,
                                        int64_t number) {
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

inline ffi::Error convolve_kernel_bar_call(Operand field, Operand cotangent, Operand first,
                                           Operand second, Operand third, ffi::RemainingArgs,
                                           Outcome kernel_bar, ffi::RemainingRets, Numbers nodes,
                                           Lengths cell, int64_t number) {
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

}  // namespace jerald
