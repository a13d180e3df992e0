// SPDX-License-Identifier: GPL-3.0-or-later
// A sum of fields' powers, each convolved with a kernel of its own: one transform forward for each
// field and a single one back.
#pragma once

#include <algorithm>
#include <complex>
#include <cstdint>
#include <optional>
#include <vector>

#include "arrays.hpp"
#include "buffer.hpp"
#include "convolve.hpp"
#include "fourier.hpp"
#include "mesh.hpp"
#include "powers.hpp"
#include "threads.hpp"

namespace jerald {

// One term: kernel * (field + offset)^exponent.
template <class T>
struct PowerTerm {
  Slab<const T> field;
  T offset, exponent;
  Values<const T> kernel;
  Slab<std::complex<T>> spectrum;  // of the power over the number of nodes
};

// What the cotangent of the sum leaves for a term. Not every field has a cotangent.
template <class T>
struct PowerTermBar {
  std::optional<Slab<T>> field;
  double exponent;
  Values<T> kernel;
};

// Call work(first, count) for parts of a field that the first cache holds, on all threads.
template <class Work>
void for_each_part(int64_t size, Work work) {
  constexpr int64_t part = 1024;
#pragma omp parallel for num_threads(threads()) schedule(static)
  for (int64_t first = 0; first < size; first += part) work(first, std::min(part, size - first));
}

// result = scale (field + offset)^exponent.
template <class T>
void scaled_power(const PowerTerm<T>& term, T scale, T* result) {
  const T exponent = term.exponent, offset = term.offset;
  for_each_part(term.field.size(), [=](int64_t first, int64_t count) {
    const T* field = term.field.data() + first;
    T* out = result + first;
    // One function at a time: the processor works on several elements side by side.
    for (int64_t k = 0; k < count; ++k) out[k] = exponent * logarithm(field[k] + offset);
    for (int64_t k = 0; k < count; ++k) out[k] = scale * exponential(out[k]);
  });
}

// result = the sum of all terms, whose spectra are filled. They may be left to scratch memory; then
// the first one is overwritten.
template <class T>
void filtered_powers(const Mesh& mesh, const Transform<T>& transform, const ModeIndex& index,
                     const std::vector<PowerTerm<T>>& terms, bool keep_spectra,
                     const Slab<T>& result) {
  for (const PowerTerm<T>& term : terms) {
    index.expect_within(term.kernel.size());
    scaled_power(term, T(1) / static_cast<T>(mesh.size()), result.data());
    transform.forward(result, term.spectrum);
  }
  const Buffer<std::complex<T>> workspace(keep_spectra ? transform.spectrum_size() : 0);
  const Slab<std::complex<T>> sum(keep_spectra ? workspace.data() : terms[0].spectrum.data(),
                                  transform.spectrum_shape());
  for (const PowerTerm<T>& term : terms) {
    const bool is_first = &term == terms.data();
    const std::complex<T>* spectrum = term.spectrum.data();
    for_each_row(transform, index, [&](int64_t row, int64_t entry) {
      for (int64_t k = 0; k < transform.half(); ++k) {
        const std::complex<T> mode = spectrum[row + k] * term.kernel[entry + index.third[k]];
        sum.data()[row + k] = is_first ? mode : sum.data()[row + k] + mode;
      }
    });
  }
  transform.backward(sum, result);
}

// Cotangents of a term's exponent and field from that of its power.
template <class T>
void power_bar(const PowerTerm<T>& term, const T* bar, PowerTermBar<T>& result) {
  constexpr int64_t part = 1024, lanes = 8;
  const T exponent = term.exponent, offset = term.offset;
  const int64_t size = term.field.size(), parts = (size + part - 1) / part;
  T* field_bar = result.field.has_value() ? result.field->data() : nullptr;
  std::vector<double> sums(parts);
  for_each_part(size, [&](int64_t first, int64_t count) {
    alignas(64) T logarithms[part], weighted[part];
    const T* field = term.field.data() + first;
    for (int64_t k = 0; k < count; ++k) logarithms[k] = logarithm(field[k] + offset);
    for (int64_t k = 0; k < count; ++k) {
      weighted[k] = bar[first + k] * exponential(exponent * logarithms[k]);
    }
    if (field_bar != nullptr) {
      for (int64_t k = 0; k < count; ++k) {
        field_bar[first + k] = exponent * weighted[k] / (field[k] + offset);
      }
    }
    double partial[lanes] = {}, sum = 0;
    int64_t k = 0;
    for (; k + lanes <= count; k += lanes) {
      for (int64_t lane = 0; lane < lanes; ++lane) {
        partial[lane] += weighted[k + lane] * logarithms[k + lane];
      }
    }
    for (; k < count; ++k) sum += weighted[k] * logarithms[k];
    for (const double one : partial) sum += one;
    sums[first / part] = sum;
  });
  result.exponent = 0;
  for (const double sum : sums) result.exponent += sum;
}

// Cotangents of all terms from that of their sum. The spectra are those of the forward pass. Over
// ranks the kernels' and the exponents' hold this rank's part.
template <class T>
void filtered_powers_adjoint(const Mesh& mesh, const Transform<T>& transform,
                             const ModeIndex& index, const std::vector<PowerTerm<T>>& terms,
                             const Slab<const T>& cotangent, std::vector<PowerTermBar<T>>& bars) {
  const Buffer<std::complex<T>> bar_storage(transform.spectrum_size());
  const Buffer<std::complex<T>> workspace(transform.spectrum_size());
  const Slab<std::complex<T>> bar_spectrum(bar_storage.data(), transform.spectrum_shape());
  const Slab<std::complex<T>> filtered(workspace.data(), transform.spectrum_shape());
  const Buffer<T> power_bars(cotangent.size());
  const Slab<T> of_power(power_bars.data(), cotangent.shape());
  transform.forward(cotangent, bar_spectrum);
  const T scale = T(1) / static_cast<T>(mesh.size());
  for (std::size_t number = 0; number < terms.size(); ++number) {
    const PowerTerm<T>& term = terms[number];
    const Slab<const std::complex<T>> spectrum(term.spectrum);
    sum_products<T>(transform, index, spectrum, bar_spectrum, 1.0, bars[number].kernel,
                    [&](int64_t at, std::complex<T> bar, int64_t entry) {
                      workspace[at] = bar * (scale * term.kernel[entry]);
                    });
    transform.backward(filtered, of_power);
    power_bar(term, of_power.data(), bars[number]);
  }
}

}  // namespace jerald
