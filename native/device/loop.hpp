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

struct TwoSums {
  double first = 0, second = 0;
};

// What for_each_run() does with the run of a number.
template <int length, class Body>
struct RunBody {
  int64_t count;
  Body body;

  JERALD_HOST_DEVICE void operator()(int64_t run) const {
    const int64_t first = run * length, left = count - first;
    body(first, static_cast<int32_t>(left < length ? left : length));
  }
};

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
__global__ void node_kernel(int32_t rows, int32_t length, Body body) {
  const int32_t j = blockIdx.y * blockDim.y + threadIdx.y;
  const int32_t k = blockIdx.x * blockDim.x + threadIdx.x;
  if (j < rows && k < length) body(static_cast<int32_t>(blockIdx.z), j, k);
}

// body(item) for each item, in any order.
template <class Body>
void for_each(Stream stream, int64_t count, Body body) {
  constexpr int64_t threads = 256;
  if (count == 0) return;
  item_kernel<<<(count + threads - 1) / threads, threads, 0, stream>>>(count, body);
  check(cudaGetLastError());
}

// body(i, j, k) for each node of some planes of rows, in any order; neighbours are at work
// together.
template <class Body>
void for_each_node(Stream stream, int32_t planes, int32_t rows, int32_t length, Body body) {
  const dim3 block(32, 8);
  const dim3 grid((length + block.x - 1) / block.x, (rows + block.y - 1) / block.y, planes);
  node_kernel<<<grid, block, 0, stream>>>(rows, length, body);
  check(cudaGetLastError());
}

template <class Body>
__global__ void sum_kernel(int64_t count, Body body, double* sums) {
  double first = 0, second = 0;
  const int64_t stride = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t item = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; item < count;
       item += stride) {
    const auto terms = body(item);
    first += terms.first;
    second += terms.second;
  }
  for (int lanes = 16; lanes > 0; lanes /= 2) {
    first += __shfl_down_sync(~0u, first, lanes);
    second += __shfl_down_sync(~0u, second, lanes);
  }
  if (threadIdx.x % 32 == 0) {
    atomicAdd(sums, first);
    atomicAdd(sums + 1, second);
  }
}

// Sums over all items of the two numbers that body(item) gives. Waits for them; `workspace` is two
// numbers on the device.
template <class Body>
TwoSums sums(Stream stream, int64_t count, double* workspace, Body body) {
  TwoSums found;
  check(cudaMemsetAsync(workspace, 0, sizeof(found), stream));
  sum_kernel<<<1024, 256, 0, stream>>>(count, body, workspace);
  check(cudaGetLastError());
  check(cudaMemcpyAsync(&found, workspace, sizeof(found), cudaMemcpyDeviceToHost, stream));
  check(cudaStreamSynchronize(stream));
  return found;
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
void for_each_node(Stream, int32_t planes, int32_t rows, int32_t length, Body body) {
  for (int32_t i = 0; i < planes; ++i) {
    for (int32_t j = 0; j < rows; ++j) {
      for (int32_t k = 0; k < length; ++k) body(i, j, k);
    }
  }
}

template <class Body>
TwoSums sums(Stream, int64_t count, double*, Body body) {
  // One sum rounds more than the many that a GPU has.
  long double first = 0, second = 0;
  for (int64_t item = 0; item < count; ++item) {
    const TwoSums terms = body(item);
    first += terms.first;
    second += terms.second;
  }
  return {static_cast<double>(first), static_cast<double>(second)};
}

template <class T>
void clear(Stream, T* values, int64_t count) {
  std::memset(static_cast<void*>(values), 0, count * sizeof(T));
}

#endif

// body(first, number) for runs of `length` items, one after another; the last one may be shorter.
template <int length, class Body>
void for_each_run(Stream stream, int64_t count, Body body) {
  for_each(stream, (count + length - 1) / length, RunBody<length, Body>{count, body});
}

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
