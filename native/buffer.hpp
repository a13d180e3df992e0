// SPDX-License-Identifier: GPL-3.0-or-later
// Scratch memory of an operation.
#pragma once

#include <stdlib.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <vector>

#ifdef JERALD_SANITIZE
#include <sanitizer/asan_interface.h>
#endif

namespace jerald {

// Large blocks that operations no longer use, for the next operations: the kernel clears new memory
// page by page, which costs more than a transform.
class ScratchPool {
 public:
  static constexpr std::size_t huge_page = std::size_t{1} << 21;

  struct Block {
    void* data;
    std::size_t bytes;
  };

  ScratchPool() = default;
  ScratchPool(const ScratchPool&) = delete;
  ~ScratchPool() { clear(); }

  // The smallest block that is large enough, else a new one. A new one replaces those that were too
  // small, so that the pool never holds more than was in use at one time.
  Block take(std::size_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    auto best = free_.end();
    for (auto block = free_.begin(); block != free_.end(); ++block) {
      if (block->bytes < bytes) continue;
      if (best == free_.end() || block->bytes < best->bytes) best = block;
    }
    Block found;
    if (best != free_.end()) {
      found = *best;
      free_.erase(best);
    } else {
      clear();
      found = allocate((bytes + huge_page - 1) / huge_page * huge_page);
    }
    permit(found, bytes);
    return found;
  }

  // Give all that is not in use back to the system.
  void release() {
    const std::lock_guard<std::mutex> lock(mutex_);
    clear();
  }

  void give_back(const Block& block) {
    const std::lock_guard<std::mutex> lock(mutex_);
    permit(block, 0);
    free_.push_back(block);
  }

 private:
  static Block allocate(std::size_t bytes) {
    void* data = nullptr;
    if (posix_memalign(&data, huge_page, bytes) != 0) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
    madvise(data, bytes, MADV_HUGEPAGE);
#endif
    return {data, bytes};
  }

  // Let AddressSanitizer report every access beyond the first bytes of a block.
  static void permit([[maybe_unused]] const Block& block, [[maybe_unused]] std::size_t bytes) {
#ifdef JERALD_SANITIZE
    __asan_unpoison_memory_region(block.data, bytes);
    __asan_poison_memory_region(static_cast<char*>(block.data) + bytes, block.bytes - bytes);
#endif
  }

  void clear() {
    for (const Block& block : free_) free(block.data);
    free_.clear();
  }

  std::mutex mutex_;
  std::vector<Block> free_;
};

// One for the process, as the memory is the process's: whichever operation comes next, on whichever
// thread, takes what another has given back. Never destroyed, for buffers that outlive static
// objects.
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
    constexpr std::size_t alignment = 64;
    if (posix_memalign(&block_.data, alignment, bytes) != 0) throw std::bad_alloc();
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() {
    if (block_.bytes > 0) {
      scratch_pool().give_back(block_);
    } else {
      free(block_.data);
    }
  }

  T* data() const { return static_cast<T*>(block_.data); }
  T& operator[](int64_t index) const { return data()[index]; }

 private:
  ScratchPool::Block block_{nullptr, 0};
};

}  // namespace jerald
