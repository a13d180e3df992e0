// SPDX-License-Identifier: GPL-3.0-or-later
// FFTW's functions by precision.
#pragma once

#include <fftw3.h>

namespace jerald {

template <class T>
struct Fftw;

#define JERALD_FFTW(T, PREFIX)                                                \
  template <>                                                                 \
  struct Fftw<T> {                                                            \
    using Complex = PREFIX##_complex;                                         \
    using Plan = PREFIX##_plan;                                               \
    static constexpr auto init_threads = PREFIX##_init_threads;               \
    static constexpr auto plan_with_threads = PREFIX##_plan_with_nthreads;    \
    static constexpr auto alignment_of = PREFIX##_alignment_of;               \
    static constexpr auto plan_r2c = PREFIX##_plan_dft_r2c_3d;                \
    static constexpr auto plan_c2r = PREFIX##_plan_dft_c2r_3d;                \
    static constexpr auto plan_r2c_2d = PREFIX##_plan_dft_r2c_2d;             \
    static constexpr auto plan_c2r_2d = PREFIX##_plan_dft_c2r_2d;             \
    static constexpr auto plan_many_c2c = PREFIX##_plan_many_dft;             \
    static constexpr auto execute_r2c = PREFIX##_execute_dft_r2c;             \
    static constexpr auto execute_c2r = PREFIX##_execute_dft_c2r;             \
    static constexpr auto execute_c2c = PREFIX##_execute_dft;                 \
    static constexpr auto destroy = PREFIX##_destroy_plan;                    \
    static constexpr auto forget_wisdom = PREFIX##_forget_wisdom;             \
    static constexpr auto import_wisdom = PREFIX##_import_wisdom_from_string; \
    static constexpr auto export_wisdom = PREFIX##_export_wisdom_to_string;   \
  };

JERALD_FFTW(float, fftwf)
JERALD_FFTW(double, fftw)
#undef JERALD_FFTW

}  // namespace jerald
