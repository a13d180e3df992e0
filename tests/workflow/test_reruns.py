# SPDX-License-Identifier: GPL-3.0-or-later
"""What a finished workflow runs again, and why."""

import pytest
from dry_runs import ALL_JOBS, Workflow

SIMULATIONS = (
    *("train_seed9281", "train_seed20261_fixed", "train_seed20261_paired"),
    "unseen_seed4417",
)
EVERYTHING = ("--", "all", "baselines")
BASELINES = ("baselines/without_layers/", "baselines/paper/", "baselines/paper_without_layers/")


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A workflow whose every output exists, those of the baselines too."""
    workflow = Workflow(tmp_path_factory.mktemp("finished"))
    run = workflow.snakemake(*EVERYTHING)
    assert run.returncode == 0, run.stdout + run.stderr
    return workflow


@pytest.fixture
def config_of(finished):
    """The finished workflow, whose configuration is put back afterwards."""
    path = finished.folder / "config.yaml"
    before = path.read_text()
    yield finished
    path.write_text(before)


def change_fit(quantity, redshift, **settings):
    """An edit of the row of one fit."""

    def edit(config):
        for row in config["fits"]:
            if row["quantity"] == quantity and row["redshift"] == redshift:
                row.update(settings)

    return edit


def test_a_second_run_has_nothing_to_do(finished):
    assert finished.jobs() == {}
    assert finished.jobs(*EVERYTHING) == {}


def test_the_profile_makes_nothing_run_again(finished):
    assert finished.jobs("--profile", "slurm", *EVERYTHING) == {}


def test_a_changed_smoothing_reruns_only_what_depends_on_that_fit(config_of):
    config_of.change(change_fit("stellar-mass", 3, smoothing=0.9))
    assert config_of.jobs() == {
        "fit": 2,
        "paint": 8,
        "paint_members": 2,
        "powerspec_band": 2,
        "powerspec": 14,
        "slices": 4,
        "spectra": 4,
        "distribution": 4,
        "cells": 4,
        "quality": 1,
        "heatmap": 1,
        "coverage": 1,
        "timings": 1,
        "all": 1,
    }
    # Fits without layers, by the paper's loss, and by it without layers too.
    assert config_of.plan(*EVERYTHING).outputs("fit") == {
        f"results/{folder}fits/{quantity}_z3.00.json"
        for quantity in ("stellar-mass", "neutral-hydrogen")
        for folder in ("", *BASELINES)
    }
    assert config_of.jobs("--", "baselines") == {
        "fit": 8,
        "paint": 12,
        "paint_members": 2,
        "powerspec_band": 2,
        "powerspec": 12,
        "comparison": 1,
        "comparison_heatmap": 2,
        "losses": 1,
        "validation": 1,
        "validation_heatmap": 1,
        "baselines": 1,
    }


def test_another_loss_leaves_the_papers_fits_alone(config_of):
    config_of.change(change_fit("neutral-hydrogen", 3, loss="statistics"))
    # By the new loss, with layers and without.
    assert config_of.plan(*EVERYTHING).outputs("fit") == {
        "results/fits/neutral-hydrogen_z3.00.json",
        "results/baselines/without_layers/fits/neutral-hydrogen_z3.00.json",
    }


def test_more_layers_of_hydrogen_leave_its_baselines_alone(config_of):
    config_of.change(change_fit("neutral-hydrogen", 5, layers=3))
    plan = config_of.plan(*EVERYTHING)
    assert plan.outputs("fit") == {"results/fits/neutral-hydrogen_z5.00.json"}
    assert plan.outputs("paint") == {
        f"results/{simulation}/maps/neutral-hydrogen_z5.00.h5" for simulation in SIMULATIONS
    }
    assert not {"fastpm", "relative_difference"} & plan.jobs.keys()


def test_another_seed_to_predict_runs_no_fit(config_of):
    config_of.change(lambda config: config["simulations"][3].update(seed=17))
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
