# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields on a mesh as BigFile, as nbodykit's BigFileMesh reads them."""

import json
import os
from collections.abc import Iterable

import numpy as np

from jerald_tools.files.atomic import atomic_directory
from jerald_tools.files.bigfile import write_block
from jerald_tools.files.provenance import Provenance

DATASET = "Field"


def write_mesh(
    path: str | os.PathLike,
    header,
    pieces: Iterable[tuple[int, np.ndarray]],
    dtype,
    provenance: Provenance,
    more: dict,
    force: bool = False,
) -> None:
    """Write a field as the block ``Field``: all nodes in C order, x slowest.

    Args:
        path: of the directory; it appears when it is whole.
        header: with ``mesh``, ``box_size`` [Mpc/h], ``redshift`` and ``cosmology``.
        pieces: ``(x_start, planes)`` with planes (n, ny, nz), in order.
        dtype: of the values.
        provenance: how they were made.
        more: text and numbers by name, such as the quantity and its units.
        force: whether a directory that exists may be replaced.

    Raises:
        BadInput: if the directory cannot be written.
    """
    nx, ny, nz = header.mesh
    attributes = {
        "ndarray.shape": np.array(header.mesh, np.int64),
        "Nmesh": np.array(header.mesh, np.int64),
        "BoxSize": np.array(header.box_size),
        "Redshift": header.redshift,
        "Omega0": header.cosmology.omega_m,
        "OmegaBaryon": header.cosmology.omega_b,
        "HubbleParam": header.cosmology.h,
        "Provenance": json.dumps(provenance.as_dict()),
        **more,
    }
    flat = ((start * ny * nz, planes.reshape(-1)) for start, planes in pieces)
    with atomic_directory(path, force) as temporary:
        write_block(temporary / DATASET, (nx * ny * nz,), flat, dtype, attributes)
