# SPDX-License-Identifier: GPL-3.0-or-later
"""Large arrays on huge pages, which a process can only ask for when it starts."""

import os
import sys

TUNABLE = "glibc.malloc.hugetlb"


def start_again_with_huge_pages() -> None:
    """Replace this process by itself with glibc's allocator set to ask for huge pages.

    XLA takes the memory of its intermediate arrays anew for every call, and the kernel clears it
    page by page: with small pages that is up to a fifth of an optimisation step. Does nothing where
    the C library is another, or the environment has a setting of its own.
    """
    tunables = os.environ.get("GLIBC_TUNABLES", "")
    if not sys.platform.startswith("linux") or TUNABLE in tunables:
        return
    if not os.confstr("CS_GNU_LIBC_VERSION"):
        return
    tunables = ":".join(filter(None, [tunables, f"{TUNABLE}=1"]))
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, sys.orig_argv, os.environ | {"GLIBC_TUNABLES": tunables})
