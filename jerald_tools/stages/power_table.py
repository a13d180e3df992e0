# SPDX-License-Identifier: GPL-3.0-or-later
"""The linear power of a run: a table that was compared with the cosmology, or CAMB's."""

import dataclasses
import logging
import math

from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput
from jerald_tools.gravity.linear_power import LinearPower, camb_linear_power, read_linear_power
from jerald_tools.gravity.table_checks import (
    SHAPE,
    WORTH_A_LINE,
    departure,
    require_sigma8,
    rescaled,
)
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import on_root
from jerald_tools.mesh.wavenumbers import wavenumber_table

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class PowerTable:
    """Where the linear power comes from.

    Attributes:
        power: table of k [h/Mpc] and linear P at z = 0 [(Mpc/h)^3]; None for CAMB's. A linear
            density needs neither.
        rescale_sigma8: whether the table is scaled to the cosmology's sigma8.
        allow_mismatch: whether a table of another sigma8 is used as it is.

    Raises:
        BadInput: if there is no table to scale, or both are asked for.
    """

    power: str | None = None
    rescale_sigma8: bool = False
    allow_mismatch: bool = False

    def __post_init__(self):
        asked = {"--rescale-sigma8": self.rescale_sigma8, "--allow-mismatch": self.allow_mismatch}
        for option, given in asked.items():
            if given and self.power is None:
                raise BadInput(f"{option} is for a --power FILE; leave it out")
        if all(asked.values()):
            raise BadInput(f"{' and '.join(asked)} exclude each other; give one of them")


def linear_power(mesh: Mesh, table: PowerTable, cosmology: Cosmology) -> LinearPower:
    """The linear power of a table, or of CAMB without one; rank 0 makes it for all.

    Args:
        mesh: whose wavenumbers it must have.
        table: where it comes from.
        cosmology: that it must have the amplitude of.

    Raises:
        BadInput: on every rank, if the table cannot be used.
    """
    if table.power is None:
        return on_root(mesh.ranks, camb_linear_power, cosmology, wavenumber_table(mesh)[-1])
    power = on_root(mesh.ranks, _read_table, table, cosmology)
    fundamental = 2 * math.pi / max(mesh.box_size)
    nyquist = min(math.pi / cell for cell in mesh.cell_size)
    on_root(mesh.ranks, _compare_with_camb, table.power, power, cosmology, (fundamental, nyquist))
    return power


def _compare_with_camb(
    path: str, power: LinearPower, cosmology: Cosmology, between: tuple[float, float]
) -> None:
    """Warn of a table that leaves CAMB's power between two wavenumbers [h/Mpc]."""
    try:
        reference = camb_linear_power(cosmology, between[1])
    except BadInput as error:
        logger.warning("%s: warning: its shape is not compared with CAMB's: %s", path, error)
        return
    if power.wavenumbers[0] >= between[1] or power.wavenumbers[-1] <= between[0]:
        return
    worst = departure(power, reference, *between)
    if abs(worst.fraction) > SHAPE:
        logger.warning(
            "%s: warning: at k = %.3g h/Mpc it is %+.1f %% from the power of %s for this "
            "cosmology, the most between the fundamental and the Nyquist frequency of the box",
            path,
            worst.k,
            100 * worst.fraction,
            reference.source,
        )


def _read_table(table: PowerTable, cosmology: Cosmology) -> LinearPower:
    """A table whose amplitude is that of the cosmology, or is taken as it is."""
    assert table.power is not None
    power = read_linear_power(table.power)
    if table.rescale_sigma8:
        return rescaled(power, cosmology)
    if not table.allow_mismatch:
        require_sigma8(table.power, power, cosmology)
    if power.reaches_sigma8() and abs(power.sigma8() / cosmology.sigma8 - 1) > WORTH_A_LINE:
        logger.warning(
            "%s: warning: its sigma8 is %.4g, the cosmology's %.4g: it is used as it is",
            table.power,
            power.sigma8(),
            cosmology.sigma8,
        )
    return power
