# SPDX-License-Identifier: GPL-3.0-or-later
"""Fits of the small universe by the commands, and the maps that they paint."""

from small_universe import map_of

from jerald_tools.cli import fit as fit_commands
from jerald_tools.cli import paint
from jerald_tools.io.sealed_json import read_document
from jerald_tools.mesh.ranks import on_root, world

COMMANDS = {
    "dark-matter": fit_commands.fit_dm,
    "stellar-mass": fit_commands.fit_stellar,
    "neutral-hydrogen": fit_commands.fit_hi,
}
PAPER = ["--loss", "paper"]
SNAPSHOT = {"T0_median_at_mean_density_K": 11000.0, "gamma_minus_1": 0.25}
BRIEF = ["--layers", 0, "--evaluations", 2, "--starts", 1, *PAPER]
HYDROGEN_OPTIONS = ["--evaluations", 6, "--starts", 1, "--shift", 0.05, *PAPER]


def fit(folder, quantity, name, *options):
    """Run a fit's command in double precision and read what it wrote."""
    command = COMMANDS.get(quantity, fit_commands.fit)
    arguments = [*([] if quantity in COMMANDS else [quantity]), folder / "particles.h5",
                 "--target", folder / f"{quantity}.h5", "-o", folder / name, "--precision",
                 "double", "-q", *options]  # fmt: skip
    command.main([str(argument) for argument in arguments], standalone_mode=False)
    return on_root(world(), read_document, folder / name)


def painted(folder, fit_name):
    """The map of a fit over its target's mean."""
    output = folder / f"{fit_name}_map.h5"
    arguments = [folder / "particles.h5", "--fit", folder / fit_name, "-o", output, "--force",
                 "--precision", "double", "-q"]  # fmt: skip
    paint.main.main([str(argument) for argument in arguments], standalone_mode=False)
    return map_of(output) / read_document(folder / fit_name)["target"]["mean"]
