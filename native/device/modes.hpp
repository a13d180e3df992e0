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

// result = modes times the kernel's entry for each, and a factor; it may take their place.
template <class T>
void multiply_by_kernel(Stream stream, const Grid<T>& grid, const ModeIndex& index,
                        const T* kernel, T factor, const Complex<T>* modes, Complex<T>* result) {
  const int32_t half = grid.nodes[2] / 2 + 1;
  for_each_in_rows(stream, grid.rows(), half, [=] JERALD_HOST_DEVICE(int64_t row, int32_t c) {
    const int32_t a = grid.plane_of(row), b = int32_t(row) - a * grid.nodes[1];
    const T filter = kernel[index.first[a] + index.second[b] + index.third[c]] * factor;
    const Complex<T> mode = modes[row * half + c];
    result[row * half + c] = {mode.real * filter, mode.imaginary * filter};
  });
}

// sums = the sum of Re(conj(a) b) over all modes of each entry of the table; modes that stand for
// their conjugates too count twice.
template <class T>
void sum_products(Stream stream, const Grid<T>& grid, const ModeIndex& index, const Complex<T>* a,
                  const Complex<T>* b, int64_t entries, double* sums) {
  const int32_t half = grid.nodes[2] / 2 + 1;
  const bool has_nyquist = grid.nodes[2] % 2 == 0;
  clear(stream, sums, entries);
  for_each_in_rows(stream, grid.rows(), half, [=] JERALD_HOST_DEVICE(int64_t row, int32_t c) {
    const int32_t i = grid.plane_of(row), j = int32_t(row) - i * grid.nodes[1];
    const Complex<T> one = a[row * half + c], other = b[row * half + c];
    const double product = double(one.real) * other.real + double(one.imaginary) * other.imaginary;
    const bool once = c == 0 || (has_nyquist && c == half - 1);
    add(sums + index.first[i] + index.second[j] + index.third[c], once ? product : 2 * product);
  });
}

}  // namespace jerald::device
