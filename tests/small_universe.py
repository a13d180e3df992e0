# SPDX-License-Identifier: GPL-3.0-or-later
"""A small universe in files: clustered particles, targets that follow them, untrained fits."""

import dataclasses
import itertools

import numpy as np
from model_cases import clustered_particles, generic_parameters

from jerald_tools.cosmology import Cosmology
from jerald_tools.io.grids import MapFile, MapHeader, write_map
from jerald_tools.io.particles import ParticlesHeader, write_particles
from jerald_tools.io.record import this_run
from jerald_tools.io.sealed_json import sealed, write_document
from jerald_tools.model.fit_document import prerequisite_key
from jerald_tools.model.parameters import to_dictionary
from jerald_tools.model.validity import Validity
from jerald_tools.quantities import quantity_named

SHAPE = (10, 6, 8)
CELL_SIZE = 0.7
BOX_SIZE = (CELL_SIZE * SHAPE[0], CELL_SIZE * SHAPE[1], CELL_SIZE * SHAPE[2])
REDSHIFT = 2.0
COSMOLOGY = Cosmology(omega_m=0.3)
STEP_SCHEME = {"steps": 10, "spacing": "linear", "stages": [0.1, 0.2, 1 / 3]}
PARTICLES_HEADER = ParticlesHeader(
    BOX_SIZE, SHAPE, REDSHIFT, COSMOLOGY, {"step_scheme": STEP_SCHEME}
)
VALIDITY = Validity((CELL_SIZE, CELL_SIZE, CELL_SIZE), 1.0, REDSHIFT, COSMOLOGY, STEP_SCHEME)
UNITS = {
    "dark-matter": "1 + delta",
    "stellar-mass": "1e10 Msun/h per cell",
    "neutral-hydrogen": "cm^-3 (proper)",
    "gas": "1 + delta",
}
MEANS = {"dark-matter": 1.0, "stellar-mass": 3e-3, "neutral-hydrogen": 4e-8, "gas": 1.0}
CONSTANTS = {"neutral-hydrogen": {"shift": 0.05}}
RECORD = this_run(arguments=["test"])


def positions(seed: int = 5) -> np.ndarray:
    """Clustered positions inside the box (n, 3) [Mpc/h], in order of ID."""
    box = np.array(BOX_SIZE)
    return clustered_particles(SHAPE, BOX_SIZE, PARTICLES_HEADER.number, seed) % box


def velocities(seed: int = 6) -> np.ndarray:
    """Velocities of a few hundred km/s, which move particles by a few cells (n, 3) [km/s]."""
    return 150 * np.random.default_rng(seed).normal(size=(PARTICLES_HEADER.number, 3))


def save_particles(path, where=None, moving=None, **changes):
    """Write particles, by default the clustered ones; ``changes`` to the header's fields."""
    where = positions() if where is None else where
    moving = velocities() if moving is None else moving
    header = dataclasses.replace(PARTICLES_HEADER, **changes)
    write_particles(path, header, [(0, where)], [(0, moving)], RECORD)
    return path


def cloud_in_cell(
    where, weights: float | np.ndarray = 1.0, shape=SHAPE, box_size=BOX_SIZE
) -> np.ndarray:
    """Sum of weights on the nodes, corner by corner with NumPy."""
    cells = np.asarray(where) / (np.array(box_size) / shape)
    lower = np.floor(cells).astype(int)
    field = np.zeros(shape)
    for corner in itertools.product((0, 1), repeat=3):
        share = np.prod(1 - np.abs(cells - lower - corner), axis=1)
        np.add.at(field, tuple(((lower + corner) % shape).T), weights * share)
    return field


def target_values(quantity: str) -> np.ndarray:
    """A map that follows the clustered particles, with the quantity's mean and some noise."""
    noise = np.random.default_rng(8).lognormal(sigma=0.3, size=SHAPE)
    density = cloud_in_cell(positions())
    field = {
        "dark-matter": density**0.9,
        "stellar-mass": np.maximum(density**1.3 - 0.5, 0),
        "neutral-hydrogen": density**0.7 * np.exp(-0.1 * density),
        "gas": density**0.8,
    }[quantity]
    field = noise * field
    return field * MEANS[quantity] / field.mean()


def save_target(path, quantity: str, values=None, **changes):
    """Write a target map in double precision, by default one that follows the particles."""
    values = target_values(quantity) if values is None else values
    header = MapHeader(quantity, UNITS[quantity], "simulated", BOX_SIZE, SHAPE, REDSHIFT, COSMOLOGY)
    header = dataclasses.replace(header, **changes)
    write_map(path, header, [(0, values)], RECORD)
    return path


def untrained_fit(quantity: str, validity: Validity = VALIDITY, layers: int = 1, **more) -> dict:
    """Content of a fit with generic parameters, which carries fits of its prerequisites."""
    return {
        "quantity": quantity,
        "redshift": validity.redshift,
        "layers": layers,
        "parameters": to_dictionary(generic_parameters(quantity, layers)),
        **CONSTANTS.get(quantity, {}),
        "loss": {"power": 1, "smoothing": None, "train": 0.3, "validation": 0.4, "test": 0.5},
        "target": {
            "path": "target.h5",
            "mean": MEANS[quantity],
            "units": UNITS[quantity],
            "description": "simulated",
        },
        "setting": validity.as_dict(),
        "history": {"train": [0.3], "validation": [0.4]},
        **{
            prerequisite_key(name): sealed(untrained_fit(name, validity, layers))
            for name in quantity_named(quantity).prerequisites
        },
        **more,
    }


def save_fit(path, quantity: str, validity: Validity = VALIDITY, **more):
    """Write an untrained fit."""
    write_document(path, untrained_fit(quantity, validity, **more))
    return path


def map_of(path) -> np.ndarray:
    """The whole map in a file."""
    with MapFile(path) as file:
        return file.read()


def header_of(path) -> MapHeader:
    """The header of a map's file."""
    with MapFile(path) as file:
        return file.header
