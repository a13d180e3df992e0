# SPDX-License-Identifier: GPL-3.0-or-later
"""Other targets than `all`: baselines, boxes left out, the paper's figures, fits over redshifts."""

import pytest
from dry_runs import ALL_JOBS, set_key

BASELINES = ("--", "baselines")
LEAVE_ONE_OUT = ("--", "leave_one_out")
OVER_REDSHIFTS = ("--", "over_redshifts")


def test_baselines_are_fitted_painted_and_compared(unchanged):
    assert unchanged.jobs(*BASELINES) == {
        "initial_conditions": 4,
        "fastpm": 12,
        "targets": 36,
        # Those of config.yaml; by the paper's loss; by it without layers; and stars and hydrogen
        # without layers.
        "fit": 9 + 9 + 9 + 6,
        # In two simulations: those of config.yaml, by the paper's loss, and of stars and hydrogen
        # without layers.
        "paint": 18 + 18 + 12,
        "paint_members": 9,
        "powerspec_band": 9,
        # The same and FastPM, in one region of each.
        "powerspec": 18 + 18 + 12 + 6,
        "comparison": 1,
        "comparison_heatmap": 2,
        "losses": 1,
        "validation": 1,
        "validation_heatmap": 1,
        "baselines": 1,
    }


@pytest.mark.parametrize(
    ("quantity", "redshift", "layers"), [("stellar-mass", 5, 3), ("neutral-hydrogen", 2, 2)]
)
def test_the_papers_fits_have_its_loss_and_layers(unchanged, quantity, redshift, layers):
    commands = unchanged.plan(*BASELINES).commands
    command = commands[f"results/baselines/paper/fits/{quantity}_z{redshift}.00.json"]
    assert f" --layers {layers} --loss paper " in command
    stars = f" --prerequisite results/baselines/paper/fits/stellar-mass_z{redshift}.00.json "
    assert (stars in command) == (quantity == "neutral-hydrogen")
    assert "--members" not in command


def test_fits_without_layers_use_the_prerequisites_of_those_with_layers(unchanged):
    commands = unchanged.plan(*BASELINES).commands
    name = "neutral-hydrogen_z2.00.json"
    command = commands[f"results/baselines/without_layers/fits/{name}"]
    assert " --layers 0 --loss distribution " in command
    assert " --prerequisite results/fits/stellar-mass_z2.00.json " in command
    command = commands[f"results/baselines/paper_without_layers/fits/{name}"]
    assert " --layers 0 --loss paper " in command
    assert " --prerequisite results/baselines/paper/fits/stellar-mass_z2.00.json " in command


def test_simulations_left_out_are_painted_by_members_of_the_same_fits(unchanged):
    plan = unchanged.plan(*LEAVE_ONE_OUT)
    assert plan.jobs == {
        "initial_conditions": 3,
        "fastpm": 9,
        "targets": 27,
        "fit": 9,
        "paint": 27,
        "powerspec": 27,
        "left_out_quality": 1,
        "left_out_heatmap": 1,
        "left_out_coverage": 1,
        "leave_one_out": 1,
    }
    name = "train_seed20261_fixed"
    command = plan.commands[f"results/leave_one_out/{name}/maps/stellar-mass_z2.00.h5"]
    assert " --fit results/fits/stellar-mass_z2.00.json --members left-out " in command
    command = plan.commands[f"results/leave_one_out/{name}/spectra/all/stellar-mass_z2.00.csv"]
    assert " --band " in command


def test_the_paper_is_everything_and_its_figures(unchanged):
    plan = unchanged.plan("--", "paper")
    jobs = plan.jobs
    figures = {"spectra_of_quantity": 3, "figure_of_paper": 5, "paper": 1}
    assert {rule: jobs[rule] for rule in figures} == figures
    for arguments in ((), BASELINES, LEAVE_ONE_OUT):
        parts = unchanged.jobs(*arguments)
        parts.pop(arguments[-1] if arguments else "all")
        assert all(jobs[rule] >= number for rule, number in parts.items())
    command = plan.commands["results/paper/figure6.png"]
    for redshift in (5, 3, 2):
        for name in ("dark-matter", "fastpm"):
            spectrum = f"results/train_seed9281/spectra/all/{name}_z{redshift}.00.csv"
            assert f" {spectrum} " in command
    assert "fastpm" not in plan.commands["results/paper/figure7.png"]


def test_a_fit_over_redshifts_is_painted_where_it_was_not_trained(unchanged, fresh):
    plan = unchanged.plan(*OVER_REDSHIFTS)
    jobs, commands = plan.jobs, plan.commands
    assert jobs["fit_over_redshifts"] == 3
    # With the fits over redshifts and with those to single redshifts.
    assert jobs["paint"] == 36 + 36
    command = commands["results/over_redshifts/fits/stellar-mass.json"]
    assert " fit stellar-mass " in command
    assert " --redshift-order 1 " in command
    assert "particles_z5.00.h5 results/train_seed9281/particles_z2.00.h5 " in command
    assert "z3.00" not in command
    command = commands["results/over_redshifts/fits/neutral-hydrogen.json"]
    assert " --prerequisite results/over_redshifts/fits/stellar-mass.json " in command
    painted = commands["results/over_redshifts/unseen_seed4417/maps/stellar-mass_z3.00.h5"]
    assert " --fit results/over_redshifts/fits/stellar-mass.json " in painted
    fresh.change(lambda config: config.pop("over_redshifts"))
    assert fresh.jobs() == ALL_JOBS


def test_a_fit_over_redshifts_is_compared_where_each_simulation_has_particles(fresh):
    fresh.change(set_key("simulations", 3, "redshifts", [2]))
    assert fresh.jobs(*OVER_REDSHIFTS)["paint"] == 2 * 3 * (3 * 3 + 1)


def test_the_cross_check_runs_one_universe_twice(fresh):
    assert fresh.jobs("--", "cross_check") == {
        "cross_check_chain": 2,
        "cross_check_ratio": 1,
        "cross_check": 1,
    }
