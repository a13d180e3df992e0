# SPDX-License-Identifier: GPL-3.0-or-later
"""The flux of a lattice of lines as a field in redshift space, on nodes of lines and pixels."""

import numpy as np
from jaxtyping import Float

from jerald_tools.errors import BadInput
from jerald_tools.io.grids import MapHeader
from jerald_tools.io.parallel import read_header
from jerald_tools.io.skewers import SkewersFile
from jerald_tools.lines.geometry import AXES
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import Ranks, agree, on_root

PIECE_PIXELS = 2**24


def flux_header(ranks: Ranks, path: str) -> MapHeader:
    """The header of the flux as a map.

    Raises:
        BadInput: on every rank, if the file is damaged, or its lines are no lattice of the box.
    """
    header = read_header(ranks, SkewersFile, path)

    def shape() -> tuple[int, ...]:
        with SkewersFile(path) as file:
            file.verify()  # it will be read in pieces
            return file.shape

    lines = on_root(ranks, shape)
    axis = AXES.index(header.axis)
    nodes = [*header.mesh[:axis], *header.mesh[axis + 1 :]]
    if len(lines) != 3 or any(count % here for count, here in zip(nodes, lines, strict=False)):
        raise BadInput(
            f"{path}: its lines do not fill the box evenly; draw all of them, or --every N with N "
            "a divisor of the mesh"
        )
    shape_of_map = list(lines[:2])
    shape_of_map.insert(axis, lines[2])
    return MapHeader(
        quantity="flux",
        units="1",
        description="exp(-tau) of Lyman-alpha in redshift space",
        box_size=header.box_size,
        mesh=(shape_of_map[0], shape_of_map[1], shape_of_map[2]),
        redshift=header.redshift,
        cosmology=header.cosmology,
        attributes={"redshift_space": header.axis},
    )


def load_flux(mesh: Mesh, path: str) -> Float[np.ndarray, "x y z"]:
    """This rank's slab of the flux.

    Args:
        mesh: of :func:`flux_header`.
        path: the file of lines.

    Raises:
        BadInput: on every rank, if the data are damaged on any.
    """
    own = slice(mesh.x_start, mesh.x_stop)

    def read() -> np.ndarray:
        with SkewersFile(path) as file:
            axis = AXES.index(file.header.axis)
            if axis > 0:
                return np.moveaxis(np.exp(-file.read(mesh.x_start, mesh.x_stop)), 2, axis)
            # Every line crosses all slabs.
            step = max(1, PIECE_PIXELS // (file.shape[1] * file.shape[2]))
            pieces = [
                np.exp(-file.read(start, start + step)[:, :, own])
                for start in range(0, file.shape[0], step)
            ]
            return np.moveaxis(np.concatenate(pieces), 2, 0)

    return agree(mesh.ranks, read).astype(mesh.dtype)
