# SPDX-License-Identifier: GPL-3.0-or-later
"""Variants: fits to the same maps with other settings than those of config.yaml."""

import dataclasses
from collections.abc import Callable, Sequence

# The quantity whose map FastPM's particles give without any layer.
OF_PARTICLES = "dark-matter"

# The folders of variants that have no fits of their own for each redshift.
LEFT_OUT = "leave_one_out/"
OVER_REDSHIFTS = "over_redshifts/"


@dataclasses.dataclass(frozen=True)
class Variant:
    """What differs from config.yaml in the fits of a variant.

    Attributes:
        trained_on: names of the simulations that its fits are trained on.
        label: names its maps in tables and figures.
        loss: that its fits minimise, if not that of their rows in `fits`; then without what the
            paper does not have, a weight of the power's error and the stars' environment.
        layers: of a fit, by quantity and redshift, if not that of its row.
        members: of each fit's ensemble, as in `optimisation`; 0 for none.
        prerequisites: the variant whose fits of other quantities its fits depend on, if not itself.
        compared: quantities whose maps are compared in the table of baselines.
    """

    trained_on: Sequence[str]
    label: str = ""
    loss: str | None = None
    layers: Callable[[str, str], int] | None = None
    members: int | str = 0
    prerequisites: str | None = None
    compared: Sequence[str] = ()


def _no_layers(quantity: str, redshift: str) -> int:
    return 0


def _layers_of_the_paper(quantity: str, redshift: str) -> int:
    """Two, and a third for stars at z = 5."""
    return 3 if quantity == "stellar-mass" and float(redshift) >= 5 else 2


def all_variants(
    quantities: Sequence[str], members: int | str, training: Sequence[str]
) -> dict[str, Variant]:
    """The variants, by the folder in results/ that has their fits, maps, spectra and logs.

    Args:
        quantities: all of them.
        members: of each fit's ensemble, for the fits that config.yaml describes.
        training: simulations with role: train.
    """
    # What config.yaml describes has no folder of its own.
    own = {"": Variant(training, members=members)}
    baselines = {
        "baselines/without_layers/": Variant(
            training,
            "without layers",
            layers=_no_layers,
            prerequisites="",
            # A map of dark matter without layers is FastPM's density, which is measured anyway.
            compared=[quantity for quantity in quantities if quantity != OF_PARTICLES],
        ),
        "baselines/paper/": Variant(
            training,
            "paper's loss",
            loss="paper",
            layers=_layers_of_the_paper,
            compared=quantities,
        ),
        "baselines/paper_without_layers/": Variant(
            training,
            "paper's loss, without layers",
            loss="paper",
            layers=_no_layers,
            prerequisites="baselines/paper/",
        ),
    }
    # Maps of what the fits of config.yaml were trained on, by the members that left it out.
    leave_one_out = {LEFT_OUT: Variant(training, "left out")}
    over_redshifts = {OVER_REDSHIFTS: Variant(training, "over redshifts")}
    return {**own, **baselines, **leave_one_out, **over_redshifts}
