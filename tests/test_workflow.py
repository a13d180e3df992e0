# SPDX-License-Identifier: GPL-3.0-or-later
"""The workflow by dry runs, on a copy of it: what would run, and why."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent

# Jobs of config.yaml: two simulations, three redshifts, three quantities.
ALL_JOBS = {
    "initial_conditions": 2,
    "fastpm": 6,
    "targets": 18,
    # That of config.yaml, without layers, by the paper's loss, and by it without layers.
    "fit_dark_matter": 12,
    "fit_stellar_mass": 12,
    "fit_neutral_hydrogen": 12,
    "paint": 18,
    # Five maps at each redshift, without layers or by the paper's loss, in two simulations; two
    # regions of one of them and the whole of the other.
    "paint_rival": 30,
    "paint_members": 9,
    "powerspec_band": 9,
    "powerspec": 36,
    "powerspec_rival": 45,
    "slices": 2,
    "spectra": 2,
    "distribution": 2,
    "relative_difference": 2,
    "quality": 1,
    "comparison": 1,
    "coverage": 1,
    "losses": 1,
    "validation": 1,
    "timings": 1,
    "all": 1,
}


class Workflow:
    """A copy of the workflow whose commands are replaced by ones that only touch their output."""

    def __init__(self, folder: Path):
        self.folder = folder
        for name in ("workflow", "profiles", "data", "slurm", "benchmarks"):
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
        "fit_stellar_mass": 4,
        "fit_neutral_hydrogen": 4,
        "paint": 4,
        "paint_members": 2,
        "powerspec_band": 2,
        "paint_rival": 8,
        "powerspec": 6,
        "powerspec_rival": 12,
        "slices": 2,
        "spectra": 2,
        "distribution": 2,
        "quality": 1,
        "comparison": 1,
        "coverage": 1,
        "losses": 1,
        "validation": 1,
        "timings": 1,
        "all": 1,
    }


def test_cross_validation_trains_on_each_and_on_both_and_scores_on_each(fresh):
    jobs = fresh.jobs("--", "cross_validation")
    # Three redshifts on three sets of simulations; each map of two simulations, and its spectrum.
    assert jobs == {
        "initial_conditions": 2,
        "fastpm": 6,
        "targets": 18,
        "fit_dark_matter": 9,
        "fit_stellar_mass": 9,
        "fit_neutral_hydrogen": 9,
        "paint_rival": 54,
        "powerspec_rival": 54,
        "cross_validation": 1,
    }
    run = fresh.snakemake(
        "--dry-run", "--printshellcmds", "results/fits/trained_on_all/dark-matter_z2.00.json"
    )
    command = next(line for line in run.stdout.splitlines() if " fit-dm " in line)
    for name in ("train_seed9281", "unseen_seed4417"):
        assert f" --target results/{name}/reference/dark-matter_z2.00.h5" in command


def test_cross_validation_of_simulations_that_share_one_redshift(fresh):
    fresh.change(set_key("simulations", 1, "redshifts", [2]))
    jobs = fresh.jobs("--", "cross_validation")
    # At z = 5 and 3 fits to the one simulation and to all of them, which is that one.
    assert jobs["fit_dark_matter"] == 2 + 2 + 3
    assert jobs["powerspec_rival"] == 3 * (2 + 2 + 3 * 2)


def test_cross_validation_of_simulations_that_share_no_redshift(fresh):
    fresh.change(set_key("simulations", 1, "redshifts", [2]))
    another = {"name": "third", "seed": 5, "role": "predict", "redshifts": [3]}
    another["reference"] = "data/reference/unseen_seed4417"
    fresh.change(lambda config: config["simulations"].append(another))
    jobs = fresh.jobs("--", "cross_validation")
    # The training simulation and all at three redshifts, the others at theirs alone.
    assert jobs["fit_dark_matter"] == 3 + 3 + 1 + 1
    assert jobs["powerspec_rival"] == 3 * (5 + 5 + 2 + 2)


def test_initial_conditions_may_be_given_in_place_of_a_seed(fresh):
    def edit(config):
        del config["simulations"][0]["seed"]
        config["simulations"][0]["initial_conditions"] = "recovered.h5"

    fresh.change(edit)
    (fresh.folder / "recovered.h5").touch()
    particles = "results/train_seed9281/particles_z2.00.h5"
    assert fresh.jobs("--", particles) == {"fastpm": 1}
    run = fresh.snakemake("--dry-run", "--printshellcmds", particles)
    assert "run-fastpm recovered.h5 --redshift 2.00" in run.stdout
    (fresh.folder / "recovered.h5").unlink()
    run = fresh.snakemake("--dry-run", particles)
    line = "config.yaml: simulations[0].initial_conditions: recovered.h5: no such file"
    assert line in (run.stdout + run.stderr).splitlines()


def test_a_fit_over_redshifts_is_painted_where_it_was_not_trained(fresh):
    jobs = fresh.jobs("--", "over_redshifts")
    assert jobs["fit_over_redshifts"] == 3
    assert jobs["paint_over_redshifts"] == 18
    run = fresh.snakemake(
        "--dry-run", "--printshellcmds", "results/fits/over_redshifts/stellar-mass.json"
    )
    command = next(line for line in run.stdout.splitlines() if " fit-stellar " in line)
    assert " --redshift-order 1 " in command
    assert " --dm results/fits/over_redshifts/dark-matter.json " in command
    assert "particles_z5.00.h5 results/train_seed9281/particles_z2.00.h5 " in command
    assert "z3.00" not in command
    fresh.change(lambda config: config.pop("over_redshifts"))
    assert fresh.jobs() == ALL_JOBS


def test_two_training_rows_are_fitted_together(fresh):
    fresh.change(lambda config: config["simulations"][1].update(role="train"))
    run = fresh.snakemake("--dry-run", "--printshellcmds", "results/fits/dark-matter_z2.00.json")
    assert run.returncode == 0, run.stdout + run.stderr
    command = next(line for line in run.stdout.splitlines() if " fit-dm " in line)
    for name in ("train_seed9281", "unseen_seed4417"):
        assert f" results/{name}/particles_z2.00.h5 " in command
        assert f" --target results/{name}/reference/dark-matter_z2.00.h5" in command


@pytest.mark.parametrize(
    ("quantity", "redshift", "layers"), [("stellar-mass", 5, 3), ("neutral-hydrogen", 2, 2)]
)
def test_the_papers_fits_have_its_loss_and_layers(fresh, quantity, redshift, layers):
    target = f"results/fits/paper/{quantity}_z{redshift}.00.json"
    run = fresh.snakemake("--dry-run", "--printshellcmds", target)
    command = next(line for line in run.stdout.splitlines() if f"-o {target}" in line)
    assert f" --layers {layers} --loss paper " in command


def test_another_loss_leaves_the_papers_fits_alone(config_of):
    def edit(config):
        for row in config["fits"]:
            if row["quantity"] == "neutral-hydrogen" and row["redshift"] == 3:
                row["loss"] = "distribution"

    config_of.change(edit)
    jobs = config_of.jobs()
    fits = {rule: number for rule, number in jobs.items() if rule.startswith("fit")}
    # By the new loss, with layers and without.
    assert fits == {"fit_neutral_hydrogen": 2}


def test_more_layers_of_hydrogen_leave_its_baseline_alone(config_of):
    def edit(config):
        for row in config["fits"]:
            if row["quantity"] == "neutral-hydrogen" and row["redshift"] == 5:
                row["layers"] = 3

    config_of.change(edit)
    jobs = config_of.jobs()
    assert jobs["fit_neutral_hydrogen"] == 1
    assert jobs["paint"] == 2
    assert "paint_rival" not in jobs
    assert not {"fastpm", "fit_dark_matter", "fit_stellar_mass"} & jobs.keys()
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
    assert run.stdout.count('label = "fit_dark_matter') == 12


def test_after_a_kill_the_same_command_is_enough_and_a_living_run_is_not_disturbed(fresh):
    target = "results/unseen_seed4417/initial_conditions.h5"
    command = fresh.commands / "generate-ics"
    quick = command.read_text()
    command.write_text(quick + "echo $$ > job\nexec sleep 60\n")
    job = fresh.folder / "job"
    with fresh.start(target) as first:
        while not job.exists() or not job.read_text():
            assert first.poll() is None
            time.sleep(0.05)
        second = fresh.snakemake(target)
        assert second.returncode == 1
        assert "Directory cannot be locked" in second.stdout + second.stderr
        first.kill()
        os.kill(int(job.read_text()), signal.SIGKILL)
        first.communicate()
    command.write_text(quick)
    third = fresh.snakemake(target)
    assert third.returncode == 0, third.stdout + third.stderr
    assert fresh.jobs("--", target) == {}


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
    "initial_conditions.particles: 1 ": set_key("initial_conditions", "particles", 1),
    "initial_conditions.linear_power: 3 ": set_key("initial_conditions", "linear_power", 3),
    "cosmology.omega_m: 1.5 ": set_key("cosmology", "omega_m", 1.5),
    "cosmology.omega_b: None ": set_key("cosmology", "omega_b", None),
    "cosmology.h: 0 ": set_key("cosmology", "h", 0),
    "cosmology.sigma8: [0.8] ": set_key("cosmology", "sigma8", [0.8]),
    "cosmology.n_s: 'scale-free' ": set_key("cosmology", "n_s", "scale-free"),
    "fastpm.steps: 10.5 ": set_key("fastpm", "steps", 10.5),
    "fastpm.start_redshift: -9 ": set_key("fastpm", "start_redshift", -9),
    "fastpm.force_mesh_factor: 0 ": set_key("fastpm", "force_mesh_factor", 0),
    "fastpm: unknown key step; known are ": set_key("fastpm", "step", 10),
    "optimisation.optimiser: 'sgd' ": set_key("optimisation", "optimiser", "sgd"),
    "optimisation.evaluations: 0 ": set_key("optimisation", "evaluations", 0),
    "optimisation.starts: True ": set_key("optimisation", "starts", True),
    "optimisation.members: 1 ": set_key("optimisation", "members", 1),
    "over_redshifts.order: -1 ": set_key("over_redshifts", {"redshifts": [5, 2], "order": -1}),
    "ranks: 0 ": set_key("ranks", 0),
    "optimisation.random_seed: -1 ": set_key("optimisation", "random_seed", -1),
    "optimisation: unknown key learning_rate": set_key("optimisation", "learning_rate", 0.1),
    "simulations[0].name: 'a/b' ": set_key("simulations", 0, "name", "a/b"),
    "simulations[0].seed: -1 ": set_key("simulations", 0, "seed", -1),
    "simulations[1]: give a seed or a file of initial_conditions": lambda config: config[
        "simulations"
    ][1].pop("seed"),
    "simulations[0].reference: 17 ": set_key("simulations", 0, "reference", 17),
    "simulations[0].role: 'test' ": set_key("simulations", 0, "role", "test"),
    "simulations: at least one row must have role: train": lambda config: None,
    "simulations[1].redshifts[0]: 'two' ": set_key("simulations", 1, "redshifts", ["two"]),
    "scaling.ranks[1]: 0 ": set_key("scaling", "ranks", [1, 0]),
    "fits[0].layers: 0 ": set_key("fits", 0, "layers", 0),
    "fits[0].loss: 'best' ": set_key("fits", 0, "loss", "best"),
    "fits[1].quantity: 'gas' ": set_key("fits", 1, "quantity", "gas"),
    "fits[1].smoothing: 0 ": set_key("fits", 1, "smoothing", 0),
    "fits[2].redshift: -2 ": set_key("fits", 2, "redshift", -2),
    "fits[3]: 'layers' is a required property": lambda config: config["fits"][3].pop("layers"),
    "scaling.mesh: 1 ": set_key("scaling", "mesh", 1),
    "scaling.layers: 0 ": set_key("scaling", "layers", 0),
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
    "fits[3].smoothing: 0.7 is of no use to the loss logarithmic": set_key(
        "fits", 3, "loss", "logarithmic"
    ),
    "over_redshifts.redshifts: 4 is not a redshift ": set_key(
        "over_redshifts", "redshifts", [5, 4]
    ),
    "over_redshifts.order: 2 redshifts tell a polynomial of order 1 at most": set_key(
        "over_redshifts", "order", 2
    ),
    "cosmology.omega_b: 0.5 is more than omega_m": set_key("cosmology", "omega_b", 0.5),
    "initial_conditions.particles: 40 does not divide the mesh of 96": set_key(
        "initial_conditions", "particles", 40
    ),
    "simulations[0].redshifts: 5 is not below fastpm.start_redshift, 5": set_key(
        "fastpm", "start_redshift", 5
    ),
    "initial_conditions.linear_power: nowhere.txt: no such file": set_key(
        "initial_conditions", "linear_power", "nowhere.txt"
    ),
    "simulations[1].reference: nowhere: no such folder": set_key(
        "simulations", 1, "reference", "nowhere"
    ),
}


@pytest.mark.parametrize("mistakes", [IN_ONE_ROW, BETWEEN_ROWS])
def test_every_mistake_in_the_configuration_is_a_line_that_names_its_key(fresh, mistakes):
    before = sorted(path.name for path in fresh.folder.iterdir())
    for edit in mistakes.values():
        fresh.change(edit)
    run = fresh.snakemake("--dry-run")
    assert run.returncode == 1
    output = run.stdout + run.stderr
    lines = [line for line in output.splitlines() if not line.startswith("Using workflow specific")]
    assert all(line.startswith("config.yaml: ") for line in lines), output
    for words in mistakes:
        assert sum(words in line for line in lines) == 1, (words, output)
    # Snakemake's own folder aside, nothing was written.
    after = sorted(path.name for path in fresh.folder.iterdir() if path.name != ".snakemake")
    assert after == before


def test_the_training_simulation_needs_a_reference(fresh):
    fresh.change(lambda config: config["simulations"][0].pop("reference"))
    fresh.change(lambda config: config.pop("cosmology"))
    run = fresh.snakemake("--dry-run")
    lines = (run.stdout + run.stderr).splitlines()
    assert "config.yaml: simulations[0]: 'reference' is a required property" in lines
    assert "config.yaml: 'cosmology' is a required property" in lines
