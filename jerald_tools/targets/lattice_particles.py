# SPDX-License-Identifier: GPL-3.0-or-later
"""Dark matter of a snapshot that started from a lattice, as particles of ours."""

import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.files.particles import ParticlesHeader
from jerald_tools.files.snapshots.checked import read_field
from jerald_tools.files.snapshots.snapshot import Snapshot
from jerald_tools.mesh.distributed_files import agree
from jerald_tools.mesh.ranks import Ranks, gather
from jerald_tools.mesh.redistribute import ids_to_ranks, redistribute


def lattice_particles(ranks: Ranks, snapshot: Snapshot) -> tuple[ParticlesHeader, dict]:
    """Read the dark matter, in order of the lattice that its IDs number.

    Args:
        ranks: the processes.
        snapshot: its IDs number a cubic lattice as (i N + j) N + k, from 0 or from 1.

    Returns:
        The header of the particles, and this rank's rows by name: ``ids`` (n) from 1,
        ``positions`` (n, 3) [Mpc/h], ``velocities`` (n, 3) peculiar [km/s].

    Raises:
        BadInput: on every rank, if the particles are not a cube of IDs, each once.
    """
    header, path = snapshot.header, snapshot.paths[0]
    number = header.number("dark-matter")
    side = round(number ** (1 / 3))
    if number == 0 or side**3 != number:
        raise BadInput(
            f"{path}: {number} particles of dark matter are no cubic lattice; give a snapshot with "
            "N^3 of them"
        )
    share = [number * rank // ranks.size for rank in (ranks.rank, ranks.rank + 1)]
    rows = agree(
        ranks,
        lambda: {
            field: read_field(snapshot, "dark-matter", field, *share)
            for field in ("ids", "positions", "velocities")
        },
    )
    rows["ids"] = rows["ids"].astype(np.int64)
    lowest = min(gather(ranks, int(rows["ids"].min(initial=2**62))))
    highest = max(gather(ranks, int(rows["ids"].max(initial=-1))))
    if lowest not in (0, 1) or highest - lowest != number - 1:
        raise BadInput(
            f"{path}: ParticleIDs from {lowest} to {highest} of {number} particles: give a "
            "snapshot whose IDs number a lattice from 0 or from 1"
        )
    rows["ids"] += 1 - lowest
    rows = redistribute(ranks, rows, ids_to_ranks(ranks, rows["ids"], number))
    order = np.argsort(rows["ids"])
    rows = {name: values[order] for name, values in rows.items()}
    first, last = (number * rank // ranks.size for rank in (ranks.rank, ranks.rank + 1))
    if not all(gather(ranks, np.array_equal(rows["ids"], np.arange(first + 1, last + 1)))):
        raise BadInput(f"{path}: a ParticleID is there twice; give a whole snapshot")
    lattice = (side,) * 3
    made = ParticlesHeader(
        header.box_size, lattice, header.redshift, header.cosmology, {"format": header.format}
    )
    return made, rows
