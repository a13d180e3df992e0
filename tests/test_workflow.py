# SPDX-License-Identifier: GPL-3.0-or-later
"""The workflow by dry runs, on a copy of it: what would run, and why."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent

# Jobs of config.yaml: two simulations, three redshifts, three quantities.
ALL_JOBS = {
    "initial_conditions": 2,
    "fastpm": 6,
    "targets": 18,
    "fit_dark_matter": 3,
    "fit_stellar_mass": 3,
    "fit_neutral_hydrogen": 3,
    "fit_dark_matter_without_layers": 3,
    "fit_stellar_mass_without_layers": 3,
    "fit_neutral_hydrogen_without_layers": 3,
    "fit_dark_matter_with_the_papers_loss": 3,
    "fit_stellar_mass_with_the_papers_loss": 3,
    "fit_neutral_hydrogen_with_the_papers_loss": 3,
    "fit_dark_matter_without_layers_with_the_papers_loss": 3,
    "fit_stellar_mass_without_layers_with_the_papers_loss": 3,
    "fit_neutral_hydrogen_without_layers_with_the_papers_loss": 3,
    "paint": 18,
    # Five maps at each redshift, without layers or by the paper's loss, in two simulations; two
    # regions of one of them and the whole of the other.
    "paint_rival": 30,
    "powerspec": 36,
    "powerspec_rival": 45,
    "slices": 2,
    "spectra": 2,
    "distribution": 2,
    "relative_difference": 2,
    "quality": 1,
    "comparison": 1,
    "losses": 1,
    "timings": 1,
    "all": 1,
}


class Workflow:
    """A copy of the workflow whose commands are replaced by ones that only touch their output."""

    def __init__(self, folder: Path):
        self.folder = folder
        for name in ("workflow", "data", "slurm", "benchmarks"):
            (folder / name).symlink_to(ROOT / name)
        for name in ("Snakefile", "config.yaml"):
            shutil.copy(ROOT / name, folder)
        self.commands = folder / "commands"
        self.commands.mkdir()
        for name in (
            *("generate-ics", "run-fastpm", "fit-dm", "fit-stellar", "fit-hi", "paint"),
            *("powerspec", "plot-figures"),
        ):
            command = self.commands / name
            command.write_text('#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\ntouch "$2"\n')
            command.chmod(0o755)

    def snakemake(self, *arguments: str, cores=("--cores", "2")) -> subprocess.CompletedProcess:
        path = f"{self.commands}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}"
        return subprocess.run(
            [sys.executable, "-m", "snakemake", *cores, "--nocolor", *arguments],
            cwd=self.folder,
            env={**os.environ, "PATH": path + os.environ["PATH"], "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )

    def jobs(self, *arguments: str) -> dict[str, int]:
        """How many jobs of each rule a dry run announces."""
        run = self.snakemake("--dry-run", "--quiet", "rules", *arguments)
        assert run.returncode == 0, run.stdout + run.stderr
        text = run.stdout + run.stderr
        if "Nothing to be done" in text:
            return {}
        table = text.split("Job stats:\n")[1].split("total")[0]
        return {rule: int(number) for rule, number in re.findall(r"^(\w+) +(\d+)$", table, re.M)}

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

    def change(self, edit) -> None:
        """Edit the configuration: ``edit(config)`` changes it in place."""
        path = self.folder / "config.yaml"
        config = yaml.safe_load(path.read_text())
        edit(config)
        path.write_text(yaml.safe_dump(config))


@pytest.fixture
def fresh(tmp_path):
    return Workflow(tmp_path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A workflow whose every output exists."""
    workflow = Workflow(tmp_path_factory.mktemp("finished"))
    run = workflow.snakemake()
    assert run.returncode == 0, run.stdout + run.stderr
    return workflow


@pytest.fixture
def config_of(finished):
    """The finished workflow, whose configuration is put back afterwards."""
    path = finished.folder / "config.yaml"
    before = path.read_text()
    yield finished
    path.write_text(before)


def test_dry_run_of_everything(fresh):
    assert fresh.jobs() == ALL_JOBS


def test_dry_run_with_the_slurm_profile_on_a_machine_without_slurm(fresh):
    assert fresh.jobs("--profile", "slurm") == ALL_JOBS


def test_jobs_on_the_mesh_ask_slurm_for_ranks_and_memory(fresh):
    """The profile as it is typed: no --cores, every fit on the ranks that it names once."""
    small = fresh.asked_for("--profile", "slurm")
    on_mesh = {rule for rule in ALL_JOBS if rule.startswith(("fit", "paint", "powerspec", "fast"))}
    for rule in (*on_mesh, "initial_conditions"):
        for asked in small[rule]:
            assert asked["tasks"] == "2"
            assert asked["mpi"].startswith("srun --mpi=pmix ")
            assert asked["mpi"].endswith(" --ntasks=2 --cpus-per-task=1")
            assert int(asked["mem_mb_per_cpu"]) < 2000
            assert 10 < int(asked["runtime"]) < 60
    assert "tasks" not in small["slices"][0]
    fresh.change(lambda config: config["initial_conditions"].update(particles=512, mesh=1024))
    large = fresh.asked_for("--profile", "slurm")
    for rule in (*on_mesh, "initial_conditions"):
        assert int(large[rule][0]["mem_mb_per_cpu"]) > 2000
    assert int(large["fit_neutral_hydrogen"][0]["runtime"]) > 600


def test_ranks_on_one_machine_need_no_profile(fresh):
    asked = fresh.asked_for("--cores", "1", "--config", "ranks=3")
    assert asked["fastpm"][0]["mpi"] == "mpirun -n 3"
    assert fresh.asked_for("--cores", "1")["fastpm"][0]["mpi"] == ""


def test_figure_2_is_measured_on_each_number_of_ranks_and_not_part_of_all(fresh):
    fresh.change(lambda config: config["scaling"].update(ranks=[1, 2, 4]))
    assert fresh.jobs("--", "figure2") == {"scaling": 3, "figure2": 1}
    assert fresh.jobs("--profile", "slurm", "--", "figure2") == {"scaling": 3, "figure2": 1}
    on_ranks = fresh.asked_for("--profile", "slurm", "--", "figure2")["scaling"]
    found = {(asked["tasks"], "srun" in asked["mpi"]) for asked in on_ranks}
    assert found == {("1", False), ("2", True), ("4", True)}


def test_a_second_run_has_nothing_to_do(finished):
    assert finished.jobs() == {}


def test_the_profile_makes_nothing_run_again(finished):
    assert finished.jobs("--profile", "slurm") == {}


def test_a_changed_smoothing_reruns_only_what_stands_on_that_fit(config_of):
    def edit(config):
        for row in config["fits"]:
            if row["quantity"] == "stellar-mass" and row["redshift"] == 3:
                row["smoothing"] = 0.9

    config_of.change(edit)
    assert config_of.jobs() == {
        "fit_stellar_mass": 1,
        "fit_stellar_mass_without_layers": 1,
        "fit_stellar_mass_with_the_papers_loss": 1,
        "fit_stellar_mass_without_layers_with_the_papers_loss": 1,
        "fit_neutral_hydrogen": 1,
        "fit_neutral_hydrogen_without_layers": 1,
        "fit_neutral_hydrogen_with_the_papers_loss": 1,
        "fit_neutral_hydrogen_without_layers_with_the_papers_loss": 1,
        "paint": 4,
        "paint_rival": 8,
        "powerspec": 6,
        "powerspec_rival": 12,
        "slices": 2,
        "spectra": 2,
        "distribution": 2,
        "quality": 1,
        "comparison": 1,
        "losses": 1,
        "timings": 1,
        "all": 1,
    }


def test_cross_validation_trains_on_each_and_on_both_and_scores_on_each(fresh):
    jobs = fresh.jobs("--", "cross_validation")
    # Three redshifts on three sets of simulations; each map of two simulations, and its spectrum.
    found = {rule: number for rule, number in jobs.items() if rule.endswith("_cross_validated")}
    assert found == {
        "fit_dark_matter_cross_validated": 9,
        "fit_stellar_mass_cross_validated": 9,
        "fit_neutral_hydrogen_cross_validated": 9,
        "paint_cross_validated": 54,
        "powerspec_cross_validated": 54,
    }
    assert not {"fit_dark_matter", "paint", "powerspec"} & jobs.keys()


def test_two_training_rows_are_fitted_together(fresh):
    fresh.change(lambda config: config["simulations"][1].update(role="train"))
    run = fresh.snakemake("--dry-run", "--printshellcmds", "results/fits/dark-matter_z2.00.json")
    assert run.returncode == 0, run.stdout + run.stderr
    command = next(line for line in run.stdout.splitlines() if " fit-dm " in line)
    for name in ("train_seed9281", "unseen_seed4417"):
        assert f" results/{name}/particles_z2.00.h5 " in command
        assert f" --target results/{name}/reference/dark-matter_z2.00.h5" in command


def test_another_loss_leaves_the_papers_fits_alone(config_of):
    def edit(config):
        for row in config["fits"]:
            if row["quantity"] == "neutral-hydrogen" and row["redshift"] == 3:
                row["loss"] = "distribution"

    config_of.change(edit)
    jobs = config_of.jobs()
    fits = {rule: number for rule, number in jobs.items() if rule.startswith("fit")}
    assert fits == {"fit_neutral_hydrogen": 1, "fit_neutral_hydrogen_without_layers": 1}


def test_more_layers_of_hydrogen_leave_its_baseline_alone(config_of):
    def edit(config):
        for row in config["fits"]:
            if row["quantity"] == "neutral-hydrogen" and row["redshift"] == 5:
                row["layers"] = 3

    config_of.change(edit)
    jobs = config_of.jobs()
    assert jobs["fit_neutral_hydrogen"] == 1
    assert jobs["paint"] == 2
    assert jobs["paint_rival"] == 2
    assert not {"fastpm", "fit_dark_matter", "fit_stellar_mass"} & jobs.keys()
    assert "fit_neutral_hydrogen_without_layers" not in jobs
    assert "relative_difference" not in jobs


def test_another_seed_to_predict_runs_no_fit(config_of):
    config_of.change(lambda config: config["simulations"][1].update(seed=17))
    jobs = config_of.jobs()
    assert jobs["initial_conditions"] == 1
    assert jobs["fastpm"] == 3
    assert jobs["paint"] == 9
    assert not [rule for rule in jobs if rule.startswith("fit")]


def test_another_version_reruns_what_it_made(finished):
    snakefile = finished.folder / "Snakefile"
    text = snakefile.read_text()
    line = "from jerald_tools import __version__ as VERSION\n"
    assert line in text
    snakefile.write_text(text.replace(line, 'VERSION = "another"\n'))
    try:
        jobs = finished.jobs()
    finally:
        snakefile.write_text(text)
    assert jobs == {rule: number for rule, number in ALL_JOBS.items() if rule != "targets"}


def test_a_thousand_seeds_are_a_thousand_rows(fresh):
    def edit(config):
        config["simulations"][1:] = [
            {"name": f"seed{seed}", "seed": seed, "role": "predict", "redshifts": [2]}
            for seed in range(1000)
        ]

    fresh.change(edit)
    run = fresh.snakemake("--dag")
    assert run.returncode == 0, run.stderr
    for rule, number in (("initial_conditions", 1001), ("fastpm", 1003), ("paint", 3009)):
        assert run.stdout.count(f'label = "{rule}\\n') == number
    assert run.stdout.count('label = "fit_dark_matter"') == 3


def set_key(*path_and_value):
    """An edit of the configuration: the keys down to a value, and the value."""
    *path, last, value = path_and_value

    def edit(config):
        for key in path:
            config = config[key]
        config[last] = value

    return edit


IN_ONE_ROW = {
    "initial_conditions.box_size: -1 ": set_key("initial_conditions", "box_size", -1),
    "initial_conditions.mesh: 'large' ": set_key("initial_conditions", "mesh", "large"),
    "fastpm: unknown key step; known are ": set_key("fastpm", "step", 10),
    "optimisation.optimiser: 'sgd' ": set_key("optimisation", "optimiser", "sgd"),
    "simulations[0].role: 'test' ": set_key("simulations", 0, "role", "test"),
    "simulations: at least one row must have role: train": lambda config: None,
    "simulations[1].redshifts[0]: 'two' ": set_key("simulations", 1, "redshifts", ["two"]),
    "scaling.ranks[1]: 0 ": set_key("scaling", "ranks", [1, 0]),
    "fits[0].layers: 0 ": set_key("fits", 0, "layers", 0),
    "fits[0].loss: 'best' ": set_key("fits", 0, "loss", "best"),
    "fits[1].quantity: 'gas' ": set_key("fits", 1, "quantity", "gas"),
    "'cosmology' is a required property": lambda config: config.pop("cosmology"),
}
BETWEEN_ROWS = {
    "simulations[1].name: train_seed9281 is the name of another row": set_key(
        "simulations", 1, "name", "train_seed9281"
    ),
    "simulations[1].redshifts: 1 is not a redshift ": set_key(
        "simulations", 1, "redshifts", [5, 1, 2.001]
    ),
    "simulations[1].redshifts: 2.001 has more than ": lambda config: None,
    "fits[1]: another row is dark-matter at redshift 5": set_key("fits", 1, "redshift", 5),
    "fits[4]: stellar-mass stands on dark-matter; add ": lambda config: None,
    "fits[5].redshift: 1 is not a redshift ": set_key("fits", 5, "redshift", 1),
}


@pytest.mark.parametrize("mistakes", [IN_ONE_ROW, BETWEEN_ROWS])
def test_every_mistake_in_the_configuration_is_a_line_that_names_its_key(fresh, mistakes):
    for edit in mistakes.values():
        fresh.change(edit)
    run = fresh.snakemake("--dry-run")
    assert run.returncode == 1
    output = run.stdout + run.stderr
    lines = [line for line in output.splitlines() if line.startswith("config.yaml: ")]
    for words in mistakes:
        assert any(words in line for line in lines), (words, output)
    assert "Traceback" not in output


def test_the_training_simulation_needs_a_reference(fresh):
    fresh.change(lambda config: config["simulations"][0].pop("reference"))
    run = fresh.snakemake("--dry-run")
    assert "config.yaml: simulations[0]: 'reference' is a required" in run.stdout + run.stderr
