# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmarks take from the repository: the fits that it ships, and their configuration."""

from pathlib import Path

import yaml

from jerald_tools.quantities import NAMES, quantity_named

ROOT = Path(__file__).resolve().parents[1]


def fit_path(quantity: str, redshift: float) -> Path:
    """The shipped fit of a quantity."""
    return ROOT / f"data/fits/{quantity}_z{redshift:.2f}.json"


def fitted_quantities() -> tuple[str, ...]:
    """The quantities of which fits at z = 2 are shipped."""
    return tuple(name for name in NAMES if fit_path(name, 2).exists())


def prerequisites(quantity: str, redshift: float) -> list[tuple[str, str]]:
    """Names and shipped fits of the quantities that a fit of a quantity depends on."""
    names = quantity_named(quantity).prerequisites
    return [(name, str(fit_path(name, redshift))) for name in names]


def configured(quantity: str, redshift: float) -> dict:
    """Layers and smoothing of a fit: its row of config.yaml, or two layers and no smoothing."""
    rows = yaml.safe_load((ROOT / "config.yaml").read_text())["fits"]
    expected = {"quantity": quantity, "redshift": redshift}
    found = [row for row in rows if expected.items() <= row.items()]
    return found[0] if found else {**expected, "layers": 2, "smoothing": None}
