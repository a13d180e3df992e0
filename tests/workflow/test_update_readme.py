# SPDX-License-Identifier: GPL-3.0-or-later
"""The script that writes tables of results/ into the documents."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from dry_runs import ROOT

SCRIPT = ROOT / "workflow/scripts/update_readme.py"
UNSEEN = "unseen_seed4417"
BINS = "k 0.15–0.5 | k 0.5–1.2 | k 1.2–3 | k 3–6"
RESULTS = {
    "quality.md": f"""| quantity | z | compared in | mean | {BINS} |
| --- | --- | --- | --- | --- | --- | --- | --- |
| dark-matter | 5 | FastPM alone, {UNSEEN} | 1.00 | 0.5, 1 | 0.5, 1 | 0.5, 1 | 0.5, 1 |
| dark-matter | 5 | {UNSEEN} | 1.00 | 0.99, 1.000 | 0.98, 0.998 | 0.97, 0.999 | 1.03, 0.984 |
| stellar-mass | 5 | {UNSEEN} | 1.13 | 1.63, 0.978 poor | 2.1, 0.9 poor | 1.98, 0.938 | 3, 0.8 |
| stellar-mass | 3 | {UNSEEN} | 1.05 | 1.33, 0.996 | 1.33, 0.994 | 1.20, 0.984 | 1.27, 0.961 |
| stellar-mass | 2 | {UNSEEN} | 1.02 | 1.17, 0.998 | 1.09, 0.997 | 0.88, 0.984 | 0.82, 0.922 |
| stellar-mass | 2 | train_seed9281, test cube | 1 | 1, 1 | 1, 1 | 1, 1 | 1, 1 |
""",
    "coverage.md": f"""| quantity | z | compared in | bins inside the band | ± k 0.15–0.5 |
| --- | --- | --- | --- | --- |
| dark-matter | 5 | ensemble, {UNSEEN} | 19 of 23 (83 %) | 1.8 %, 0.0 % |
| stellar-mass | 5 | ensemble, {UNSEEN} | 0 of 23 (0 %) | 1.8 %, 0.0 % |
| stellar-mass | 3 | ensemble, {UNSEEN} | 1 of 23 (4 %) | 1.8 %, 0.0 % |
| stellar-mass | 2 | ensemble, {UNSEEN} | 3 of 23 (13 %) | 1.8 %, 0.0 % |
| dark-matter | all |  | 19 of 23 (83 %) |  |
| stellar-mass | all |  | 4 of 69 (6 %) |  |
| all | all |  | 23 of 92 (25 %) |  |
""",
    "leave_one_out/coverage.md": """| quantity | z | compared in | bins inside the band |
| --- | --- | --- | --- |
| dark-matter | 5 | left out, train_seed9281 | 20 of 23 (87 %) |
| stellar-mass | 5 | left out, train_seed9281 | 10 of 20 (50 %) |
| stellar-mass | 2 | left out, train_seed9281 | 15 of 20 (75 %) |
| all | all |  | 45 of 63 (71 %) |
""",
    "leave_one_out/quality.md": f"""| quantity | z | compared in | mean | {BINS} |
| --- | --- | --- | --- | --- | --- | --- | --- |
| dark-matter | 5 | left out, train_seed9281 | 1.00 | 0.99, 1.000 | 0.98, 0.998 | 1, 1 | 1, 1 |
""",
    f"{UNSEEN}/cells.md": "| quantity | z |\n| --- | --- |\n| dark-matter | 2 |\n",
    "baselines/losses.md": """| quantity | z | layers | validation over no layers |
| --- | --- | --- | --- |
| dark-matter | 5 | 0 | 1.000 |
| dark-matter | 5 | 2 | 0.626 |
| stellar-mass | 5 | 3 | 0.998 |
| stellar-mass | 2 | 2 | 0.897 |
""",
    "timings.md": "| rule | jobs |\n| --- | --: |\n| fit | 9 |\n",
}
PICTURES = [
    "figures/slices_train_seed9281.png",
    f"figures/spectra_{UNSEEN}.png",
    f"figures/distribution_{UNSEEN}.png",
    "figures/quality.png",
    f"baselines/figures/{UNSEEN}_all.png",
    "baselines/figures/validation.png",
]
RESULT_BLOCKS = ["quality", "cells", "left_out", "coverage", "layers", "timings"]
BLOCKS = {"README.md": ["quality"], "docs/results.md": RESULT_BLOCKS}


@pytest.fixture
def folder(tmp_path):
    """Documents with markers, and results."""
    for name, text in RESULTS.items():
        path = tmp_path / "results" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
    (tmp_path / "docs/images").mkdir(parents=True)
    for name, blocks in BLOCKS.items():
        marked = [f"<!-- {name}: begin -->\nold\n<!-- {name}: end -->\n" for name in blocks]
        (tmp_path / name).write_text("Before.\n" + "Between.\n".join(marked) + "After.\n")
    for name in PICTURES:
        path = tmp_path / "results" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(name)
    return tmp_path


def run(folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, SCRIPT], cwd=folder, capture_output=True, text=True, check=False
    )


def block(path: Path, name: str) -> list[str]:
    pattern = f"<!-- {name}: begin -->\n\n(.*)\n\n<!-- {name}: end -->"
    found = re.search(pattern, path.read_text(), re.DOTALL)
    assert found, path.read_text()
    return found[1].splitlines()


def test_the_readme_has_the_range_of_each_map_at_the_ends_of_the_redshifts(folder):
    assert run(folder).stderr == ""
    assert block(folder / "README.md", "quality") == [
        "| map | z | P / P_ref, k < 3 | least r(k) |",
        "| --- | --- | --- | --- |",
        "| dark matter | 5 | 0.97–0.99 | 0.998 |",
        "| stellar mass | 5 | 1.63–2.10 | 0.9 |",
        "| stellar mass | 2 | 0.88–1.17 | 0.984 |",
    ]


def test_the_results_have_every_row_of_the_unseen_simulation_and_its_band(folder):
    assert run(folder).returncode == 0
    path = folder / "docs/results.md"
    rows = block(path, "quality")
    assert rows[0] == f"| quantity | z | mean | {BINS} | bins inside the band |"
    assert len(rows) == 2 + 4
    assert rows[3] == (
        "| stellar-mass | 5 | 1.13 | 1.63, 0.978 poor | 2.1, 0.9 poor | 1.98, 0.938 | 3, 0.8"
        " | 0 of 23 (0 %) |"
    )
    assert block(path, "left_out")[2:] == [
        "| dark-matter | 5 | train_seed9281 | 1.00 | 0.99, 1.000 | 0.98, 0.998 | 1, 1 | 1, 1 |"
    ]
    assert block(path, "cells")[2:] == ["| dark-matter | 2 |"]
    # The mean is that of the simulations, whatever their numbers of bins.
    assert block(path, "coverage") == [
        f"| quantity | {UNSEEN} | train_seed9281 | mean |",
        "| --- | --- | --- | --- |",
        "| dark-matter | 83 % | 87 % | 85 % |",
        "| stellar-mass | 6 % | 62 % | 34 % |",
    ]
    assert block(path, "layers")[2:] == [
        "| dark-matter | 0.626 | — |",
        "| stellar-mass | 0.998 | 0.897 |",
    ]
    assert block(path, "timings")[-1] == "| fit | 9 |"


def test_all_else_stays_and_a_second_run_changes_nothing(folder):
    run(folder)
    texts = {name: (folder / name).read_text() for name in BLOCKS}
    for name, text in texts.items():
        assert text.startswith("Before.\n<!-- quality: begin -->")
        assert text.endswith(": end -->\nAfter.\n")
        assert text.count("Between.\n") == len(BLOCKS[name]) - 1
    assert run(folder).returncode == 0
    assert {name: (folder / name).read_text() for name in BLOCKS} == texts
    assert (folder / "docs/images/baselines.png").read_text().endswith(f"{UNSEEN}_all.png")


def test_missing_results_and_missing_markers_are_one_line(folder):
    (folder / "results/baselines/losses.md").unlink()
    failed = run(folder)
    assert failed.returncode == 1
    assert failed.stderr == (
        "results/baselines/losses.md: no such file; run `snakemake --cores 2 paper` first\n"
    )
    (folder / "README.md").write_text("Nothing.\n")
    assert run(folder).stderr == "README.md: the markers of the block quality are in it 0 times\n"
