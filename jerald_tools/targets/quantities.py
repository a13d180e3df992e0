# SPDX-License-Identifier: GPL-3.0-or-later
"""The quantities that maps are made of, and what star-forming gas can be taken for."""

SPECIES_OF = {
    "dark-matter": "dark-matter",
    "gas": "gas",
    "stellar-mass": "stars",
    "neutral-hydrogen": "gas",
}
UNITS = {
    "dark-matter": "1 + delta",
    "gas": "1 + delta",
    "stellar-mass": "1e10 Msun/h per cell",
    "neutral-hydrogen": "cm^-3 (proper)",
}
DESCRIPTIONS = {
    "dark-matter": "density of dark matter over its mean",
    "gas": "density of gas over its mean",
    "stellar-mass": "mass of stars, winds left out",
    "neutral-hydrogen": "number density of neutral hydrogen",
}

STAR_FORMING = ("as-is", "cold", "neutral", "left-out")
