# SPDX-License-Identifier: GPL-3.0-or-later
"""plot-figures: from files to figures and tables, and what it refuses."""

import dataclasses
import json

import numpy as np
import pytest

from jerald_tools.cli.plot_figures import main
from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput
from jerald_tools.io.grids import MapHeader, write_map
from jerald_tools.io.record import this_run
from jerald_tools.io.sealed_json import write_document
from jerald_tools.io.spectra import write_spectrum
from jerald_tools.stages import figures
from jerald_tools.stages.figure_inputs import load_measured_steps, load_pairs

MESH = (16, 12, 20)
HEADER = MapHeader("dark-matter", "1 + delta", "", (8.0, 6.0, 10.0), MESH, 2.0, Cosmology())
RECORD = this_run(arguments=["test"])
BEGINNINGS = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}


def save_map(path, seed, **changes):
    header = dataclasses.replace(HEADER, **changes)
    field = np.random.default_rng(seed).lognormal(size=header.mesh)
    write_map(path, header, [(0, field)], RECORD)
    return str(path)


def save_spectrum(path, redshift=2.0, label="whole box", **changes):
    k = np.linspace(0.3, 7.4, 24)
    columns = {"k": k, "P": 0.81 / k, "modes": np.full(24, 10), "P_ref": 1 / k}
    columns |= {"ratio": np.full(24, 0.81), "r": np.full(24, 0.95)}
    notes = {"quantity": "dark-matter", "redshift": redshift, "label": label, "mean_ratio": 0.9}
    write_spectrum(path, columns, notes | changes)
    return str(path)


def save_fit(path, layers, validation):
    losses = {"train": 0.5, "validation": validation, "test": 0.7}
    content = {"quantity": "dark-matter", "redshift": 2.0, "layers": layers, "loss": losses}
    write_document(path, {**content, "parameters": {}, "history": {}})
    return str(path)


def plot(*arguments):
    main.main([str(argument) for argument in arguments], standalone_mode=False)


@pytest.fixture
def maps(tmp_path):
    kinds = {
        "dm": {},
        "hi": {"quantity": "neutral-hydrogen", "units": "cm^-3 (proper)", "redshift": 5.0},
    }
    models = [save_map(tmp_path / f"{name}.h5", 1, **kind) for name, kind in kinds.items()]
    references = [save_map(tmp_path / f"{name}_r.h5", 2, **kind) for name, kind in kinds.items()]
    return models, references


def options(name, values):
    return [word for value in values for word in (name, value)]


@pytest.mark.parametrize("suffix", BEGINNINGS)
def test_figures_of_maps_are_written_in_the_format_of_their_name(maps, tmp_path, suffix):
    models, references = maps
    for kind in ("slices", "relative-difference", "distribution"):
        output = tmp_path / f"{kind}.{suffix}"
        plot(kind, *models, *options("--reference", references[::-1]), "-o", output)
        content = output.read_bytes()
        assert content.startswith(BEGINNINGS[suffix])
        assert len(content) > 5000


@pytest.mark.parametrize(("suffix", "first"), [("md", "| quantity | z |"), ("csv", "quantity,")])
def test_cells_are_a_table_by_quantity(maps, tmp_path, suffix, first):
    models, references = maps
    output = tmp_path / f"cells.{suffix}"
    plot("cells", *models, *options("--reference", references), "-o", output)
    lines = output.read_text().splitlines()
    assert lines[0].startswith(first)
    assert sum("neutral-hydrogen" in line for line in lines) == 1


def test_partners_are_found_by_quantity_and_redshift(maps):
    models, references = maps
    first, second = load_pairs(models, references[::-1])
    assert (first.quantity, second.quantity) == ("dark-matter", "neutral-hydrogen")
    np.testing.assert_array_equal(first.reference, np.random.default_rng(2).lognormal(size=MESH))
    np.testing.assert_array_equal(second.model, np.random.default_rng(1).lognormal(size=MESH))
    assert second.redshift == 5.0


def test_partners_may_state_a_redshift_a_little_apart(tmp_path):
    model = save_map(tmp_path / "model.h5", 1, redshift=2.0)
    references = [
        save_map(tmp_path / f"z{redshift}.h5", 2, redshift=redshift) for redshift in (2.002, 2.01)
    ]
    (pair,) = load_pairs([model], references[:1])
    assert pair.redshift == 2.0
    with pytest.raises(BadInput, match=r"model.h5: no reference \(left\) of dark-matter at z = 2"):
        load_pairs([model], references[1:])


@pytest.mark.parametrize("option", ["--test-region", "--no-test-region"])
def test_the_test_region_is_marked_if_wanted(maps, tmp_path, monkeypatch, option):
    models, references = maps
    asked = []
    original = figures.plot_slices

    def spy(pairs, test_shape, mark_test_region):
        asked.append((test_shape, mark_test_region))
        return original(pairs, test_shape, mark_test_region)

    monkeypatch.setattr(figures, "plot_slices", spy)
    plot("slices", *models, *options("--reference", references), option, "-o", tmp_path / "s.png")
    assert asked == [((6, 5, 8), option == "--test-region")]


def test_spectra_and_the_table_are_drawn_from_files_of_powerspec(tmp_path):
    files = [save_spectrum(tmp_path / f"z{z}.csv", redshift=z) for z in (5, 2)]
    plot("spectra", *files, "--baseline", files[0], "-o", tmp_path / "pk.png")
    assert (tmp_path / "pk.png").read_bytes().startswith(BEGINNINGS["png"])
    plot("table", *files, "-o", tmp_path / "table.md")
    table = (tmp_path / "table.md").read_text().splitlines()
    assert table[2].startswith("| dark-matter | 5 | whole box | 0.90 | 0.81, 0.950 |")
    assert len(table) == 4
    plot("heatmap", *files, "-o", tmp_path / "table.png")
    assert (tmp_path / "table.png").read_bytes().startswith(BEGINNINGS["png"])
    plot("table", *files, "-o", tmp_path / "table.csv")
    assert len((tmp_path / "table.csv").read_text().splitlines()) == 1 + 2 * 5


def test_losses_are_read_from_fits(tmp_path):
    fits = [save_fit(tmp_path / f"{n}.json", n, loss) for n, loss in ((2, 0.6), (0, 0.8))]
    plot("losses", *fits, "-o", tmp_path / "losses.md")
    table = (tmp_path / "losses.md").read_text()
    assert "| dark-matter | 2 | 2 | 0.50000 | 0.60000 | 0.70000 | 0.750 |" in table


def refused(capsys, *arguments):
    """The one line that a refused command says, after its exit status is seen to be 2."""
    with pytest.raises(SystemExit) as end:
        main.main([str(argument) for argument in arguments])
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_maps_without_a_partner_are_refused(maps, tmp_path, capsys):
    (dark, gas), (dark_reference, gas_reference) = maps
    output = tmp_path / "out.png"
    line = refused(capsys, "slices", dark, gas, "--reference", dark_reference, "-o", output)
    assert gas in line
    both = options("--reference", [dark_reference, gas_reference])
    assert gas_reference in refused(capsys, "slices", dark, *both, "-o", output)
    twice = options("--reference", [dark_reference, dark_reference])
    assert "one reference each" in refused(capsys, "slices", dark, *twice, "-o", output)
    assert not output.exists()


@pytest.mark.parametrize("change", [{"mesh": (8, 6, 10)}, {"box_size": (8.0, 6.0, 10.5)}])
def test_partners_that_do_not_match_are_refused(maps, tmp_path, capsys, change):
    other = save_map(tmp_path / "other.h5", 3, **change)
    for kind in ("slices", "relative-difference", "distribution"):
        line = refused(capsys, kind, maps[0][0], "--reference", other, "-o", tmp_path / "o.png")
        assert "other.h5" in line
    assert not (tmp_path / "o.png").exists()


def test_spectra_that_say_too_little_are_refused(tmp_path, capsys):
    alone = tmp_path / "alone.csv"
    write_spectrum(
        alone, {name: np.ones(1) for name in ("k", "P", "modes")}, {"quantity": "dark-matter"}
    )
    assert "--reference" in refused(capsys, "spectra", alone, "-o", tmp_path / "pk.png")
    odd = save_spectrum(tmp_path / "odd.csv", mean_ratio="unknown")
    assert "mean_ratio" in refused(capsys, "table", odd, "-o", tmp_path / "table.md")
    missing = tmp_path / "missing.csv"
    assert "missing.csv" in refused(capsys, "table", missing, "-o", tmp_path / "table.md")
    unnamed = tmp_path / "unnamed.csv"
    unnamed.write_text("k,P,modes,P_ref,ratio,r\n1,1,6,1,1,1\n")
    assert "quantity" in refused(capsys, "spectra", unnamed, "-o", tmp_path / "pk.png")
    assert not (tmp_path / "pk.png").exists()
    assert not (tmp_path / "table.md").exists()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["spectra", "{spectrum}", "-o", "{folder}/pk.jpeg"], ".png"),
        (["table", "{spectrum}", "-o", "{folder}/table.txt"], ".md"),
        (["spectra", "-o", "{folder}/pk.png"], "SPECTRA"),
        (["slices", "{spectrum}", "-o", "{folder}/pk.png"], "--reference"),
        (["slices", "{spectrum}", "--reference", "{spectrum}", "-o", "{folder}/a.png"], "HDF5"),
        (["losses", "{spectrum}", "-o", "{folder}/losses.md"], "JSON"),
        (["spectra", "{spectrum}", "-o", "{folder}/nowhere/pk.png"], "directory"),
        (["pictures"], "pictures"),
    ],
)
def test_an_impossible_option_is_one_line(tmp_path, capsys, arguments, word):
    names = {"spectrum": save_spectrum(tmp_path / "pk.csv"), "folder": tmp_path}
    before = set(tmp_path.iterdir())
    assert word in refused(capsys, *(argument.format(**names) for argument in arguments))
    assert set(tmp_path.iterdir()) == before


def test_an_output_that_exists_is_kept_unless_forced(tmp_path):
    spectrum, output = save_spectrum(tmp_path / "pk.csv"), tmp_path / "table.md"
    output.write_text("precious")
    with pytest.raises(BadInput, match="--force"):
        plot("table", spectrum, "-o", output)
    assert output.read_text() == "precious"
    plot("table", spectrum, "-o", output, "--force")
    assert "dark-matter" in output.read_text()


def save_step(path, **changes):
    values = {"mesh": 128, "kind": "dm", "layers": 1, "precision": "single", "ranks": 1}
    values |= {"wall_seconds": 0.5, "bytes_per_cell": 80.0}
    path.write_text(json.dumps(values | changes))
    return str(path)


def test_scaling_from_the_files_of_the_benchmark(tmp_path):
    steps = [save_step(tmp_path / f"{ranks}.json", ranks=ranks) for ranks in (1, 2)]
    plot("scaling", *steps, "-o", tmp_path / "figure2.png")
    assert (tmp_path / "figure2.png").read_bytes().startswith(BEGINNINGS["png"])
    first, second = load_measured_steps(steps)
    assert (first.seconds, first.rank_bytes) == (0.5, 80 * 128**3)
    assert second.rank_bytes == 40 * 128**3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mesh": 256}, "not 128"),
        ({"ranks": 1}, "second.json: a second measurement on 1 ranks"),
        ({"wall_seconds": None}, "second.json: is not what benchmarks/step.py"),
    ],
)
def test_measurements_that_do_not_go_together_are_refused(tmp_path, changes, words):
    first = save_step(tmp_path / "first.json")
    second = save_step(tmp_path / "second.json", **{"ranks": 2, **changes})
    with pytest.raises(BadInput, match=words):
        plot("scaling", first, second, "-o", tmp_path / "figure2.png")
    assert not (tmp_path / "figure2.png").exists()
