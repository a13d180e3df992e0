// SPDX-License-Identifier: GPL-3.0-or-later
// Modes of half spectra: multiplied by an isotropic kernel, and their products summed by |k|.
#pragma once

#include <cstdint>

#include "grid.hpp"
#include "loop.hpp"

namespace jerald::device {

template <class T>
struct alignas(2 * sizeof(T)) Complex {
  T real, imaginary;
};

// Where the modes stand in the table of |k|: entry first[a] + second[b] + third[c].
struct ModeIndex {
  const int32_t *first, *second, *third;
};

// result = onto + modes times the kernel's entry for each, and a factor; without `onto` the
// products alone. It may be in the memory of either.
template <class T>
void multiply_by_kernel(Stream stream, const Grid<T>& grid, const ModeIndex& index, const T* kernel,
                        T factor, const Complex<T>* modes, const Complex<T>* onto,
                        Complex<T>* result) {
  const int32_t half = grid.nodes[2] / 2 + 1;
  const auto multiply = [=] JERALD_HOST_DEVICE(int32_t i, int32_t j, int32_t k) {
    const T filter = kernel[index.first[i] + index.second[j] + index.third[k]] * factor;
    const int64_t at = (int64_t(i) * grid.nodes[1] + j) * half + k;
    const Complex<T> base = onto == nullptr ? Complex<T>{0, 0} : onto[at];
    result[at] = {base.real + modes[at].real * filter,
                  base.imaginary + modes[at].imaginary * filter};
  };
  for_each_node(stream, grid.nodes[0], grid.nodes[1], half, multiply);
}

// sums = the sum of Re(conj(a) b) over all modes of each entry of the table; modes that stand for
// their conjugates too count twice.
template <class T>
void sum_products(Stream stream, const Grid<T>& grid, const ModeIndex& index, const Complex<T>* a,
                  const Complex<T>* b, int64_t entries, double* sums) {
  const int32_t half = grid.nodes[2] / 2 + 1;
  const bool has_nyquist = grid.nodes[2] % 2 == 0;
  clear(stream, sums, entries);
  const auto add_product = [=] JERALD_HOST_DEVICE(int32_t i, int32_t j, int32_t k) {
    const int64_t at = (int64_t(i) * grid.nodes[1] + j) * half + k;
    const Complex<T> one = a[at], other = b[at];
    const double product = double(one.real) * other.real + double(one.imaginary) * other.imaginary;
    const bool once = k == 0 || (has_nyquist && k == half - 1);
    add(sums + index.first[i] + index.second[j] + index.third[k], once ? product : 2 * product);
  };
  for_each_node(stream, grid.nodes[0], grid.nodes[1], half, add_product);
}

}  // namespace jerald::device
