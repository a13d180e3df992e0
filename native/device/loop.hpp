// SPDX-License-Identifier: GPL-3.0-or-later
// Loops over independent items: on the GPU where nvcc compiles them, on the CPU elsewhere.
//
// All that a GPU computes is a body of such a loop, so the tests of the CPU's build run every line.
#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

#include "../host_device.hpp"

namespace jerald::device {

#ifdef __CUDACC__

using Stream = cudaStream_t;

inline void check(cudaError_t status) {
  if (status != cudaSuccess) {
    throw std::runtime_error(std::string("CUDA: ") + cudaGetErrorString(status));
  }
}

template <class Body>
__global__ void item_kernel(int64_t count, Body body) {
  const int64_t item = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (item < count) body(item);
}

template <class Body>
__global__ void row_kernel(int32_t length, Body body) {
  for (int32_t k = threadIdx.x; k < length; k += blockDim.x) {
    body(static_cast<int64_t>(blockIdx.x), k);
  }
}

// body(item) for each item, in any order.
template <class Body>
void for_each(Stream stream, int64_t count, Body body) {
  constexpr int64_t threads = 256;
  if (count == 0) return;
  item_kernel<<<(count + threads - 1) / threads, threads, 0, stream>>>(count, body);
  check(cudaGetLastError());
}

// body(row, k) for each of some rows of `length` entries, in any order; neighbours along a row are
// at work together.
template <class Body>
void for_each_in_rows(Stream stream, int64_t rows, int32_t length, Body body) {
  if (rows == 0 || length == 0) return;
  row_kernel<<<rows, 128, 0, stream>>>(length, body);
  check(cudaGetLastError());
}

template <class T>
void clear(Stream stream, T* values, int64_t count) {
  check(cudaMemsetAsync(values, 0, count * sizeof(T), stream));
}

#else

struct Stream {};

template <class Body>
void for_each(Stream, int64_t count, Body body) {
  for (int64_t item = 0; item < count; ++item) body(item);
}

template <class Body>
void for_each_in_rows(Stream, int64_t rows, int32_t length, Body body) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int32_t k = 0; k < length; ++k) body(row, k);
  }
}

template <class T>
void clear(Stream, T* values, int64_t count) {
  std::memset(static_cast<void*>(values), 0, count * sizeof(T));
}

#endif

// Four numbers that are loaded, stored and added together.
template <class T>
struct alignas(16) Four {
  T x, y, z, w;

  JERALD_HOST_DEVICE Four operator+(const Four& other) const {
    return {x + other.x, y + other.y, z + other.z, w + other.w};
  }
  JERALD_HOST_DEVICE Four operator-(const Four& other) const {
    return {x - other.x, y - other.y, z - other.z, w - other.w};
  }
  JERALD_HOST_DEVICE Four operator*(T factor) const {
    return {x * factor, y * factor, z * factor, w * factor};
  }
};

// Add to a number that other items may add to at the same time.
template <class T>
JERALD_HOST_DEVICE inline void add(T* where, T value) {
#ifdef __CUDA_ARCH__
  atomicAdd(where, value);
#else
  *where += value;
#endif
}

template <class T>
JERALD_HOST_DEVICE inline void add(Four<T>* where, const Four<T>& value) {
  add(&where->x, value.x);
  add(&where->y, value.y);
  add(&where->z, value.z);
  add(&where->w, value.w);
}

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
// One instruction from Hopper on.
template <>
__device__ inline void add(Four<float>* where, const Four<float>& value) {
  atomicAdd(reinterpret_cast<float4*>(where), make_float4(value.x, value.y, value.z, value.w));
}
#endif

}  // namespace jerald::device
