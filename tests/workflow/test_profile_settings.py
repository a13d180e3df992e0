# SPDX-License-Identifier: GPL-3.0-or-later
"""A profile's ranks and launcher, which the command line's --config would drop."""

import pytest

from workflow.profile_settings import require_profile_settings

PROFILE = """
config:
  - ranks=2
  - launcher=srun --mpi=pmix --ntasks={ranks}
"""
LINE = r"profile\.yaml: --config on the command line drops its ranks, launcher; add them there: "


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "slurm").mkdir()
    (tmp_path / "slurm/profile.yaml").write_text(PROFILE)
    (tmp_path / "table.yaml").write_text("config: {ranks: 2, threads: 1}\n")
    (tmp_path / "plain.yaml").write_text("jobs: 3\n")
    return tmp_path


@pytest.mark.parametrize("form", ["--profile NAME", "--profile=NAME", "--workflow-profile NAME"])
def test_dropped_settings_are_named(folder, form):
    arguments = form.replace("NAME", str(folder / "slurm")).split()
    with pytest.raises(SystemExit, match=LINE + "--config ranks=2 'launcher=srun --mpi=pmix"):
        require_profile_settings(arguments, {}, {"seed": 3})
    require_profile_settings(arguments, {}, {"ranks": 4, "launcher": "mpirun -n {ranks}"})
    with pytest.raises(SystemExit, match=r"drops its launcher; add them there"):
        require_profile_settings(arguments, {}, {"ranks": 4})


def test_a_profile_of_the_environment_or_of_a_table(folder):
    with pytest.raises(SystemExit, match=LINE):
        require_profile_settings([], {"SNAKEMAKE_PROFILE": str(folder / "slurm")}, {})
    with pytest.raises(SystemExit, match="drops its threads"):
        require_profile_settings(["--profile", str(folder / "table.yaml")], {}, {"ranks": 1})
    environment = {"SNAKEMAKE_PROFILE": str(folder / "slurm")}
    require_profile_settings(["--profile", str(folder / "plain.yaml")], environment, {})
    require_profile_settings(["--profile", "none"], environment, {})


def test_the_workflow_stops_before_it_plans(fresh):
    dry = ("--profile", "slurm", "--dry-run", "--executor", "dryrun")
    run = fresh.snakemake(*dry, "--config", "ranks=4", cores=())
    said = (run.stdout + run.stderr).splitlines()
    lines = [line for line in said if "drops its threads, device, launcher; add them there" in line]
    assert run.returncode != 0
    assert len(lines) == 1
