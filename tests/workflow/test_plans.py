# SPDX-License-Identifier: GPL-3.0-or-later
"""What the workflow would run, by dry runs on a copy of it."""

import collections
import re

import pytest
from dry_runs import ALL_JOBS, set_key

TRAINED, UNSEEN = "train_seed9281", "unseen_seed4417"


def test_dry_run_of_everything(fresh):
    assert fresh.jobs() == ALL_JOBS


def test_initial_conditions_may_be_given_in_place_of_a_seed(fresh):
    def edit(config):
        del config["simulations"][0]["seed"]
        config["simulations"][0]["initial_conditions"] = "recovered.h5"

    fresh.change(edit)
    (fresh.folder / "recovered.h5").touch()
    particles = "results/train_seed9281/particles_z2.00.h5"
    assert fresh.jobs("--", particles) == {"fastpm": 1}
    assert "run-fastpm recovered.h5 --redshift 2 " in fresh.command_of(particles)
    (fresh.folder / "recovered.h5").unlink()
    run = fresh.snakemake("--dry-run", particles)
    line = "config.yaml: simulations[0].initial_conditions: recovered.h5: no such file"
    assert line in (run.stdout + run.stderr).splitlines()


def test_finer_particles_and_models_and_a_fixed_and_paired_row(fresh):
    def edit(config):
        config["simulations"][0] |= {"fixed": True, "paired": True}
        config["initial_conditions"] |= {"particles": 96, "mesh": 192}
        config["maps"] = {"mesh": 48, "refine": 2}
        config["fits"][4]["refine"] = 4
        config["fits"][4] |= {"environment": True, "spectrum": 2}

    fresh.change(edit)
    commands = fresh.command_lines()
    initial_conditions = commands[f"results/{TRAINED}/initial_conditions.h5"]
    assert " --seed 9281 --fixed --paired --mesh 192 --particles 96 " in initial_conditions
    assert "--refine" not in commands["results/fits/dark-matter_z2.00.json"]
    assert " --refine 2 " in commands["results/fits/stellar-mass_z2.00.json"]
    assert " --refine 4 " in commands["results/fits/stellar-mass_z3.00.json"]
    assert " --constant environment=1 " in commands["results/fits/stellar-mass_z3.00.json"]
    assert " --spectrum 2 " in commands["results/fits/stellar-mass_z3.00.json"]
    assert "environment" not in commands["results/fits/stellar-mass_z2.00.json"]
    assert " --refine 2 " in commands["results/fits/neutral-hydrogen_z2.00.json"]


def test_two_training_rows_are_fitted_together(fresh):
    fresh.change(set_key("simulations", 1, "role", "train"))
    command = fresh.command_of("results/fits/dark-matter_z2.00.json")
    for name in (TRAINED, UNSEEN):
        assert f" results/{name}/particles_z2.00.h5 " in command
        assert f" --target results/{name}/reference/dark-matter_z2.00.h5" in command


@pytest.mark.parametrize(
    ("quantity", "prerequisites"),
    [
        ("dark-matter", []),
        ("stellar-mass", ["dark-matter"]),
        ("neutral-hydrogen", ["dark-matter", "stellar-mass"]),
    ],
)
def test_a_fit_has_its_quantity_its_target_and_its_prerequisites(fresh, quantity, prerequisites):
    command = fresh.command_of(f"results/fits/{quantity}_z3.00.json")
    assert f" fit {quantity} results/{TRAINED}/particles_z3.00.h5 " in command
    assert f" --target results/{TRAINED}/reference/{quantity}_z3.00.h5 " in command
    fits = re.findall(r" --prerequisite (\S+)", command)
    assert fits == [f"results/fits/{needed}_z3.00.json" for needed in prerequisites]
    assert " --optimiser bfgs --evaluations 200 --starts 4 --random-seed 1 --members 6 " in command


def test_any_redshift_is_passed_on_as_it_is_and_has_two_decimals_in_paths(fresh):
    """That of a snapshot which was asked for at a = 0.3331 is 2.002."""

    def edit(config):
        for row in config["simulations"]:
            row["redshifts"] = [2.002]
        config["fits"] = [{**row, "redshift": 2.002} for row in config["fits"][2::3]]
        config["over_redshifts"] = {"redshifts": [2.002], "order": 0}

    fresh.change(edit)
    particles = f"results/{UNSEEN}/particles_z2.00.h5"
    assert " --redshift 2.002 " in fresh.command_of(particles)
    assert f"run-fastpm results/{UNSEEN}/initial_conditions.h5 " in fresh.command_of(particles)
    jobs = fresh.jobs()
    assert (jobs["fastpm"], jobs["fit"], jobs["paint"]) == (2, 3, 6)
    assert fresh.jobs("--", "over_redshifts")["fit_over_redshifts"] == 3


def test_a_thousand_seeds_are_a_thousand_rows(fresh):
    def edit(config):
        config["simulations"][1:] = [
            {"name": f"seed{seed}", "seed": seed, "role": "predict", "redshifts": [2]}
            for seed in range(1000)
        ]

    fresh.change(edit)
    run = fresh.snakemake("--dag")
    assert run.returncode == 0, run.stderr
    expected = {"initial_conditions": 1001, "fastpm": 1003, "paint": 3009, "fit": 9}
    found = collections.Counter(re.findall(r'label = "(\w+)', run.stdout))
    assert {rule: found[rule] for rule in expected} == expected
