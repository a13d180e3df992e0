# SPDX-License-Identifier: GPL-3.0-or-later
"""Small files of each kind, written by the package, for tests to read, cut and damage."""

import numpy as np
import pytest

from jerald_tools.cosmology import Cosmology
from jerald_tools.io.grids import (
    InitialConditionsHeader,
    MapHeader,
    write_initial_conditions,
    write_map,
)
from jerald_tools.io.particles import ParticlesHeader, write_particles
from jerald_tools.io.record import Input, Record
from jerald_tools.io.sealed_json import sealed, write_document
from jerald_tools.io.spectra import write_spectrum

COSMOLOGY = Cosmology(omega_m=0.31, omega_b=0.05, h=0.7, sigma8=0.8, n_s=0.97)


@pytest.fixture
def record():
    seed = Record("0.1.0", "unknown", "generate-ics --seed 3 -o ics.h5")
    return Record(
        "0.1.0",
        "abc",
        "paint p.h5 -o 'a  map.h5'",
        (Input("p.h5", "12ab", seed), Input("q", "34")),
        run={
            "ranks": 2,
            "threads": 3,
            "backend": "jax",
            "peak_memory_bytes": 2**40,
            "seconds": {"read": 0.5},
        },
    )


@pytest.fixture
def map_header():
    return MapHeader(
        quantity="neutral-hydrogen",
        units="cm^-3 (proper)",
        description="number density of neutral hydrogen",
        box_size=(10.0, 20.0, 30.0),
        mesh=(6, 4, 5),
        redshift=2.0,
        cosmology=COSMOLOGY,
        attributes={
            "seed": 9281,
            "flag": True,
            "empty": "",
            "names": ["α", "b c"],
            "steps": {"redshifts": [9.0, 0.1], "scheme": "KDK"},
        },
    )


@pytest.fixture
def particles_header():
    return ParticlesHeader(
        box_size=(10.0, 20.0, 30.0),
        lattice=(6, 4, 5),
        redshift=3.0,
        cosmology=COSMOLOGY,
        attributes={"steps": {"number": 10}, "initial_conditions": "12ab"},
    )


@pytest.fixture
def ic_header():
    return InitialConditionsHeader(
        box_size=(10.0, 20.0, 30.0),
        mesh=(6, 4, 5),
        lattice=(3, 2, 4),
        cosmology=COSMOLOGY,
        attributes={"seed": 3, "fixed": False},
    )


@pytest.fixture
def field():
    return np.random.default_rng(1).normal(size=(6, 4, 5)).astype(np.float32)


@pytest.fixture
def positions(particles_header):
    box = np.array(particles_header.box_size)
    return (np.random.default_rng(2).random((120, 3)) * box).astype(np.float32)


@pytest.fixture
def velocities():
    return np.random.default_rng(3).normal(scale=300, size=(120, 3)).astype(np.float32)


@pytest.fixture
def map_file(tmp_path, map_header, field, record):
    path = tmp_path / "map.h5"
    write_map(path, map_header, [(0, field[:1]), (1, field[1:4]), (4, field[4:])], record)
    return path


@pytest.fixture
def ic_file(tmp_path, ic_header, field, record):
    path = tmp_path / "ics.h5"
    write_initial_conditions(path, ic_header, [(0, field)], record)
    return path


@pytest.fixture
def spectrum_file(tmp_path, record):
    path = tmp_path / "pk.csv"
    k = np.linspace(0.1, 7, 30)
    columns = {"k": k, "P": 100 / k, "modes": np.arange(6, 36), "r": np.cos(k / 7)}
    write_spectrum(path, columns, {"quantity": "dark-matter"}, record)
    return path


@pytest.fixture
def fit_file(tmp_path, record):
    path = tmp_path / "hi.json"
    content = {
        "redshift": 2.0,
        "layers": 2,
        "parameters": {"layers": [{"alpha": 1 / 3, "gamma": -1e-300}], "transform": {"w": 1.5}},
        "loss": {"train": 0.2158, "validation": 0.286, "test": 0.25},
        "history": {"train": np.geomspace(1, 1e-8, 20).tolist(), "validation": [None]},
        "provenance": record.as_dict(),
    }
    stars = sealed({**content, "quantity": "stellar-mass"})
    write_document(path, {**content, "quantity": "neutral-hydrogen", "stellar_mass_fit": stars})
    return path


@pytest.fixture
def particle_file(tmp_path, particles_header, positions, velocities, record):
    path = tmp_path / "particles.h5"
    pieces = [(0, positions[:50]), (50, positions[50:])]
    write_particles(path, particles_header, pieces, [(0, velocities)], record)
    return path
