# SPDX-License-Identifier: GPL-3.0-or-later
import json
import logging

import numpy as np
import pytest

from jerald_tools.errors import BadInput
from jerald_tools.io.sealed_json import as_text, edited_parts, read_document, sealed, write_document

REQUIRED = ("quantity", "redshift", "layers", "parameters", "loss", "history")


@pytest.fixture
def content():
    return {
        "quantity": "dark-matter",
        "redshift": 2.0,
        "layers": 2,
        "parameters": {"alpha": np.array([1 / 3, 1e-300]), "gamma": [np.float32(0.1), 2]},
        "loss": {"train": 0.2158, "validation": 0.286, "test": 0.25},
        "history": {"train": np.geomspace(1, 1e-8, 50).tolist(), "validation": []},
        "starts": [{"random_seed": 1, "loss": 0.5}, {"random_seed": 2, "loss": 0.25}],
        "correlation": np.arange(6).reshape(2, 3) / 7,
        "cosmology": {"omega_m": 0.308},
        "note": 'ünïcode, "quoted"',
        "fixed": True,
        "nothing": None,
    }


@pytest.fixture
def warnings(monkeypatch, caplog):
    """The package's log, which commands that ran before keep from pytest."""
    logger = logging.getLogger("jerald_tools")
    monkeypatch.setattr(logger, "propagate", True)
    caplog.set_level(logging.WARNING, logger="jerald_tools")
    return caplog


@pytest.fixture
def fit_file(tmp_path, content):
    path = tmp_path / "hi.json"
    dark_matter = sealed(content)
    stellar = sealed(
        {**content, "quantity": "stellar-mass", "stands_on": {"dark-matter": dark_matter}}
    )
    hydrogen = {**content, "quantity": "neutral-hydrogen", "stands_on": {"stars": stellar}}
    write_document(path, hydrogen, REQUIRED)
    return path


def test_numbers_come_back_exactly(fit_file, content):
    fit = read_document(fit_file)
    assert fit["parameters"]["alpha"] == content["parameters"]["alpha"].tolist()
    assert fit["parameters"]["gamma"] == [float(np.float32(0.1)), 2]
    assert fit["history"] == content["history"]
    assert fit["correlation"] == content["correlation"].tolist()
    assert fit["note"] == content["note"]
    assert fit["fixed"] is True
    assert fit["nothing"] is None
    carried = fit["stands_on"]["stars"]["stands_on"]["dark-matter"]
    assert carried == sealed(content)
    assert next(iter(fit)) == "format_version"
    assert list(fit)[-1] == "sha256"


def test_a_fit_read_and_written_is_the_same_file(fit_file, tmp_path):
    again = tmp_path / "again.json"
    write_document(again, read_document(fit_file))
    assert again.read_bytes() == fit_file.read_bytes()


def test_a_person_can_read_it(fit_file):
    lines = fit_file.read_text().splitlines()
    assert '  "loss": {"train": 0.2158, "validation": 0.286, "test": 0.25},' in lines
    assert '    "alpha": [0.3333333333333333, 1e-300],' in lines
    assert '    {"random_seed": 1, "loss": 0.5},' in lines
    assert max(len(line) for line in lines) <= 101
    assert json.loads(fit_file.read_text())["redshift"] == 2.0


def test_truncated(fit_file):
    whole = fit_file.read_bytes().rstrip()
    for length in np.linspace(0, len(whole) - 1, 50).astype(int):
        fit_file.write_bytes(whole[:length])
        with pytest.raises(BadInput, match=r"hi.json: truncated or not JSON"):
            read_document(fit_file)


def edit(path, place, value=3.0):
    """Change a value in a fit's file as with an editor."""
    fit = json.loads(path.read_text())
    member = fit
    *names, last = place.split(".")
    for name in names:
        member = member[name]
    member[last] = value
    path.write_text(as_text(fit))


INNERMOST = "stands_on.stars.stands_on.dark-matter"


@pytest.mark.parametrize("place", ["redshift", f"{INNERMOST}.redshift"])
def test_edited_by_hand(fit_file, place):
    edit(fit_file, place)
    with pytest.raises(BadInput, match=r"was edited since it was written.*--accept-edited"):
        read_document(fit_file)


@pytest.mark.parametrize(
    ("place", "parts"),
    [
        ("redshift", [""]),
        # The digests of the documents around it cover it too.
        (f"{INNERMOST}.redshift", ["", "stands_on.stars", INNERMOST]),
    ],
)
def test_an_edited_fit_is_taken_if_asked_and_goes_on_saying_so(
    fit_file, tmp_path, warnings, place, parts
):
    edit(fit_file, place)
    fit = read_document(fit_file, accept_edited=True)
    assert sorted(edited_parts(fit)) == sorted(parts)
    lines = [record.message for record in warnings.records]
    assert len(lines) == len(parts)
    assert all(text.startswith(f"{fit_file}") and "was edited since" in text for text in lines)
    warnings.clear()

    above = tmp_path / "above.json"
    write_document(above, {**fit, "edited": None, "below": [fit]})
    found = read_document(above)
    assert found["below"] == [fit]
    assert set(edited_parts(found)) >= {f"below[0].{part}".rstrip(".") for part in parts}
    assert not warnings.records


def test_a_whole_fit_is_taken_as_it_is(fit_file, warnings):
    assert read_document(fit_file, accept_edited=True) == read_document(fit_file)
    assert edited_parts(read_document(fit_file)) == []
    assert not warnings.records


def test_a_carried_fit_is_checked_itself(fit_file):
    """Sealing the whole again does not hide that a fit inside was edited."""
    fit = read_document(fit_file)
    fit["stands_on"]["stars"]["layers"] = 3
    fit["members"] = [{**read_document(fit_file), "layers": 7}]
    write_document(fit_file, fit, force=True)
    with pytest.raises(BadInput, match=r"stands_on.stars: was edited"):
        read_document(fit_file)
    taken = read_document(fit_file, accept_edited=True)
    assert sorted(edited_parts(taken)) == ["members[0]", "stands_on.stars"]


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_numbers_that_are_not_finite(fit_file, number):
    fit_file.write_text(fit_file.read_text().replace('"redshift": 2.0', f'"redshift": {number}'))
    with pytest.raises(BadInput, match=r"hi.json: truncated or not JSON .*not a finite number"):
        read_document(fit_file, accept_edited=True)


def test_newer_version(fit_file):
    fit = json.loads(fit_file.read_text())
    fit_file.write_text(as_text({**fit, "format_version": 3}))
    with pytest.raises(BadInput, match=r"version 3 is newer than 2.*update jerald-tools"):
        read_document(fit_file)


def test_foreign_documents(tmp_path):
    path = tmp_path / "fit.json"
    with pytest.raises(BadInput, match=r"fit.json: no such file"):
        read_document(path)
    with pytest.raises(BadInput, match="cannot be read"):
        read_document(tmp_path)
    for text, message in (
        ("[1, 2]", "is not a fit"),
        ('{"a": 1}', "is not a fit"),
        ('{"format_version": 1, "quantity": "x"}', r"lacks redshift, .*sha256"),
        ("[" * 100_000, "truncated or not JSON"),
    ):
        path.write_text(text)
        with pytest.raises(BadInput, match=message):
            read_document(path, required=REQUIRED)
    path.write_bytes(b"\x89HDF\r\n\x1a\n\xff\xfe")
    with pytest.raises(BadInput, match="not text"):
        read_document(path)


@pytest.mark.parametrize("bad", [np.nan, np.inf, np.float32("nan")])
def test_what_is_not_finite_is_not_written(tmp_path, content, bad):
    with pytest.raises(ValueError, match="a fit cannot hold"):
        write_document(tmp_path / "f.json", {**content, "loss": {"train": bad}})
    assert not list(tmp_path.iterdir())


def test_required_keys(tmp_path, content):
    del content["history"]
    with pytest.raises(ValueError, match="a fit without history"):
        write_document(tmp_path / "f.json", content, REQUIRED)
    write_document(tmp_path / "f.json", content)
    with pytest.raises(BadInput, match=r"f.json: lacks history; give a whole fit"):
        read_document(tmp_path / "f.json", required=REQUIRED)


def test_documents_inside_need_the_keys_too(fit_file, content):
    del content["history"]
    whole = read_document(fit_file)
    write_document(fit_file, {**whole, "members": [sealed(content)]}, REQUIRED, force=True)
    read_document(fit_file)
    with pytest.raises(BadInput, match=r"hi.json: members\[0\]: lacks history; give a whole fit"):
        read_document(fit_file, required=REQUIRED)
