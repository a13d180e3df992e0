// SPDX-License-Identifier: GPL-3.0-or-later
// Scratch memory of an operation.
#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

namespace jerald {

// Large blocks that operations are done with, for the next ones: memory that comes anew from the
// kernel is cleared page by page, which costs more than a transform.
class ScratchPool {
 public:
  static constexpr std::size_t huge_page = std::size_t{1} << 21;

  struct Block {
    void* data;
    std::size_t bytes;
  };

  // The smallest block that is large enough, else a new one. Blocks that are too small for what
  // is asked give way to it, so that the pool never holds more than was once in use.
  Block take(std::size_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    auto best = free_.end();
    for (auto block = free_.begin(); block != free_.end(); ++block) {
      if (block->bytes < bytes) continue;
      if (best == free_.end() || block->bytes < best->bytes) best = block;
    }
    if (best != free_.end()) {
      const Block found = *best;
      free_.erase(best);
      return found;
    }
    clear();
    return allocate((bytes + huge_page - 1) / huge_page * huge_page);
  }

  // Give all that is not in use back to the system.
  void release() {
    const std::lock_guard<std::mutex> lock(mutex_);
    clear();
  }

  void give_back(const Block& block) {
    const std::lock_guard<std::mutex> lock(mutex_);
    free_.push_back(block);
  }

 private:
  static Block allocate(std::size_t bytes) {
    void* data = std::aligned_alloc(huge_page, bytes);
    if (data == nullptr) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
    madvise(data, bytes, MADV_HUGEPAGE);
#endif
    return {data, bytes};
  }

  void clear() {
    for (const Block& block : free_) std::free(block.data);
    free_.clear();
  }

  std::mutex mutex_;
  std::vector<Block> free_;
};

inline ScratchPool& scratch_pool() {
  static ScratchPool& pool = *new ScratchPool;
  return pool;
}

// Uninitialised memory, aligned for vector instructions.
template <class T>
class Buffer {
 public:
  explicit Buffer(int64_t size) {
    const std::size_t bytes = static_cast<std::size_t>(size) * sizeof(T);
    if (bytes == 0) return;
    if (bytes >= ScratchPool::huge_page) {
      block_ = scratch_pool().take(bytes);
      return;
    }
    const std::size_t alignment = 64;
    block_.data = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (block_.data == nullptr) throw std::bad_alloc();
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() {
    if (block_.bytes > 0) {
      scratch_pool().give_back(block_);
    } else {
      std::free(block_.data);
    }
  }

  T* data() const { return static_cast<T*>(block_.data); }
  T& operator[](int64_t index) const { return data()[index]; }

 private:
  ScratchPool::Block block_{nullptr, 0};
};

}  // namespace jerald
