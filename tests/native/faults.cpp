// SPDX-License-Identifier: GPL-3.0-or-later
// One mistake on purpose, by name, to see that a sanitizer build stops at it. Without a name: all
// names.
#include <cstdio>
#include <cstring>
#include <limits>

#include "arrays.hpp"
#include "buffer.hpp"

namespace {

using namespace jerald;

void write_past_a_buffer() {
  const Buffer<float> buffer(51);
  buffer[51] = 1;
}

void write_past_a_block_of_the_pool() {
  const Buffer<float> buffer(3 << 18);
  buffer[3 << 18] = 1;
}

void read_memory_that_was_given_back() {
  const float* kept = nullptr;
  {
    const Buffer<float> buffer(3 << 18);
    buffer[5] = 1;
    kept = buffer.data();
  }
  std::printf("%g\n", kept[5]);
}

void leave_the_shape_of_a_view() {
  const Buffer<float> buffer(4 * 3 * 2);
  const Slab<float> half(buffer.data(), {2, 3, 2});
  half.row(2, 0)[0] = 1;
}

void convert_what_no_integer_holds() {
  volatile float wild = std::numeric_limits<float>::infinity();
  std::printf("%d\n", static_cast<int>(wild));
}

void overflow() {
  volatile int large = std::numeric_limits<int>::max();
  std::printf("%d\n", large + 1);
}

struct Fault {
  const char* name;
  void (*commit)();
};

const Fault faults[] = {{"overrun", write_past_a_buffer},
                        {"overrun-in-pool", write_past_a_block_of_the_pool},
                        {"use-after-release", read_memory_that_was_given_back},
                        {"outside-view", leave_the_shape_of_a_view},
                        {"conversion", convert_what_no_integer_holds},
                        {"overflow", overflow}};

}  // namespace

int main(int count, char** arguments) {
  for (const Fault& fault : faults) {
    if (count == 1) std::puts(fault.name);
    if (count == 2 && std::strcmp(arguments[1], fault.name) == 0) fault.commit();
  }
  return 0;
}
