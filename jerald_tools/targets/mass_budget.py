# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a snapshot has the mass that its own cosmology puts into its box.

A file whose units were taken for others, a cutout under the header of the whole box, or every tenth
particle of a run make maps that look like any other. Their mass shows them.
"""

import logging
import math

from jerald_tools.errors import BadInput
from jerald_tools.io.particles import CRITICAL_DENSITY
from jerald_tools.mesh.ranks import Ranks, agree, gather
from jerald_tools.snapshots.snapshot import SPECIES, Snapshot, read_field

logger = logging.getLogger(__name__)

TOLERANCE = 0.03
"""Largest relative difference of the mass in the box from the cosmology's."""

BARYONS = ("gas", "stars")

DARK = ("dark-matter", "type-2", "type-3")
"""A zoom has its coarse dark matter in types 2 and 3."""


def require_mass(ranks: Ranks, snapshot: Snapshot, chunk: int) -> None:
    """Refuse a snapshot whose mass is not that of its universe; every rank must call it.

    Args:
        ranks: the processes, each of which reads a share of the masses.
        snapshot: that was opened.
        chunk: particles in memory at a time, on all ranks together.

    Raises:
        BadInput: on every rank, with the ratio of the two masses and the options that may mend it;
            or if the snapshot has particles without masses.
    """
    problem = mass_problem(ranks, snapshot, chunk)
    if problem:
        raise BadInput(
            f"{snapshot.paths[0]}: {problem}; check units (--length-unit, --mass-unit) and "
            "cosmology (--omega-m, --omega-b), or give --part-of-box for a cutout or a subsample"
        )


def warn_of_mass(ranks: Ranks, snapshot: Snapshot, chunk: int = 2**22) -> None:
    """Say so if a snapshot has not the mass of its universe, as far as it states masses.

    For what needs no masses: a wrong unit of length shows in them all the same.
    """
    header = snapshot.header
    present = [name for name in SPECIES if header.number(name)]
    if header.mass_unit is None or not all(snapshot.has(name, "masses") for name in present):
        return
    problem = mass_problem(ranks, snapshot, chunk)
    if problem:
        logger.warning("%s: warning: %s; check its units", snapshot.paths[0], problem)


def mass_problem(ranks: Ranks, snapshot: Snapshot, chunk: int) -> str | None:
    """What is wrong with the mass in the box, None if nothing is; every rank must call it.

    All matter over the volume must be omega_m rho_c, without the neutrinos that are no particles.
    Dark matter must be all of it where there is neither gas nor stars, else without omega_b. Where
    there are stars but no gas at all, as in light versions of runs, that alone is required.
    """
    header = snapshot.header
    masses = {name: species_mass(ranks, snapshot, name, chunk) for name in SPECIES}
    cosmology, unit = header.cosmology, CRITICAL_DENSITY * math.prod(header.box_size)
    matter = cosmology.omega_m - header.omega_nu
    has_baryons = any(masses[name] for name in BARYONS)
    parts = []
    if masses["gas"] or not has_baryons:
        parts.append(("particles have", sum(masses.values()), matter, "omega_m"))
    if has_baryons:
        dark = sum(masses[name] for name in DARK)
        parts.append(("dark matter has", dark, matter - cosmology.omega_b, "omega_m - omega_b"))
    for what, found, density, name in parts:
        ratio = found / (density * unit) if density > 0 else math.inf
        if not abs(ratio - 1) <= TOLERANCE:
            return f"its {what} {ratio:.3g} times the mass of {name} in its box"
    return None


def species_mass(ranks: Ranks, snapshot: Snapshot, species: str, chunk: int) -> float:
    """The mass of all particles of a species [1e10 Msun/h]; every rank must call it.

    Raises:
        BadInput: on every rank, if they have none, or it is damaged.
    """
    number = snapshot.header.number(species)
    if number == 0:
        return 0.0
    if not snapshot.has(species, "masses"):
        if species == "black-holes":
            # Light versions of runs leave them out: they are less than a thousandth of all matter.
            return 0.0
        raise BadInput(
            f"{snapshot.paths[0]}: has no masses of {species}, so that its mass cannot be compared "
            "with its cosmology; give a whole snapshot, or --part-of-box"
        )
    first, last = (number * rank // ranks.size for rank in (ranks.rank, ranks.rank + 1))
    piece = max(1, chunk // ranks.size)

    def own() -> float:
        return sum(
            float(read_field(snapshot, species, "masses", start, min(start + piece, last)).sum())
            for start in range(first, last, piece)
        )

    return sum(gather(ranks, agree(ranks, own)))
