// SPDX-License-Identifier: GPL-3.0-or-later
// Operands, results and attributes of a call from XLA, by type and shape.
#pragma once

#include <algorithm>
#include <array>
#include <complex>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "xla/ffi/api/ffi.h"

namespace jerald {

namespace ffi = xla::ffi;

using Operand = ffi::AnyBuffer;
using Outcome = ffi::Result<ffi::AnyBuffer>;
using Attributes = ffi::Dictionary;

template <class T>
T attribute(const Attributes& attributes, const char* name) {
  const auto found = attributes.get<T>(name);
  if (found.has_error()) throw std::invalid_argument(found.error().message());
  return found.value();
}

// Three numbers, one for each axis.
template <class T>
std::array<T, 3> triple(const Attributes& attributes, const char* name) {
  const auto found = attribute<ffi::Span<const T>>(attributes, name);
  if (found.size() != 3) throw std::invalid_argument(std::string(name) + " must be three numbers");
  return {found[0], found[1], found[2]};
}

// The operands of a call of which there may be any number, by number; a token comes last.
class Operands {
 public:
  Operands(const Operand& first, const ffi::RemainingArgs& others)
      : first_(first), others_(others) {}
  Operand operator[](int64_t number) const {
    if (number == 0) return first_;
    const auto found = others_.get<ffi::AnyBuffer>(number - 1);
    if (found.has_error()) throw std::invalid_argument(found.error().message());
    return found.value();
  }

 private:
  Operand first_;
  ffi::RemainingArgs others_;
};

// The results likewise.
class Outcomes {
 public:
  explicit Outcomes(const ffi::RemainingRets& all) : all_(all) {}
  Outcome operator[](int64_t number) const {
    const auto found = all_.get<ffi::AnyBuffer>(number);
    if (found.has_error()) throw std::invalid_argument(found.error().message());
    return found.value();
  }

 private:
  ffi::RemainingRets all_;
};

template <class T>
constexpr ffi::DataType element_type = ffi::DataType::INVALID;
template <>
inline constexpr ffi::DataType element_type<int32_t> = ffi::S32;
template <>
inline constexpr ffi::DataType element_type<float> = ffi::F32;
template <>
inline constexpr ffi::DataType element_type<double> = ffi::F64;
template <>
inline constexpr ffi::DataType element_type<std::complex<float>> = ffi::C64;
template <>
inline constexpr ffi::DataType element_type<std::complex<double>> = ffi::C128;

// (4, 8, 8)
template <class Lengths>
std::string shape_text(const Lengths& lengths) {
  std::string text;
  for (const int64_t length : lengths) text += (text.empty() ? "" : ", ") + std::to_string(length);
  return "(" + text + ")";
}

// An array's data, if its type is T and its shape the expected one.
template <class T, std::size_t axes>
T* data(const Operand& array, const std::array<int64_t, axes>& shape, const char* name) {
  if (array.element_type() != element_type<T>) {
    throw std::invalid_argument(std::string(name) + " has the wrong type");
  }
  const auto found = array.dimensions();
  if (!std::equal(found.begin(), found.end(), shape.begin(), shape.end())) {
    throw std::invalid_argument(std::string(name) + " has the shape " + shape_text(found) +
                                " instead of " + shape_text(shape));
  }
  return static_cast<T*>(array.untyped_data());
}

// The length of an array's first axis.
inline int64_t length(const Operand& array) {
  return array.dimensions().size() == 0 ? 0 : array.dimensions()[0];
}

// An operand without entries stands for one that is left out.
inline bool is_left_out(const Operand& array) { return array.element_count() == 0; }

}  // namespace jerald
