// SPDX-License-Identifier: GPL-3.0-or-later
// Powers of fields, with their adjoint, which computes them again: nothing is kept between.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "arrays.hpp"
#include "powers.hpp"
#include "threads.hpp"

namespace jerald {

// (field + offset)^exponent, of positive numbers.
template <class T>
struct Power {
  Slab<const T> field;
  T offset, exponent;
};

// Numbers that are worked on together: the first cache holds them.
constexpr int64_t numbers_at_once = 1024;

// Call work(first, count) for all parts of an array, on all threads.
template <class Work>
void for_each_part(int64_t size, Work work) {
#pragma omp parallel for num_threads(threads()) schedule(static)
  for (int64_t first = 0; first < size; first += numbers_at_once) {
    work(first, std::min(numbers_at_once, size - first));
  }
}

// result = factor * power.
template <class T>
void scaled_power(const Power<T>& power, T factor, T* result) {
  for_each_part(power.field.size(), [=](int64_t first, int64_t count) {
    const T* field = power.field.data() + first;
    const T offset = power.offset, exponent = power.exponent;
    T* out = result + first;
    // One function at a time: the processor works on several numbers side by side.
    for (int64_t k = 0; k < count; ++k) out[k] = exponent * logarithm(field[k] + offset);
    for (int64_t k = 0; k < count; ++k) out[k] = factor * exponential(out[k]);
  });
}

template <class T>
double dot_product(const T* one, const T* other, int64_t count) {
  // Partial sums, which the compiler keeps in vectors.
  constexpr int64_t lanes = 8;
  double partial[lanes] = {}, sum = 0;
  int64_t k = 0;
  for (; k + lanes <= count; k += lanes) {
    for (int64_t lane = 0; lane < lanes; ++lane) {
      partial[lane] += one[k + lane] * other[k + lane];
    }
  }
  for (; k < count; ++k) sum += one[k] * other[k];
  for (const double part : partial) sum += part;
  return sum;
}

struct PowerBars {
  double factor = 0, exponent = 0;
};

// Cotangents of factor and exponent from `bar`, that of factor * power; the field's in field_bar,
// unless that is null. They do not depend on the number of threads.
template <class T>
PowerBars power_adjoint(const Power<T>& power, T factor, const T* bar, T* field_bar) {
  const int64_t size = power.field.size();
  std::vector<PowerBars> sums((size + numbers_at_once - 1) / numbers_at_once);
  for_each_part(size, [&](int64_t first, int64_t count) {
    alignas(64) T logarithms[numbers_at_once], powers[numbers_at_once];
    const T* field = power.field.data() + first;
    const T* own_bar = bar + first;
    const T offset = power.offset, exponent = power.exponent;
    for (int64_t k = 0; k < count; ++k) logarithms[k] = logarithm(field[k] + offset);
    for (int64_t k = 0; k < count; ++k) powers[k] = exponential(exponent * logarithms[k]);
    PowerBars& sum = sums[first / numbers_at_once];
    sum.factor = dot_product(own_bar, powers, count);
    for (int64_t k = 0; k < count; ++k) powers[k] *= factor * own_bar[k];
    sum.exponent = dot_product(powers, logarithms, count);
    if (field_bar == nullptr) return;
    T* out = field_bar + first;
    for (int64_t k = 0; k < count; ++k) out[k] = exponent * powers[k] / (field[k] + offset);
  });
  PowerBars total;
  for (const PowerBars& sum : sums) {
    total.factor += sum.factor;
    total.exponent += sum.exponent;
  }
  return total;
}

}  // namespace jerald
