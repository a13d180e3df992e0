# SPDX-License-Identifier: GPL-3.0-or-later
"""The random numbers of N-GenIC: the generator ranlxd1 of the GNU Scientific Library.

This is the readable reference, which calls the library one number at a time; the native core
draws the same numbers faster.
"""

import ctypes
import ctypes.util
import functools
import itertools

import numpy as np
from jaxtyping import Float, Int

from jerald_tools.errors import BadInput


@functools.cache
def gnu_scientific_library() -> ctypes.CDLL:
    """Load the library and declare the four functions in use.

    Raises:
        BadInput: the library is not installed.
    """
    path = ctypes.util.find_library("gsl")
    if path is None:
        raise BadInput(
            "a seed needs the GNU Scientific Library (libgsl), which is not installed: "
            "apt install libgsl-dev, or conda install gsl"
        )
    blas = ctypes.util.find_library("gslcblas")
    if blas is not None:
        ctypes.CDLL(blas, mode=ctypes.RTLD_GLOBAL)
    library = ctypes.CDLL(path)
    library.gsl_rng_alloc.restype = ctypes.c_void_p
    library.gsl_rng_alloc.argtypes = [ctypes.c_void_p]
    library.gsl_rng_free.restype = None
    library.gsl_rng_free.argtypes = [ctypes.c_void_p]
    library.gsl_rng_set.restype = None
    library.gsl_rng_set.argtypes = [ctypes.c_void_p, ctypes.c_ulong]
    library.gsl_rng_uniform.restype = ctypes.c_double
    library.gsl_rng_uniform.argtypes = [ctypes.c_void_p]
    return library


class Generator:
    """One ranlxd1 generator; a context manager, since the library owns its state."""

    def __enter__(self):
        self._library = gnu_scientific_library()
        kind = ctypes.c_void_p.in_dll(self._library, "gsl_rng_ranlxd1")
        self._state = self._library.gsl_rng_alloc(kind)
        return self

    def __exit__(self, *exception):
        self._library.gsl_rng_free(self._state)

    def seed(self, seed: int) -> None:
        """Start the sequence of this seed (the library takes 0 for 1)."""
        self._library.gsl_rng_set(self._state, int(seed))

    def uniforms(self, count: int) -> Float[np.ndarray, " {count}"]:
        """The next ``count`` numbers in [0, 1), float64."""
        draws = map(self._library.gsl_rng_uniform, itertools.repeat(self._state, count))
        return np.fromiter(draws, np.float64, count)


def draw_uniforms(seed: int, count: int) -> Float[np.ndarray, " {count}"]:
    """The first ``count`` uniform numbers in [0, 1) of a seed, float64."""
    with Generator() as generator:
        generator.seed(seed)
        return generator.uniforms(count)


def draw_columns(seeds: Int[np.ndarray, " n"], count: int) -> Float[np.ndarray, "n {count} 2"]:
    """Pairs of uniform numbers from a fresh generator for each seed, float64.

    The first of a pair lies in [0, 1). The second lies in (0, 1): it is drawn again while it is
    exactly 0, as its logarithm is taken.
    """
    pairs = np.empty((len(seeds), count, 2))
    with Generator() as generator:
        for column, seed in zip(pairs, seeds, strict=True):
            generator.seed(seed)
            draws = generator.uniforms(2 * count)
            while (zeros := np.flatnonzero(draws[1::2] == 0.0)).size:
                draws = np.append(np.delete(draws, 2 * zeros[0] + 1), generator.uniforms(1))
            column[...] = draws.reshape(count, 2)
    return pairs
