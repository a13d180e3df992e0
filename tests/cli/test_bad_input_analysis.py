# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input to the commands that measure, draw, estimate and trace."""

import pytest
from bad_input import BRIGHTNESS, POWERSPEC, SKEWERS, check_refusal

ROWS = [
    # powerspec
    (f"{POWERSPEC} -o nowhere/new.csv", "there is no directory nowhere"),
    (f"{POWERSPEC} --window pcs", "'pcs' is not one of 'cic', 'tsc'"),
    ("powerspec missing.h5 -o new.csv", "missing.h5: no such file"),
    ("powerspec nan.h5 -o new.csv", "nan.h5: map has values that are NaN"),
    (f"{POWERSPEC} --reference other_box.h5", "box (10.0, 10.0, 10.0) Mpc/h, but other_box.h5"),
    (f"{POWERSPEC} --reference other_mesh.h5", "mesh (8, 8, 8), but other_mesh.h5 has (4, 8, 8)"),
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
    (f"{POWERSPEC} --multipoles --mu-bins 5", "--multipoles and --mu-bins exclude each other"),
    (f"{POWERSPEC} --los z", "--los needs --multipoles or --mu-bins"),
    (f"{POWERSPEC} --mu-bins 0", "0 is not in the range x>=1"),
    (f"{POWERSPEC} --multipoles --band", "--band has no --multipoles or --mu-bins"),
    (f"{POWERSPEC} --pdf", "map.h5: --pdf and --units are for files of skewers"),
    (f"{POWERSPEC} --pdf --edges 1,2", "--pdf has no --multipoles, --mu-bins or --edges"),
    (f"{POWERSPEC} --units h", "'h' is not one of 's/km', 'h/Mpc'"),
    # skewers
    ("skewers", "Missing argument 'HYDROGEN'"),
    ("skewers hydrogen.h5 -o new.h5", "Missing option '--particles'"),
    ("skewers missing.h5 --particles particles.h5 -o new.h5", "missing.h5: no such file"),
    ("skewers map.h5 --particles particles.h5 -o new.h5", "map.h5: dark-matter in 1 + delta: give"),
    (
        "skewers hydrogen_of_dust.h5 --particles particles.h5 -o new.h5",
        "neutral-hydrogen in 1 + delta: give neutral-hydrogen in cm^-3",
    ),
    (
        "skewers hydrogen.h5 --particles particles.h5 -o new.h5",
        "hydrogen.h5: states no temperature of its gas; give --temperature",
    ),
    (
        "skewers hydrogen.h5 --particles particles.h5 --temperature 1e4 -o new.h5",
        "hydrogen.h5: states no temperature of its gas; give --gamma",
    ),
    (f"{SKEWERS} --particles map.h5", "map.h5: is of type map; give a file of type particles"),
    (
        f"{SKEWERS} --particles particles_z3.h5",
        "particles_z3.h5: redshift 3, but hydrogen.h5 has 2",
    ),
    (f"{SKEWERS} --particles torn_particles.h5", "torn_particles.h5: truncated or damaged"),
    (f"{SKEWERS} --particles nan_particles.h5", "nan_particles.h5: "),
    (
        "skewers hydrogen_other_box.h5 --particles particles.h5 -o new.h5",
        "box (10.0, 10.0, 10.0) Mpc/h, but hydrogen_other_box.h5",
    ),
    (
        "skewers hydrogen_other_cosmology.h5 --particles particles.h5 -o new.h5",
        "has another omega_m than hydrogen_other_cosmology.h5",
    ),
    (
        "skewers moved_hydrogen.h5 --particles particles.h5 -o new.h5",
        "moved_hydrogen.h5: is in redshift space; paint it without --redshift-space",
    ),
    (
        SKEWERS.replace("hydrogen.h5", "negative_hydrogen.h5"),
        "negative_hydrogen.h5: map has values below 0",
    ),
    (
        SKEWERS.replace("hydrogen.h5", "empty_hydrogen.h5") + " --mean-flux 0.5",
        "--mean-flux 0.5: 100.0% of the pixels have no hydrogen",
    ),
    (f"{SKEWERS} --axis w", "'w' is not one of 'x', 'y', 'z'"),
    (f"{SKEWERS} --every 0", "0 is not in the range x>=1"),
    (f"{SKEWERS} --every 9", "--every 9: the mesh has 8 nodes"),
    (f"{SKEWERS} --every 2 --positions pk.txt", "--every and --positions exclude each other"),
    (f"{SKEWERS} --positions missing.txt", "missing.txt: no such file"),
    (f"{SKEWERS} --positions words.txt", "words.txt: is not a table of numbers"),
    (f"{SKEWERS} --positions three_columns.txt", "4 rows of 3 columns; give two columns"),
    (f"{SKEWERS} --positions nan_positions.txt", "a position is NaN or infinite"),
    (f"{SKEWERS} --pixel 0", "0.0 is not in the range x>0"),
    (f"{SKEWERS} --pixel 5000", "km/s wide; give narrower pixels"),
    (f"{SKEWERS} --pixel nan", "--pixel nan: give a width in km/s"),
    (f"{SKEWERS} --mean-flux 1", "1.0 is not in the range 0<x<1"),
    (f"{SKEWERS} --mean-flux nan", "--mean-flux nan: give a number above 0"),
    (f"{SKEWERS} --temperature nan", "--temperature nan: give kelvins above 0"),
    (f"{SKEWERS} --gamma 9", "--gamma 9: give a number from 0 to 3"),
    (f"{SKEWERS} --profile box", "'box' is not one of 'voigt', 'gaussian'"),
    (f"{SKEWERS} -o hydrogen.h5 --force", "hydrogen.h5 is an input: give another name"),
    (f"{SKEWERS} -o nowhere/new.h5", "there is no directory nowhere"),
    (f"{SKEWERS} -o map.h5", "map.h5"),
    # brightness
    ("brightness", "Missing argument 'HYDROGEN'"),
    ("brightness map.h5 --particles particles.h5 -o new.h5", "map.h5: dark-matter in 1 + delta"),
    (f"{BRIGHTNESS} --particles map.h5", "map.h5: is of type map; give a file of type particles"),
    (f"{BRIGHTNESS} --particles particles_z3.h5", "redshift 3, but hydrogen.h5 has 2"),
    (
        BRIGHTNESS.replace("hydrogen.h5", "negative_hydrogen.h5"),
        "negative_hydrogen.h5: map has values below 0",
    ),
    (
        BRIGHTNESS.replace("hydrogen.h5", "empty_hydrogen.h5") + " --mean 1",
        "empty_hydrogen.h5: is empty: it has no mean to scale",
    ),
    (
        BRIGHTNESS.replace("hydrogen.h5", "moved_hydrogen.h5"),
        "moved_hydrogen.h5: is in redshift space",
    ),
    (f"{BRIGHTNESS} --mean nan", "--mean nan: give a number of mK above 0"),
    (f"{BRIGHTNESS} --beam 0", "0.0 is not in the range x>0"),
    (f"{BRIGHTNESS} --noise inf", "--noise inf: give a number of mK above 0"),
    (f"{BRIGHTNESS} -o hydrogen.h5 --force", "hydrogen.h5 is an input: give another name"),
    # plot-figures
    ("plot-figures", "Missing command"),
    ("plot-figures portraits map.h5 -o new.png", "No such command 'portraits'"),
    (
        "plot-figures slices map.h5 --reference map.h5 -o new.gif",
        "new.gif: the name of the output must end in .png",
    ),
    ("plot-figures slices map.h5 --reference nan.h5 -o new.png", "nan.h5: map has values that are"),
    ("plot-figures spectra pk.txt -o new.png", "pk.txt: has no column k, P, modes"),
    ("plot-figures table missing.csv -o new.md", "missing.csv: no such file"),
    ("plot-figures losses edited.json -o new.md", "edited.json: was edited since"),
    (
        "plot-figures slices map.h5 --reference other_box.h5 -o new.png",
        "but other_box.h5 has (11.0, 11.0, 11.0)",
    ),
    ("plot-figures spectra edited.csv -o new.png", "edited.csv: was changed since it was written"),
    ("plot-figures spectra spectrum.csv -o new.png", "spectrum.csv: has no P_ref and r; make it"),
    ("plot-figures table map.h5 -o new.md", "map.h5: is not a spectrum: not text"),
    ("plot-figures losses fit.json -o new.md", "fit.json: quantity 0: is unknown; give a fit of"),
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
    # estimate
    ("estimate", "give a CONFIG, or --particles and --box-size"),
    ("estimate dm.json", "dm.json: the key initial_conditions is missing"),
    ("estimate --particles 8 --box-size 0", "0.0 is not in the range x>0"),
    ("estimate --particles 8 --box-size nan", "--box-size nan: give a positive length"),
    ("estimate --particles 8 --box-size 10 --ranks 1,x", "1,x: give one number or several"),
    # provenance
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


@pytest.mark.parametrize(("command_line", "message"), ROWS, ids=[row[0] for row in ROWS])
def test_bad_input(bad_folder, monkeypatch, capsys, command_line, message):
    monkeypatch.chdir(bad_folder)
    check_refusal(bad_folder, capsys, command_line, message)
