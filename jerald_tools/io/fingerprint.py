# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what an interrupted run left behind is of the run that is asked for now."""

import hashlib
import json
import logging
import os
from collections.abc import Callable

from jerald_tools.errors import BadInput
from jerald_tools.io.hdf5 import Reader
from jerald_tools.io.record import plain_value

logger = logging.getLogger(__name__)

# Name in an output's provenance.
RUN_DIGEST = "run_sha256"


def goes_on(path: str | os.PathLike, theirs: dict, ours: dict, force: bool) -> bool:
    """Whether this run can go on from what a run left behind; if not, a line says why.

    Args:
        path: of what it left.
        theirs: all that its result depends on, by name.
        ours: the same of the run that is asked for.
        force: whether to start anew in place of another run's.

    Raises:
        BadInput: without force, if it is of another run, naming the first difference.
    """
    for name in {**theirs, **ours}:
        before, now = theirs.get(name), ours.get(name)
        if before != now:
            other = f"{path}: is of another run ({name.replace('_', ' ')} {before}, now {now})"
            if not force:
                raise BadInput(f"{other}: delete it, or use --force, to start anew")
            logger.info("%s: starting anew", other)
            return False
    return True


def run_digest(identity: dict) -> str:
    """The SHA-256 of all that a run's result depends on, for the provenance of its outputs."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def is_output_of(
    path: str | os.PathLike, open_file: Callable[[str | os.PathLike], Reader], identity: dict
) -> bool:
    """Whether a file is there that the very run wrote that is asked for now.

    Args:
        path: the file.
        open_file: such as :func:`jerald_tools.io.particles.open_particles`.
        identity: all that the result depends on.
    """
    try:
        with open_file(path) as opened:
            return plain_value(opened.file["provenance"].attrs.get(RUN_DIGEST)) == run_digest(
                identity
            )
    except BadInput:
        return False
