# SPDX-License-Identifier: GPL-3.0-or-later
# pyright: reportMissingImports=false
"""Fields of pmesh and slabs of ours: the same nodes, on the ranks that each side puts them on."""

import numpy as np
from jaxtyping import Float
from mpi4py import MPI
from pmesh.pm import ParticleMesh, RealField

from jerald_tools.mesh.mesh import AnyArray, Mesh

Planes = tuple[int, int]
"""First plane along x, and one past the last."""


def particle_mesh(mesh: Mesh, shape: tuple[int, int, int] | None = None) -> ParticleMesh:
    """A mesh of pmesh over all ranks, cut along x in real space.

    Args:
        mesh: ours, whose box and precision it takes.
        shape: its nodes along x, y, z; None for those of ours.
    """
    return ParticleMesh(
        Nmesh=shape or mesh.shape,
        BoxSize=mesh.box_size,
        dtype=mesh.dtype,
        np=[mesh.ranks.size, 1],
        comm=MPI.COMM_WORLD,
    )


def field_of_slab(mesh: Mesh, slab: Float[AnyArray, "x y z"]) -> RealField:
    """A field of pmesh with the values of our slabs."""
    field = particle_mesh(mesh).create(type="real")
    theirs = (int(field.start[0]), int(field.start[0]) + field.shape[0])
    field[...] = _moved(field.pm.comm, np.asarray(slab), (mesh.x_start, mesh.x_stop), theirs)
    return field


def slab_of_field(mesh: Mesh, field: RealField) -> Float[np.ndarray, "x y z"]:
    """This rank's slab of a field of pmesh."""
    theirs = (int(field.start[0]), int(field.start[0]) + field.shape[0])
    values = np.asarray(field.value)
    return _moved(field.pm.comm, values, theirs, (mesh.x_start, mesh.x_stop))


def _moved(communicator, planes: np.ndarray, have: Planes, want: Planes) -> np.ndarray:
    """The planes that a rank wants, from the ranks that have them."""
    ranges = communicator.allgather((have, want))

    def part(start: int, stop: int) -> np.ndarray:
        start, stop = max(start, have[0]), min(stop, have[1])
        return np.ascontiguousarray(planes[start - have[0] : max(start, stop) - have[0]])

    received = communicator.alltoall([part(*wanted) for _, wanted in ranges])
    return np.concatenate(received)
