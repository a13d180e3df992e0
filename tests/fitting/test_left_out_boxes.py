# SPDX-License-Identifier: GPL-3.0-or-later
"""Members that leave boxes out: what they are trained on, their errors there, and their bands."""

import shutil

import numpy as np
import pytest
from small_universe import (
    MEANS,
    PARTICLES_HEADER,
    cloud_in_cell,
    map_of,
    positions,
    save_particles,
    save_target,
)

from jerald_tools.cli import paint, powerspec
from jerald_tools.cli.fit import fit_dm, fit_stellar
from jerald_tools.errors import BadInput
from jerald_tools.fitting.map_statistics import map_quality
from jerald_tools.fitting.problem_files import FitFiles, load_problems
from jerald_tools.fitting.subsamples import independent_parts, subsamples_of
from jerald_tools.io.sealed_json import read_document
from jerald_tools.io.spectra import read_spectrum
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import ONE_PROCESS
from jerald_tools.model.fitted_model import FittedModel
from jerald_tools.quantities import quantity_named

BOXES = ("lonely", "fixed", "paired")
STARTS = (
    {"seed": 3, "fixed": False, "paired": False},
    {"seed": 7, "fixed": True, "paired": False},
    {"seed": 7, "fixed": True, "paired": True},
)
PARTS = ["without seed 3", "without seed 7"]
FEW = ["--evaluations", "4", "--starts", "2", "--loss", "paper"]


def run(command, *arguments):
    command.main([*map(str, arguments), "--precision", "double", "-q"], standalone_mode=False)


def fit(folder, command, quantity, output, *options, boxes=BOXES):
    particles = [folder / f"{name}.h5" for name in boxes]
    targets = [part for name in boxes for part in ("--target", folder / f"{quantity}_{name}.h5")]
    run(command, *particles, *targets, *FEW, *options, "-o", folder / output)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three boxes, two of them of one seed, and fits to them with members."""
    folder = tmp_path_factory.mktemp("boxes")
    for number, (name, start) in enumerate(zip(BOXES, STARTS, strict=True)):
        where = positions(seed=20 + number)
        attributes = {**PARTICLES_HEADER.attributes, "initial_conditions": start}
        save_particles(folder / f"{name}.h5", where, attributes=attributes)
        density = cloud_in_cell(where) * np.random.default_rng(number).lognormal(0, 0.3)
        for quantity, power in (("dark-matter", 0.9), ("stellar-mass", 1.3)):
            values = density**power
            values *= MEANS[quantity] / values.mean()
            save_target(folder / f"{quantity}_{name}.h5", quantity, values)
    fit(folder, fit_dm, "dark-matter", "dm.json", "--layers", "1", "--members", "boxes")
    fit(folder, fit_stellar, "stellar-mass", "stars.json", "--layers", "0", "--members", "boxes",
        "--dm", folder / "dm.json")  # fmt: skip
    return folder


def paint_member(folder, box, member):
    """The map of a box that a member of the stars' fit paints."""
    output = folder / f"{box}_{member}.h5"
    run(paint.main, folder / f"{box}.h5", "--fit", folder / "stars.json", "--members", member,
        "--force", "-o", output)  # fmt: skip
    return output


def test_a_member_is_the_fit_to_the_boxes_that_it_does_not_leave_out(folder):
    """Searched from the same start, as that fit is."""
    document = read_document(folder / "dm.json")
    members = document["ensemble"]["members"]
    assert [member["subsample"] for member in members] == PARTS
    first = members[0]
    fit(folder, fit_dm, "dark-matter", "alone.json", "--layers", "1", boxes=BOXES[1:])
    starts = {one["name"]: one for one in read_document(folder / "alone.json")["starts"]}
    # The targets of all boxes have the mean 1 here, so both fits see the same ones.
    assert first["train"] == pytest.approx(starts[first["start"]]["train"], rel=1e-9)
    assert members[1]["train"] != first["train"]


def test_the_error_of_a_member_is_that_of_its_maps_of_the_boxes_it_left_out(folder):
    document = read_document(folder / "stars.json")
    left_out = (BOXES[:1], BOXES[1:])
    for number, (member, boxes) in enumerate(
        zip(document["ensemble"]["members"], left_out, strict=True), 1
    ):
        assert len(member["elsewhere"]) == len(boxes)
        for box, found in zip(boxes, member["elsewhere"], strict=True):
            painted = map_of(paint_member(folder, box, number))
            target = map_of(folder / f"stellar-mass_{box}.h5")
            mesh = make_mesh(
                PARTICLES_HEADER.lattice, PARTICLES_HEADER.box_size, "double", ONE_PROCESS
            )
            expected = map_quality(mesh, painted, target)["all"]
            for name in ("mean_ratio", "ratio", "r"):
                np.testing.assert_allclose(found[name], expected[name], rtol=1e-9)


def test_a_single_members_band_is_the_error_of_the_others_on_their_boxes(folder):
    """One white noise is left to tell it, so Student's distribution has one degree of freedom."""
    document = read_document(folder / "stars.json")
    other = document["ensemble"]["members"][1]
    errors = np.abs(np.log([one["ratio"] for one in other["elsewhere"]]))
    expected = document["ensemble"]["members"][0]["expected_error"]
    wider = np.tan(np.pi * 0.68 / 2) / 0.99446
    at = [int(np.argmin(np.abs(np.log(np.divide(one, expected["k"])))))
          for one in other["elsewhere"][0]["k"]]  # fmt: skip
    for number, found in enumerate(expected["error"]):
        inside = errors[:, np.equal(at, number)]
        assert found == pytest.approx(wider * np.quantile(inside, 0.68), rel=1e-4)
    output = folder / "band.csv"
    painted = paint_member(folder, "lonely", 1)
    run(powerspec.main, painted, "--band", "--reference", folder / "stellar-mass_lonely.h5",
        "--force", "-o", output)  # fmt: skip
    columns, notes = read_spectrum(output)
    width = np.interp(np.log(columns["k"]), np.log(expected["k"]), expected["error"])
    np.testing.assert_allclose(columns["P_high"], columns["P"] * np.exp(width), rtol=1e-9)
    np.testing.assert_allclose(columns["P_low"], columns["P"] * np.exp(-width), rtol=1e-9)
    assert "left out" in notes["band"]


def test_the_fit_itself_has_no_band_of_its_own(folder):
    with pytest.raises(BadInput, match="1 members make no band"):
        run(powerspec.main, paint_member(folder, "lonely", 0), "--band", "-o", folder / "no.csv")


def test_prerequisites_are_of_the_same_member(folder):
    """Stars without a box are trained on dark matter that does not know it either."""
    stars = FittedModel.load(folder / "stars.json").member(2)
    dark_matter = FittedModel.load(folder / "dm.json").member(2)
    assert stars.prerequisites["dark-matter"].parameters == dark_matter.parameters


def test_boxes_that_cannot_be_left_out_are_refused(folder):
    couple = BOXES[1:]
    members = ("--members", "boxes")
    with pytest.raises(BadInput, match="all PARTICLES are of seed 7, none can be left out"):
        fit(folder, fit_dm, "dark-matter", "no.json", *members, boxes=couple)
    attributes = {**PARTICLES_HEADER.attributes, "initial_conditions": {"paired": True}}
    save_particles(folder / "unknown.h5", positions(seed=21), attributes=attributes)
    shutil.copy(folder / "dark-matter_fixed.h5", folder / "dark-matter_unknown.h5")
    with pytest.raises(BadInput, match=r"unknown\.h5 is of a pair without a seed"):
        fit(folder, fit_dm, "dark-matter", "no.json", *members, boxes=("lonely", "unknown"))
    fit(folder, fit_dm, "dark-matter", "halves.json", "--layers", "1", "--members", "2")
    with pytest.raises(BadInput, match=r"halves\.json: its members are upper z, lower z, those of"):
        fit(folder, fit_stellar, "stellar-mass", "no.json", "--layers", "0", *members,
            "--dm", folder / "halves.json")  # fmt: skip
    assert not (folder / "no.json").exists()


def test_halves_of_a_couple_are_halves_of_one_white_noise(folder):
    """Two independent samples, where two boxes of two seeds have four."""

    def independent(boxes, members):
        particles, targets = (
            [str(folder / f"{prefix}{name}.h5") for name in boxes]
            for prefix in ("", "dark-matter_")
        )
        files = FitFiles(particles, targets)
        problems = load_problems(quantity_named("dark-matter"), files, ONE_PROCESS)
        return independent_parts(subsamples_of(problems, members), problems)

    assert independent(BOXES[1:], 6) == 2
    assert independent(BOXES[:2], 6) == 4
    assert independent(BOXES, "boxes") == 2


def test_paint_finds_the_member_that_left_a_box_out(folder):
    stars = folder / "stars.json"
    run(paint.main, *(folder / f"{box}.h5" for box in BOXES), "--fit", stars, "--members",
        "left-out", "-o", folder / "left_out_{name}.h5")  # fmt: skip
    for box, member in zip(BOXES, (1, 2, 2), strict=True):
        expected = map_of(paint_member(folder, box, member))
        np.testing.assert_array_equal(map_of(folder / f"left_out_{box}.h5"), expected)
    save_particles(folder / "other.h5", positions(seed=30))
    with pytest.raises(BadInput, match=r"no member is without .*other\.h5: it has without seed 3,"):
        run(paint.main, folder / "other.h5", "--fit", stars, "--members", "left-out", "-o",
            folder / "no.h5")  # fmt: skip
