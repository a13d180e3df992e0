# SPDX-License-Identifier: GPL-3.0-or-later
"""Scaling of the optical depth to a mean flux."""

import numpy as np
import pytest

from jerald_tools.errors import BadInput
from jerald_tools.lines.mean_flux import mean_flux, scale_to_mean_flux
from jerald_tools.mesh.ranks import world


def own_lines(spread=3.0):
    """This rank's part of the optical depth of 12 lines."""
    ranks = world()
    tau = np.random.default_rng(1).lognormal(sigma=spread, size=(12, 50)).astype(np.float32)
    return tau[12 * ranks.rank // ranks.size : 12 * (ranks.rank + 1) // ranks.size], tau


@pytest.mark.ranks
@pytest.mark.parametrize("wanted", [1e-3, 0.2, 0.7, 0.999])
@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e5])
def test_the_mean_flux_is_found(wanted, factor):
    tau, whole = (factor * lines for lines in own_lines())
    scale = scale_to_mean_flux(world(), tau, wanted)
    assert np.exp(-scale * whole.astype(np.float64)).mean() == pytest.approx(wanted, abs=1e-8)
    assert mean_flux(world(), tau, scale) == pytest.approx(wanted, abs=1e-8)


def test_what_cannot_be_is_refused():
    tau = np.array([[0.0, 1.0, 2.0, 3.0]])
    with pytest.raises(BadInput, match=r"25.0% of the pixels have no hydrogen"):
        scale_to_mean_flux(world(), tau, 0.2)
    for wanted in (0, 1, np.nan):
        with pytest.raises(BadInput, match="above 0 and below 1"):
            scale_to_mean_flux(world(), tau, wanted)
