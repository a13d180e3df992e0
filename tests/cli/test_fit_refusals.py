# SPDX-License-Identifier: GPL-3.0-or-later
"""What the commands that fit refuse, and what an interruption of them leaves."""

import json
from pathlib import Path

import pytest
from small_fits import BRIEF, PAPER, fit, painted
from small_universe import header_of, positions, save_fit, save_particles, save_target

from jerald_tools.cli import fit as fit_commands
from jerald_tools.errors import BadInput
from jerald_tools.fitting.journal import Journal
from jerald_tools.io.append_log import AppendLog
from jerald_tools.io.sealed_json import read_document


def test_simulations_that_do_not_go_together_are_refused(fit_folder):
    save_particles(fit_folder / "later.h5", redshift=1.0)
    save_target(fit_folder / "later_target.h5", "stellar-mass", redshift=1.0)
    for more, error, reason in (
        (
            [fit_folder / "later.h5", "--target", fit_folder / "later_target.h5"],
            BadInput,
            "redshift 1",
        ),
        ([fit_folder / "particles.h5"], BadInput, "2 PARTICLES and 1 --target"),
    ):
        with pytest.raises(error, match=reason):
            fit(fit_folder, "stellar-mass", "refused.json", *more)
        assert not (fit_folder / "refused.json").exists()


def test_a_loss_without_smoothing_refuses_one(fit_folder):
    with pytest.raises(BadInput, match="--smoothing 1: the loss logarithmic has no smoothing"):
        fit(fit_folder, "stellar-mass", "refused.json", "--loss", "logarithmic", "--smoothing", 1)


def test_a_weight_of_the_power_that_has_no_effect(fit_folder):
    with pytest.raises(BadInput, match="--spectrum 2: the loss paper has no such term"):
        fit(fit_folder, "stellar-mass", "refused.json", "--loss", "paper", "--spectrum", 2)
    with pytest.raises(BadInput, match="--spectrum -1: give a number, at least 0"):
        fit(fit_folder, "stellar-mass", "refused.json", "--spectrum", -1)
    assert not (fit_folder / "refused.json").exists()


def test_a_fit_that_is_all_floor_fails(fit_folder, capsys):
    transform = {"w": 1e-5, "mu": 0.1, "b": 5.0}
    floor = {"layers": [], "transform": transform}
    start = save_fit(fit_folder / "floor.json", "stellar-mass", layers=0, parameters=floor)
    output = fit_folder / "of_floor.json"
    arguments = [fit_folder / "particles.h5", "--target", fit_folder / "stellar-mass.h5",
                 "--layers", 0, "--start", start, "--starts", 1, "-o", output, "-q"]  # fmt: skip
    with pytest.raises(SystemExit) as end:
        fit_commands.fit_stellar.main([str(argument) for argument in arguments])
    assert end.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("fit-stellar: error: the fit of stellar-mass found no usable map")
    assert not output.exists()


def test_a_start_of_another_kind_is_refused(fits):
    for options, reason in (
        (["--start", fits / "dm.json"], r"dm\.json: is a fit of dark-matter"),
        (["--start", fits / "stellar.json", "--layers", 1], "has 2 layers: give --layers 2"),
        (["--dm", fits / "stellar.json"], r"stellar\.json: is a fit of stellar-mass"),
    ):
        with pytest.raises(BadInput, match=reason):
            fit(fits, "stellar-mass", "refused.json", *options)
        assert not (fits / "refused.json").exists()


def test_edited_fits_are_taken_if_asked_and_what_carries_them_says_so(fit_folder):
    dark_matter = save_fit(fit_folder / "edited_dm.json", "dark-matter")
    start = save_fit(fit_folder / "edited_start.json", "stellar-mass", layers=0)
    for path in (dark_matter, start):
        document = json.loads(path.read_text())
        path.write_text(json.dumps({**document, "remark": "by hand"}))
    options = ["--layers", 0, "--evaluations", 2, "--starts", 1, "--dm", dark_matter]
    options += ["--start", start, *PAPER]
    with pytest.raises(BadInput, match=r"edited_\w+.json: was edited since it was written"):
        fit(fit_folder, "stellar-mass", "on_edited.json", *options)
    made = fit(fit_folder, "stellar-mass", "on_edited.json", *options, "--accept-edited")
    assert made["dark_matter_fit"]["edited"] is True
    assert "edited" not in made
    inputs = {Path(one["path"]).name: one for one in made["provenance"]["inputs"]}
    assert {name for name, one in inputs.items() if one.get("edited")} == {
        "edited_dm.json",
        "edited_start.json",
    }
    assert inputs["edited_dm.json"]["sha256"] == made["dark_matter_fit"]["sha256"]
    # The fit itself is whole: it needs no option, and its maps say what it stands on.
    painted(fit_folder, "on_edited.json")
    said = header_of(fit_folder / "on_edited.json_map.h5").attributes
    assert said["fit_edited"] == ["dark_matter_fit"]


def test_an_output_beside_its_own_journal_is_replaced(fit_folder, monkeypatch):
    """As after a kill between the two: a fit that is whole, and a journal that had to go."""

    class Killed(Exception):
        pass

    def die(journal):
        journal.close()
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "remove", die)
        with pytest.raises(Killed):
            fit(fit_folder, "stellar-mass", "last.json", *BRIEF)
    first = read_document(fit_folder / "last.json")
    assert (fit_folder / "last.json.journal").exists()
    again = fit(fit_folder, "stellar-mass", "last.json", *BRIEF)
    assert again["parameters"] == first["parameters"]
    assert not (fit_folder / "last.json.journal").exists()


@pytest.mark.parametrize("is_empty", [True, False])
def test_an_output_beside_another_journal_is_kept(fit_folder, is_empty):
    output = fit_folder / "kept.json"
    output.write_text("a fit of mine")
    journal = fit_folder / "kept.json.journal"
    journal.touch()
    if not is_empty:
        records = AppendLog(journal)
        records.append(b'{"command": "fit-dm"}')
        records.close()
    with pytest.raises(BadInput, match=r"kept.json: exists already; .* --force"):
        fit(fit_folder, "stellar-mass", "kept.json", *BRIEF)
    assert output.read_text() == "a fit of mine"


def test_a_start_is_not_written_over(fit_folder):
    start = save_fit(fit_folder / "start.json", "stellar-mass", layers=0)
    before = start.read_bytes()
    with pytest.raises(BadInput, match=r"start.json is an input: give another name"):
        fit(fit_folder, "stellar-mass", "start.json", *BRIEF, "--start", start, "--force")
    assert start.read_bytes() == before


def test_prerequisites_are_those_of_the_quantity(fits):
    for options, reason in (
        (["--prerequisite", fits / "hi.json"], "hi.json: is a fit of neutral-hydrogen, which fits"),
        (["--prerequisite", fits / "dm.json"] * 2, "dm.json: is a second fit of dark-matter"),
        (["--constant", "shift=1"], "shift: gas has no such constant"),
    ):
        with pytest.raises(BadInput, match=reason):
            fit(fits, "gas", "refused.json", *BRIEF, *options)
    arguments = ["neutral-hydrogen", fits / "particles.h5", "--target",
                 fits / "neutral-hydrogen.h5", "-o", fits / "refused.json", "-q"]  # fmt: skip
    with pytest.raises(BadInput, match="needs one of stellar-mass: give --prerequisite FIT"):
        fit_commands.fit.main([str(argument) for argument in arguments], standalone_mode=False)
    assert not (fits / "refused.json").exists()


def test_a_target_of_another_universe(fit_folder, tmp_path):
    """Box, redshift and cosmology are those of the particles, the structures are not."""
    save_particles(tmp_path / "other.h5", positions(seed=17))
    options = ["--target", fit_folder / "dark-matter.h5", "--evaluations", 2, "--starts", 1, "-q"]
    arguments = [tmp_path / "other.h5", *options, "-o", tmp_path / "dm.json"]
    arguments = [str(argument) for argument in arguments]
    with pytest.raises(BadInput, match=r"dark-matter\.h5: r = -?0\.[0-4]\d with .*other\.h5 up to"):
        fit_commands.fit_dm.main(arguments, standalone_mode=False)
    assert not (tmp_path / "dm.json").exists()
    fit_commands.fit_dm.main([*arguments, "--allow-mismatch"], standalone_mode=False)
    assert (tmp_path / "dm.json").exists()
