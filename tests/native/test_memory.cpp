// SPDX-License-Identifier: GPL-3.0-or-later
// Scratch memory that operations pass on.
#include <doctest/doctest.h>

#include <cstring>

#include "buffer.hpp"

namespace jerald {
namespace {

constexpr std::size_t page = ScratchPool::huge_page;

TEST_CASE("the smallest block that is large enough is taken again") {
  ScratchPool pool;
  const auto large = pool.take(4 * page), small = pool.take(2 * page - 1);
  CHECK(small.bytes == 2 * page);
  pool.give_back(large);
  pool.give_back(small);
  const auto again = pool.take(page);
  CHECK(again.data == small.data);
  pool.give_back(again);
}

TEST_CASE("a larger block replaces those that are too small") {
  ScratchPool pool;
  pool.give_back(pool.take(page));
  const auto block = pool.take(3 * page);
  CHECK(block.bytes == 3 * page);
  std::memset(block.data, 1, 3 * page);
  pool.give_back(block);
  const auto again = pool.take(page);
  CHECK(again.data == block.data);
  pool.give_back(again);
}

TEST_CASE("buffers are aligned for vector instructions, large or small") {
  for (const int64_t size : {1, 7, 100, 1 << 22}) {
    const Buffer<char> buffer(size);
    CHECK(reinterpret_cast<uintptr_t>(buffer.data()) % 64 == 0);
    std::memset(buffer.data(), 1, size);
  }
  CHECK(Buffer<char>(0).data() == nullptr);
}

}  // namespace
}  // namespace jerald
