// SPDX-License-Identifier: GPL-3.0-or-later
// The number of threads that the algorithms use.
#pragma once

#include <algorithm>
#include <atomic>

namespace jerald {

// One for the process, which has one set of cores; FFTW keeps its own number for the process too.
inline std::atomic<int>& thread_setting() {
  static std::atomic<int> setting{1};
  return setting;
}

inline int threads() { return thread_setting().load(std::memory_order_relaxed); }

inline void set_threads(int count) { thread_setting().store(std::max(count, 1)); }

}  // namespace jerald
