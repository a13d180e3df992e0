# SPDX-License-Identifier: GPL-3.0-or-later
"""plot-figures flux and multipoles: drawn from files, and what they refuse."""

import pytest
from small_universe import save_target
from test_powerspec_command import powerspec
from test_powerspec_lines import save_lines

from jerald_tools.cli.plot_figures import main
from jerald_tools.errors import BadInput


def plot(*words):
    main.main([str(word) for word in words], standalone_mode=False)


def test_flux_of_several_models_beside_a_reference(tmp_path):
    paths = [tmp_path / f"{name}.h5" for name in "abc"]
    for seed, path in enumerate(paths):
        save_lines(path, seed=seed)
    plot("flux", *paths[:2], "--reference", paths[2], "-o", tmp_path / "flux.png")
    assert (tmp_path / "flux.png").read_bytes()[:4] == b"\x89PNG"
    plot("flux", paths[0], "-o", tmp_path / "alone.svg")
    assert (tmp_path / "alone.svg").read_text().count("<path") > 20


def test_other_lines_are_refused(tmp_path):
    save_lines(tmp_path / "a.h5")
    save_lines(tmp_path / "x.h5", "x")
    with pytest.raises(BadInput, match=r"x.h5: has other lines or pixels than .*a.h5"):
        plot("flux", tmp_path / "a.h5", "--reference", tmp_path / "x.h5", "-o", tmp_path / "f.png")
    assert not (tmp_path / "f.png").exists()


@pytest.mark.parametrize("options", [(), ("--reference", "b.h5", "--mean", "own")])
def test_multipoles_with_and_without_a_reference(tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    save_target(tmp_path / "a.h5", "gas")
    save_target(tmp_path / "b.h5", "dark-matter")
    powerspec("a.h5", "--multipoles", *options, "-o", "m.csv")
    plot("multipoles", "m.csv", "-o", "m.png")
    assert (tmp_path / "m.png").stat().st_size > 5000
    powerspec("a.h5", "-o", "p.csv")
    with pytest.raises(BadInput, match=r"p.csv: has no column P0, P2, P4"):
        plot("multipoles", "p.csv", "-o", "p.png")
