# SPDX-License-Identifier: GPL-3.0-or-later
"""A map that all ranks have painted, held against the same on one of them alone."""

from jerald_tools.io.parallel import LoadedParticles
from jerald_tools.mesh.checks import on_one_rank, verify_on_one_rank, whole_on_root
from jerald_tools.model.painting import PaintedMap, paint_particles


def verify_map(
    painted: PaintedMap,
    fit: dict | None = None,
    fit_path: str = "",
    redshift_space: str | None = None,
) -> str:
    """Paint a map again on rank 0 alone, which needs memory for all, and compare.

    Args:
        painted: the map and its particles, this rank's part.
        fit: as it was painted with.
        fit_path: the same.
        redshift_space: the same.

    Returns:
        A line for log and provenance, see
        :func:`jerald_tools.mesh.checks.verify_on_one_rank`, as for errors.
    """
    mesh, read = painted.mesh, painted.particles
    rows = (read.positions, read.velocities, read.ids)
    particles = LoadedParticles(*(whole_on_root(mesh.ranks, each) for each in rows))

    def repeat():
        header = painted.particles_header
        alone = paint_particles(on_one_rank(mesh), particles, header, fit, fit_path, redshift_space)
        return {"values": alone.field}

    of_all_ranks = {"values": whole_on_root(mesh.ranks, painted.field)}
    what = f"the map of {painted.header.quantity}"
    return verify_on_one_rank(mesh, what, of_all_ranks, repeat)
