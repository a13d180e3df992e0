# SPDX-License-Identifier: GPL-3.0-or-later
"""Our particle files as pynbody opens them, where it is installed."""

import importlib
import warnings
from typing import Any

import numpy as np
import pytest
from small_universe import COSMOLOGY, REDSHIFT, save_particles

from jerald_tools.io.particles import CRITICAL_DENSITY

pytest.importorskip("pynbody")

SIDE = 5.6


def test_pynbody_reads_them_right(tmp_path):
    # Its reader of SWIFT's files knows cubes alone.
    where = np.random.default_rng(2).random((512, 3)) * SIDE
    path = save_particles(
        tmp_path / "particles.h5", where, 0 * where, box_size=(SIDE,) * 3, lattice=(8,) * 3
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pynbody: Any = importlib.import_module("pynbody")
        snapshot = pynbody.load(str(path))
        found = np.asarray(snapshot.dm["pos"].in_units("Mpc a h**-1"))
        mass = np.asarray(snapshot.dm["mass"].in_units("1e10 Msol"))
    assert snapshot.properties["a"] == pytest.approx(1 / (1 + REDSHIFT))
    assert snapshot.properties["omegaM0"] == pytest.approx(COSMOLOGY.omega_m)
    assert snapshot.properties["omegaNu0"] == 0
    np.testing.assert_allclose(found, where, atol=1e-4 * SIDE)
    matter = CRITICAL_DENSITY * COSMOLOGY.omega_m * SIDE**3 / COSMOLOGY.h
    np.testing.assert_allclose(mass, matter / 512, rtol=1e-3)
