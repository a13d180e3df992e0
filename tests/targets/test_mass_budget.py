# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots without the mass of their universe, and which of their stars and hydrogen count."""

import h5py
import numpy as np
import pytest
from hdf5_access import dataset
from small_universe import map_of
from snapshot_layouts import (
    ALL_DARK_MASS,
    DARK,
    DARK_MASS,
    GAS,
    GAS_MASS,
    NUMBER,
    OMEGA_M,
    STAR_MASS,
    STARS,
    gadget_header,
    overdensity,
    parts,
    star_map,
    write_dark,
    write_gadget,
    write_hdf5,
    write_swift,
)

from jerald_tools.cli.initial_conditions import recover_ics
from jerald_tools.cli.make_target import main
from jerald_tools.errors import BadInput

QUANTITIES = ("dark-matter", "gas", "stellar-mass")


def made(path, quantity, *options):
    output = path.parent / "map.h5"
    arguments = [path, "--quantity", quantity, "--mesh", 8, "--precision", "double", "--force",
                 *options, "-q", "-o", output]  # fmt: skip
    main.main([str(argument) for argument in arguments], standalone_mode=False)
    return map_of(output)


def thinned(path, keep):
    """Every particle that ``keep`` selects by its row, under a header that counts these alone."""
    datasets = parts()
    for kind in datasets:
        datasets[kind] = {name: data[keep(kind, data)] for name, data in datasets[kind].items()}
    number = [len(datasets.get(kind, {}).get("Coordinates", ())) for kind in range(6)]
    return write_hdf5(path, gadget_header(number), datasets)


def in_megaparsecs(path):
    """A file in Mpc/h, which is read as kpc/h."""
    silent = dict.fromkeys(("UnitLength_in_cm", "UnitMass_in_g", "UnitVelocity_in_cm_per_s"))
    number = [NUMBER, NUMBER, 0, 0, STARS, 0]
    return write_hdf5(path, gadget_header(number, 1.0, **silent), parts(1.0))


UNITS = ("--length-unit", "kpc/h", "--mass-unit", "1e10Msun/h")
IMPLAUSIBLE = {
    "kpc for Mpc": (in_megaparsecs, UNITS, r"1e\+09 times the mass of omega_m in"),
    "one in ten": (lambda p: thinned(p, lambda kind, d: slice(None, None, 10)), (), "0.102 times"),
    "a cutout": (lambda p: thinned(p, lambda kind, d: slice(0, 20)), (), "0.*times the mass"),
    "half the dark matter": (
        lambda p: write_gadget(p, {1: {"Masses": np.full(NUMBER, DARK_MASS / 2)}}), (), "0.57"),
    "gas of another mass": (
        lambda p: write_gadget(p, {0: {"Masses": np.full(NUMBER, 2 * GAS_MASS)}}), (), "1.14"),
    "baryons counted twice": (
        lambda p: write_gadget(p, {1: {"Masses": np.full(NUMBER, ALL_DARK_MASS)},
                                   0: {"Masses": np.full(NUMBER, 1e-9)}}),
        (), "its dark matter has 1.1"),
    "another omega_m": (
        lambda p: write_gadget(p, Omega0=0.32, OmegaLambda=0.68), (), "0.962 times the mass"),
    "masses in Msun/h": (
        lambda p: write_gadget(p, UnitMass_in_g=1.989e33), (), "1e-10 times the mass"),
}  # fmt: skip


@pytest.mark.parametrize("name", IMPLAUSIBLE)
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_mass_that_cannot_be(tmp_path, name, quantity):
    write, options, message = IMPLAUSIBLE[name]
    path = write(tmp_path / "snap.hdf5")
    with pytest.raises(BadInput, match=rf"snap\.hdf5: .*{message}.* --part-of-box for a cutout"):
        made(path, quantity, *options)
    assert list(tmp_path.iterdir()) == [path]
    made(path, quantity, *options, "--part-of-box")


def test_a_whole_universe_is_taken(tmp_path):
    path = write_gadget(tmp_path / "snap.hdf5")
    np.testing.assert_allclose(made(path, "gas"), overdensity(GAS), atol=1e-9)
    np.testing.assert_allclose(made(path, "dark-matter"), overdensity(DARK), atol=1e-9)
    found = made(path, "stellar-mass")
    np.testing.assert_allclose(found, star_map(STAR_MASS), rtol=1e-9, atol=1e-12)


def test_dark_matter_alone_is_all_of_it(tmp_path):
    made(write_dark(tmp_path / "snap.hdf5"), "dark-matter")
    path = write_dark(tmp_path / "snap.hdf5", mass=DARK_MASS)
    with pytest.raises(BadInput, match=r"its particles have 0\.844 times the mass of omega_m"):
        made(path, "dark-matter")


def test_the_coarse_types_of_a_zoom_count(tmp_path):
    half = NUMBER // 2
    datasets = {
        kind: {"Coordinates": where * 1e3, "Masses": np.full(len(where), ALL_DARK_MASS)}
        for kind, where in ((1, DARK[:half]), (2, DARK[half : half + 100]), (3, DARK[half + 100 :]))
    }
    number = [0, half, 100, NUMBER - half - 100, 0, 0]
    path = write_hdf5(tmp_path / "snap.hdf5", gadget_header(number), datasets)
    made(path, "dark-matter")


def test_neutrinos_that_are_no_particles_are_not_missed(tmp_path):
    """5 % of the matter: without them the particles would have too little mass."""
    share = 0.05
    stated = {"Omega_m": OMEGA_M * (1 - share), "Omega_nu_0": OMEGA_M * share}
    cold = (OMEGA_M * (1 - share) - 0.0482) / (OMEGA_M - 0.0482)
    path = write_swift(tmp_path / "snap.hdf5", stated, mass=cold)
    made(path, "dark-matter")
    path = write_swift(tmp_path / "snap.hdf5", stated)
    with pytest.raises(BadInput, match=r"its dark matter has 1\.06 times the mass"):
        made(path, "dark-matter")


def test_counts_of_a_cutout_are_those_of_its_datasets(tmp_path):
    """Archives give a halo's particles under the header of the whole box."""
    path = write_gadget(tmp_path / "snap.hdf5")
    with h5py.File(path, "r+") as file:
        for name in list(parts()[0]):
            kept = dataset(file, f"PartType0/{name}")[:30]
            del file[f"PartType0/{name}"]
            file[f"PartType0/{name}"] = kept
    with pytest.raises(BadInput, match=r"has 30 rows, its header says 512; .*--part-of-box"):
        made(path, "gas")
    field = overdensity(GAS[:30])
    np.testing.assert_allclose(made(path, "gas", "--part-of-box"), field, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "counts"), [("StellarFormationTime", True), ("GFM_StellarFormationTime", False)]
)
def test_which_stars_count_is_a_rule_of_the_code(tmp_path, name, counts):
    """A time that is not above zero is that of a wind in IllustrisTNG alone."""
    path = write_gadget(tmp_path / "snap.hdf5")
    times = np.where(np.arange(STARS) % 2, 0.3, np.where(np.arange(STARS) % 4, -0.2, 0.0))
    with h5py.File(path, "r+") as file:
        del file["PartType4/StellarFormationTime"]
        file[f"PartType4/{name}"] = times
    masses = np.where((times > 0) | counts, STAR_MASS, 0.0)
    np.testing.assert_allclose(made(path, "stellar-mass"), star_map(masses), rtol=1e-9, atol=1e-12)


def test_swifts_stars_from_the_start_count(tmp_path):
    found = made(write_swift(tmp_path / "snap.hdf5"), "stellar-mass")
    np.testing.assert_allclose(found, star_map(STAR_MASS), rtol=1e-6, atol=1e-12)


def test_hydrogen_is_what_metals_and_helium_leave(tmp_path):
    """GIZMO's and SIMBA's Metallicity: all metals, then helium, then each element."""
    neutral = np.random.default_rng(1).uniform(0, 1, NUMBER)
    metallicity = np.tile([0.02, 0.26, *[0.001] * 9], (NUMBER, 1))
    more = {0: {"NeutralHydrogenAbundance": neutral, "Metallicity": metallicity}}
    path = write_gadget(tmp_path / "snap.hdf5", more)
    found = made(path, "neutral-hydrogen")
    more[0]["Metallicity"] = metallicity[:, 0]
    path = write_gadget(tmp_path / "snap.hdf5", more)
    np.testing.assert_allclose(found, made(path, "neutral-hydrogen") * 0.72 / 0.76, rtol=1e-12)
    del more[0]["Metallicity"]
    more[0]["ElementAbundance/Hydrogen"] = np.full(NUMBER, 0.7)
    path = write_gadget(tmp_path / "snap.hdf5", more)
    np.testing.assert_allclose(made(path, "neutral-hydrogen"), found * 0.7 / 0.72, rtol=1e-12)


def test_commands_that_need_no_mass_say_what_is_wrong_with_it(tmp_path, capsys):
    path = write_dark(tmp_path / "snap.hdf5", mass=2 * ALL_DARK_MASS)
    arguments = [str(path), "--lpt-order", "1", "--force", "-o", str(tmp_path / "ics.h5")]
    recover_ics.main(arguments, standalone_mode=False)
    said = capsys.readouterr().err
    assert "snap.hdf5: warning: its particles have 2 times the mass of omega_m in its box" in said
    write_dark(tmp_path / "snap.hdf5")
    recover_ics.main(arguments, standalone_mode=False)
    assert "warning" not in capsys.readouterr().err
