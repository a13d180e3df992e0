// SPDX-License-Identifier: GPL-3.0-or-later
// What all calls from XLA share: the mesh and its ranks, arrays by type, ghosts, errors.
//
// Every call carries the mesh (attributes `nodes`, `cell`) and the number of a communicator, 0 for
// one process. Over ranks a token comes last among operands and results; it orders the calls and
// holds no data.
#pragma once

#include <complex>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "buffer.hpp"
#include "communicator.hpp"
#include "halo.hpp"
#include "mesh.hpp"
#include "planes.hpp"
#include "stencil.hpp"
#include "xla/ffi/api/ffi.h"

namespace jerald {

namespace ffi = xla::ffi;

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

inline void expect_size(const Operand& array, int64_t size, const char* name) {
  if (static_cast<int64_t>(array.element_count()) != size) {
    throw std::invalid_argument(std::string(name) + " has " +
                                std::to_string(array.element_count()) + " entries instead of " +
                                std::to_string(size));
  }
}

inline int64_t particle_count(const Operand& positions) {
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
  } catch (const std::bad_alloc& error) {
    if (!setting.ranks.alone()) {
      setting.ranks.abort("out of memory: use more ranks or a smaller mesh");
    }
    return ffi::Error::Internal(error.what());
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

inline int reach_of(int64_t order) { return Stencil<double>(order, 1.0).reach; }

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

}  // namespace jerald
