// SPDX-License-Identifier: GPL-3.0-or-later
// Short vectors of numbers that the compiler keeps in vector registers.
#pragma once

namespace jerald {

template <class T>
struct Vectors {
  typedef T Pair __attribute__((vector_size(2 * sizeof(T))));
  typedef T Quad __attribute__((vector_size(4 * sizeof(T))));
  typedef T Octet __attribute__((vector_size(8 * sizeof(T))));
};

template <class T>
using Pair = typename Vectors<T>::Pair;
template <class T>
using Quad = typename Vectors<T>::Quad;
template <class T>
using Octet = typename Vectors<T>::Octet;

}  // namespace jerald
