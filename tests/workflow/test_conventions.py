# SPDX-License-Identifier: GPL-3.0-or-later
"""What Snakemake's own checks ask of the workflow, and its conda environment."""

import re
import tomllib

import yaml
from dry_runs import ROOT

# Answers what a dry run asks, and fails on all else.
CONDA = """#!/bin/sh
case "$*" in
  "info --json") echo '{"conda_prefix": "/nowhere", "platform": "linux-64"}' ;;
  --version) echo "conda 25.9.1" ;;
  "config --get channel_priority --json") echo '{"get": {"channel_priority": "strict"}}' ;;
  *) exit 1 ;;
esac
"""


def test_snakemake_lint_finds_nothing(fresh):
    run = fresh.snakemake("--lint")
    assert run.returncode == 0, run.stderr
    assert "Congratulations, your workflow is in a good condition!" in run.stderr


def test_the_workflow_is_read_without_jax(fresh, monkeypatch):
    """Snakemake reads it again in every job of a cluster."""
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    run = fresh.snakemake("--list-rules")
    assert run.returncode == 0, run.stderr
    imported = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
    assert "jerald_tools.quantities" in imported
    assert "jax" not in imported


def test_every_job_runs_in_the_one_conda_environment(fresh):
    """By a dry run with a stand-in for conda; no environment is made."""
    conda = fresh.commands / "conda"
    conda.write_text(CONDA)
    conda.chmod(0o755)
    targets = ("paper", "over_redshifts", "figure2", "observables")
    run = fresh.snakemake("--dry-run", "--software-deployment-method", "conda", "--", *targets)
    assert run.returncode == 0, run.stdout + run.stderr
    found = re.findall(r"Conda environment (\S+) will be created", run.stdout + run.stderr)
    assert found == ["envs/conda.yaml"], run.stdout + run.stderr


def requirement(text):
    """The name of a package and its bounds, without spaces."""
    found = re.fullmatch(r"([A-Za-z0-9_-]+)\s*([<>=,.\d\s]*)", text)
    assert found, text
    return found[1], "".join(found[2].split())


def test_the_conda_environment_has_what_the_package_requires():
    conda = yaml.safe_load((ROOT / "envs/conda.yaml").read_text())
    offered = dict(map(requirement, conda["dependencies"]))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lines = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    lines += project["project"]["optional-dependencies"]["mpi"]
    required = dict(requirement(line) for line in lines if not line.startswith("mpi4jax"))
    required["python"] = project["project"]["requires-python"]
    assert {name: offered.get(name) for name in required} == required
