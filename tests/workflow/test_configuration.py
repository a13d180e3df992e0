# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes in config.yaml: each is one line that names its key."""

import pytest
from dry_runs import set_key

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
    "fastpm.second_order: 'third' ": set_key("fastpm", "second_order", "third"),
    "maps.refine: 0 ": set_key("maps", {"refine": 0}),
    "prerequisites.gas[0]: 'baryons' ": set_key("prerequisites", "gas", ["baryons"]),
    "fits[4].refine: 1.5 ": set_key("fits", 4, "refine", 1.5),
    "fits[4].environment: 1 ": set_key("fits", 4, "environment", 1),
    "fits[8].quantity: neutral-hydrogen has no environment; leave that out": set_key(
        "fits", 8, "environment", True
    ),
    "simulations[1].paired: 'yes' ": set_key("simulations", 1, "paired", "yes"),
    "optimisation.optimiser: 'sgd' ": set_key("optimisation", "optimiser", "sgd"),
    "optimisation.evaluations: 0 ": set_key("optimisation", "evaluations", 0),
    "optimisation.starts: True ": set_key("optimisation", "starts", True),
    "optimisation.members: 1 ": set_key("optimisation", "members", 1),
    "over_redshifts.order: -1 ": set_key("over_redshifts", {"redshifts": [5, 2], "order": -1}),
    "ranks: 0 ": set_key("ranks", 0),
    "device: 'tpu' ": set_key("device", "tpu"),
    "optimisation.random_seed: -1 ": set_key("optimisation", "random_seed", -1),
    "optimisation: unknown key learning_rate": set_key("optimisation", "learning_rate", 0.1),
    "simulations[1].name: 'baselines' ": set_key("simulations", 1, "name", "baselines"),
    "simulations[0].name: 'a/b' ": set_key("simulations", 0, "name", "a/b"),
    "simulations[0].seed: -1 ": set_key("simulations", 0, "seed", -1),
    "simulations[1]: give either a seed or a file of initial_conditions": lambda config: config[
        "simulations"
    ][1].pop("seed"),
    "simulations[0].reference: 17 ": set_key("simulations", 0, "reference", 17),
    "simulations[0].role: 'test' ": set_key("simulations", 0, "role", "test"),
    "simulations: at least one row must have role: train": lambda config: [
        row.update(role="predict") for row in config["simulations"][1:3]
    ],
    "simulations[1].redshifts[0]: 'two' ": set_key("simulations", 1, "redshifts", ["two"]),
    "scaling.ranks[1]: 0 ": set_key("scaling", "ranks", [1, 0]),
    "fits[0].layers: -1 ": set_key("fits", 0, "layers", -1),
    "fits[0].loss: 'best' ": set_key("fits", 0, "loss", "best"),
    "fits[1].quantity: 'gas' ": set_key("fits", 1, "quantity", "gas"),
    "fits[1].smoothing: 0 ": set_key("fits", 1, "smoothing", 0),
    "fits[2].redshift: -2 ": set_key("fits", 2, "redshift", -2),
    "fits[3]: give layers, loss and smoothing to train it, or fit: the file": (
        lambda config: config["fits"][3].pop("layers")
    ),
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
    "simulations[1].redshifts: 2.001 and 2 in simulations[0].redshifts ": lambda config: None,
    "fits[1]: another row is dark-matter at redshift 5": set_key("fits", 1, "redshift", 5),
    "prerequisites.stellar-mass: fits of stellar-mass do not build on neutral-hydrogen": set_key(
        "prerequisites", "stellar-mass", ["dark-matter", "neutral-hydrogen"]
    ),
    "fits[4]: stellar-mass at redshift 3 depends on dark-matter; add ": lambda config: None,
    "fits[5].redshift: 1 is not a redshift ": set_key("fits", 5, "redshift", 1),
    "fits[6]: its fit is trained already; leave out layers, loss, smoothing": set_key(
        "fits", 6, "fit", "nowhere.json"
    ),
    "fits[6].fit: nowhere.json: no such file": lambda config: None,
    "device: a gpu is used by one rank, but ranks is 2; set ranks to 1": lambda config: (
        config.update(device="gpu", ranks=2)
    ),
    "optimisation.members: boxes needs simulations of two seeds or more": lambda config: [
        row.update(seed=7) for row in config["simulations"]
    ],
    "fits[3].smoothing: 0.7 has no effect on the loss logarithmic": set_key(
        "fits", 3, "loss", "logarithmic"
    ),
    "over_redshifts.redshifts: 4 is not a redshift ": set_key(
        "over_redshifts", "redshifts", [5, 4]
    ),
    "over_redshifts.order: 2 redshifts determine a polynomial of order 1 at most": set_key(
        "over_redshifts", "order", 2
    ),
    "cosmology.omega_b: 0.5 is more than omega_m": set_key("cosmology", "omega_b", 0.5),
    "initial_conditions.particles: 40 does not divide the mesh of 192": set_key(
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
