# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints a table of the differences between two chains, stage by stage, in Markdown.

The folder holds ``jerald`` and ``engines``, each with initial_conditions.h5, particles.h5,
density.h5 and power.csv, and ratio.csv, the power of the particles of one over that of the other.
"""

import sys
from pathlib import Path

import numpy as np

from jerald_tools.io.grids import InitialConditionsFile, MapFile
from jerald_tools.io.particles import ParticlesFile
from jerald_tools.io.spectra import read_spectrum

CHAINS = ("jerald", "engines")


def differences(folder: Path) -> list[tuple[str, float, str]]:
    """Rows: what is compared, the largest difference, its unit."""
    rows = []
    for title, reader, name in (
        ("linear density", InitialConditionsFile, "initial_conditions.h5"),
        ("density of the particles", MapFile, "density.h5"),
    ):
        ours, theirs = (_field(reader, folder / chain / name) for chain in CHAINS)
        rows.append((title, np.abs(theirs - ours).max() / ours.std(), "of its rms"))
    (ours, box), (theirs, _) = (_particles(folder / chain / "particles.h5") for chain in CHAINS)
    moved = theirs[0] - ours[0]
    moved -= box * np.rint(moved / box)
    rows.insert(1, ("positions", np.abs(moved).max(), "Mpc/h"))
    rows.insert(2, ("velocities", np.abs(theirs[1] - ours[1]).max(), "km/s"))
    (ours, _), (theirs, _) = (read_spectrum(folder / chain / "power.csv") for chain in CHAINS)
    rows.append(("P(k), each by its own", _apart(theirs["P"] / ours["P"]), "of P"))
    ratio, _ = read_spectrum(folder / "ratio.csv")
    rows.append(("P(k) of both particles by powerspec", _apart(ratio["ratio"]), "of P"))
    return rows


def _field(reader, path: Path) -> np.ndarray:
    with reader(path) as file:
        return file.read()


def _particles(path: Path) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Positions and velocities in order of ID, and the box."""
    with ParticlesFile(path) as file:
        _, positions, velocities = file.read(0, file.header.number)
        return (positions, velocities), np.array(file.header.box_size)


def _apart(ratio: np.ndarray) -> float:
    return float(np.nanmax(np.abs(ratio - 1)))


if __name__ == "__main__":
    print("| stage | largest difference | |\n| --- | --: | --- |")
    for title, value, unit in differences(Path(sys.argv[1])):
        print(f"| {title} | {value:.1e} | {unit} |")
