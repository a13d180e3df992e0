# SPDX-License-Identifier: GPL-3.0-or-later
"""Neutral fractions in equilibrium with a background, beside those that a snapshot's code wrote.

python benchmarks/neutral_fraction.py SNAPSHOT --uvb TABLE
"""

import argparse

import numpy as np

from jerald_tools.io.particles import CRITICAL_DENSITY
from jerald_tools.io.uv_background import read_rates
from jerald_tools.snapshots.code_units import Overrides
from jerald_tools.snapshots.open import open_snapshot
from jerald_tools.snapshots.snapshot import read_field
from jerald_tools.targets.neutral_gas import NeutralGas

# Gas denser than this over the mean is left out: there self-shielding or star formation may differ.
DENSEST = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("snapshot")
    parser.add_argument("--uvb", required=True)
    arguments = parser.parse_args()
    snapshot = open_snapshot([arguments.snapshot], Overrides())
    header = snapshot.header
    number = header.number("gas")

    def read(field):
        return read_field(snapshot, "gas", field, 0, number)

    rates = read_rates(arguments.uvb, header.redshift)
    computed = NeutralGas().equilibrium_fraction(rates, snapshot, read)
    own = read("neutral_fraction")
    overdensity = read("density") / (CRITICAL_DENSITY * header.cosmology.omega_b)
    print(f"z = {header.redshift:g}, {rates}")
    for name, some in (
        (f"below {DENSEST} times the mean density", overdensity < DENSEST),
        ("all", np.full(number, True)),
    ):
        error = computed[some] / own[some] - 1
        percentiles = np.percentile(np.abs(error), [50, 95, 100])
        print(
            f"{name}: {some.sum()} particles, median {np.median(error):+.1e}, absolute error of "
            "50, 95, 100 % of them at most " + ", ".join(f"{value:.1e}" for value in percentiles)
        )


if __name__ == "__main__":
    main()
