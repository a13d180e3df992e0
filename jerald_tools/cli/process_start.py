# SPDX-License-Identifier: GPL-3.0-or-later
"""Huge pages, threads and device, which a process sets before it imports JAX or NumPy."""

import os
import sys

from jerald_tools.errors import BadInput
from jerald_tools.process import launched_size

HUGE_PAGES = "glibc.malloc.hugetlb"

# The first two are XLA's. Pinning the process to cores caps XLA's pools as well, but two commands
# side by side would then share the same cores.
POOL_VARIABLES = ("NPROC", "PJRT_NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")

# By itself XLA takes three quarters of a card at once, and other processes there find no memory:
# another command, a display, a notebook. With these settings it takes what arrays need, when they
# need it, and may take more of the card than three quarters; the rest is for CUDA's own libraries.
# Its peak remains measurable. A user who sets one of XLA's variables has chosen: see set_device.
GPU_MEMORY = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "XLA_CLIENT_MEM_FRACTION": "0.9"}
USERS_GPU_MEMORY = (*GPU_MEMORY, "XLA_PYTHON_CLIENT_MEM_FRACTION", "XLA_PYTHON_CLIENT_ALLOCATOR")


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


def set_device(asked: str | None) -> None:
    """Tell JAX, which is not imported yet, where to compute.

    :func:`jerald_tools.mesh.device.check_device` then checks that it does.

    Args:
        asked: "gpu", "cpu", or None for what JAX chooses itself: a GPU if it sees one, unless
            the user's JAX_PLATFORMS says otherwise. Several ranks always compute on CPUs.

    Raises:
        BadInput: if several ranks ask for a GPU.
    """
    ranks = launched_size()
    if asked == "gpu" and ranks > 1:
        raise BadInput(
            f"--device gpu: a GPU is used by one process, but {ranks} ranks were launched; start "
            "one, without mpirun or srun, or use --device cpu"
        )
    if asked == "cpu" or ranks > 1:
        os.environ["JAX_PLATFORMS"] = "cpu"
        return
    if asked == "gpu":
        os.environ.pop("JAX_PLATFORMS", None)
    if not any(variable in os.environ for variable in USERS_GPU_MEMORY):
        os.environ.update(GPU_MEMORY)
