# SPDX-License-Identifier: GPL-3.0-or-later
"""The goldens that tests carry; see golden/README.md for where they come from."""

from pathlib import Path

import numpy as np

DIRECTORY = Path(__file__).parent / "golden"


def load_golden(name: str) -> dict[str, np.ndarray]:
    """All arrays of one file; a missing file is an error."""
    with np.load(DIRECTORY / name) as archive:
        return dict(archive)
