# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input to the commands that fit and paint."""

import pytest
from bad_input import FIT_HYDROGEN, FIT_STARS, MEMBERS, PAINT, TAKEN, check_refusal

ROWS = [
    # paint
    ("paint particles.h5 -o .", "is a directory"),
    ("paint particles.h5 --redshift-space w -o new.h5", "'w' is not one of 'x', 'y', 'z'"),
    ("paint particles.h5 particles_z3.h5 -o new.h5", "put {name} in its name"),
    ("paint particles.h5 --mesh 0 -o new.h5", "0 is not in the range x>=1"),
    (
        "paint particles.h5 --save-particles new.h5 -o new.h5",
        "map and particles would be written to new.h5: give two names",
    ),
    (
        "paint particles.h5 particles_z3.h5 --force -o './{name}.h5'",
        "particles.h5 is an input: give another name",
    ),
    ("paint ics.h5 -o new.h5", "give a file of type particles"),
    ("paint particles.h5 --fit missing.json -o new.h5", "missing.json: no such file"),
    ("paint particles.h5 --fit edited.json -o new.h5", "edited.json: was edited since"),
    ("paint particles.h5 --fit truncated.json -o new.h5", "truncated.json: truncated or not JSON"),
    ("paint nan_particles.h5 -o new.h5", "nan_particles.h5: PartType1/Coordinates has values that"),
    ("paint torn_particles.h5 -o new.h5", "torn_particles.h5: truncated or damaged"),
    ("paint no_velocities.h5 -o new.h5", "no_velocities.h5: has no dataset PartType1/Velocities"),
    ("paint particles.h5 torn_particles.h5 -o '{name}_map.h5'", "torn_particles.h5: truncated or"),
    (f"{PAINT} --fit fit.json", "fit.json: its setting is incomplete"),
    (f"{PAINT} --fit without_target.json", "without_target.json: does not describe its target"),
    (f"{PAINT} --fit without_alpha.json", "without_alpha.json: parameters are incomplete"),
    (
        f"{PAINT} --mesh 8 --fit other_redshift.json",
        "like its own, not particles.h5, or use --allow",
    ),
    (
        "paint particles.h5 particles_z3.h5 --fit dm.json -o '{name}_map.h5'",
        "dm.json: does not match (redshift 2, there 3)",
    ),
    ("paint changed_particles.h5 -o new.h5", "PartType1/Coordinates was changed since it was"),
    ("paint snap.hdf5 -o new.h5", "snap.hdf5: is not a file of jerald-tools"),
    (f"{PAINT} --fit map.h5", "map.h5: is not a fit: not text"),
    (f"{PAINT} --fit spectrum.csv", "spectrum.csv: truncated or not JSON"),
    (f"{PAINT} --fit .", ".: cannot be read: Is a directory"),
    (f"{PAINT} --fit dm.json --mesh 4", "dm.json: does not match (cell_size 1.25 x"),
    (f"{PAINT} --fit dm.json -o dm.json --force", "dm.json is an input: give another name"),
    (f"{PAINT} --fit newer.json", "newer.json: format version 99 is newer than 2"),
    (
        f"{PAINT} --fit edited_prerequisite.json",
        "edited_prerequisite.json: was edited since it was written",
    ),
    (f"{PAINT} --fit text_for_alpha.json {TAKEN}", "could not convert string to float: 'big'"),
    (
        f"{PAINT} --fit list_for_alpha.json {TAKEN}",
        "list_for_alpha.json: parameters are incomplete",
    ),
    (f"{PAINT} --fit no_parameters.json {TAKEN}", "no_parameters.json: parameters are incomplete"),
    (f"{PAINT} --fit two_layers.json {TAKEN}", "two_layers.json: says 2 layers, has 1"),
    (f"{PAINT} --fit negative_mean.json {TAKEN}", "target's mean -1.0: must be a positive number"),
    (f"{PAINT} --fit text_for_redshift.json {TAKEN}", "text_for_redshift.json: its setting is"),
    (f"{PAINT} --fit of_dust.json {TAKEN}", "of_dust.json: quantity dust: is unknown; give"),
    (f"{PAINT} --fit text_for_shift.json {TAKEN}", "text_for_shift.json: shift x: must be a"),
    (f"{PAINT} --fit nan_for_shift.json {TAKEN}", "NaN is not a finite number"),
    (
        f"{PAINT} --fit broken_prerequisite.json {TAKEN}",
        "broken_prerequisite.json: dark_matter_fit: lacks quant",
    ),
    (f"{PAINT} --fit no_knots.json {TAKEN}", "no_knots.json: is not a valid fit"),
    (f"{PAINT} --fit knot_without_redshift.json {TAKEN}", "are incomplete ('redshift')"),
    (f"{PAINT} --fit one_end_of_redshifts.json {TAKEN}", "redshifts.json: its setting is incompl"),
    (f"{PAINT} --fit three_ends_of_redshifts.json {TAKEN}", "redshifts.json: its setting is incom"),
    (f"{PAINT} --fit mean_without_number.json {TAKEN}", "the target's mean is incomplete ('mean')"),
    (f"{PAINT} --fit no_mean.json {TAKEN}", "target's mean []: must be a positive number"),
    (
        f"{PAINT} --fit number_for_prerequisite.json {TAKEN}",
        "number_for_prerequisite.json: is not a valid fit",
    ),
    (f"{PAINT} --fit number_for_units.json {TAKEN}", "target's units 5: must be text"),
    (f"{MEMBERS} --fit number_for_ensemble.json {TAKEN}", "is not a valid fit"),
    (f"{MEMBERS} --fit text_for_members.json {TAKEN}", "is not a valid fit"),
    (f"{MEMBERS} --fit member_without_parameters.json {TAKEN}", "is not a valid fit"),
    (f"{MEMBERS} --fit dm.json", "dm.json: carries no members: fit with --members"),
    ("paint particles.h5 --members all -o 'new{member}.h5'", "--members needs a --fit"),
    # fit-dm
    ("fit-dm particles.h5 --target map.h5 -o fit.json", "fit.json: exists already"),
    ("fit-dm particles.h5 -o new.json", "Missing option '--target'"),
    ("fit-dm particles.h5 --target map.h5 --layers -1 -o new.json", "-1 is not in the range x>=0"),
    ("fit-dm missing.h5 --target map.h5 -o new.json", "missing.h5: no such file"),
    ("fit-dm particles.h5 --target ics.h5 -o new.json", "ics.h5: is of type initial-conditions"),
    ("fit-dm particles.h5 --target truncated.h5 -o new.json", "truncated.h5: truncated or damaged"),
    ("fit-dm particles.h5 --target nan.h5 -o new.json", "nan.h5: map has values that are NaN"),
    ("fit-dm particles.h5 --target without_map.h5 -o new.json", "has no dataset map"),
    ("fit-dm particles.h5 --target newer.h5 -o new.json", "update jerald-tools"),
    ("fit-dm foreign.h5 --target map.h5 -o new.json", "foreign.h5: is not a file of jerald-tools"),
    ("fit-dm nan_particles.h5 --target map.h5 -o new.json", "Coordinates has values that are NaN"),
    ("fit-dm torn_particles.h5 --target map.h5 -o new.json", "torn_particles.h5: truncated or"),
    (
        "fit-dm particles.h5 --target negative.h5 -o new.json",
        "negative.h5: a value of -1: a target",
    ),
    ("fit-dm particles.h5 --target zero.h5 -o new.json", "zero.h5: zero everywhere"),
    (
        "fit-dm particles.h5 --target other_box.h5 -o new.json",
        "other_box.h5: box (11.0, 11.0, 11.0)",
    ),
    (
        "fit-dm particles.h5 --target other_redshift.h5 -o new.json",
        "other_redshift.h5: does not match",
    ),
    (
        "fit-dm particles.h5 --target stars.h5 -o new.json",
        "stars.h5: holds stellar-mass: give a map of dark-matter",
    ),
    (
        "fit-dm particles.h5 --target other_cosmology.h5 -o new.json",
        "other_cosmology.h5: does not match (omega_m 0.35, there 0.308)",
    ),
    ("fit-dm particles.h5 --target changed.h5 -o new.json", "changed.h5: map was changed since"),
    ("fit-dm particles.h5 --target map.h5 map.h5 -o new.json", "2 PARTICLES and 1 --target"),
    ("fit-dm particles.h5 --target map.h5 -o map.h5 --force", "map.h5 is an input: give another"),
    ("fit-dm particles.h5 --target dm.json -o new.json", "dm.json: is not an HDF5 file"),
    # fit-stellar
    ("fit-stellar particles.h5 --target map.h5 --optimiser sgd -o new.json", "'sgd' is not one of"),
    (f"{FIT_STARS} --starts 0", "0 is not in the range x>=1"),
    (f"{FIT_STARS} --evaluations 0", "0 is not in the range x>=1"),
    (f"{FIT_STARS} --random-seed -1", "-1 is not in the range x>=0"),
    (f"{FIT_STARS} --smoothing nan", "--smoothing nan: give a positive number"),
    (f"{FIT_STARS} --smoothing 0", "--smoothing 0: give a positive number"),
    (
        "fit-stellar particles.h5 --target stars.h5 --dm pk.txt -o new.json",
        "pk.txt: truncated or not JSON",
    ),
    (f"{FIT_STARS} --dm edited.json", "edited.json: was edited since"),
    (f"{FIT_STARS} --dm stars.json", "stars.json: is a fit of stellar-mass: give one of dark-mat"),
    (f"{FIT_STARS} --start missing.json", "missing.json: no such file"),
    (f"{FIT_STARS} --start dm.json", "dm.json: is a fit of dark-matter: give one of stellar-mass"),
    (f"{FIT_STARS} --start stars.json", "stars.json: has 1 layers: give --layers 1"),
    (f"{FIT_STARS} --dm other_redshift.json", "other_redshift.json: does not match (red"),
    (f"{FIT_STARS} --dm other_cells.json", "other_cells.json: does not match (cell_size"),
    (f"{FIT_STARS} --loss best", "'best' is not one of 'paper', 'statistics'"),
    (f"{FIT_STARS} --start edited_stars.json", "edited_stars.json: was edited since it was writ"),
    (f"{FIT_STARS} --dm text_for_alpha.json {TAKEN}", "text_for_alpha.json: parameters are incom"),
    (
        f"{FIT_STARS} --dm list_for_cosmology.json {TAKEN}",
        "list_for_cosmology.json: its setting is",
    ),
    (f"{FIT_STARS} --dm no_knots.json {TAKEN}", "no_knots.json: is not a valid fit"),
    (f"{FIT_STARS} --members 1", "1 is not in the range 2<=x<=6"),
    (
        f"{FIT_STARS} --redshift-order 1",
        "--redshift-order 1: 1 redshift cannot define a polynomial",
    ),
    # fit-hi
    ("fit-hi particles.h5 --target map.h5 -o new.json --nonsense", "No such option '--nonsense'"),
    (
        f"{FIT_HYDROGEN} --stellar stars.json --loss flux",
        "--loss flux and --mean-flux belong together",
    ),
    (
        f"{FIT_HYDROGEN} --stellar stars.json --mean-flux 0.7",
        "--loss flux and --mean-flux belong together",
    ),
    (f"{FIT_STARS} --loss flux --mean-flux 0.7", "stellar-mass absorbs no Lyman-alpha"),
    (f"{FIT_HYDROGEN} --stellar stars.json --shift inf", "shift inf: must be a finite number"),
    (FIT_HYDROGEN, "Missing option '--stellar'"),
    (f"{FIT_HYDROGEN} --stellar dm.json", "dm.json: is a fit of dark-matter: give one of stellar"),
    (f"{FIT_HYDROGEN} --stellar truncated.json", "truncated.json: truncated or not JSON"),
    (
        "fit-hi particles.h5 --target edited.h5 --stellar fit.json -o new.json",
        "edited.h5: was changed since",
    ),
    (
        f"{FIT_HYDROGEN} --stellar stars.json --dm other_steps.json",
        "other_steps.json: does not match (step scheme's steps",
    ),
    (
        "fit-hi particles.h5 --target stars.h5 --stellar stars.json -o new.json",
        "holds stellar-mass",
    ),
    (
        f"{FIT_HYDROGEN} --stellar stars.json --dm stars.json",
        "stars.json: is a fit of stellar-mass",
    ),
    # fit
    ("fit dust particles.h5 --target map.h5 -o new.json", "'dust' is not one of 'dark-matter'"),
    ("fit gas particles.h5 --target stars.h5 -o new.json", "stars.h5: holds stellar-mass: give a"),
    (
        "fit neutral-hydrogen particles.h5 --target hydrogen.h5 --constant shift -o new.json",
        "--constant shift: give NAME=VALUE",
    ),
    (
        "fit gas particles.h5 --target map.h5 --constant shift=1 -o new.json",
        "shift: gas has no such constant",
    ),
    (
        "fit stellar-mass particles.h5 --target stars.h5 --prerequisite stars.json -o new.json",
        "stars.json: is a fit of stellar-mass",
    ),
]


@pytest.mark.parametrize(("command_line", "message"), ROWS, ids=[row[0] for row in ROWS])
def test_bad_input(bad_folder, monkeypatch, capsys, command_line, message):
    monkeypatch.chdir(bad_folder)
    check_refusal(bad_folder, capsys, command_line, message)
