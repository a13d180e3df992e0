# SPDX-License-Identifier: GPL-3.0-or-later
"""import jerald_tools as jt: the chain in memory gives what the commands write."""

import subprocess
import sys

import numpy as np
import pytest

import jerald_tools as jt
from jerald_tools.cli import paint, powerspec, run_fastpm
from jerald_tools.cli.initial_conditions import generate_ics
from jerald_tools.io.spectra import read_spectrum

POWER = "data/linear_power.txt"
SIZES = {"mesh": 48, "particles": 24, "box_size": 5.0}
FIT = "data/fits/neutral-hydrogen_z2.00.json"


def run(command, *arguments):
    command.main([*map(str, arguments), "-q"], standalone_mode=False)


def test_the_chain_in_memory_gives_the_maps_of_the_commands(tmp_path):
    options = ["--mesh", 48, "--particles", 24, "--box-size", 5, "--power", POWER]
    run(generate_ics, "--seed", 3, *options, "-o", tmp_path / "ics.h5")
    run(run_fastpm.main, tmp_path / "ics.h5", "--redshift", 2, "-o", tmp_path / "particles.h5")
    run(paint.main, tmp_path / "particles.h5", "--fit", FIT, "-o", tmp_path / "hi.h5")
    run(powerspec.main, tmp_path / "hi.h5", "-o", tmp_path / "hi.csv")

    universe = jt.initial_conditions(seed=3, power=POWER, **SIZES)
    particles = jt.run_fastpm(universe, redshift=2)
    hydrogen = jt.load_fit(FIT).paint(particles)
    expected = jt.read_map(tmp_path / "hi.h5")
    # The order of the particles in a cell differs, and with it the rounding of float32.
    tolerance = 1e-4 * expected.field.max()
    np.testing.assert_allclose(hydrogen.field, expected.field, rtol=0, atol=tolerance)
    columns, _ = read_spectrum(tmp_path / "hi.csv")
    spectrum = jt.power_spectrum(expected)
    np.testing.assert_allclose(spectrum.power, columns["P"], rtol=1e-6)
    np.testing.assert_allclose(jt.power_spectrum(hydrogen, expected).r, 1, atol=1e-4)

    particles.save(tmp_path / "again.h5")
    again = jt.load_fit(FIT).paint(jt.read_particles(tmp_path / "again.h5"))
    np.testing.assert_allclose(again.field, expected.field, rtol=0, atol=tolerance)
    assert jt.paint_density(particles).field.mean() == pytest.approx(1, rel=1e-6)
    again.save(tmp_path / "map.h5")
    np.testing.assert_array_equal(jt.read_map(tmp_path / "map.h5").field, again.field)


def test_bad_input_is_one_line():
    with pytest.raises(jt.BadInput, match=r"nothing\.json: no such file"):
        jt.load_fit("nothing.json")
    universe = jt.initial_conditions(seed=3, power=POWER, **SIZES)
    with pytest.raises(jt.BadInput, match="redshift 2, there 3"):
        jt.load_fit(FIT).paint(jt.run_fastpm(universe, redshift=3))


def test_every_name_is_there_and_none_needs_jax_before_its_use():
    assert all(getattr(jt, name) is not None for name in jt.__all__)
    assert set(jt.__all__) <= set(dir(jt))
    with pytest.raises(AttributeError, match="nonsense"):
        jt.nonsense  # noqa: B018
    code = "import sys, jerald_tools as jt; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
