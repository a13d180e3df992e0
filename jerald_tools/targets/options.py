# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of make-target; free of NumPy, so that its --help is fast."""

import dataclasses

STAR_FORMING_GAS = ("as-is", "cold", "neutral", "left-out")
"""How star-forming gas is treated: as other gas, as 10^4 K cold, as neutral, or left out."""

DEPOSITS = {
    "cic": "cloud-in-cell at nodes",
    "sph": "cubic spline kernel at nodes, cloud-in-cell where it is narrower than a cell",
}
"""How particles are spread over the nodes, by the name of the option."""


@dataclasses.dataclass(frozen=True)
class TargetOptions:
    """The map to make of a snapshot.

    Attributes:
        quantity: its name.
        nodes: along x; cells are cubes.
        deposit: how particles are spread over the nodes, a key of :data:`DEPOSITS`.
        uvb: path of a table of photoionisation rates to compute neutral fractions with; None takes
            the snapshot's neutral fractions.
        self_shielding: whether dense gas shields itself from these rates.
        star_forming_gas: of :data:`STAR_FORMING_GAS`.
        hydrogen_fraction: of the gas's mass, where the snapshot does not state it.
        clip: largest neutral hydrogen density of a cell [proper cm^-3], or None.
    """

    quantity: str
    nodes: int
    deposit: str = "cic"
    uvb: str | None = None
    self_shielding: bool = False
    star_forming_gas: str = "as-is"
    hydrogen_fraction: float = 0.76
    clip: float | None = None

    def given(self) -> list[str]:
        """Names of the options whose values are not the defaults."""
        return [
            field.name
            for field in dataclasses.fields(self)
            if field.default is not dataclasses.MISSING
            and getattr(self, field.name) != field.default
        ]
