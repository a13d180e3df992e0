# SPDX-License-Identifier: GPL-3.0-or-later
"""The chain from a spectrum back to the seed, while its files lie there and when they do not."""

import json
import shutil
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from hdf5_access import dataset
from snapshot_files import gadget_attributes

from jerald_tools.cli.fit import fit_dm as fit_dm
from jerald_tools.cli.initial_conditions import generate_ics
from jerald_tools.cli.make_target import main as make_target
from jerald_tools.cli.paint import main as paint
from jerald_tools.cli.powerspec import main as powerspec
from jerald_tools.cli.run_fastpm import main as run_fastpm
from jerald_tools.cli.show_provenance import main as provenance
from jerald_tools.io.grids import MapFile
from jerald_tools.io.sealed_json import read_document, write_document

GOLDEN = Path(__file__).parents[1] / "golden"
SEED = "--seed 9281 --mesh 16 --particles 8 --box-size 10 --power pk.txt -o ics.h5"
FIT = "particles.h5 --target target.h5 --layers 1 --evaluations 2 --starts 1 -o dm.json"
PAINT = "particles.h5 --fit dm.json -o maps/dm.h5"
FILES = ["dm.csv", "maps/dm.h5", "particles.h5", "dm.json", "ics.h5", "target.h5", "pk.txt"]


def run(command, arguments):
    """Run a command as if it had been typed, since its line is what is recorded."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [command.name, *arguments.split()])
        command.main(arguments.split(), standalone_mode=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A chain of small files, made in their directory."""
    folder = tmp_path_factory.mktemp("chain")
    (folder / "maps").mkdir()
    (folder / "pk.txt").write_text("".join(f"{0.01 * 1.3**n} {100 / (n + 1)}\n" for n in range(40)))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run(generate_ics, SEED)
        run(run_fastpm, "ics.h5 --redshift 2 --steps 1 -o particles.h5")
        run(paint, "particles.h5 -o target.h5")
        run(fit_dm, FIT)
        run(paint, PAINT)
        run(powerspec, "maps/dm.h5 -o dm.csv")
    return folder


@pytest.fixture
def folder(made, tmp_path, monkeypatch):
    """The same files to spoil, and nothing else in the working directory."""
    shutil.copytree(made, tmp_path / "copy")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    return tmp_path / "copy"


def ask(capsys, path, *options, status=0):
    """What the command prints, and its line of error."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        provenance.main([str(path), *options])
    said = capsys.readouterr()
    assert ended.value.code == status, said.err
    assert said.err.count("\n") == (1 if status else 0)
    return said.out, said.err


def steps_of(capsys, path, status=0):
    steps = json.loads(ask(capsys, path, "--json", status=status)[0])
    return {Path(step["path"]).name: step for step in steps}, steps


def test_a_spectrum_leads_back_to_the_seed(capsys, folder):
    by_name, steps = steps_of(capsys, folder / "dm.csv")
    assert list(by_name) == [Path(name).name for name in FILES]
    assert {step["status"] for step in steps} == {"verified"}
    for name, step in by_name.items():
        assert Path(step["found"]).name == name
        assert len(step["sha256"]) == 64
    assert by_name["ics.h5"]["command_line"].endswith(SEED)
    for name in by_name.keys() - {"pk.txt"}:
        step = by_name[name]
        assert step["version"]
        assert step["commit"]
        assert (step["ranks"], step["precision"]) == (1, "single")
        assert step["threads"] >= 1
        assert step["backend"] in ("native", "jax")
        assert step["written"].endswith("+00:00")
        assert step["elapsed_seconds"] >= 0
    names = [[steps[number - 1]["path"] for number in step["inputs"]] for step in steps]
    assert names[:4] == [["maps/dm.h5"], ["particles.h5", "dm.json"], ["ics.h5"], FILES[2:6:3]]
    assert names[4:] == [["pk.txt"], ["particles.h5"], []]


def test_a_person_can_read_it(capsys, folder):
    said, _ = ask(capsys, folder / "maps" / "dm.h5")
    paragraphs = said.strip().split("\n\n")
    assert len(paragraphs) == len(FILES) - 1
    assert paragraphs[0].startswith(f"[1] {folder}/maps/dm.h5: verified\n    sha256 ")
    assert "from [2] particles.h5, [3] dm.json" in paragraphs[0]
    assert f"generate-ics {SEED}\n" in said
    assert "precision single, backend native" in said or "backend jax" in said
    assert "[6] pk.txt: verified" in said


@pytest.mark.parametrize("name", FILES[:-1])
def test_every_kind_of_file_has_its_chain(capsys, folder, name):
    by_name, _ = steps_of(capsys, folder / name)
    assert "generate-ics --seed 9281" in by_name["ics.h5"]["command_line"]


def test_files_that_are_gone(capsys, folder):
    for name in ("particles.h5", "ics.h5", "pk.txt"):
        (folder / name).unlink()
    by_name, _ = steps_of(capsys, folder / "dm.csv")
    gone = {name for name, step in by_name.items() if step["status"] == "gone"}
    assert gone == {"particles.h5", "ics.h5", "pk.txt"}
    assert by_name["ics.h5"]["command_line"].endswith(SEED)
    assert "[6] ics.h5: file gone" in ask(capsys, folder / "dm.csv")[0].replace("[5]", "[6]")


def test_a_namesake_elsewhere_is_not_the_file(capsys, folder):
    Path("pk.txt").write_text("another table\n")
    assert steps_of(capsys, folder / "dm.csv")[0]["pk.txt"]["status"] == "verified"
    (folder / "pk.txt").unlink()
    assert steps_of(capsys, folder / "dm.csv")[0]["pk.txt"]["status"] == "gone"


def change_values(path):
    with h5py.File(path, "r+") as file:
        dataset(file, "map")[2, 2, 2] += 1


def change_attribute(path):
    with h5py.File(path, "r+") as file:
        file.attrs["redshift"] = 1.0


def change_text(path):
    path.write_text(path.read_text().replace("1", "2", 1))


def tear(path):
    path.write_bytes(path.read_bytes()[:1000])


def edit_fit(path, **changes):
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "shift": 0.5, **changes}))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("target.h5", change_values),
        ("maps/dm.h5", change_attribute),
        ("pk.txt", change_text),
        ("ics.h5", tear),
        ("dm.json", edit_fit),
        ("dm.json", tear),
    ],
)
def test_files_that_were_changed_since(capsys, folder, name, change):
    change(folder / name)
    by_name, _ = steps_of(capsys, folder / "dm.csv", status=1)
    changed = {name for name, step in by_name.items() if step["status"] == "changed"}
    assert changed == {Path(name).name}
    said, error = ask(capsys, folder / "dm.csv", status=1)
    assert f"{name}: CHANGED since, {folder / name}" in said
    assert error.startswith(f"provenance: error: {folder / name}: changed since")


@pytest.mark.parametrize(
    ("name", "change"),
    [("maps/dm.h5", change_values), ("maps/dm.h5", change_attribute), ("dm.json", edit_fit)],
)
def test_the_file_itself_was_changed(capsys, folder, name, change):
    change(folder / name)
    _, steps = steps_of(capsys, folder / name, status=1)
    assert [step["status"] for step in steps] == ["changed", *["verified"] * (len(steps) - 1)]


def test_made_again_it_is_the_same(capsys, folder, monkeypatch):
    """Timings differ, the content does not."""
    monkeypatch.chdir(folder)
    run(run_fastpm, "ics.h5 --redshift 2 --steps 1 -o particles.h5 --force")
    assert steps_of(capsys, "dm.csv")[0]["particles.h5"]["status"] == "verified"


def test_an_edited_fit_that_was_accepted(capsys, folder, monkeypatch):
    monkeypatch.chdir(folder)
    edit_fit(folder / "dm.json")
    run(paint, f"{PAINT} --force --accept-edited -q")
    with MapFile("maps/dm.h5") as file:
        assert file.header.attributes["fit_edited"] == ["itself"]
    by_name, _ = steps_of(capsys, "maps/dm.h5")
    assert {name for name, step in by_name.items() if step["edited"]} == {"dm.json"}
    assert "[3] dm.json: verified; EDITED by hand" in ask(capsys, "maps/dm.h5")[0]
    edit_fit(folder / "dm.json", shift=0.6)
    assert steps_of(capsys, "maps/dm.h5", status=1)[0]["dm.json"]["status"] == "changed"


def test_a_fit_still_has_the_one_it_stands_on(capsys, folder):
    """The file of the fit below is gone, its document is not."""
    below = read_document(folder / "dm.json")
    origin = {
        "version": "1",
        "commit": "c",
        "command_line": "fit-stellar ...",
        "inputs": [{"path": "dm.json", "sha256": below["sha256"], "origin": below["provenance"]}],
    }
    stars = {**below, "dark_matter_fit": below, "provenance": origin}
    write_document(folder / "stars.json", stars)
    (folder / "dm.json").unlink()
    by_name, _ = steps_of(capsys, folder / "stars.json")
    assert by_name["dm.json"]["status"] == "carried"
    assert by_name["particles.h5"]["status"] == "verified"


def save_snapshot(folder):
    """Gas in two files of Gadget's."""
    number = np.array([20, 0, 0, 0, 0, 0])
    for part in range(2):
        attributes = gadget_attributes(
            Redshift=2.0, NumPart_ThisFile=number, NumPart_Total=2 * number, NumFilesPerSnapshot=2
        )
        with h5py.File(folder / f"snap.{part}.hdf5", "w") as file:
            file.create_group("Header").attrs.update(attributes)
            file["PartType0/Coordinates"] = np.random.default_rng(part).random((20, 3)) * 1e4
            file["PartType0/Masses"] = np.ones(20)
    return "snap.0.hdf5"


def copy_bigfile(folder):
    shutil.copytree(GOLDEN / "mp_gadget_snapshot", folder / "snapshot")
    return "snapshot"


@pytest.mark.parametrize(
    ("save", "changed"), [(save_snapshot, "snap.1.hdf5"), (copy_bigfile, "snapshot/Header/attr-v2")]
)
def test_a_map_of_a_snapshot(capsys, tmp_path, monkeypatch, save, changed):
    monkeypatch.chdir(tmp_path)
    name = save(tmp_path)
    run(make_target, f"{name} --quantity gas --mesh 4 --part-of-box -o gas.h5")
    by_name, _ = steps_of(capsys, "gas.h5")
    assert by_name[name]["status"] == "verified"
    assert "command_line" not in by_name[name]
    with Path(changed).open("ab") as stream:
        stream.write(b" ")
    by_name, _ = steps_of(capsys, "gas.h5", status=1)
    assert by_name[name]["status"] == "changed"
