// SPDX-License-Identifier: GPL-3.0-or-later
// Short vectors of numbers that the compiler keeps in vector registers.
#pragma once

#include <array>
#include <cstring>

namespace jerald {

template <class T>
struct Vectors {
  typedef T Two __attribute__((vector_size(2 * sizeof(T))));
  typedef T Quad __attribute__((vector_size(4 * sizeof(T))));
  typedef T Pair __attribute__((vector_size(8 * sizeof(T))));
};

// Four numbers, such as three components and a spare, so that one instruction moves or adds all of
// them. GCC and Clang let such a vector be read as an array of T.
template <class T>
using Quad = typename Vectors<T>::Quad;

template <class T>
using Two = typename Vectors<T>::Two;

// Two quads, side by side.
template <class T>
using Pair = typename Vectors<T>::Pair;

// Vectors in arrays of numbers that need not be aligned for them.
template <class V>
inline V load(const void* numbers) {
  V vector;
  std::memcpy(&vector, numbers, sizeof(V));
  return vector;
}
template <class V>
inline void store(void* numbers, V vector) {
  std::memcpy(numbers, &vector, sizeof(V));
}

template <class V>
inline auto first_half(V pair) {
  return __builtin_shufflevector(pair, pair, 0, 1, 2, 3);
}
template <class V>
inline auto second_half(V pair) {
  return __builtin_shufflevector(pair, pair, 4, 5, 6, 7);
}
template <class V>
inline auto joined(V first, V second) {
  return __builtin_shufflevector(first, second, 0, 1, 2, 3, 4, 5, 6, 7);
}

// Four vectors as a matrix, its rows and columns exchanged.
template <class V>
inline std::array<V, 4> transposed(V a, V b, V c, V d) {
  const V ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  const V ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const V cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const V cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  return {__builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5),
          __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7),
          __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5),
          __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7)};
}

}  // namespace jerald
