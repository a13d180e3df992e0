# SPDX-License-Identifier: GPL-3.0-or-later
"""How the map of a quantity is named and coloured in figures; free of matplotlib and JAX."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class MapStyle:
    """The name, symbol and colours of a map.

    A map whose quantity is not one of this project's has the defaults and its own name.

    Attributes:
        label: the quantity in words, for titles.
        symbol: the quantity in mathematical notation (matplotlib's TeX), for axes.
        colour_map: matplotlib's name of a perceptually uniform colour map.
        has_units: whether the values have units; False for a density over its mean.
    """

    label: str
    symbol: str = "map"
    colour_map: str = "viridis"
    has_units: bool = True

    def axis_label(self, units: str) -> str:
        """The symbol and, if the values have units, the units: the label of a colour bar.

        Args:
            units: of the map, as its file states them.
        """
        if not self.has_units:
            return self.symbol
        for plain, typeset in (
            ("Msun", r"$M_\odot$"),
            ("1e10", r"$10^{10}$"),
            ("cm^-3", r"cm$^{-3}$"),
        ):
            units = units.replace(plain, typeset)
        return f"{self.symbol} [{units}]"
