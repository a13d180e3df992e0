# SPDX-License-Identifier: GPL-3.0-or-later
"""Fits that differ from those of config.yaml: baselines, cross-validation, fits over redshifts."""

import pytest
from dry_runs import ALL_JOBS, set_key


def test_baselines_are_fitted_painted_and_compared(fresh):
    assert fresh.jobs("--", "baselines") == {
        "initial_conditions": 2,
        "fastpm": 6,
        "targets": 18,
        # Those of config.yaml; by the paper's loss; by it without layers; and stars and hydrogen
        # without layers.
        "fit": 9 + 9 + 9 + 6,
        # Those of config.yaml, by the paper's loss, and of stars and hydrogen without layers.
        "paint": 18 + 18 + 12,
        "paint_members": 9,
        "powerspec_band": 9,
        # The same and FastPM, in two regions of one simulation and all of the other.
        "powerspec": (18 + 18 + 12 + 6) // 2 * 3,
        "comparison": 1,
        "comparison_heatmap": 3,
        "losses": 1,
        "validation": 1,
        "validation_heatmap": 1,
        "baselines": 1,
    }


@pytest.mark.parametrize(
    ("quantity", "redshift", "layers"), [("stellar-mass", 5, 3), ("neutral-hydrogen", 2, 2)]
)
def test_the_papers_fits_have_its_loss_and_layers(fresh, quantity, redshift, layers):
    command = fresh.command_of(f"results/baselines/paper/fits/{quantity}_z{redshift}.00.json")
    assert f" --layers {layers} --loss paper " in command
    assert " --prerequisite results/baselines/paper/fits/dark-matter_z" in command
    assert "--members" not in command


def test_fits_without_layers_use_the_prerequisites_of_those_with_layers(fresh):
    name = "neutral-hydrogen_z2.00.json"
    command = fresh.command_of(f"results/baselines/without_layers/fits/{name}")
    assert " --layers 0 --loss statistics " in command
    for needed in ("dark-matter", "stellar-mass"):
        assert f" --prerequisite results/fits/{needed}_z2.00.json " in command
    command = fresh.command_of(f"results/baselines/paper_without_layers/fits/{name}")
    assert " --layers 0 --loss paper " in command
    for needed in ("dark-matter", "stellar-mass"):
        assert f" --prerequisite results/baselines/paper/fits/{needed}_z2.00.json " in command


def test_cross_validation_trains_on_each_and_on_both_and_scores_on_each(fresh):
    # Three redshifts on three sets of simulations; each map of two simulations, and its spectrum.
    assert fresh.jobs("--", "cross_validation") == {
        "initial_conditions": 2,
        "fastpm": 6,
        "targets": 18,
        "fit": 27,
        "paint": 54,
        "powerspec": 54,
        "scores": 1,
        "scores_heatmap": 1,
        "cross_validation": 1,
    }
    command = fresh.command_of(
        "results/cross_validation/trained_on_all/fits/dark-matter_z2.00.json"
    )
    assert " fit dark-matter " in command
    for name in ("train_seed9281", "unseen_seed4417"):
        assert f" --target results/{name}/reference/dark-matter_z2.00.h5" in command


def test_cross_validation_of_simulations_that_share_one_redshift(fresh):
    fresh.change(set_key("simulations", 1, "redshifts", [2]))
    jobs = fresh.jobs("--", "cross_validation")
    # At z = 5 and 3 fits to the one simulation and to all of them, which is that one.
    assert jobs["fit"] == 3 * (2 + 2 + 3)
    assert jobs["powerspec"] == 3 * (2 + 2 + 3 * 2)


def test_cross_validation_of_simulations_that_share_no_redshift(fresh):
    fresh.change(set_key("simulations", 1, "redshifts", [2]))
    another = {"name": "third", "seed": 5, "role": "predict", "redshifts": [3]}
    another["reference"] = "data/reference/unseen_seed4417"
    fresh.change(lambda config: config["simulations"].append(another))
    jobs = fresh.jobs("--", "cross_validation")
    # The training simulation and all at three redshifts, the others at theirs alone.
    assert jobs["fit"] == 3 * (3 + 3 + 1 + 1)
    assert jobs["powerspec"] == 3 * (5 + 5 + 2 + 2)


def test_a_fit_over_redshifts_is_painted_where_it_was_not_trained(fresh):
    jobs = fresh.jobs("--", "over_redshifts")
    assert jobs["fit_over_redshifts"] == 3
    # With the fits over redshifts and with those to single redshifts.
    assert jobs["paint"] == 18 + 18
    command = fresh.command_of("results/over_redshifts/fits/stellar-mass.json")
    assert " fit stellar-mass " in command
    assert " --redshift-order 1 " in command
    assert " --prerequisite results/over_redshifts/fits/dark-matter.json " in command
    assert "particles_z5.00.h5 results/train_seed9281/particles_z2.00.h5 " in command
    assert "z3.00" not in command
    painted = fresh.command_of("results/over_redshifts/unseen_seed4417/maps/stellar-mass_z3.00.h5")
    assert " --fit results/over_redshifts/fits/stellar-mass.json " in painted
    fresh.change(lambda config: config.pop("over_redshifts"))
    assert fresh.jobs() == ALL_JOBS


def test_a_fit_over_redshifts_is_compared_where_each_simulation_has_particles(fresh):
    fresh.change(set_key("simulations", 1, "redshifts", [2]))
    assert fresh.jobs("--", "over_redshifts")["paint"] == 2 * 3 * (3 + 1)
