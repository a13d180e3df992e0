# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of the workflow, whose dry runs say which jobs would run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]

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

    def jobs(self, *arguments: str) -> dict[str, int]:
        """How many jobs of each rule a dry run announces."""
        run = self.snakemake("--dry-run", "--quiet", "rules", *arguments)
        assert run.returncode == 0, run.stdout + run.stderr
        text = run.stdout + run.stderr
        if "Nothing to be done" in text:
            return {}
        table = text.split("Job stats:\n")[1].split("total")[0]
        return {rule: int(number) for rule, number in re.findall(r"^(\w+) +(\d+)$", table, re.M)}

    def outputs(self, rule: str, *arguments: str) -> set[str]:
        """What the jobs of a rule would make in a dry run."""
        run = self.snakemake("--dry-run", *arguments)
        assert run.returncode == 0, run.stdout + run.stderr
        found = re.findall(rf"^rule {rule}:\n(?:    .*\n)*?    output: (.*)", run.stdout, re.M)
        return set(", ".join(found).split(", "))

    def asked_for(self, *arguments: str) -> dict[str, list[dict[str, str]]]:
        """The resources of each rule's jobs in a dry run."""
        run = self.snakemake("--dry-run", *arguments, cores=())
        assert run.returncode == 0, run.stdout + run.stderr
        found = {}
        for rule, line in re.findall(
            r"^rule (\w+):\n(?:    .*\n)*?    resources: (.*)", run.stdout, re.M
        ):
            asked = dict(part.split("=", 1) for part in re.split(r", (?=\w+=)", line))
            found.setdefault(rule, []).append(asked)
        return found

    def command_lines(self) -> dict[str, str]:
        """The command line of every job in a dry run of all, by its output."""
        run = self.snakemake("--dry-run", "--printshellcmds")
        assert run.returncode == 0, run.stdout + run.stderr
        found = re.finditer(r"^.* -o (\S+) .*$", run.stdout, re.M)
        return {match[1]: match[0] for match in found}

    def command_of(self, output: str) -> str:
        """The command line that would make a file."""
        run = self.snakemake("--dry-run", "--printshellcmds", "--", output)
        assert run.returncode == 0, run.stdout + run.stderr
        lines = [line for line in run.stdout.splitlines() if f"-o {output} " in line]
        assert len(lines) == 1, run.stdout
        return lines[0]

    def change(self, edit) -> None:
        """Edit the configuration: ``edit(config)`` changes it in place."""
        path = self.folder / "config.yaml"
        config = yaml.safe_load(path.read_text())
        edit(config)
        path.write_text(yaml.safe_dump(config))


def set_key(*path_and_value):
    """An edit of the configuration: the keys down to a value, and the value."""
    *path, last, value = path_and_value

    def edit(config):
        for key in path:
            config = config[key]
        config[last] = value

    return edit
