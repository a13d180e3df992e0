# SPDX-License-Identifier: GPL-3.0-or-later
"""Photoionisation rates of the ultraviolet background, from tables in TREECOOL's columns."""

import dataclasses
import os
import warnings
from pathlib import Path

import numpy as np

from jerald_tools.errors import BadInput

COLUMNS = "log10(1+z), rates of HI, HeI, HeII [1/s]"


@dataclasses.dataclass(frozen=True)
class PhotoionisationRates:
    """Photoionisation rates at one redshift [1/s].

    Attributes:
        hydrogen: of HI.
        helium: of HeI.
        ionised_helium: of HeII.
    """

    hydrogen: float
    helium: float
    ionised_helium: float


def read_rates(path: str | os.PathLike, redshift: float) -> PhotoionisationRates:
    """Rates at a redshift: their logarithms are linear in log10(1 + z) between the table's rows.

    Args:
        path: a text table, rising in its first column: log10(1+z) and the photoionisation rates of
            HI, HeI and HeII [1/s]; further columns (heating) are not used.
        redshift: of the snapshot.

    Raises:
        BadInput: if it is missing, not such a table, or does not reach the redshift.
    """
    path = Path(path)
    try:
        with warnings.catch_warnings():
            # NumPy warns of an empty file, which the shape of the table shows too.
            warnings.simplefilter("ignore", UserWarning)
            table = np.loadtxt(path, ndmin=2)
    except FileNotFoundError as error:
        raise BadInput(f"{path}: no such file; check the name") from error
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not a table of numbers; give the columns {COLUMNS}") from error
    if table.shape[1] < 4 or len(table) < 2:
        raise BadInput(f"{path}: a table of {table.shape}; give the columns {COLUMNS}")
    position, rates = table[:, 0], table[:, 1:4]
    if np.any(np.diff(position) <= 0) or np.any(rates < 0) or not np.isfinite(table).all():
        raise BadInput(f"{path}: log10(1+z) must rise and rates must not be negative; fix it")
    log_redshift = np.log10(1 + redshift)
    if not position[0] <= log_redshift <= position[-1]:
        raise BadInput(
            f"{path}: has z = {10 ** position[0] - 1:g} to {10 ** position[-1] - 1:g}, the "
            f"snapshot is at z = {redshift:g}; give a table that reaches it"
        )
    return PhotoionisationRates(*(_interpolate(log_redshift, position, rate) for rate in rates.T))


def _interpolate(log_redshift: float, position: np.ndarray, rate: np.ndarray) -> float:
    upper = max(1, int(np.searchsorted(position, log_redshift)))
    low, high = rate[upper - 1], rate[upper]
    share = (log_redshift - position[upper - 1]) / (position[upper] - position[upper - 1])
    if low == 0 or high == 0:
        # Before the background begins its rate is zero, which has no logarithm.
        return float(low + share * (high - low))
    return float(low ** (1 - share) * high**share)
