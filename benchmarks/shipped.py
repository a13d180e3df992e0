# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmarks take from the repository: the fits that it ships, and their configuration."""

from pathlib import Path

import yaml

from jerald_tools.model.quantity import Quantity
from jerald_tools.quantities import NAMES, quantity_named

ROOT = Path(__file__).resolve().parents[1]
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
SPACING = CONFIG["initial_conditions"]["box_size"] / CONFIG["initial_conditions"]["particles"]
"""Distance of the particles that the shipped fits hold for, before they move [Mpc/h]."""


def fit_path(quantity: str, redshift: float) -> Path:
    """The shipped fit of a quantity."""
    return ROOT / f"data/fits/{quantity}_z{redshift:.2f}.json"


def fitted_quantities() -> tuple[str, ...]:
    """The quantities of which fits at z = 2 are shipped."""
    return tuple(name for name in NAMES if fit_path(name, 2).exists())


def prerequisites(quantity: str, redshift: float) -> list[tuple[str, str]]:
    """Names and shipped fits of the quantities that a fit of a quantity depends on."""
    names = CONFIG["prerequisites"].get(quantity, quantity_named(quantity).prerequisites)
    return [(name, str(fit_path(name, redshift))) for name in names]


def configured(quantity: str, redshift: float) -> dict:
    """Layers and smoothing of a fit: its row of config.yaml, or two layers and no smoothing."""
    expected = {"quantity": quantity, "redshift": redshift}
    found = [row for row in CONFIG["fits"] if expected.items() <= row.items()]
    return found[0] if found else {**expected, "layers": 2, "smoothing": None}


def refined(name: str, redshift: float) -> Quantity:
    """The quantity with the refinement of its row of config.yaml; dark matter has none."""
    quantity = quantity_named(name)
    refine = configured(name, redshift).get("refine", CONFIG["maps"]["refine"])
    return quantity.with_constants({"refine": refine} if "refine" in quantity.constants else {})
