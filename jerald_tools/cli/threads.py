# SPDX-License-Identifier: GPL-3.0-or-later
"""The number of threads of all pools in the process, set before JAX or NumPy start theirs."""

import os
import sys

from jerald_tools.errors import BadInput
from jerald_tools.process import launched_size

# The first two are XLA's. Pinning the process to cores caps XLA's pools as well, but two commands
# side by side would then share the same cores.
POOL_VARIABLES = ("NPROC", "PJRT_NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def set_threads(number: int | None) -> int:
    """Cap the pools of XLA, FFTW, the native core and NumPy's BLAS; return the number in force.

    The default is every core that this process may use, or one thread a rank under MPI.

    Args:
        number: threads per rank, or None for the default.

    Raises:
        BadInput: if there are not that many cores.
        RuntimeError: if a number is asked for when JAX has its pools already.
    """
    asked = number is not None
    available = len(os.sched_getaffinity(0))
    if number is None:
        number = available if launched_size() == 1 else 1
    if number > available:
        raise BadInput(
            f"--threads {number}: this process may use {available} cores; ask for at most those"
        )
    if "jax" in sys.modules and asked:
        raise RuntimeError(
            "--threads must be known before JAX is imported: it sizes its pools then"
        )
    for variable in POOL_VARIABLES:
        os.environ[variable] = str(number)
    return number
