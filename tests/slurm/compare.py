# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that every job went through Slurm, on its ranks, with the results it has without Slurm."""

import collections
import csv
import json
import re
import sys
from pathlib import Path

import h5py
import numpy as np

RANKS = 2  # as slurm/profile.yaml says
TOLERANCE = 1e-6
ON_RANKS = {
    "initial_conditions": 1,
    "fastpm": 1,
    # Those of config.yaml, and dark matter by the paper's loss and without layers.
    "fit": 5,
    "paint": 3,
    "powerspec": 1,
}
ON_ONE = {"slices": 1}


def check_jobs(text: str) -> None:
    """Every rule had its jobs in Slurm, each ended well and on as many ranks as it should."""
    jobs = collections.Counter()
    for line in filter(None, text.splitlines()):
        fields = dict(re.findall(r"(\w+)=(\S*)", line))
        rule = re.match(r"rule_(\w+?)(_wildcards_|$)", fields["Comment"]).group(1)
        assert fields["JobState"] == "COMPLETED", line
        assert int(fields["NumTasks"]) == (RANKS if rule in ON_RANKS else 1), line
        jobs[rule] += 1
        print(
            f"job {fields['JobId']:>3}  {rule:40} {fields['NumTasks']} rank(s)"
            f"  {fields['MinMemoryCPU']:>6} a core  {fields['TimeLimit']} at most"
            f"  {fields['RunTime']} taken"
        )
    assert jobs == ON_RANKS | ON_ONE, jobs


def numbers(path: Path) -> tuple[dict[str, np.ndarray], int]:
    """All numbers in a file by name, and on how many ranks it was made."""
    if path.suffix == ".h5":
        found = {}
        with h5py.File(path) as file:
            file.visititems(
                lambda name, item: (
                    found.update({name: item[:]}) if isinstance(item, h5py.Dataset) else None
                )
            )
            return found, json.loads(found.pop("provenance")[0])["ranks"]
    if path.suffix == ".json":
        document = json.loads(path.read_text())
        found = {"history": np.array(document["history"]["train"])}
        parameters = json.dumps(document["parameters"])
        found["parameters"] = np.array(re.findall(r"-?\d+\.\d+(?:e-?\d+)?", parameters), float)
        return found, document["provenance"]["ranks"]
    with path.open() as file:
        lines = file.readlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    found = {name: np.array([row[name] for row in rows], float) for name in rows[0]}
    return found, RANKS


def check_results(with_slurm: Path, without_slurm: Path) -> None:
    """The same files with the same numbers."""
    patterns = ("*/*.h5", "*/maps/*.h5", "**/fits/*.json", "*/spectra/**/*.csv")
    paths = sorted(
        path.relative_to(with_slurm) for pattern in patterns for path in with_slurm.glob(pattern)
    )
    assert len(paths) == 11, paths
    for path in paths:
        found, ranks = numbers(with_slurm / path)
        expected, _ = numbers(without_slurm / path)
        assert ranks == RANKS, f"{path}: made on {ranks} ranks"
        assert found.keys() == expected.keys(), path
        assert any(values.size for values in found.values()), path
        for name, values in found.items():
            assert values.shape == expected[name].shape, f"{path}, {name}"
            difference = np.abs(values - expected[name]).max(initial=0)
            largest = np.abs(expected[name]).max(initial=0)
            assert difference <= TOLERANCE * largest, f"{path}, {name}: differs by {difference:g}"
    assert (with_slurm / "figures/slices_train_seed9281.png").stat().st_size > 0
    print(f"{len(paths)} files hold the same to {TOLERANCE:g}, made on {RANKS} ranks")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    check_jobs((folder / "jobs").read_text())
    check_results(folder / "with_slurm/results", folder / "without_slurm/results")
