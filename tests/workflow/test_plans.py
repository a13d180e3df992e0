# SPDX-License-Identifier: GPL-3.0-or-later
"""What the workflow would run, by dry runs on a copy of it."""

import collections
import re

import pytest
from dry_runs import ALL_JOBS

TRAINED, UNSEEN = "train_seed9281", "unseen_seed4417"
COUPLE = ("train_seed20261_fixed", "train_seed20261_paired")


def test_dry_run_of_everything(unchanged):
    assert unchanged.jobs() == ALL_JOBS


def test_observables_of_the_unseen_simulation(unchanged):
    fits = [f"results/fits/neutral-hydrogen_z{z}.00.json" for z in (2, 3)]
    plan = unchanged.plan("--", "observables")
    jobs, commands = plan.jobs, plan.commands
    made = ("paint_fine", "skewers", "brightness", "multipoles", "flux")
    assert [jobs[name] for name in made] == [2] * 5
    assert (jobs["figure_of_multipoles"], jobs["observables"], jobs["fit"]) == (1, 1, 6)
    command = commands[f"results/{UNSEEN}/observables/skewers_z3.00.h5"]
    assert " --every 4 --pixel 10.04 --mean-flux 0.712 " in command
    command = commands[f"results/{UNSEEN}/observables/neutral-hydrogen_z3.00.h5"]
    assert f" --fit {fits[1]} --fine " in command
    command = commands[f"results/figures/flux_{UNSEEN}_z3.00.png"]
    assert f" --reference data/reference/{UNSEEN}/skewers_z3.00.h5 " in command


def test_all_of_a_quantitys_prerequisites_are_taken_where_none_are_chosen(fresh):
    fresh.change(lambda config: config.pop("prerequisites"))
    output = "results/fits/neutral-hydrogen_z3.00.json"
    fits = re.findall(r" --prerequisite (\S+)", fresh.plan("--", output).commands[output])
    assert fits == [f"results/fits/{name}_z3.00.json" for name in ("dark-matter", "stellar-mass")]


def test_initial_conditions_may_be_given_in_place_of_a_seed(fresh):
    def edit(config):
        del config["simulations"][0]["seed"]
        config["simulations"][0]["initial_conditions"] = "recovered.h5"

    fresh.change(edit)
    (fresh.folder / "recovered.h5").touch()
    particles = "results/train_seed9281/particles_z2.00.h5"
    plan = fresh.plan("--", particles)
    assert plan.jobs == {"fastpm": 1}
    assert "run-fastpm recovered.h5 --redshift 2 " in plan.commands[particles]
    (fresh.folder / "recovered.h5").unlink()
    run = fresh.snakemake("--dry-run", particles)
    line = "config.yaml: simulations[0].initial_conditions: recovered.h5: no such file"
    assert line in (run.stdout + run.stderr).splitlines()


def test_particles_and_models_are_finer_than_maps(fresh):
    def edit(config):
        config["fits"][4] |= {"environment": True, "spectrum": 2, "refine": 4}
        config["fits"][4] |= {"allow_mismatch": True}
        del config["fits"][5]["environment"]

    fresh.change(edit)
    commands = fresh.plan().commands
    assert "--refine" not in commands["results/fits/dark-matter_z2.00.json"]
    assert " --refine 2 " in commands["results/fits/stellar-mass_z2.00.json"]
    assert " --refine 4 " in commands["results/fits/stellar-mass_z3.00.json"]
    assert " --constant environment=1 " in commands["results/fits/stellar-mass_z3.00.json"]
    assert " --spectrum 2 " in commands["results/fits/stellar-mass_z3.00.json"]
    assert " --allow-mismatch " in commands["results/fits/stellar-mass_z3.00.json"]
    assert "mismatch" not in commands["results/fits/stellar-mass_z2.00.json"]
    assert "environment" not in commands["results/fits/stellar-mass_z2.00.json"]
    assert " --refine 2 " in commands["results/fits/neutral-hydrogen_z2.00.json"]


def test_a_couple_is_fixed_and_paired(unchanged):
    commands = unchanged.plan().commands
    for name, options in zip(COUPLE, ("--fixed", "--fixed --paired"), strict=True):
        command = commands[f"results/{name}/initial_conditions.h5"]
        assert f" --seed 20261 {options} --mesh 192 --particles 96 " in command


def test_training_rows_are_fitted_together(unchanged):
    command = unchanged.plan().commands["results/fits/dark-matter_z2.00.json"]
    for name in (TRAINED, *COUPLE):
        assert f" results/{name}/particles_z2.00.h5 " in command
        assert f" --target results/{name}/reference/dark-matter_z2.00.h5" in command
    assert UNSEEN not in command


def test_a_fit_that_is_trained_already_paints(fresh):
    shipped = "data/fits/stellar-mass_z2.00.json"

    def edit(config):
        config["fits"][5] = {"quantity": "stellar-mass", "redshift": 2, "fit": shipped}

    fresh.change(edit)
    plan = fresh.plan()
    assert plan.jobs["fit"] == 8
    painted = plan.commands[f"results/{UNSEEN}/maps/stellar-mass_z2.00.h5"]
    assert f" --fit {shipped} " in painted
    hydrogen = plan.commands["results/fits/neutral-hydrogen_z2.00.json"]
    assert f" --prerequisite {shipped} " in hydrogen


def test_fits_that_are_files_need_nothing_to_be_trained_on(fresh):
    """Universes from seeds alone, one with a reference to compare with and one without."""

    def edit(config):
        config["simulations"][:3] = [
            {"name": "another", "seed": 1, "role": "predict", "redshifts": [5, 3, 2]}
        ]
        config["fits"] = [
            {**row, "fit": f"data/fits/{row['quantity']}_z{row['redshift']}.00.json"}
            for row in (
                {key: row[key] for key in ("quantity", "redshift")} for row in config["fits"]
            )
        ]

    fresh.change(edit)
    jobs = fresh.jobs()
    assert (jobs["fastpm"], jobs["paint"], jobs["relative_difference"]) == (6, 18, 1)
    assert "fit" not in jobs
    fresh.change(lambda config: config["simulations"].pop())
    jobs = fresh.jobs()
    assert (jobs["fastpm"], jobs["paint"]) == (3, 9)
    assert not jobs.keys() & {"fit", "quality", "heatmap", "relative_difference", "cells"}


def test_the_demo_fits_one_box_at_one_redshift(unchanged):
    plan = unchanged.plan("--configfile", "config/demo.yaml")
    jobs = plan.jobs
    assert (jobs["fit"], jobs["fastpm"], jobs["paint"]) == (3, 6, 18)
    fits = [line for line in plan.output.splitlines() if " fit " in line and " --target " in line]
    assert len(fits) == 3
    for line in fits:
        assert line.count("--target") == 1
        assert " --starts 2 " in line
        assert " --members 2 " in line


@pytest.mark.parametrize(
    ("quantity", "prerequisites"),
    [
        ("dark-matter", []),
        ("stellar-mass", ["dark-matter"]),
        ("neutral-hydrogen", ["stellar-mass"]),
    ],
)
def test_a_fit_has_its_quantity_its_target_and_its_prerequisites(
    unchanged, quantity, prerequisites
):
    command = unchanged.plan().commands[f"results/fits/{quantity}_z3.00.json"]
    for name in (TRAINED, *COUPLE):
        assert f" results/{name}/particles_z3.00.h5 " in command
        assert f" --target results/{name}/reference/{quantity}_z3.00.h5 " in command
    fits = re.findall(r" --prerequisite (\S+)", command)
    assert fits == [f"results/fits/{needed}_z3.00.json" for needed in prerequisites]
    assert (
        " --optimiser bfgs --evaluations 200 --starts 4 --random-seed 1 --members boxes " in command
    )


def test_any_redshift_is_passed_on_as_it_is_and_has_two_decimals_in_paths(fresh):
    """That of a snapshot which was asked for at a = 0.3331 is 2.002."""

    def edit(config):
        for row in config["simulations"]:
            row["redshifts"] = [2.002]
        config["fits"] = [{**row, "redshift": 2.002} for row in config["fits"][2::3]]
        config["over_redshifts"] = {"redshifts": [2.002], "order": 0}

    fresh.change(edit)
    particles = f"results/{UNSEEN}/particles_z2.00.h5"
    plan = fresh.plan()
    assert " --redshift 2.002 " in plan.commands[particles]
    assert f"run-fastpm results/{UNSEEN}/initial_conditions.h5 " in plan.commands[particles]
    jobs = plan.jobs
    assert (jobs["fastpm"], jobs["fit"], jobs["paint"]) == (4, 3, 12)
    assert fresh.jobs("--", "over_redshifts")["fit_over_redshifts"] == 3


def test_a_thousand_seeds_are_a_thousand_rows(fresh):
    def edit(config):
        config["simulations"][3:] = [
            {"name": f"seed{seed}", "seed": seed, "role": "predict", "redshifts": [2]}
            for seed in range(1000)
        ]

    fresh.change(edit)
    run = fresh.snakemake("--dag")
    assert run.returncode == 0, run.stderr
    expected = {"initial_conditions": 1003, "fastpm": 1009, "paint": 3027, "fit": 9}
    found = collections.Counter(re.findall(r'label = "(\w+)', run.stdout))
    assert {rule: found[rule] for rule in expected} == expected


def test_a_row_of_fastpm_python_takes_pmesh_and_one_thread(fresh):
    def edit(config):
        config["simulations"][0]["engine"] = "fastpm"
        config["fastpm"]["second_order"] = "fastpm"

    fresh.change(edit)
    commands = fresh.plan().commands
    assert " --engine pmesh --threads 1 " in commands[f"results/{TRAINED}/initial_conditions.h5"]
    particles = commands[f"results/{TRAINED}/particles_z2.00.h5"]
    assert " --second-order fastpm --engine fastpm --threads 1 " in particles
    assert "--engine" not in commands[f"results/{UNSEEN}/particles_z2.00.h5"]


def test_a_row_of_fastpm_python_has_its_second_order(fresh):
    fresh.change(lambda config: config["simulations"][0].update(engine="fastpm"))
    run = fresh.snakemake("--dry-run")
    line = "config.yaml: fastpm.second_order: a simulation has engine: fastpm"
    assert any(said.startswith(line) for said in (run.stdout + run.stderr).splitlines())
