# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fit knows of one simulation."""

import dataclasses

import jax

from jerald_tools.model.chain import ModelInputs


@dataclasses.dataclass(frozen=True)
class Simulation:
    """One simulation at one redshift, this rank's part.

    Attributes:
        inputs: from :func:`jerald_tools.model.chain.model_inputs`.
        target: (nx_local, ny, nz), over the mean that maps are in units of.
        redshift: of both; matters where parameters evolve.
    """

    inputs: ModelInputs
    target: jax.Array
    redshift: float = 0.0
