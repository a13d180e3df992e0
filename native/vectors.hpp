// SPDX-License-Identifier: GPL-3.0-or-later
// Short vectors of numbers that the compiler keeps in vector registers.
#pragma once

namespace jerald {

template <class T>
struct Vectors {
  typedef T Quad __attribute__((vector_size(4 * sizeof(T))));
};

// Three components and a spare, so that one instruction moves or adds all of them. GCC and Clang
// let such a vector be read as an array of T.
template <class T>
using Quad = typename Vectors<T>::Quad;

}  // namespace jerald
