// SPDX-License-Identifier: GPL-3.0-or-later
// How many threads the algorithms may use.
#pragma once

#include <algorithm>
#include <atomic>

namespace jerald {

inline std::atomic<int>& thread_setting() {
  static std::atomic<int> setting{1};
  return setting;
}

inline int threads() { return thread_setting().load(std::memory_order_relaxed); }

inline void set_threads(int count) { thread_setting().store(std::max(count, 1)); }

}  // namespace jerald
