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
#include "field_powers.hpp"
#include "fourier.hpp"
#include "mesh.hpp"
#include "threads.hpp"

namespace jerald {

// One term: kernel * (field + offset)^exponent.
template <class T>
struct PowerTerm {
  Power<T> power;
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

// result = the sum of all terms, whose spectra are filled. They may be left to scratch memory; then
// the first one is overwritten.
template <class T>
void filtered_powers(const Mesh& mesh, const Transform<T>& transform, const ModeIndex& index,
                     const std::vector<PowerTerm<T>>& terms, bool keep_spectra,
                     const Slab<T>& result) {
  for (const PowerTerm<T>& term : terms) {
    index.expect_within(term.kernel.size());
    scaled_power(term.power, T(1) / static_cast<T>(mesh.size()), result.data());
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
    T* field_bar = bars[number].field.has_value() ? bars[number].field->data() : nullptr;
    bars[number].exponent = power_adjoint(term.power, T(1), of_power.data(), field_bar).exponent;
  }
}

}  // namespace jerald
