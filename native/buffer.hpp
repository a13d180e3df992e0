// SPDX-License-Identifier: GPL-3.0-or-later
// Scratch memory of an operation.
#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <new>

namespace jerald {

// Uninitialised memory, aligned for vector instructions; large ones ask for huge pages, which
// makes the first touch several times cheaper.
template <class T>
class Buffer {
 public:
  explicit Buffer(int64_t size) {
    const std::size_t huge_page = std::size_t{1} << 21;
    const std::size_t bytes = static_cast<std::size_t>(size) * sizeof(T);
    const std::size_t alignment = bytes >= huge_page ? huge_page : 64;
    const std::size_t whole = (bytes + alignment - 1) / alignment * alignment;
    if (whole == 0) return;
    data_ = static_cast<T*>(std::aligned_alloc(alignment, whole));
    if (data_ == nullptr) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
    if (alignment == huge_page) madvise(data_, whole, MADV_HUGEPAGE);
#endif
  }
  Buffer(Buffer&& other) noexcept : data_(other.data_) { other.data_ = nullptr; }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { std::free(data_); }

  T* data() const { return data_; }
  T& operator[](int64_t index) const { return data_[index]; }

 private:
  T* data_ = nullptr;
};

}  // namespace jerald
