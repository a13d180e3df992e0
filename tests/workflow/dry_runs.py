# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of the workflow, whose dry runs say which jobs would run."""

import dataclasses
import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]

# A line that calls one of the commands.
COMMAND = re.compile(r"^.* -o (\S+) .*$", re.M)

# Jobs of config.yaml: four simulations, three redshifts, three quantities.
ALL_JOBS = {
    "initial_conditions": 4,
    "fastpm": 12,
    "targets": 36,
    "fit": 9,
    "paint": 36,
    # The ensembles, on the simulation that no fit has seen.
    "paint_members": 9,
    "powerspec_band": 9,
    # FastPM and three maps, at each redshift: two regions of three simulations, all of the other.
    "powerspec": 84,
    "slices": 4,
    "spectra": 4,
    "distribution": 4,
    "relative_difference": 2,
    "cells": 4,
    "heatmap": 1,
    "quality": 1,
    "coverage": 1,
    "timings": 1,
    "all": 1,
}


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a dry run says.

    Attributes:
        output: of Snakemake.
        errors: what it wrote to standard error.
    """

    output: str
    errors: str

    @property
    def jobs(self) -> dict[str, int]:
        """How many jobs of each rule there would be."""
        text = self.output + self.errors
        if "Nothing to be done" in text:
            return {}
        table = text.split("Job stats:\n")[1].split("total")[0]
        return {rule: int(number) for rule, number in re.findall(r"^(\w+) +(\d+)$", table, re.M)}

    @functools.cached_property
    def commands(self) -> dict[str, str]:
        """The command line of every job, by its output."""
        found = [(match[1], match[0]) for match in COMMAND.finditer(self.output)]
        assert len(dict(found)) == len(found)
        return dict(found)

    def outputs(self, rule: str) -> set[str]:
        """What the jobs of a rule would make."""
        return set(", ".join(line for _, line in self._lines("output", rule)).split(", "))

    @property
    def resources(self) -> dict[str, list[dict[str, str]]]:
        """What each rule's jobs ask for."""
        found = {}
        for rule, line in self._lines("resources"):
            asked = dict(part.split("=", 1) for part in re.split(r", (?=\w+=)", line))
            found.setdefault(rule, []).append(asked)
        return found

    def _lines(self, key: str, rule: str = r"\w+") -> list[tuple[str, str]]:
        """The name of the rule of every job, and the line that a key has there."""
        pattern = rf"^rule ({rule}):\n(?:    .*\n)*?    {key}: (.*)"
        return re.findall(pattern, self.output, re.M)


class Workflow:
    """A copy of the workflow whose commands are replaced by ones that only touch their output."""

    def __init__(self, folder: Path):
        self.folder = folder
        for name in ("workflow", "profiles", "config", "data", "slurm", "benchmarks", "envs"):
            (folder / name).symlink_to(ROOT / name)
        for name in ("Snakefile", "config.yaml"):
            shutil.copy(ROOT / name, folder)
        self.commands = folder / "commands"
        self.commands.mkdir()
        for name in (
            "generate-ics",
            "run-fastpm",
            "fit",
            "paint",
            "powerspec",
            "plot-figures",
            "skewers",
            "brightness",
        ):
            command = self.commands / name
            command.write_text(
                '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\n'
                "for member in 0 1 2 3 4 5 6; do\n"
                '  touch "$(echo "$2" | sed "s/{member}/$member/")"\n'
                "done\n"
            )
            command.chmod(0o755)

    def start(self, *arguments: str, cores=("--cores", "2")) -> subprocess.Popen:
        path = f"{self.commands}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}"
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *cores, "--nocolor", *arguments],
            cwd=self.folder,
            env={**os.environ, "PATH": path + os.environ["PATH"], "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def snakemake(self, *arguments: str, cores=("--cores", "2")) -> subprocess.CompletedProcess:
        with self.start(*arguments, cores=cores) as process:
            output = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, *output)

    def plan(self, *arguments: str, cores=("--cores", "2")) -> "Plan":
        """What a dry run would do."""
        run = self.snakemake("--dry-run", "--printshellcmds", *arguments, cores=cores)
        assert run.returncode == 0, run.stdout + run.stderr
        return Plan(run.stdout, run.stderr)

    def jobs(self, *arguments: str) -> dict[str, int]:
        """How many jobs of each rule a dry run announces."""
        return self.plan(*arguments).jobs

    def change(self, edit) -> None:
        """Edit the configuration: ``edit(config)`` changes it in place."""
        path = self.folder / "config.yaml"
        config = yaml.safe_load(path.read_text())
        edit(config)
        path.write_text(yaml.safe_dump(config))


class Unchanged(Workflow):
    """A workflow that nothing changes: each dry run of it is made once."""

    @functools.cache  # noqa: B019 - it lives as long as the tests
    def plan(self, *arguments: str, cores=("--cores", "2")) -> Plan:
        """What a dry run would do."""
        return super().plan(*arguments, cores=cores)


def set_key(*path_and_value):
    """An edit of the configuration: the keys down to a value, and the value."""
    *path, last, value = path_and_value

    def edit(config):
        for key in path:
            config = config[key]
        config[last] = value

    return edit
