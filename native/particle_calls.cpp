// SPDX-License-Identifier: GPL-3.0-or-later
// XLA's calls to the operations between particles and mesh.
#include "calls.hpp"
#include "checks.hpp"
#include "paint.hpp"
#include "readout.hpp"
#include "readout_gradient.hpp"
#include "xla_call.hpp"

namespace jerald {
namespace {

// Without weights, each particle has weight 1.
template <class T>
void paint_call(const Call& call, Operand positions, Operand weights, Outcome field) {
  const auto where = positions_in<T>(positions);
  const auto paint_planes = [&](const Planes<T>& planes) {
    if (is_left_out(weights)) {
      paint(call.mesh, where, [](int64_t) { return T(1); }, planes);
      check_mass(call.mesh, planes, where.count());
      return;
    }
    const auto weight = values<T>(weights, where.count(), "the array of weights");
    paint(call.mesh, where, [=](int64_t p) { return weight[p]; }, planes);
    const int64_t real = particles_among(weight);
    if (real >= 0) check_mass(call.mesh, planes, real);
  };
  onto_ghosts<T>(call, planes_of(call, where), field, paint_planes);
}

template <class T>
void readout_call(const Call& call, Operand field, Operand positions, Outcome values_out) {
  const auto where = positions_in<T>(positions);
  const auto result = values<T>(values_out, where.count(), "the array of values");
  with_ghosts<T>(call, planes_of(call, where), field, [&](const Planes<const T>& planes) {
    readout(call.mesh, planes, where, [=](int64_t p, T value) { result[p] = value; });
  });
}

template <class T>
void readout_slope_call(const Call& call, Operand field, Operand positions, Operand onto,
                        Outcome slopes) {
  const auto where = positions_in<T>(positions);
  const auto base = optional_rows<T>(onto, where.count(), "the array to add to");
  const auto result = rows<T>(slopes, where.count(), "the array of slopes");
  with_ghosts<T>(call, planes_of(call, where), field, [&](const Planes<const T>& planes) {
    readout_slope(call.mesh, planes, where, base, result);
  });
}

template <class T>
void readout_gradient_call(const Call& call, Operand field, Operand positions, Operand onto,
                           Outcome gradients) {
  const auto order = call.order();
  const auto where = positions_in<T>(positions);
  const auto base = optional_rows<T>(onto, where.count(), "the array to add to");
  const auto result = rows<T>(gradients, where.count(), "the array of gradients");
  const auto touched = planes_of(call, where);
  with_ghosts<T>(call, widened(touched, reach_of(order)), field,
                 [&](const Planes<const T>& planes) {
                   readout_gradient(call.mesh, planes, order, marked(touched), where, base, result);
                 });
}

template <class T>
void readout_gradient_field_bar_call(const Call& call, Operand positions, Operand cotangent,
                                     Outcome field_bar) {
  const auto order = call.order();
  const auto where = positions_in<T>(positions);
  const auto bar = rows<T>(cotangent, where.count(), "the cotangent");
  const auto touched = planes_of(call, where);
  onto_ghosts<T>(call, widened(touched, reach_of(order)), field_bar, [&](const Planes<T>& planes) {
    readout_gradient_field_bar(call.mesh, order, marked(touched), where, bar, planes);
  });
}

template <class T>
void readout_gradient_positions_bar_call(const Call& call, Operand field, Operand positions,
                                         Operand cotangent, Operand onto, Outcome positions_bar) {
  const auto order = call.order();
  const auto where = positions_in<T>(positions);
  const auto bar = rows<T>(cotangent, where.count(), "the cotangent");
  const auto base = optional_rows<T>(onto, where.count(), "the array to add to");
  const auto result = rows<T>(positions_bar, where.count(), "the cotangent of the positions");
  const auto touched = planes_of(call, where);
  with_ghosts<T>(call, widened(touched, reach_of(order)), field,
                 [&](const Planes<const T>& planes) {
                   readout_gradient_positions_bar(call.mesh, planes, order, marked(touched), where,
                                                  bar, base, result);
                 });
}

// Both cotangents of readout_gradient with `onto` the positions. That of the positions may take the
// place of the result's cotangent.
template <class T>
void move_adjoint_call(const Call& call, Operand field, Operand positions, Operand cotangent,
                       Outcome field_bar, Outcome positions_bar) {
  readout_gradient_field_bar_call<T>(call, positions, cotangent, field_bar);
  readout_gradient_positions_bar_call<T>(call, field, positions, cotangent, cotangent,
                                         positions_bar);
}

}  // namespace

Handlers particle_handlers() {
  return {
      {"paint", handler<paint_call<float>, paint_call<double>>},
      {"readout", handler<readout_call<float>, readout_call<double>>},
      {"readout_slope", handler<readout_slope_call<float>, readout_slope_call<double>>},
      {"readout_gradient", handler<readout_gradient_call<float>, readout_gradient_call<double>>},
      {"move_adjoint", handler<move_adjoint_call<float>, move_adjoint_call<double>>},
      {"readout_gradient_field_bar",
       handler<readout_gradient_field_bar_call<float>, readout_gradient_field_bar_call<double>>},
      {"readout_gradient_positions_bar", handler<readout_gradient_positions_bar_call<float>,
                                                 readout_gradient_positions_bar_call<double>>}};
}

}  // namespace jerald
