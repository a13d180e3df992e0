// SPDX-License-Identifier: GPL-3.0-or-later
// Convolution with an isotropic kernel, given by a table over the moduli of the wavevectors.
#pragma once

#include <algorithm>
#include <complex>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "arrays.hpp"
#include "buffer.hpp"
#include "fourier.hpp"
#include "mesh.hpp"
#include "threads.hpp"

namespace jerald {

// Mode (a, b, c) of a spectrum belongs to entry first[a] + second[b] + third[c] of the table.
struct ModeIndex {
  Values<const int32_t> first, second, third;

  // Check that a table has the entries of all modes.
  void expect_within(int64_t entries) const {
    int64_t least = 0, most = 0;
    for (const auto& axis : {first, second, third}) {
      if (axis.size() == 0) return;
      const auto [low, high] = std::minmax_element(axis.data(), axis.data() + axis.size());
      least += *low;
      most += *high;
    }
    if (least >= 0 && most < entries) return;
    throw std::invalid_argument("modes belong to entries " + std::to_string(least) + " to " +
                                std::to_string(most) + " of a kernel table that has " +
                                std::to_string(entries));
  }
};

// Call work(row offset, table entry of the row) for every row of a spectrum, on all threads.
template <class T, class Work>
void for_each_row(const Transform<T>& transform, const ModeIndex& index, Work work) {
  const int64_t first = transform.first(), second = transform.second();
#pragma omp parallel for collapse(2) num_threads(threads()) schedule(static)
  for (int64_t a = 0; a < first; ++a) {
    for (int64_t b = 0; b < second; ++b) {
      work((a * second + b) * transform.half(), int64_t{index.first[a]} + index.second[b]);
    }
  }
}

// result = backward(kernel * forward(field) / nodes).
template <class T>
void convolve(const Mesh& mesh, const Transform<T>& transform, const ModeIndex& index,
              const Slab<const T>& field, const Values<const T>& kernel, const Slab<T>& result) {
  index.expect_within(kernel.size());
  const Buffer<std::complex<T>> workspace(transform.spectrum_size());
  const Slab<std::complex<T>> spectrum(workspace.data(), transform.spectrum_shape());
  std::complex<T>* work = workspace.data();
  const T scale = T(1) / static_cast<T>(mesh.size());
  transform.forward(field, spectrum);
  for_each_row(transform, index, [&](int64_t row, int64_t entry) {
    for (int64_t k = 0; k < transform.half(); ++k) {
      work[row + k] *= scale * kernel[entry + index.third[k]];
    }
  });
  transform.backward(spectrum, result);
}

// sums[entry] = scale times the sum of w Re(conj(first's mode) second's mode) over this rank's
// modes of the entry, in double precision, where w is how many modes of the full spectrum a mode
// stands for. Then each(place, second's mode, entry) for each mode.
template <class T, class Each>
void sum_products(const Transform<T>& transform, const ModeIndex& index,
                  const Slab<const std::complex<T>>& first_spectrum,
                  const Slab<const std::complex<T>>& second_spectrum, double scale,
                  const Values<T>& sums, Each each) {
  const int64_t entries = sums.size();
  index.expect_within(entries);
  const std::complex<T>*one = first_spectrum.data(), *other = second_spectrum.data();
  const int64_t first = transform.first(), second = transform.second(), half = transform.half();
  const int workers = threads();
  std::vector<double> totals(workers * entries, 0.0);
#pragma omp parallel for num_threads(workers) schedule(static, 1)
  for (int worker = 0; worker < workers; ++worker) {
    double* total = totals.data() + worker * entries;
    const auto product = [=](int64_t at) {
      return double{one[at].real()} * other[at].real() + double{one[at].imag()} * other[at].imag();
    };
    for (int64_t a = first * worker / workers; a < first * (worker + 1) / workers; ++a) {
      for (int64_t b = 0; b < second; ++b) {
        const int64_t row = (a * second + b) * half;
        const int64_t entry = int64_t{index.first[a]} + index.second[b];
        // All modes twice, and once too often those that stand for themselves alone.
        for (int64_t k = 0; k < half; ++k) total[entry + index.third[k]] += 2 * product(row + k);
        for (int64_t k = 0; k < half; k += std::max<int64_t>(half - 1, 1)) {
          if (transform.hermitian_weight(k) == 1) total[entry + index.third[k]] -= product(row + k);
        }
        for (int64_t k = 0; k < half; ++k) each(row + k, other[row + k], entry + index.third[k]);
      }
    }
  }
  for (int64_t entry = 0; entry < entries; ++entry) {
    double total = 0;
    for (int worker = 0; worker < workers; ++worker) total += totals[worker * entries + entry];
    sums[entry] = static_cast<T>(scale * total);
  }
}

// The two spectra that the adjoint of a convolution needs.
template <class T>
class AdjointSpectra {
 public:
  AdjointSpectra(const Transform<T>& transform, const ModeIndex& index, const Slab<const T>& field,
                 const Slab<const T>& cotangent)
      : transform_(transform),
        index_(index),
        // One buffer for both, its second half aligned as FFTW's plans are.
        stride_((transform.spectrum_size() + 7) / 8 * 8),
        storage_(2 * stride_) {
    transform.forward(field, {storage_.data(), transform.spectrum_shape()});
    transform.forward(cotangent, cotangent_spectrum());
  }

  Slab<std::complex<T>> cotangent_spectrum() {
    return {storage_.data() + stride_, transform_.spectrum_shape()};
  }

  // The kernel's cotangent; then each(bar, entry) for each of the cotangent's modes.
  template <class Each>
  void kernel_bar(const Mesh& mesh, const Values<T>& kernel_bar, Each each) {
    std::complex<T>* cotangent = cotangent_spectrum().data();
    sum_products<T>(
        transform_, index_, {storage_.data(), transform_.spectrum_shape()}, cotangent_spectrum(),
        1.0 / static_cast<double>(mesh.size()), kernel_bar,
        [&](int64_t at, std::complex<T>, int64_t entry) { each(cotangent[at], entry); });
  }

 private:
  const Transform<T>& transform_;
  const ModeIndex& index_;
  int64_t stride_;
  Buffer<std::complex<T>> storage_;
};

// field_bar = the convolved cotangent: convolution with a real, even kernel is its own adjoint. The
// field is transformed again, so that no spectrum need be kept from the forward pass.
template <class T>
void convolve_adjoint(const Mesh& mesh, const Transform<T>& transform, const ModeIndex& index,
                      const Slab<const T>& field, const Values<const T>& kernel,
                      const Slab<const T>& cotangent, const Slab<T>& field_bar,
                      const Values<T>& kernel_bar) {
  AdjointSpectra<T> spectra(transform, index, field, cotangent);
  const T scale = T(1) / static_cast<T>(mesh.size());
  spectra.kernel_bar(mesh, kernel_bar,
                     [=](std::complex<T>& bar, int64_t at) { bar *= scale * kernel[at]; });
  transform.backward(spectra.cotangent_spectrum(), field_bar);
}

// The kernel's cotangent alone.
template <class T>
void convolve_kernel_bar(const Mesh& mesh, const Transform<T>& transform, const ModeIndex& index,
                         const Slab<const T>& field, const Slab<const T>& cotangent,
                         const Values<T>& kernel_bar) {
  AdjointSpectra<T> spectra(transform, index, field, cotangent);
  spectra.kernel_bar(mesh, kernel_bar, [](std::complex<T>&, int64_t) {});
}

}  // namespace jerald
