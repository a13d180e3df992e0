# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process must set before JAX or NumPy are imported: huge pages and numbers of threads."""

import os
import sys

from jerald_tools.errors import BadInput
from jerald_tools.process import launched_size

HUGE_PAGES = "glibc.malloc.hugetlb"

# The first two are XLA's. Pinning the process to cores caps XLA's pools as well, but two commands
# side by side would then share the same cores.
POOL_VARIABLES = ("NPROC", "PJRT_NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def start_again_with_huge_pages() -> None:
    """Replace this process by itself with glibc's allocator set to ask for huge pages.

    XLA allocates its intermediate arrays again for every call, and the kernel clears the memory
    page by page: with small pages that is up to a fifth of an optimisation step. Does nothing where
    the C library is another, or where the environment already sets this tunable.
    """
    tunables = os.environ.get("GLIBC_TUNABLES", "")
    if not sys.platform.startswith("linux") or HUGE_PAGES in tunables:
        return
    if not os.confstr("CS_GNU_LIBC_VERSION"):
        return
    tunables = ":".join(filter(None, [tunables, f"{HUGE_PAGES}=1"]))
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, sys.orig_argv, os.environ | {"GLIBC_TUNABLES": tunables})


def set_threads(number: int | None) -> int:
    """Cap the pools of XLA, FFTW, the native core and NumPy's BLAS; return the number in force.

    The default is every core that this process may use, or one thread a rank under MPI.

    Args:
        number: threads per rank, or None for the default.

    Raises:
        BadInput: if there are not that many cores.
        RuntimeError: if a number is asked for when JAX has its pools already.
    """
    is_asked = number is not None
    available = len(os.sched_getaffinity(0))
    if number is None:
        number = available if launched_size() == 1 else 1
    if number > available:
        raise BadInput(
            f"--threads {number}: this process may use {available} cores; ask for at most those"
        )
    if "jax" in sys.modules and is_asked:
        raise RuntimeError(
            "--threads must be known before JAX is imported: it sizes its pools then"
        )
    for variable in POOL_VARIABLES:
        os.environ[variable] = str(number)
    return number
