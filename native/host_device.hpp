// SPDX-License-Identifier: GPL-3.0-or-later
// Functions that run on the CPU, and on a GPU where nvcc compiles them.
#pragma once

#ifdef __CUDACC__
#define JERALD_HOST_DEVICE __host__ __device__
#else
#define JERALD_HOST_DEVICE
#endif
