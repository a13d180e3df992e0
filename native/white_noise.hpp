// SPDX-License-Identifier: GPL-3.0-or-later
// Random numbers of N-GenIC's white noise, drawn with the GNU Scientific Library's ranlxd1.
#pragma once

#include <gsl/gsl_rng.h>

#include <cstdint>
#include <memory>

#include "arrays.hpp"
#include "threads.hpp"

namespace jerald {

using Generator = std::unique_ptr<gsl_rng, decltype(&gsl_rng_free)>;

inline Generator ranlxd1() { return {gsl_rng_alloc(gsl_rng_ranlxd1), gsl_rng_free}; }

// The first uniforms in [0, 1) of a seed; the library takes seed 0 as 1.
inline void draw_uniforms(uint64_t seed, const Values<double>& uniforms) {
  const Generator generator = ranlxd1();
  gsl_rng_set(generator.get(), seed);
  for (int64_t draw = 0; draw < uniforms.size(); ++draw) {
    uniforms[draw] = gsl_rng_uniform(generator.get());
  }
}

// pairs: (columns, count, 2), with one seed and a fresh generator for each column. The second
// number of a pair is drawn again while it is exactly zero, since its logarithm is taken.
inline void draw_columns(const Values<const int64_t>& seeds, const Slab<double>& pairs) {
#pragma omp parallel num_threads(threads())
  {
    const Generator generator = ranlxd1();
#pragma omp for schedule(static)
    for (int64_t column = 0; column < seeds.size(); ++column) {
      gsl_rng_set(generator.get(), static_cast<unsigned long>(seeds[column]));
      for (int64_t k = 0; k < pairs.shape()[1]; ++k) {
        double* pair = pairs.row(column, k);
        pair[0] = gsl_rng_uniform(generator.get());
        pair[1] = gsl_rng_uniform_pos(generator.get());
      }
    }
  }
}

}  // namespace jerald
