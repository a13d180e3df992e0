// SPDX-License-Identifier: GPL-3.0-or-later
// Convolution with an isotropic kernel, given by a table over the moduli of the wavevectors.
#pragma once

#include <complex>
#include <cstdint>
#include <vector>

#include "buffer.hpp"
#include "fourier.hpp"
#include "mesh.hpp"
#include "threads.hpp"

namespace jerald {

// Mode (a, b, c) of a spectrum belongs to entry first[a] + second[b] + third[c] of the table.
struct ModeIndex {
  const int32_t* first;
  const int32_t* second;
  const int32_t* third;
};

// Call work(row offset, entry of the row, length) for every row of a spectrum, on all threads.
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

// result = backward(kernel * forward(field) / nodes); spectrum = forward(field) / nodes.
template <class T>
void convolve(const Mesh& mesh, const Transform<T>& transform, const ModeIndex& index,
              const T* field, const T* kernel, T* result, std::complex<T>* spectrum) {
  const Buffer<std::complex<T>> workspace(transform.workspace_size());
  std::complex<T>* work = workspace.data();
  const T scale = T(1) / static_cast<T>(mesh.size());
  transform.forward(field, work);
  for_each_row(transform, index, [&](int64_t row, int64_t entry) {
    for (int64_t k = 0; k < transform.half(); ++k) {
      const std::complex<T> mode = work[row + k] * scale;
      spectrum[row + k] = mode;
      work[row + k] = mode * kernel[entry + index.third[k]];
    }
  });
  transform.backward(work, result);
}

// field_bar = the convolved cotangent: a real kernel of even modes is its own adjoint.
// kernel_bar[entry] = nodes * sum of w Re(conj(spectrum) cotangent_spectrum) over this rank's
// modes of the entry, summed in double precision.
template <class T>
void convolve_adjoint(const Mesh& mesh, const Transform<T>& transform, const ModeIndex& index,
                      const std::complex<T>* spectrum, const T* kernel, int64_t entries,
                      const T* cotangent, T* field_bar, T* kernel_bar) {
  const Buffer<std::complex<T>> workspace(transform.workspace_size());
  std::complex<T>* work = workspace.data();
  const T scale = T(1) / static_cast<T>(mesh.size());
  transform.forward(cotangent, work);

  const int64_t first = transform.first(), second = transform.second(), half = transform.half();
  const int workers = threads();
  std::vector<double> sums(workers * entries, 0.0);
#pragma omp parallel for num_threads(workers) schedule(static, 1)
  for (int worker = 0; worker < workers; ++worker) {
    double* sum = sums.data() + worker * entries;
    for (int64_t a = first * worker / workers; a < first * (worker + 1) / workers; ++a) {
      for (int64_t b = 0; b < second; ++b) {
        const int64_t row = (a * second + b) * half;
        const int64_t entry = int64_t{index.first[a]} + index.second[b];
        for (int64_t k = 0; k < half; ++k) {
          const std::complex<T> mode = spectrum[row + k], bar = work[row + k];
          const int64_t at = entry + index.third[k];
          sum[at] += transform.hermitian_weight(k) *
                     (double{mode.real()} * bar.real() + double{mode.imag()} * bar.imag());
          work[row + k] = bar * (scale * kernel[at]);
        }
      }
    }
  }
  for (int64_t entry = 0; entry < entries; ++entry) {
    double total = 0;
    for (int worker = 0; worker < workers; ++worker) total += sums[worker * entries + entry];
    kernel_bar[entry] = static_cast<T>(total);
  }
  transform.backward(work, field_bar);
}

}  // namespace jerald
