# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input to every command: one clear line, exit status 2, nothing written.

Each row is a command line, run where the files of ``folder`` lie, and what its line must say.
"""

import importlib
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from bad_files import save_bad_files

PROJECT = Path(__file__).parents[2]
SCRIPTS = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["scripts"]

ALLOWED = {
    **os.environ,
    **dict.fromkeys(("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"), "1"),
    "OMPI_MCA_mpi_yield_when_idle": "1",
}

SEED = "generate-ics --seed 3 --mesh 8 --box-size 10 -o new.h5"
FASTPM = "run-fastpm ics.h5 --redshift 2 -o new.h5"
TARGET = "make-target --quantity gas --mesh 8 -o new.h5"
HYDROGEN = "make-target --quantity neutral-hydrogen --mesh 8 -o new.h5"
FIT_STARS = "fit-stellar particles.h5 --target stars.h5 -o new.json"
FIT_HYDROGEN = "fit-hi particles.h5 --target hydrogen.h5 -o new.json"
PAINT = "paint particles.h5 -o new.h5"
MEMBERS = "paint particles.h5 --members all -o 'new_{member}.h5'"
POWERSPEC = "powerspec map.h5 -o new.csv"
# An edited fit is taken all the same; what is wrong with it is then found where it is used.
TAKEN = "--accept-edited -q"

ROWS = [
    # Outputs.
    (f"{SEED} --power pk.txt -o map.h5", "map.h5: exists already; choose another name, or --force"),
    (f"{SEED} --power pk.txt -o nowhere/new.h5", "there is no directory nowhere; create it"),
    (f"{FASTPM} -o map.h5", "map.h5: exists already"),
    ("paint particles.h5 -o .", "is a directory"),
    ("fit-dm particles.h5 --target map.h5 -o fit.json", "fit.json: exists already"),
    (f"{POWERSPEC} -o nowhere/new.csv", "there is no directory nowhere"),
    # Impossible options.
    ("generate-ics", "Missing option"),
    (f"{SEED} --power pk.txt --camb", "give one of --power FILE and --camb"),
    (f"{SEED} --power pk.txt --mesh eight", "'eight' is not a valid integer"),
    (f"{SEED} --power pk.txt --threads 0", "0 is not in the range x>=1"),
    (f"{SEED} --power pk.txt --precision half", "'half' is not one of 'single', 'double'"),
    (f"{SEED} --power pk.txt --white-noise noise.h5", "give one of --seed, --white-noise and"),
    ("run-fastpm ics.h5 -o new.h5", "Missing option '--redshift'"),
    (f"{FASTPM} --redshift 12", "--redshift 12: must be at least 0 and below"),
    (f"{FASTPM} --steps 0", "--steps 0: give at least 1"),
    (
        "run-fastpm ics.h5 --redshift 5 --redshift 2 -o new.h5",
        "2 redshifts need {redshift} in the name",
    ),
    ("fit-dm particles.h5 -o new.json", "Missing option '--target'"),
    ("fit-dm particles.h5 --target map.h5 --layers -1 -o new.json", "-1 is not in the range x>=0"),
    ("fit-stellar particles.h5 --target map.h5 --optimiser sgd -o new.json", "'sgd' is not one of"),
    ("fit-hi particles.h5 --target map.h5 -o new.json --nonsense", "No such option '--nonsense'"),
    (f"{TARGET} snap.hdf5 --mesh 0", "0 is not in the range x>=1"),
    (f"{TARGET} snap.hdf5 --chunk 0", "0 is not in the range x>=1"),
    (f"{TARGET} snap.hdf5 --clip 1e-9", "--clip does not apply to gas; leave it out"),
    (f"{TARGET} snap.hdf5 -o map.h5", "map.h5: exists already"),
    ("make-target snap.hdf5 --quantity gas --mesh 8", "Missing option '-o'"),
    (f"{HYDROGEN} snap.hdf5 --clip -1", "--clip -1: give a positive density"),
    (f"{HYDROGEN} snap.hdf5 --hydrogen-fraction 1.2", "--hydrogen-fraction 1.2: give a number"),
    (f"{HYDROGEN} snap.hdf5 --self-shielding", "--self-shielding changes the equilibrium"),
    (f"{HYDROGEN} snap.hdf5 --star-forming-gas cold", "give --uvb TABLE"),
    (f"{FIT_STARS} --starts 0", "0 is not in the range x>=1"),
    (f"{FIT_STARS} --evaluations 0", "0 is not in the range x>=1"),
    (f"{FIT_STARS} --random-seed -1", "-1 is not in the range x>=0"),
    (f"{FIT_STARS} --smoothing nan", "--smoothing nan: give a positive number"),
    (f"{FIT_STARS} --smoothing 0", "--smoothing 0: give a positive number"),
    (f"{FIT_HYDROGEN} --stellar stars.json --shift inf", "--shift inf: give a finite number"),
    (FIT_HYDROGEN, "Missing option '--stellar'"),
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
    (f"{POWERSPEC} --window pcs", "'pcs' is not one of 'cic', 'tsc'"),
    ("plot-figures", "Missing command"),
    ("plot-figures portraits map.h5 -o new.png", "No such command 'portraits'"),
    (
        "plot-figures slices map.h5 --reference map.h5 -o new.gif",
        "new.gif: the name of the output must end in .png",
    ),
    # Files that are missing, foreign, damaged or of another kind.
    (f"{SEED} --power missing.txt", "missing.txt: no such file"),
    (f"{SEED} --power map.h5", "map.h5: not a table of numbers"),
    ("generate-ics --linear-density missing.h5 -o new.h5", "missing.h5: no such file"),
    ("generate-ics --white-noise map.h5 --power pk.txt -o new.h5", "has no dataset white_noise"),
    ("run-fastpm missing.h5 --redshift 2 -o new.h5", "missing.h5: no such file"),
    (
        "run-fastpm map.h5 --redshift 2 -o new.h5",
        "map.h5: is of type map; give a file of type initial",
    ),
    ("run-fastpm fit.json --redshift 2 -o new.h5", "fit.json: is not an HDF5 file"),
    ("run-fastpm nan_ics.h5 --redshift 2 -o new.h5", "nan_ics.h5: linear_density has values that"),
    ("fit-dm missing.h5 --target map.h5 -o new.json", "missing.h5: no such file"),
    ("fit-dm particles.h5 --target ics.h5 -o new.json", "ics.h5: is of type initial-conditions"),
    ("fit-dm particles.h5 --target truncated.h5 -o new.json", "truncated.h5: truncated or damaged"),
    ("fit-dm particles.h5 --target nan.h5 -o new.json", "nan.h5: map has values that are NaN"),
    ("fit-dm particles.h5 --target without_map.h5 -o new.json", "has no dataset map"),
    ("fit-dm particles.h5 --target newer.h5 -o new.json", "update jerald-tools"),
    ("fit-dm foreign.h5 --target map.h5 -o new.json", "foreign.h5: is not a file of jerald-tools"),
    (
        "fit-stellar particles.h5 --target stars.h5 --dm pk.txt -o new.json",
        "pk.txt: truncated or not JSON",
    ),
    ("fit-dm nan_particles.h5 --target map.h5 -o new.json", "Coordinates has values that are NaN"),
    ("fit-dm torn_particles.h5 --target map.h5 -o new.json", "torn_particles.h5: truncated or"),
    (
        "fit-dm particles.h5 --target negative.h5 -o new.json",
        "negative.h5: a value of -1: a target",
    ),
    ("fit-dm particles.h5 --target zero.h5 -o new.json", "zero.h5: zero everywhere"),
    (f"{FIT_STARS} --dm edited.json", "edited.json: was edited since"),
    (f"{FIT_STARS} --dm stars.json", "stars.json: is a fit of stellar-mass: give one of dark-mat"),
    (f"{FIT_STARS} --start missing.json", "missing.json: no such file"),
    (f"{FIT_STARS} --start dm.json", "dm.json: is a fit of dark-matter: give one of stellar-mass"),
    (f"{FIT_STARS} --start stars.json", "stars.json: has 1 layers: give --layers 1"),
    (f"{FIT_HYDROGEN} --stellar dm.json", "dm.json: is a fit of dark-matter: give one of stellar"),
    (f"{FIT_HYDROGEN} --stellar truncated.json", "truncated.json: truncated or not JSON"),
    (
        "fit-hi particles.h5 --target edited.h5 --stellar fit.json -o new.json",
        "edited.h5: was changed since",
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
    (f"{PAINT} --fit without_target.json", "without_target.json: does not say what its target was"),
    (f"{PAINT} --fit without_alpha.json", "without_alpha.json: parameters are incomplete"),
    ("powerspec missing.h5 -o new.csv", "missing.h5: no such file"),
    ("powerspec nan.h5 -o new.csv", "nan.h5: map has values that are NaN"),
    ("plot-figures slices map.h5 --reference nan.h5 -o new.png", "nan.h5: map has values that are"),
    ("plot-figures spectra pk.txt -o new.png", "pk.txt: has no column k, P, modes"),
    ("plot-figures table missing.csv -o new.md", "missing.csv: no such file"),
    ("plot-figures losses edited.json -o new.md", "edited.json: was edited since"),
    # Snapshots.
    (f"{TARGET} missing.hdf5", "missing.hdf5: no such file"),
    (f"{TARGET} pk.txt", "pk.txt: is not a snapshot that can be read; the formats are"),
    (f"{TARGET} map.h5", "map.h5: is not a snapshot that can be read; the formats are"),
    (f"{TARGET} torn_snap.hdf5", "torn_snap.hdf5: truncated or damaged"),
    (
        f"{TARGET} no_units.hdf5",
        "no_units.hdf5: does not state its unit of length; give --length-u",
    ),
    (f"{TARGET} no_baryons.hdf5", "no_baryons.hdf5: its header has no omega_b; give --omega-b"),
    (f"{TARGET} curved.hdf5", "curved.hdf5: omega_m + omega_lambda = 0.9"),
    (f"{TARGET} times.0.hdf5", "times.1.hdf5: Redshift 1, but times.0.hdf5 has 2"),
    (f"{TARGET} part.0.hdf5", "the snapshot has 3 files, 2 were found (part.0.hdf5, part.2.hdf5)"),
    (f"{TARGET} short.hdf5", "short.hdf5: PartType0/Coordinates has 39 rows, its header says 40"),
    (f"{TARGET} lost.hdf5", "lost.hdf5: the set should have [41, 40, 0, 0, 0, 0] particles"),
    (f"{TARGET} outside.hdf5", "gas positions outside the box: 10.5 Mpc/h in a box of 10 Mpc/h"),
    (f"{TARGET} nan.hdf5", "nan.hdf5: gas positions NaN or infinite in rows 0 to 40"),
    (f"{TARGET} negative_mass.hdf5", "negative_mass.hdf5: gas masses below 0 (-1)"),
    (f"{TARGET} snap.hdf5 --quantity stellar-mass", "snap.hdf5: has no stars; give a snapshot"),
    (f"{TARGET} snap.hdf5 --deposit sph", "has no smoothing lengths of gas, which --deposit sph"),
    (f"{TARGET} snap.hdf5 --h 0.7", "snap.hdf5: its header has h = 0.678; leave out --h"),
    (f"{HYDROGEN} snap.hdf5", "snap.hdf5: has no neutral fraction of gas; give --uvb TABLE"),
    (f"{HYDROGEN} snap.hdf5 --uvb missing.txt", "missing.txt: no such file"),
    (f"{HYDROGEN} snap.hdf5 --uvb pk.txt", "pk.txt: a table of (50, 2); give the columns"),
    (f"{HYDROGEN} snap.hdf5 --uvb uvb.txt", "snap.hdf5: has no density of gas, which --uvb"),
    (f"{TARGET} uneven.hdf5", "--mesh 8: cells of 1.25 Mpc/h do not fill a box of 10 x 10 x 9 M"),
    ("to-bigfile missing.h5 -o new", "missing.h5: no such file"),
    ("to-bigfile snap.hdf5 -o new", "snap.hdf5: is not a map, initial conditions or particles"),
    ("to-bigfile map.h5 -o pk.txt", "pk.txt: is a file; give the name of a directory"),
    ("to-bigfile map.h5 -o nowhere/new", "there is no directory nowhere"),
    ("to-gadget map.h5 -o new.hdf5", "map.h5: is of type map; give a file of type particles"),
    ("to-gadget torn_particles.h5 -o new.hdf5", "torn_particles.h5: truncated or damaged"),
    ("to-gadget particles.h5 -o snap.hdf5", "snap.hdf5: exists already"),
    ("to-swift snap.hdf5 -o new.h5", "snap.hdf5: 40 particles of dark matter are no cubic lattice"),
    ("to-swift cube.hdf5 -o new.h5", "cube.hdf5: has no dataset PartType1/ParticleIDs"),
    ("recover-ics snap.hdf5 -o new.h5", "Missing option '--lpt-order'"),
    ("recover-ics snap.hdf5 --lpt-order 3 -o new.h5", "3 is not in the range 1<=x<=2"),
    ("recover-ics snap.hdf5 --lpt-order 1 -o new.h5", "40 particles of dark matter and 40 of gas"),
    ("recover-ics cube.hdf5 --lpt-order 1 -o new.h5", "lattice points have no dark-matter next to"),
    # Files that do not go together.
    (
        "fit-dm particles.h5 --target other_box.h5 -o new.json",
        "other_box.h5: box (11.0, 11.0, 11.0)",
    ),
    (
        "fit-dm particles.h5 --target other_redshift.h5 -o new.json",
        "other_redshift.h5: made for another setting",
    ),
    (
        "fit-dm particles.h5 --target stars.h5 -o new.json",
        "stars.h5: holds stellar-mass: give a map of dark-matter",
    ),
    (
        "fit-dm particles.h5 --target other_cosmology.h5 -o new.json",
        "other_cosmology.h5: made for another setting (omega_m 0.35, there 0.308)",
    ),
    (f"{FIT_STARS} --dm other_redshift.json", "other_redshift.json: made for another setting (red"),
    (f"{FIT_STARS} --dm other_cells.json", "other_cells.json: made for another setting (cell_size"),
    (
        f"{FIT_HYDROGEN} --stellar stars.json --dm other_steps.json",
        "other_steps.json: made for another setting (step scheme's steps",
    ),
    (
        "fit-hi particles.h5 --target stars.h5 --stellar stars.json -o new.json",
        "holds stellar-mass",
    ),
    (
        f"{PAINT} --mesh 8 --fit other_redshift.json",
        "like its own, not particles.h5, or use --allow",
    ),
    (
        "paint particles.h5 particles_z3.h5 --fit dm.json -o '{name}_map.h5'",
        "dm.json: made for another setting (redshift 2, there 3)",
    ),
    (
        "plot-figures slices map.h5 --reference other_box.h5 -o new.png",
        "but other_box.h5 has (11.0, 11.0, 11.0)",
    ),
    (f"{POWERSPEC} --reference other_box.h5", "box (10.0, 10.0, 10.0) Mpc/h, but other_box.h5"),
    (f"{POWERSPEC} --reference other_mesh.h5", "mesh (8, 8, 8), but other_mesh.h5 has (4, 8, 8)"),
    # More of each command: numbers out of range, files changed or of another kind.
    (f"{SEED} --power pk.txt --box-size 0", "--box-size 0: give a positive length"),
    (f"{SEED} --power pk.txt --box-size nan", "--box-size nan: give a positive length"),
    (f"{SEED} --power pk.txt --particles 3", "--particles 3: the mesh 8 x 8 x 8 must be a mult"),
    (f"{SEED} --power pk.txt --seed -1", "-1 is not in the range 0<=x<=2147483647"),
    (f"{SEED} --power pk.txt --omega-m 2", "omega_m = 2: must be above 0, at most 1"),
    (f"{SEED} --power pk.txt --h nan", "h = nan: must be a positive number"),
    (f"{SEED} --camb --omega-b 0.5", "omega_b = 0.5: must be from 0 to omega_m"),
    (f"{SEED} --power .", ".: is a directory: give a table"),
    (f"{SEED} --power spectrum.csv", "spectrum.csv: not a table of numbers"),
    (f"{SEED} --power empty.txt", "empty.txt: 0 rows: give at least 4"),
    (f"{SEED} --power negative.txt", "negative.txt: k = 0.0001, P = -10000 in row 1"),
    (f"{SEED} --power short.txt", "short.txt: k from 0.02812 to 0.08685 h/Mpc, but box and mesh"),
    (f"{SEED} --power one_column.txt", "one_column.txt: 1 columns: give two"),
    (f"{SEED} --power unsorted.txt", "unsorted.txt: k = 75.4312 follows 100: sort the rows"),
    (f"{SEED} --power nan.txt", "nan.txt: k = 1.09854, P = nan in row 34"),
    (f"{SEED} --power pk.txt -o pk.txt --force", "pk.txt is an input: give another name"),
    (f"{SEED} --power pk.txt -o {'n' * 250}", "File name too long; choose another name"),
    ("generate-ics --linear-density map.h5 -o new.h5", "map.h5: has no dataset linear_density"),
    ("generate-ics --linear-density ics.h5 --mesh 4 -o new.h5", "its mesh is (8, 8, 8); leave out"),
    ("generate-ics --linear-density ics.h5 --box-size 11 -o new.h5", "leave out --box-size 11"),
    ("generate-ics --linear-density changed_ics.h5 -o new.h5", "linear_density was changed since"),
    (
        "generate-ics --white-noise pk.txt --power pk.txt -o new.h5",
        "pk.txt: is not white noise in a known layout; give HDF5",
    ),
    (f"{FASTPM} --start-redshift 0", "--start-redshift 0: give a positive number"),
    (f"{FASTPM} --spacing cubic", "--spacing cubic: choose one of linear, logarithmic"),
    (f"{FASTPM} --force-mesh-factor 0", "--force-mesh-factor 0: give at least 1"),
    (f"{FASTPM} --redshift nan", "--redshift nan: must be at least 0 and below"),
    (f"{FASTPM} --redshift 2 -o 'new{{redshift}}.h5'", "--redshift 2 2: give each once"),
    (f"{FASTPM} --redshift 2.001 -o 'new{{redshift}}.h5'", "redshifts 2, 2.001 would share a name"),
    (f"{FASTPM} -o ics.h5 --force", "ics.h5 is an input: give another name"),
    ("run-fastpm torn_ics.h5 --redshift 2 -o new.h5", "torn_ics.h5: truncated or damaged"),
    ("run-fastpm changed_ics.h5 --redshift 2 -o new.h5", "linear_density was changed since it"),
    ("fit-dm particles.h5 --target changed.h5 -o new.json", "changed.h5: map was changed since"),
    ("fit-dm particles.h5 --target map.h5 map.h5 -o new.json", "2 PARTICLES and 1 --target"),
    ("fit-dm particles.h5 --target map.h5 -o map.h5 --force", "map.h5 is an input: give another"),
    ("fit-dm particles.h5 --target dm.json -o new.json", "dm.json: is not an HDF5 file"),
    (f"{FIT_STARS} --loss best", "'best' is not one of 'paper', 'statistics'"),
    (f"{FIT_STARS} --start edited_stars.json", "edited_stars.json: was edited since it was writ"),
    (f"{FIT_STARS} --dm text_for_alpha.json {TAKEN}", "text_for_alpha.json: parameters are incom"),
    (
        f"{FIT_STARS} --dm list_for_cosmology.json {TAKEN}",
        "list_for_cosmology.json: its setting is",
    ),
    (
        f"{FIT_HYDROGEN} --stellar stars.json --dm stars.json",
        "stars.json: is a fit of stellar-mass",
    ),
    ("paint changed_particles.h5 -o new.h5", "PartType1/Coordinates was changed since it was"),
    ("paint snap.hdf5 -o new.h5", "snap.hdf5: is not a file of jerald-tools"),
    (f"{PAINT} --fit map.h5", "map.h5: is not a fit: not text"),
    (f"{PAINT} --fit spectrum.csv", "spectrum.csv: truncated or not JSON"),
    (f"{PAINT} --fit .", ".: cannot be read: Is a directory"),
    (f"{PAINT} --fit dm.json --mesh 4", "dm.json: made for another setting (cell_size 1.25 x"),
    (f"{PAINT} --fit dm.json -o dm.json --force", "dm.json is an input: give another name"),
    (f"{PAINT} --fit newer.json", "newer.json: format version 99 is newer than 2"),
    (f"{PAINT} --fit edited_below.json", "edited_below.json: was edited since it was written"),
    (f"{PAINT} --fit text_for_alpha.json {TAKEN}", "could not convert string to float: 'big'"),
    (
        f"{PAINT} --fit list_for_alpha.json {TAKEN}",
        "list_for_alpha.json: parameters are incomplete",
    ),
    (f"{PAINT} --fit no_parameters.json {TAKEN}", "no_parameters.json: parameters are incomplete"),
    (f"{PAINT} --fit two_layers.json {TAKEN}", "two_layers.json: says 2 layers, has 1"),
    (f"{PAINT} --fit negative_mean.json {TAKEN}", "target's mean -1.0: must be a positive number"),
    (f"{PAINT} --fit text_for_redshift.json {TAKEN}", "text_for_redshift.json: its setting is"),
    (f"{PAINT} --fit of_gas.json {TAKEN}", "of_gas.json: quantity gas: one of dark-matter"),
    (f"{PAINT} --fit text_for_shift.json {TAKEN}", "text_for_shift.json: shift x: must be a"),
    (f"{PAINT} --fit nan_for_shift.json {TAKEN}", "NaN is not a finite number"),
    (f"{PAINT} --fit broken_below.json {TAKEN}", "broken_below.json: dark_matter_fit: lacks quant"),
    (f"{PAINT} --fit no_nodes.json {TAKEN}", "no_nodes.json: is not a fit as it should be"),
    (f"{PAINT} --fit node_without_redshift.json {TAKEN}", "are incomplete ('redshift')"),
    (f"{PAINT} --fit one_end_of_redshifts.json {TAKEN}", "redshifts.json: its setting is incompl"),
    (f"{PAINT} --fit three_ends_of_redshifts.json {TAKEN}", "redshifts.json: its setting is incom"),
    (f"{PAINT} --fit mean_without_number.json {TAKEN}", "the target's mean is incomplete ('mean')"),
    (f"{PAINT} --fit no_mean.json {TAKEN}", "target's mean []: must be a positive number"),
    (f"{PAINT} --fit number_below.json {TAKEN}", "number_below.json: is not a fit as it should be"),
    (f"{PAINT} --fit number_for_units.json {TAKEN}", "target's units 5: must be text"),
    (f"{PAINT} --fit member_of_nothing.json {TAKEN}", "member_of_nothing.json: is not a fit as it"),
    (f"{MEMBERS} --fit number_for_ensemble.json {TAKEN}", "is not a fit as it should be"),
    (f"{MEMBERS} --fit text_for_members.json {TAKEN}", "is not a fit as it should be"),
    (f"{MEMBERS} --fit member_without_parameters.json {TAKEN}", "is not a fit as it should be"),
    (f"{MEMBERS} --fit dm.json", "dm.json: carries no members: fit with --members"),
    ("paint particles.h5 --members all -o 'new{member}.h5'", "--members needs a --fit"),
    (f"{FIT_STARS} --dm no_nodes.json {TAKEN}", "no_nodes.json: is not a fit as it should be"),
    (f"{FIT_STARS} --members 1", "1 is not in the range 2<=x<=6"),
    (f"{FIT_STARS} --redshift-order 1", "--redshift-order 1: 1 redshift cannot tell a polynomial"),
    (f"{FASTPM} --checkpoint map.h5", "map.h5: is of type map; give a file of type simulation"),
    (f"{FASTPM} --checkpoint nowhere/state.h5", "there is no directory nowhere"),
    (f"{POWERSPEC} --band", "map.h5: is no member of the ensemble"),
    (f"{POWERSPEC} --edges 1", "[1.0]: give at least two numbers"),
    (f"{POWERSPEC} --edges 1,a", "--edges 1,a: give numbers with commas between them"),
    (f"{POWERSPEC} --edges 2,1", "[2.0, 1.0]: they must rise"),
    (f"{POWERSPEC} --edges 100,200", "--edges 100.0,200.0: map.h5 has no modes there"),
    (f"{POWERSPEC} --mean reference", "--mean reference needs a --reference"),
    (f"{POWERSPEC} --mesh 16", "map.h5: a map is painted already; leave out --mesh"),
    (f"{POWERSPEC} --region corner", "'corner' is not one of 'all', 'training'"),
    (f"{POWERSPEC} -o map.h5 --force", "map.h5 is an input: give another name"),
    (f"{POWERSPEC} --reference zero.h5", "zero.h5: the map is zero where it is measured"),
    (f"{POWERSPEC} --reference stars.h5", "their means do not compare; take --mean own"),
    ("powerspec changed.h5 -o new.csv", "changed.h5: map was changed since it was written"),
    ("powerspec ics.h5 -o new.csv", "ics.h5: is of type initial-conditions"),
    ("powerspec spectrum.csv -o new.csv", "spectrum.csv: is not an HDF5 file"),
    (
        "powerspec particles.h5 --region test --interlace -o new.csv",
        "a --region has no --interlace",
    ),
    ("plot-figures spectra edited.csv -o new.png", "edited.csv: was changed since it was written"),
    ("plot-figures spectra spectrum.csv -o new.png", "spectrum.csv: has no P_ref and r; make it"),
    ("plot-figures table map.h5 -o new.md", "map.h5: is not a spectrum: not text"),
    ("plot-figures losses fit.json -o new.md", "fit.json: its loss, redshift or layers"),
    ("plot-figures scaling dm.json -o new.png", "dm.json: is not what benchmarks/step.py --json"),
    ("plot-figures slices map.h5 --reference stars.h5 -o new.png", "no reference (left) of dark-m"),
    ("plot-figures slices changed.h5 --reference map.h5 -o new.png", "map was changed since it"),
    (
        "plot-figures relative-difference map.h5 --reference zero.h5 -o new.png",
        "the reference map of dark-matter at z = 2 is empty",
    ),
    (
        "plot-figures distribution map.h5 --reference other_mesh.h5 -o new.png",
        "other_mesh.h5 has (4, 8, 8); give maps on one mesh",
    ),
    (f"{TARGET} scalar.hdf5", "scalar.hdf5: PartType0/Masses has 0 rows, its header says 40"),
    (f"{TARGET} snap.hdf5 --redshift 1", "its header has redshift 2; leave out --redshift"),
    (f"{TARGET} snap.hdf5 --length-unit parsec", "'parsec' is not one of 'kpc/h', 'Mpc/h'"),
    (f"{TARGET} snap.hdf5 cube.hdf5", "the snapshot has 1 files, 2 were found"),
    (f"{TARGET} snap.hdf5 -o snap.hdf5 --force", "snap.hdf5 is an input: give another name"),
    ("to-bigfile changed.h5 -o new", "changed.h5: map was changed since it was written"),
    ("to-gadget changed_particles.h5 -o new.hdf5", "PartType1/Coordinates was changed since it"),
    ("to-swift torn_snap.hdf5 -o new.h5", "torn_snap.hdf5: truncated or damaged"),
    ("recover-ics missing.hdf5 --lpt-order 1 -o new.h5", "missing.hdf5: no such file"),
    ("recover-ics torn_snap.hdf5 --lpt-order 1 -o new.h5", "torn_snap.hdf5: truncated or damaged"),
    (
        "recover-ics cube.hdf5 --lpt-order 1 --particles 3 -o new.h5",
        "--particles 3: the mesh 2 x 2",
    ),
    # What it will take.
    ("estimate", "give a CONFIG, or --particles and --box-size"),
    ("estimate dm.json", "dm.json: the key initial_conditions is missing"),
    ("estimate --particles 8 --box-size 0", "0.0 is not in the range x>0"),
    ("estimate --particles 8 --box-size nan", "--box-size nan: give a positive length"),
    ("estimate --particles 8 --box-size 10 --ranks 1,x", "1,x: give one number or several"),
    # Where a file comes from.
    ("provenance", "Missing argument 'FILE'"),
    ("provenance missing.h5", "missing.h5: no such file; check the name"),
    ("provenance .", ".: is a directory; give a file"),
    ("provenance pk.txt", "pk.txt: is not a file of jerald-tools; give a map, particles"),
    ("provenance foreign.h5", "foreign.h5: is not a file of jerald-tools"),
    ("provenance torn_particles.h5", "torn_particles.h5: truncated or damaged"),
    ("provenance truncated.json", "truncated.json: truncated or not JSON"),
    ("provenance newer.json", "newer.json: format version 99 is newer than 2"),
    ("provenance spectrum.csv", "spectrum.csv: has no # line of its provenance"),
    ("provenance edited.csv", "edited.csv: was changed since it was written; make it again"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Small files, whole and otherwise."""
    here = tmp_path_factory.mktemp("bad_input")
    save_bad_files(here)
    return here


@pytest.mark.parametrize(("command_line", "message"), ROWS, ids=[row[0] for row in ROWS])
def test_bad_input(folder, monkeypatch, capsys, command_line, message):
    monkeypatch.chdir(folder)
    before = contents(folder)
    name, *arguments = shlex.split(command_line)
    module, function = SCRIPTS[name].split(":")
    main = getattr(importlib.import_module(module), function)
    with pytest.raises(SystemExit) as ended:
        main.main(arguments)
    said = capsys.readouterr().err
    assert ended.value.code == 2, said
    check_line(said, name, message)
    assert contents(folder) == before


def contents(folder):
    """Every file in the folder, to compare before and after."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def check_line(said, name, message):
    """Besides warnings and progress there is one line, and it is the right one."""
    spoken = [line for line in said.splitlines() if not re.search(r": warning: |: \d+ of ", line)]
    (line,) = spoken
    assert line.startswith(f"{name}: error: ")
    assert message in line


BAD_FILES = (
    *("missing.h5", "here", "empty.txt", "words.txt", "bytes.bin"),
    *("foreign.h5", "truncated.h5", "edited.h5", "truncated.json"),
)
EVERY_FILE = [
    f"{SEED} --power {{file}}",
    "generate-ics --linear-density {file} -o new.h5",
    "generate-ics --white-noise {file} --power pk.txt -o new.h5",
    "run-fastpm {file} --redshift 2 -o new.h5",
    f"{TARGET} {{file}}",
    f"{HYDROGEN} snap.hdf5 --uvb {{file}}",
    "recover-ics {file} --lpt-order 1 -o new.h5",
    "fit-dm {file} --target map.h5 -o new.json",
    "fit-dm particles.h5 --target {file} -o new.json",
    "fit-dm particles.h5 --target map.h5 --start {file} -o new.json",
    f"{FIT_STARS} --dm {{file}}",
    f"{FIT_HYDROGEN} --stellar {{file}}",
    "paint {file} -o new.h5",
    "paint particles.h5 {file} -o '{{name}}_new.h5'",
    f"{PAINT} --fit {{file}}",
    f"{PAINT} --accept-edited -q --fit {{file}}",
    "powerspec {file} -o new.csv",
    f"{POWERSPEC} --reference {{file}}",
    "plot-figures slices {file} --reference map.h5 -o new.png",
    "plot-figures slices map.h5 --reference {file} -o new.png",
    "plot-figures relative-difference {file} --reference map.h5 -o new.png",
    "plot-figures distribution map.h5 --reference {file} -o new.png",
    "plot-figures spectra {file} -o new.png",
    "plot-figures table {file} -o new.md",
    "plot-figures losses {file} -o new.md",
    "plot-figures scaling {file} -o new.png",
    "to-bigfile {file} -o new",
    "to-gadget {file} -o new.hdf5",
    "to-swift {file} -o new.h5",
    "estimate {file}",
    "provenance {file}",
]


@pytest.mark.parametrize("command_line", EVERY_FILE)
def test_any_bad_file_in_any_place(folder, monkeypatch, capsys, command_line):
    """Missing, a directory, empty, foreign, truncated or edited: the line names the file."""
    monkeypatch.chdir(folder)
    before = sorted(folder.rglob("*"))
    for name in BAD_FILES:
        if command_line == "provenance {file}" and name == "edited.h5":
            continue  # It shows what it is: tests/cli/test_provenance_command.py
        command, *arguments = shlex.split(command_line.format(file=name))
        module, function = SCRIPTS[command].split(":")
        with pytest.raises(SystemExit) as ended:
            getattr(importlib.import_module(module), function).main(arguments)
        said = capsys.readouterr().err
        assert ended.value.code == 2, (name, said)
        check_line(said, command, f"{name}: ")
        assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize(
    ("command_line", "message"),
    [
        # What the shell refuses, what the first rank finds when it opens, and when it has read all.
        (f"{PAINT} --mesh 0", "0 is not in the range x>=1"),
        ("run-fastpm torn_ics.h5 --redshift 2 -o new.h5", "torn_ics.h5: truncated or damaged"),
        ("powerspec changed.h5 -o new.csv", "changed.h5: map was changed since it was written"),
    ],
)
def test_bad_input_to_processes(folder, command_line, message, ranks):
    before = contents(folder)
    name, *arguments = shlex.split(command_line)
    command = [Path(sys.executable).with_name(name), *arguments]
    launcher = ["mpirun", "--oversubscribe", "-n", str(ranks)] if ranks > 1 else []
    process = subprocess.run(
        [*launcher, *command], capture_output=True, text=True, cwd=folder, env=ALLOWED, timeout=120
    )
    assert process.returncode == 2, process.stderr
    errors = [line for line in process.stderr.splitlines() if "error: " in line]
    check_line("\n".join(errors), name, message)
    assert "Traceback" not in process.stderr
    assert contents(folder) == before


def test_every_command_is_tried():
    tried = {row[0].split()[0] for row in ROWS}
    assert tried == set(SCRIPTS)
