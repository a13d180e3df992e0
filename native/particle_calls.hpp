// SPDX-License-Identifier: GPL-3.0-or-later
// XLA's calls to the operations between particles and mesh.
#pragma once

#include "checks.hpp"
#include "paint.hpp"
#include "readout.hpp"
#include "readout_gradient.hpp"
#include "xla_call.hpp"

namespace jerald {

// Weights that are left out stand for one each.
inline ffi::Error paint_call(Operand positions, Operand weights, ffi::RemainingArgs, Outcome field,
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
      const int64_t real = weight == nullptr ? particles : particles_among(weight, particles);
      if (real >= 0) check_mass(setting.mesh, planes, real);
    });
  });
}

inline ffi::Error readout_call(Operand field, Operand positions, ffi::RemainingArgs, Outcome values,
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

inline ffi::Error readout_slope_call(Operand field, Operand positions, ffi::RemainingArgs,
                                     Outcome slopes, ffi::RemainingRets, Numbers nodes,
                                     Lengths cell, int64_t number) {
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

inline ffi::Error readout_gradient_call(Operand field, Operand positions, Operand onto,
                                        ffi::RemainingArgs, Outcome gradients, ffi::RemainingRets,
                                        Numbers nodes, Lengths cell, int64_t number,
                                        int64_t order) {
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

inline ffi::Error readout_gradient_field_bar_call(Operand positions, Operand cotangent,
                                                  ffi::RemainingArgs, Outcome field_bar,
                                                  ffi::RemainingRets, Numbers nodes, Lengths cell,
                                                  int64_t number, int64_t order) {
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

inline ffi::Error readout_gradient_positions_bar_call(Operand field, Operand positions,
                                                      Operand cotangent, Operand onto,
                                                      ffi::RemainingArgs, Outcome positions_bar,
                                                      ffi::RemainingRets, Numbers nodes,
                                                      Lengths cell, int64_t number, int64_t order) {
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

}  // namespace jerald
