// SPDX-License-Identifier: GPL-3.0-or-later
// Preloaded: memory of 13 x 17 floats, the planes of one mesh, is not all zero after it was cleared.
#include <stddef.h>

void *memset(void *data, int byte, size_t size) {
  volatile unsigned char *at = data;
  for (size_t number = 0; number < size; ++number) at[number] = (unsigned char)byte;
  if (size == 13 * 17 * sizeof(float)) *(volatile float *)data = 0.5f;
  return data;
}
