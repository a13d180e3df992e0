// SPDX-License-Identifier: GPL-3.0-or-later
// What all calls from XLA share: the mesh and its ranks, views of arrays, ghosts, errors.
//
// Every call has the attributes `nodes`, `cell` and `communicator`, a number that is 0 for a
// process alone. Over ranks a token comes last among operands and results; it orders the calls and
// holds no data.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "buffer.hpp"
#include "communicator.hpp"
#include "halo.hpp"
#include "mesh.hpp"
#include "planes.hpp"
#include "xla_arrays.hpp"

namespace jerald {

// One call: the mesh, the ranks that share it, and the attributes of the operation.
struct Call {
  Mesh mesh;
  Communicator ranks;
  int64_t start;      // number of this rank's first plane
  Shape field_shape;  // of this rank's planes
  Attributes attributes;

  explicit Call(const Attributes& given)
      : mesh{triple<int64_t>(given, "nodes"), triple<double>(given, "cell")},
        ranks(communicators().at(attribute<int64_t>(given, "communicator"))),
        attributes(given) {
    const Distribution slabs{mesh.nx(), ranks.size};
    start = slabs.start(ranks.rank);
    field_shape = mesh.slab(slabs.count(ranks.rank));
  }

  int64_t order() const { return attribute<int64_t>(attributes, "order"); }
};

// Call the function for the precision of the first array: function(call, arrays...). An error ends
// all ranks.
template <auto single_precision, auto double_precision, class... Arrays>
ffi::Error run(const Attributes& attributes, Operand first, Arrays... others) {
  std::optional<Call> call;
  const auto end_other_ranks = [&](const char* message) {
    if (call.has_value() && !call->ranks.alone()) call->ranks.abort(message);
  };
  try {
    call.emplace(attributes);
    switch (first.element_type()) {
      case ffi::F32:
      case ffi::C64:
        single_precision(*call, first, others...);
        break;
      case ffi::F64:
      case ffi::C128:
        double_precision(*call, first, others...);
        break;
      default:
        throw std::invalid_argument("arrays must be of single or double precision");
    }
  } catch (const std::bad_alloc& error) {
    end_other_ranks("out of memory: use more ranks or a smaller mesh");
    return ffi::Error::Internal(error.what());  // in one process Python writes the line
  } catch (const std::exception& error) {
    end_other_ranks(error.what());
    return ffi::Error::Internal(error.what());
  }
  return ffi::Error::Success();
}

// A function bound to operands and results, in the order of its parameters, and to the attributes.
template <class Function, class Binding>
auto* bound_to_arrays(Function function, Binding binding) {
  // What remains of operands and results is the token.
  return std::move(binding).RemainingArgs().RemainingRets().Attrs().To(function).release();
}
template <class First, class... Others, class Function, class Binding>
auto* bound_to_arrays(Function function, Binding binding) {
  if constexpr (std::is_same_v<First, Operand>) {
    return bound_to_arrays<Others...>(function, std::move(binding).template Arg<ffi::AnyBuffer>());
  } else {
    return bound_to_arrays<Others...>(function, std::move(binding).template Ret<ffi::AnyBuffer>());
  }
}

template <auto single_precision, auto double_precision, class... Arrays>
auto* bound(void (*)(const Call&, Arrays...)) {
  return bound_to_arrays<Arrays...>(
      [](Arrays... arrays, ffi::RemainingArgs, ffi::RemainingRets, Attributes attributes) {
        return run<single_precision, double_precision>(attributes, arrays...);
      },
      ffi::Ffi::Bind());
}

// An operation as XLA calls it, from the same function in both precisions:
// function(call, operands..., results...).
template <auto single_precision, auto double_precision>
XLA_FFI_Error* handler(XLA_FFI_CallFrame* frame) {
  static const auto* function = bound<single_precision, double_precision>(single_precision);
  return function->Call(frame);
}

template <auto function>
void with_many(const Call& call, Operand first, ffi::RemainingArgs others,
               ffi::RemainingRets results) {
  function(call, Operands(first, others), Outcomes(results));
}

// An operation as XLA calls it, from the same function in both precisions, of which the first
// operand decides: function(call, operands, results).
template <auto single_precision, auto double_precision>
XLA_FFI_Error* handler_of_many(XLA_FFI_CallFrame* frame) {
  static const auto* function =
      ffi::Ffi::Bind()
          .Arg<ffi::AnyBuffer>()
          .RemainingArgs()
          .RemainingRets()
          .Attrs()
          .To([](Operand first, ffi::RemainingArgs others, ffi::RemainingRets results,
                 Attributes attributes) {
            return run<with_many<single_precision>, with_many<double_precision>>(attributes, first,
                                                                                 others, results);
          })
          .release();
  return function->Call(frame);
}

// Views of operands, to read, and of results, to write.
template <class T>
Slab<const T> slab(const Operand& array, const Shape& shape, const char* name) {
  return {data<T>(array, shape, name), shape};
}
template <class T>
Slab<T> slab(Outcome array, const Shape& shape, const char* name) {
  return {data<T>(*array, shape, name), shape};
}
template <class T>
Rows<const T, 3> rows(const Operand& array, int64_t count, const char* name) {
  return {data<T, 2>(array, {count, 3}, name), count};
}
template <class T>
Rows<T, 3> rows(Outcome array, int64_t count, const char* name) {
  return {data<T, 2>(*array, {count, 3}, name), count};
}
template <class T>
Values<const T> values(const Operand& array, int64_t count, const char* name) {
  return {data<T, 1>(array, {count}, name), count};
}
template <class T>
Values<T> values(Outcome array, int64_t count, const char* name) {
  return {data<T, 1>(*array, {count}, name), count};
}

template <class T>
Rows<const T, 3> positions_in(const Operand& array) {
  return rows<T>(array, length(array), "the array of positions");
}

template <class T>
std::optional<Rows<const T, 3>> optional_rows(const Operand& array, int64_t count,
                                              const char* name) {
  if (is_left_out(array)) return std::nullopt;
  return rows<T>(array, count, name);
}

// The planes that particles touch; a process alone has all and needs no search.
template <class T>
std::vector<char> planes_of(const Call& call, const Rows<const T, 3>& positions) {
  if (call.ranks.alone()) return std::vector<char>(call.mesh.nx(), 1);
  return touched_planes(call.mesh, positions);
}

// Read a field with the ghosts of the wanted planes: work(planes).
template <class T, class Work>
void with_ghosts(const Call& call, const std::vector<char>& wanted, const Operand& field,
                 Work work) {
  const auto own = slab<T>(field, call.field_shape, "the field");
  const Halo halo(call.ranks, call.mesh, wanted);
  const Buffer<T> storage(halo.ghosts_size());
  const Slab<T> ghosts(storage.data(), halo.ghosts_shape());
  halo.fill(own, ghosts);
  work(halo.planes<const T>(own, ghosts));
}

// Write a field with the ghosts of the wanted planes, work(planes), and add the ghosts to their
// owners' planes.
template <class T, class Work>
void onto_ghosts(const Call& call, const std::vector<char>& wanted, Outcome field, Work work) {
  const auto own = slab<T>(field, call.field_shape, "the field");
  const Halo halo(call.ranks, call.mesh, wanted);
  const Buffer<T> storage(halo.ghosts_size());
  const Slab<T> ghosts(storage.data(), halo.ghosts_shape());
  work(halo.planes<T>(own, ghosts));
  halo.reduce<T>(own, ghosts);
}

}  // namespace jerald
