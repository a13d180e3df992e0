# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of format version 1 are read by the commands of today and give the numbers of then.

`golden/version1/README.md` says how the files were made. Everything here goes through the commands
as pyproject.toml names them, and through h5py: no module of the package is imported by name.
"""

import importlib
import json
import shutil
import tomllib
from pathlib import Path

import h5py
import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
OLD = ROOT / "tests" / "golden" / "version1"
SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]

# Of a map's maximum, in double precision. Not bit for bit: FFTW measures which plan is fastest, so
# plans differ between machines, and sums in another order round differently: by 2e-15 in double
# precision, but by 2e-6 in single. The expected maps are rounded to single precision.
MAPS = 2e-7
SPECTRA = 1e-6

FITS = ["dm", "stellar", "hi"]
QUANTITIES = ["dark-matter", "stellar-mass", "neutral-hydrogen"]
DOUBLE = ["--precision", "double"]
ONE_EVALUATION = ["--layers", 1, "--starts", 1, "--evaluations", 1, *DOUBLE]


def run(name: str, *arguments, status: int = 0) -> None:
    """Run a command in this process; it must end with the status."""
    module, _, function = SCRIPTS[name].partition(":")
    command = getattr(importlib.import_module(module), function)
    with pytest.raises(SystemExit) as ended:
        command.main([*map(str, arguments), "-q"])
    assert ended.value.code == status


def check_refusal(capsys, *words: str) -> None:
    """What a command just said is one line, and the words are in it."""
    said = capsys.readouterr().err
    assert said.count("\n") == 1, said
    assert all(word in said for word in words), said


def map_in(path: Path) -> np.ndarray:
    with h5py.File(path) as file:
        return np.asarray(file["map"])


def columns_in(path: Path) -> dict[str, np.ndarray]:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    rows = np.array([line.split(",") for line in lines[1:]], float)
    return dict(zip(lines[0].split(","), rows.T, strict=True))


def expected(group: str) -> dict:
    """The numbers of version 1: maps, or columns of spectra, by name."""
    with h5py.File(OLD / "expected.h5") as file:
        return {
            name: member[...]
            if isinstance(member, h5py.Dataset)
            else {column: values[...] for column, values in member.items()}
            for name, member in file[group].items()
        }


@pytest.fixture(scope="module")
def painted(tmp_path_factory) -> Path:
    """Every map of expected.h5, painted today with the old fits on the old particles."""
    folder = tmp_path_factory.mktemp("painted")
    particles = [OLD / "particles_z2.00.h5", *DOUBLE]
    for fit in FITS:
        options = [*particles, "--fit", OLD / f"{fit}.json"]
        run("paint", *options, "--redshift-space", "z", "-o", folder / f"{fit}_redshift_space.h5")
        if fit != "stellar":
            run("paint", *options, "-o", folder / f"{fit}.h5")
    run("paint", *particles, "--fit", OLD / "stellar.json", "--members", "all", "-o",
        folder / "stellar_member{member}.h5")  # fmt: skip
    (folder / "stellar_member0.h5").rename(folder / "stellar.h5")
    (folder / "stellar_member2.h5").unlink()
    for quantity in QUANTITIES:
        run("paint", *particles, "--fit", OLD / f"shipped_{quantity}.json", "-o",
            folder / f"shipped_{quantity}.h5")  # fmt: skip
    run("run-fastpm", OLD / "ics.h5", "--redshift", 3, "--redshift", 2.5, *DOUBLE,
        "--second-order", "fastpm", "-o", folder / "z{redshift}.h5")  # fmt: skip
    early = [folder / "z3.00.h5", folder / "z2.50.h5"]
    run("paint", *early, "--fit", OLD / "dm_over_redshifts.json", *DOUBLE, "-o",
        folder / "dm_over_redshifts_{name}.h5")  # fmt: skip
    for path in early:
        path.unlink()
    return folder


@pytest.mark.parametrize("name", sorted(expected("maps")))
def test_old_fits_paint_the_maps_of_then(painted, name):
    then, now = expected("maps")[name], map_in(painted / f"{name}.h5")
    np.testing.assert_allclose(now, then, rtol=0, atol=MAPS * then.max())


def test_every_painted_map_has_expected_numbers(painted):
    assert sorted(path.stem for path in painted.glob("*.h5")) == sorted(expected("maps"))


def test_old_particles_have_the_density_of_then(tmp_path):
    run("paint", OLD / "particles_z2.00.h5", "-o", tmp_path / "density.h5")
    then = map_in(OLD / "density_z2.00.h5")
    np.testing.assert_allclose(
        map_in(tmp_path / "density.h5"), then, rtol=0, atol=MAPS * then.max()
    )


def test_painted_maps_and_old_particles_have_the_power_of_then(painted, tmp_path):
    run("powerspec", *painted.glob("*.h5"), *DOUBLE, "-o", tmp_path / "{name}.csv")
    run("powerspec", OLD / "particles_z2.00.h5", "--mesh", 24, "--window", "tsc", "--interlace",
        "--compensate", *DOUBLE, "-o", tmp_path / "particles.csv")  # fmt: skip
    spectra = expected("spectra")
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(spectra)
    for name, then in spectra.items():
        now = columns_in(tmp_path / f"{name}.csv")
        assert now.keys() == then.keys()
        for column in then:
            np.testing.assert_allclose(now[column], then[column], rtol=SPECTRA, err_msg=name)


def test_an_old_map_compares_with_an_old_reference_as_then(tmp_path):
    """Maps, spectrum and the table that is made of it."""
    now, then = tmp_path / "hi_z2.00.csv", OLD / "hi_z2.00.csv"
    run("powerspec", OLD / "hi_z2.00.h5", "--reference", OLD / "target_hi_z2.00.h5", *DOUBLE, "-o",
        now)  # fmt: skip
    old, new = columns_in(then), columns_in(now)
    assert {"k", "P", "modes", "P_ref", "ratio", "r"} <= old.keys() == new.keys()
    for column in old:
        np.testing.assert_allclose(new[column], old[column], rtol=SPECTRA, err_msg=column)
    for path in (now, then):
        run("plot-figures", "table", path, "-o", tmp_path / f"{path.parent.name}.md")
    tables = [(tmp_path / f"{path.parent.name}.md").read_text() for path in (now, then)]
    assert tables[0] == tables[1]


def test_an_old_map_becomes_the_bigfile_of_then(tmp_path):
    run("to-bigfile", OLD / "density_z2.00.h5", "-o", tmp_path / "density")

    def content(path):
        attributes = (path / "attr-v2").read_text().splitlines()
        return (
            [(path / name).read_bytes() for name in ("000000", "header")],
            [line for line in attributes if not line.startswith("Provenance ")],
        )

    then = OLD / "density_z2.00.bigfile" / "Field"
    assert content(tmp_path / "density" / "Field") == content(then)


def fit_from_its_old_self(fit: str, output: Path, *options, status: int = 0) -> None:
    """One evaluation of a fit that starts where the old fit of its name ended."""
    below = FITS[: FITS.index(fit)]
    needed = [word for name in below for word in (f"--{name}", OLD / f"{name}.json")]
    run(f"fit-{fit}", OLD / "particles_z2.00.h5", "--target", OLD / f"target_{fit}_z2.00.h5",
        *needed, "--start", OLD / f"{fit}.json", *ONE_EVALUATION, *options, "-o",
        output, status=status)  # fmt: skip


def check_start(fit: str, output: Path) -> None:
    """The loss where the new fit starts is the loss where the old fit ended."""
    old, new = (json.loads(path.read_text()) for path in (OLD / f"{fit}.json", output))
    assert new["starts"][0]["parameters"] == old["parameters"]
    for region in ("train", "validation"):
        assert new["history"][region][0] == pytest.approx(old["loss"][region], rel=SPECTRA)


def test_old_fits_are_prerequisites_and_starts(tmp_path):
    fit_from_its_old_self("stellar", tmp_path / "stellar.json", "--smoothing", 1)
    check_start("stellar", tmp_path / "stellar.json")


def test_an_old_fit_beyond_the_bounds_of_today_starts_at_them(tmp_path):
    """Hydrogen's exponent is at least 1 now."""
    fit_from_its_old_self("hi", tmp_path / "hi.json")
    old, new = (json.loads(path.read_text()) for path in (OLD / "hi.json", tmp_path / "hi.json"))
    expected = old["parameters"]
    assert expected["transform"]["mu"] < 1
    expected["transform"]["mu"] = 1.0
    assert new["starts"][0]["parameters"] == expected


def test_an_old_fit_over_redshifts_is_a_prerequisite(tmp_path):
    run("fit-stellar", OLD / "particles_z2.00.h5", "--target", OLD / "target_stellar_z2.00.h5",
        "--dm", OLD / "dm_over_redshifts.json", *ONE_EVALUATION, "--layers", 0, "-o",
        tmp_path / "stellar.json")  # fmt: skip
    carried = json.loads((tmp_path / "stellar.json").read_text())["dark_matter_fit"]
    old = json.loads((OLD / "dm_over_redshifts.json").read_text())
    assert carried["parameters"] == old["parameters"]


SEEDED = ["ics.h5", "particles_z2.00.h5", "density_z2.00.h5", "target_hi_z2.00.h5", "dm.json",
          "stellar.json", "hi.json", "dm_over_redshifts.json", "hi_z2.00.h5",
          "hi_z2.00.csv"]  # fmt: skip
GONE = {"particles_z3.00.h5", "density_z3.00.h5", "target_dm_z3.00.h5"}


@pytest.mark.parametrize("name", SEEDED)
def test_an_old_file_leads_back_to_its_seed(capsys, name):
    capsys.readouterr()
    run("provenance", OLD / name, "--json")
    steps = json.loads(capsys.readouterr().out)
    assert steps[0]["status"] == "verified"
    for step in steps:
        gone = step["path"] in GONE
        assert step["status"] == ("gone" if gone else "verified"), step["path"]
    (start,) = [step for step in steps if step["path"].endswith("ics.h5")]
    assert "generate-ics --seed 9281 --mesh 24 --particles 12" in start["command_line"]
    assert [steps[number - 1]["path"] for number in start["inputs"]] == ["data/linear_power.txt"]
    commits = {step["commit"] for step in steps if "commit" in step}
    assert commits == {"b29bea1f5f56a385b5916732bb656fa5079f15c0"}


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("ics.h5", ["run-fastpm", "--redshift", 2]),
        ("particles_z2.00.h5", ["paint"]),
        ("hi_z2.00.h5", ["powerspec"]),
    ],
)
def test_an_old_file_that_was_edited_is_refused(capsys, tmp_path, name, command):
    shutil.copy(OLD / name, tmp_path / name)
    with h5py.File(tmp_path / name, "r+") as file:
        file["provenance"].attrs["command_line"] = "another"
    run(command[0], tmp_path / name, *command[1:], "-o", tmp_path / "output", status=2)
    check_refusal(capsys, f"{tmp_path / name}: ")
    assert not (tmp_path / "output").exists()


def test_an_old_fit_that_was_edited_is_refused_unless_accepted(capsys, tmp_path):
    fit = tmp_path / "dm.json"
    text = (OLD / "dm.json").read_text()
    gamma = json.loads(text)["parameters"]["layers"][0]["gamma"]
    fit.write_text(text.replace(f'"gamma": {gamma}', '"gamma": 0.5', 1))
    assert fit.read_text() != text
    task = [OLD / "particles_z2.00.h5", "--fit", fit, "-o", tmp_path / "map.h5"]
    run("paint", *task, status=2)
    check_refusal(capsys, f"{fit}: ", "--accept-edited")
    run("paint", *task, "--accept-edited")
    assert map_in(tmp_path / "map.h5").shape == (12, 12, 12)


def test_the_state_of_an_old_simulation_is_of_another_run(capsys, tmp_path):
    """A simulation does not go on from the state of another one or of other code."""
    state, output = tmp_path / "fastpm.state", tmp_path / "particles.h5"
    shutil.copy(OLD / state.name, state)
    task = [OLD / "small_ics.h5", "--redshift", 2, "--steps", 9, "--checkpoint", state, "-o",
            output]  # fmt: skip
    run("run-fastpm", *task, status=2)
    check_refusal(capsys, f"{state}: ", "--force")
    assert state.read_bytes() == (OLD / state.name).read_bytes()
    run("run-fastpm", *task, "--force")
    assert output.exists()
    assert not state.exists()


def test_the_journal_of_an_old_fit_is_of_another_run(capsys, tmp_path):
    """A fit does not go on from the journal of another one or of other code."""
    journal, output = tmp_path / "interrupted.json.journal", tmp_path / "interrupted.json"
    shutil.copy(OLD / journal.name, journal)
    fit_from_its_old_self("dm", output, status=2)
    check_refusal(capsys, f"{journal}: ", "--force")
    assert journal.read_bytes() == (OLD / journal.name).read_bytes()
    fit_from_its_old_self("dm", output, "--force")
    check_start("dm", output)
    assert not journal.exists()
