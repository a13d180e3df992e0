# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps of the golden snapshot by make-target, and the same maps by NumPy."""

import numpy as np
import snapshot_files
from small_universe import cloud_in_cell, map_of
from snapshot_files import blocks, header

from jerald_tools.cli.make_target import main

QUANTITIES = ("dark-matter", "gas", "stellar-mass", "neutral-hydrogen")
UNITS = ("1 + delta", "1 + delta", "1e10 Msun/h per cell", "cm^-3 (proper)")


def make_target(*arguments):
    main.main([str(argument) for argument in (*arguments, "-q")], standalone_mode=False)


def target(shared_folder, snapshot, quantity, *options, output="map.h5"):
    """The map of a snapshot in double precision on 32^3 nodes, made by the command."""
    make_target(snapshot, "--quantity", quantity, "--mesh", 32, "--precision", "double", *options,
                "--force", "-o", shared_folder / output)  # fmt: skip
    return map_of(shared_folder / output)


def reference(quantity: str, shape=(32, 32, 32)) -> np.ndarray:
    """The map by NumPy, from the blocks of the golden snapshot."""
    kind = {"dark-matter": 1, "stellar-mass": 4}.get(quantity, 0)
    weights = blocks()[kind, "Mass"].astype(np.float64)
    if quantity == "neutral-hydrogen":
        h, a = header()["HubbleParam"], header()["Time"]
        cell = a * header()["BoxSize"] / shape[0] * snapshot_files.KPC_CM / h
        weights = weights * blocks()[0, "NeutralHydrogenFraction"] * 0.76
        weights *= snapshot_files.MASS_G / h / 1.67262192369e-24 / cell**3
    box = (header()["BoxSize"],) * 3
    field = cloud_in_cell(blocks()[kind, "Position"], weights, shape, box)
    return field if UNITS[QUANTITIES.index(quantity)] != "1 + delta" else field / field.mean()


def uniform_background(path, rates=(1e-12, 6e-13, 1e-14)):
    """A table of the same rates at all times."""
    np.savetxt(path, [[0.0, *rates], [1.0, *rates]])
    return path
