# SPDX-License-Identifier: GPL-3.0-or-later
"""The number of threads of all pools in the process, set before JAX or NumPy start theirs."""

import os
import sys

from jerald_tools.errors import BadInput
from jerald_tools.launcher import launched_size


def set_threads(number: int | None) -> int:
    """Cap the pools of XLA, FFTW, the native core and NumPy's BLAS; return the number in force.

    The default is every core that this process may use, or one thread a rank under MPI.

    Args:
        number: threads per rank, or None for the default.

    Raises:
        BadInput: if there are not that many cores.
    """
    available = len(os.sched_getaffinity(0))
    if number is None:
        number = available if launched_size() == 1 else 1
    if number > available:
        raise BadInput(
            f"--threads {number}: this process may use {available} cores; ask for at most those"
        )
    if "jax" in sys.modules and os.environ.get("NPROC") != str(number):
        raise RuntimeError("set_threads must come before JAX: XLA sizes its pools on import")
    # XLA's CPU client reads NPROC. Pinning the process to cores would do as well, but two commands
    # side by side would then share the same cores.
    for variable in ("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(number)
    return number
