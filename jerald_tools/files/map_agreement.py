# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether two maps can be compared node by node."""

import math
import os

from jerald_tools.errors import BadInput
from jerald_tools.files.maps import MapHeader

BOX_TOLERANCE = 1e-6
REDSHIFT_TOLERANCE = 1e-3


def check_agreement(
    path: str | os.PathLike,
    header: MapHeader,
    reference_path: str | os.PathLike,
    reference: MapHeader,
) -> None:
    """Refuse to compare maps of different meshes, boxes or redshifts.

    Raises:
        BadInput: naming both files and what differs.
    """
    if header.mesh != reference.mesh:
        raise BadInput(
            f"{path}: mesh {header.mesh}, but {reference_path} has {reference.mesh}; "
            "give maps on one mesh"
        )
    sides = zip(header.box_size, reference.box_size, strict=True)
    if not all(math.isclose(*pair, rel_tol=BOX_TOLERANCE) for pair in sides):
        raise BadInput(
            f"{path}: box {header.box_size} Mpc/h, but {reference_path} has {reference.box_size}; "
            "give maps of one box"
        )
    difference = abs(header.redshift - reference.redshift)
    if difference > REDSHIFT_TOLERANCE * (1 + reference.redshift):
        raise BadInput(
            f"{path}: redshift {header.redshift:g}, but {reference_path} has "
            f"{reference.redshift:g}; give maps of one redshift"
        )
