# SPDX-License-Identifier: GPL-3.0-or-later
"""A file with one byte changed, again and again."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

# More of them, up to every byte: make test-damage.
FLIPS = int(os.environ.get("JERALD_FLIPS", "200"))


def flipped(path: Path) -> Iterator[int]:
    """The file, again and again, with a byte changed: spread over it, its ends included."""
    whole = path.read_bytes()
    generator = np.random.default_rng(7)
    bounds = np.linspace(0, len(whole), min(FLIPS, len(whole)) + 1).astype(int)
    for low, high in itertools.pairwise(bounds):
        place = generator.integers(low, high)
        damaged = bytearray(whole)
        damaged[place] ^= int(generator.integers(1, 256))
        path.write_bytes(damaged)
        yield place
    path.write_bytes(whole)
