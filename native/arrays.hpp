// SPDX-License-Identifier: GPL-3.0-or-later
// Views of arrays that the caller owns: a pointer with its shape. All arrays are contiguous, with
// the last axis fastest. Debug builds, as those of the sanitizers, check every index.
#pragma once

#include <array>
#include <cassert>
#include <cstdint>
#include <type_traits>

namespace jerald {

using Shape = std::array<int64_t, 3>;

// Three axes: planes of a field, (nx_local, ny, nz), or of a spectrum, (nx, ny_local, nz/2+1).
template <class T>
class Slab {
 public:
  Slab(T* data, const Shape& shape) : data_(data), shape_(shape) {}
  // A writable array can be read.
  template <class U, class = std::enable_if_t<std::is_same_v<const U, T>>>
  Slab(const Slab<U>& writable) : Slab(writable.data(), writable.shape()) {}

  T* data() const { return data_; }
  const Shape& shape() const { return shape_; }
  int64_t planes() const { return shape_[0]; }
  int64_t plane_size() const { return shape_[1] * shape_[2]; }
  int64_t size() const { return shape_[0] * plane_size(); }

  T* plane(int64_t i) const {
    assert(0 <= i && i < shape_[0]);
    return data_ + i * plane_size();
  }
  T* row(int64_t i, int64_t j) const {
    assert(0 <= j && j < shape_[1]);
    return plane(i) + j * shape_[2];
  }

 private:
  T* data_;
  Shape shape_;
};

// Two axes, (count, width): one row for each particle.
template <class T, int width>
class Rows {
 public:
  Rows(T* data, int64_t count) : data_(data), count_(count) {}

  T* data() const { return data_; }
  int64_t count() const { return count_; }

  T* operator[](int64_t row) const {
    assert(0 <= row && row < count_);
    return data_ + width * row;
  }
  Rows part(int64_t first, int64_t count) const {
    assert(0 <= first && 0 <= count && first + count <= count_);
    return {data_ + width * first, count};
  }

 private:
  T* data_;
  int64_t count_;
};

// One axis.
template <class T>
class Values {
 public:
  Values(T* data, int64_t size) : data_(data), size_(size) {}

  T* data() const { return data_; }
  int64_t size() const { return size_; }

  T& operator[](int64_t index) const {
    assert(0 <= index && index < size_);
    return data_[index];
  }

 private:
  T* data_;
  int64_t size_;
};

}  // namespace jerald
