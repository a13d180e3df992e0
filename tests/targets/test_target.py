# SPDX-License-Identifier: GPL-3.0-or-later
"""The targets of the quantities: options that apply, units, particles left out, the redshift."""

import dataclasses

import numpy as np
import pytest
from small_universe import header_of
from snapshot_files import BIGFILE, write_gadget

from jerald_tools.errors import BadInput
from jerald_tools.quantities import NAMES, quantity_named
from jerald_tools.snapshots.code_units import Overrides
from jerald_tools.snapshots.open import open_snapshot
from jerald_tools.stages import target as stage
from jerald_tools.stages.run import Run
from jerald_tools.targets.options import TargetOptions
from jerald_tools.targets.target import Recipe
from jerald_tools.targets.target_map import target_map, target_mesh

OF_HYDROGEN = {
    "uvb": "uvb.txt",
    "self_shielding": True,
    "star_forming_gas": "neutral",
    "clip": 1e-9,
}


def make_target(snapshot, output, quantity, **options):
    wanted = TargetOptions(quantity, nodes=8, **options)
    stage.make_target(Run(), [str(snapshot)], Overrides(), wanted, str(output))


@pytest.mark.parametrize("quantity", [name for name in NAMES if name != "neutral-hydrogen"])
@pytest.mark.parametrize("option", OF_HYDROGEN)
def test_options_that_a_quantity_does_not_have_are_refused(quantity, option):
    options = TargetOptions(quantity, 8, **{option: OF_HYDROGEN[option]})
    flag = f"--{option.replace('_', '-')}"
    with pytest.raises(BadInput, match=f"^{flag} does not apply to {quantity}; leave it out$"):
        quantity_named(quantity).target.check_options(options)


def test_neutral_hydrogen_has_all_options():
    options = TargetOptions("neutral-hydrogen", 8, **OF_HYDROGEN)
    quantity_named("neutral-hydrogen").target.check_options(options)


@pytest.mark.parametrize("quantity", NAMES)
def test_a_fraction_of_hydrogen_describes_the_snapshot_of_any_quantity(quantity):
    target = quantity_named(quantity).target
    target.check_options(TargetOptions(quantity, 8, hydrogen_fraction=0.7))
    for fraction in (0.0, -0.1, 1.1, np.nan):
        with pytest.raises(BadInput, match=r"--hydrogen-fraction .*: give a number above 0, at"):
            target.check_options(TargetOptions(quantity, 8, hydrogen_fraction=fraction))


@pytest.mark.parametrize("quantity", NAMES)
def test_densities_over_the_mean_have_the_mean_one_and_masses_are_conserved(quantity):
    snapshot = open_snapshot([str(BIGFILE)], Overrides())
    target = quantity_named(quantity).target
    mesh = target_mesh(snapshot.header, nodes=8)
    made = target_map(mesh, snapshot, Recipe(quantity, target), chunk=10**6)
    number = snapshot.header.number(target.species)
    masses = snapshot.read(target.species, "masses", 0, number).sum()
    if target.units == "1 + delta":
        assert made.mean() == pytest.approx(1, abs=1e-13)
    elif target.units == "1e10 Msun/h per cell":
        assert made.sum() == pytest.approx(masses, rel=1e-12)
    else:
        clip = float(made.max()) / 2
        clipped = target_map(
            mesh, snapshot, Recipe(quantity, dataclasses.replace(target, clip=clip)), chunk=10**6
        )
        np.testing.assert_array_equal(clipped, np.minimum(made, clip))


def test_matter_that_a_map_of_dark_matter_leaves_out_is_warned_of(tmp_path, monkeypatch):
    snapshot = write_gadget(tmp_path / "snap.hdf5")
    warnings = []
    monkeypatch.setattr(
        stage.logger, "warning", lambda text, *values: warnings.append(text % values)
    )
    for quantity in NAMES:
        make_target(snapshot, tmp_path / f"{quantity}.h5", quantity)
    assert warnings == []
    numbers = np.array(open_snapshot([str(snapshot)], Overrides()).header.counts, np.uint32)
    numbers[5] = 3
    with_holes = write_gadget(
        tmp_path / "holes.hdf5", NumPart_ThisFile=numbers, NumPart_Total=numbers
    )
    for quantity in NAMES:
        make_target(with_holes, tmp_path / f"{quantity}_holes.h5", quantity)
    assert warnings == ["types (2, 3, 5) are left out, which have [0, 0, 3] particles"]


@pytest.mark.parametrize("quantity", NAMES)
def test_a_map_states_the_redshift_of_its_snapshot(tmp_path, quantity):
    """A run stops at the step next to the wanted time: z = 2 may be 2.002."""
    redshift = 1 / 0.3331 - 1
    snapshot = write_gadget(tmp_path / "snap.hdf5", Time=0.3331, Redshift=redshift)
    make_target(snapshot, tmp_path / "map.h5", quantity)
    header = header_of(tmp_path / "map.h5")
    assert (header.quantity, header.redshift) == (quantity, redshift)
