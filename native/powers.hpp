// SPDX-License-Identifier: GPL-3.0-or-later
// Logarithms and powers that the compiler computes in vectors, in any precision.
//
// Both are series of what is left after a power of two: their errors are some units in the last
// place. Infinities, zeros and NaN give what the standard library's functions give; numbers too
// small to be normal count as zero.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>

namespace jerald {

template <class T>
struct Binary;

template <>
struct Binary<float> {
  using Integer = uint32_t;
  static constexpr int fraction_bits = 23;
  static constexpr Integer bias = 127;
  static constexpr float least_exponent = -87.0f, most_exponent = 88.0f;
  static constexpr int log_terms = 5, exp_terms = 7;
};

template <>
struct Binary<double> {
  using Integer = uint64_t;
  static constexpr int fraction_bits = 52;
  static constexpr Integer bias = 1023;
  static constexpr double least_exponent = -708.0, most_exponent = 709.0;
  static constexpr int log_terms = 11, exp_terms = 13;
};

template <class To, class From>
inline To same_bits(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof(To));
  return to;
}

// A number so large that its last bit counts ones: adding it rounds to an integer, which is then
// the difference of the bits.
template <class T>
constexpr T rounder = T(1.5) * T(typename Binary<T>::Integer(1) << Binary<T>::fraction_bits);

// The parts of ln 2: few enough bits in the first that its products with exponents are exact.
template <class T>
constexpr T ln2_first = T(0x1.62e4p-1);
template <class T>
constexpr T ln2_rest = T(0x1.7f7d1cf79abcap-20);

// ln x = e ln 2 + 2 (s + s^3/3 + s^5/5 + ...), s = (m - 1)/(m + 1), x = 2^e m, m nearest to 1.
template <class T>
inline T logarithm(T x) {
  using B = Binary<T>;
  using Integer = typename B::Integer;
  const Integer bits = same_bits<Integer>(x);
  const Integer one = same_bits<Integer>(T(1));
  const Integer root_of_half = same_bits<Integer>(T(0.70710678118654752440));
  const Integer exponent = ((bits + (one - root_of_half)) >> B::fraction_bits) - B::bias;
  const T m = same_bits<T>(bits - (exponent << B::fraction_bits));
  const T e = same_bits<T>(same_bits<Integer>(rounder<T>) + exponent) - rounder<T>;
  const T s = (m - 1) / (m + 1), square = s * s;
  T sum = 0;
  for (int term = B::log_terms; term > 0; --term) sum = sum * square + T(1) / T(2 * term + 1);
  const T result = e * ln2_first<T> + (2 * s + (2 * s * square * sum + e * ln2_rest<T>));
  const T of_small =
      x >= 0 ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::quiet_NaN();
  const T of_positive = x <= std::numeric_limits<T>::max() ? result : x;
  return x >= std::numeric_limits<T>::min() ? of_positive : x < 0 || x >= 0 ? of_small : x;
}

// exp x = 2^n (1 + r + r^2/2 + ...), x = n ln 2 + r.
template <class T>
inline T exponential(T x) {
  using B = Binary<T>;
  using Integer = typename B::Integer;
  const T bounded = x < B::least_exponent  ? B::least_exponent
                    : x > B::most_exponent ? B::most_exponent
                                           : x;
  const T rounded = bounded * T(1.44269504088896340736) + rounder<T>;
  const T n = rounded - rounder<T>;
  const T r = (bounded - n * ln2_first<T>)-n * ln2_rest<T>;
  T sum = 1;
  for (int term = B::exp_terms; term > 0; --term) sum = sum * (r * (T(1) / T(term))) + 1;
  const Integer power = same_bits<Integer>(rounded) - same_bits<Integer>(rounder<T>) + B::bias;
  const T result = sum * same_bits<T>(power << B::fraction_bits);
  const T of_large = x > B::most_exponent ? std::numeric_limits<T>::infinity() : result;
  return x < B::least_exponent ? T(0) : of_large;
}

}  // namespace jerald
