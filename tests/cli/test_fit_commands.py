# SPDX-License-Identifier: GPL-3.0-or-later
"""fit, fit-dm, fit-stellar and fit-hi: from particles and targets to fits that paint."""

import json
from pathlib import Path

import jax
import numpy as np
import pytest
from small_fits import BRIEF, HYDROGEN_OPTIONS, PAPER, fit, painted
from small_universe import (
    CELL_SIZE,
    COSMOLOGY,
    MEANS,
    REDSHIFT,
    SHAPE,
    STEP_SCHEME,
    UNITS,
    cloud_in_cell,
    map_of,
    positions,
    save_particles,
    save_target,
    target_values,
)

from jerald_tools.cli import fit as fit_commands
from jerald_tools.cli import paint
from jerald_tools.io.sealed_json import read_document
from jerald_tools.mesh.ranks import on_root, world
from jerald_tools.quantities import NAMES, quantity_named

NUMBERS_OF_PARAMETERS = {"dark-matter": 10, "stellar-mass": 13, "neutral-hydrogen": 31, "gas": 12}
CARRIED = {
    "dark-matter": set(),
    "stellar-mass": {"dark_matter_fit"},
    "neutral-hydrogen": {"dark_matter_fit", "stellar_mass_fit"},
    "gas": {"dark_matter_fit"},
}
FILES = {
    "dark-matter": "dm.json",
    "stellar-mass": "stellar.json",
    "neutral-hydrogen": "hi.json",
    "gas": "gas.json",
}


def regions():
    """Training half, validation and test cube as masks, from the words of the split."""
    x, y, z = np.indices(SHAPE)
    train = z >= SHAPE[2] / 2
    test = np.all([n < int(0.43 * size) for n, size in zip((x, y, z), SHAPE, strict=True)], axis=0)
    return {"train": train, "validation": ~train & ~test, "test": test}


def losses_of(predicted, quantity, smoothing=None):
    """Mean |residual|^p by region, with NumPy's transform for O_s = 1 + k^-n."""
    target = target_values(quantity)
    residual = predicted - target / target.mean()
    if smoothing is not None:
        axes = [2 * np.pi * np.fft.fftfreq(size, CELL_SIZE) for size in SHAPE]
        k = np.sqrt(sum(axis**2 for axis in np.meshgrid(*axes, indexing="ij")))
        k[0, 0, 0] = np.inf
        residual = np.fft.ifftn(np.fft.fftn(residual) * (1 + k**-smoothing)).real
    power = quantity_named(quantity).residual_power
    return {name: np.mean(np.abs(residual[mask]) ** power) for name, mask in regions().items()}


def number_of(parameters) -> int:
    return len(jax.tree.leaves(parameters))


@pytest.mark.ranks
def test_any_number_of_ranks_fits_and_paints(fit_folder):
    """The losses that a fit says are those of the map that paint makes of it, by NumPy."""
    paper = ["--loss", "paper", "--starts", 1]
    fit(fit_folder, "dark-matter", "dm1.json", "--layers", 1, "--evaluations", 4, *paper)
    below = ["--dm", fit_folder / "dm1.json"]
    fit(
        fit_folder,
        "stellar-mass",
        "stellar0.json",
        "--layers",
        0,
        "--evaluations",
        10,
        *paper,
        *below,
    )
    for name, quantity in (("dm1.json", "dark-matter"), ("stellar0.json", "stellar-mass")):
        said = on_root(world(), read_document, fit_folder / name)
        expected = losses_of(painted(fit_folder, name), quantity)
        losses = {region: said["loss"][region] for region in expected}
        assert losses == pytest.approx(expected, rel=1e-9)
        assert said["loss"]["validation"] < said["history"]["validation"][0]


@pytest.mark.parametrize("quantity", NAMES)
def test_a_fit_says_what_its_own_map_says(fits, quantity):
    """Losses and means, by NumPy."""
    document = read_document(fits / FILES[quantity])
    smoothing = 1.0 if quantity == "stellar-mass" else None
    predicted = painted(fits, FILES[quantity])
    expected = losses_of(predicted, quantity, smoothing)
    said = document["loss"]
    assert said["power"] == {"dark-matter": 2, "gas": 2}.get(quantity, 1)
    assert said["smoothing"] == smoothing
    assert {name: said[name] for name in expected} == pytest.approx(expected, rel=1e-9)
    best = min(document["history"]["validation"])
    assert said["validation"] == best == document["history"]["validation"][
        document["best_evaluation"]
    ]  # fmt: skip
    assert best < document["history"]["validation"][0]
    assert len(document["history"]["train"]) == len(document["history"]["validation"])
    target = target_values(quantity) / MEANS[quantity]
    for name, mask in {"all": ..., "test": regions()["test"]}.items():
        ratio = predicted[mask].mean() / target[mask].mean()
        assert document["quality"][name]["mean_ratio"] == pytest.approx(ratio, rel=1e-9)


@pytest.mark.parametrize("quantity", NAMES)
def test_a_fit_says_where_it_is_valid_and_carries_its_prerequisites(fits, quantity):
    document = read_document(fits / FILES[quantity])
    assert document["quantity"] == quantity
    assert document["redshift"] == REDSHIFT
    assert document["layers"] == len(document["parameters"]["layers"]) == 2
    assert number_of(document["parameters"]) == NUMBERS_OF_PARAMETERS[quantity]
    assert {key for key in document if key.endswith("_fit")} == CARRIED[quantity]
    if "dark_matter_fit" in document:
        assert document["dark_matter_fit"] == read_document(fits / "dm.json")
    if "stellar_mass_fit" in document:
        assert document["stellar_mass_fit"] == read_document(fits / "stellar.json")
    setting = document["setting"]
    assert setting["cell_size"] == pytest.approx([CELL_SIZE] * 3)
    assert setting["particles_per_cell"] == 1
    assert setting["step_scheme"] == STEP_SCHEME
    assert setting["cosmology"]["omega_m"] == COSMOLOGY.omega_m
    assert document["target"]["mean"] == pytest.approx(MEANS[quantity])
    assert document["target"]["units"] == UNITS[quantity]
    assert document["target"]["gas"] == {"temperature": 11000, "gamma": 1.25}
    inputs = {Path(entry["path"]).name for entry in document["provenance"]["inputs"]}
    below = {"dark_matter_fit": "dm.json", "stellar_mass_fit": "stellar.json"}
    start = {"gas_start.json"} if quantity == "gas" else set()
    carried = {below[key] for key in CARRIED[quantity]}
    assert inputs == {"particles.h5", f"{quantity}.h5"} | carried | start


def test_the_same_fit_twice_is_the_same_to_the_bit(fits):
    again = fit(fits, "neutral-hydrogen", "again.json", *HYDROGEN_OPTIONS,
                "--dm", fits / "dm.json", "--stellar", fits / "stellar.json")  # fmt: skip
    first = read_document(fits / "hi.json")
    for document in (first, again):
        del document["provenance"], document["sha256"]
    assert json.dumps(again) == json.dumps(first)


def test_a_warm_start_goes_on_where_the_earlier_fit_ended(fits):
    earlier = read_document(fits / "stellar.json")
    more = fit(fits, "stellar-mass", "warm.json", "--start", fits / "stellar.json", "--starts",
               1, "--evaluations", 2, "--smoothing", 1, "--dm", fits / "dm.json",
               *PAPER)  # fmt: skip
    assert [start["name"] for start in more["starts"]] == [f"fit {fits / 'stellar.json'}"]
    assert more["starts"][0]["parameters"] == earlier["parameters"]
    assert more["history"]["train"][0] == pytest.approx(earlier["loss"]["train"], rel=1e-12)
    assert more["loss"]["validation"] <= earlier["loss"]["validation"] * (1 + 1e-12)


def test_without_layers_a_map_is_the_power_law_alone(fit_folder):
    options = ["--layers", 0, "--evaluations", 30, *PAPER]
    document = fit(fit_folder, "stellar-mass", "bare.json", *options)
    assert number_of(document["parameters"]) == 3
    assert not any(key.endswith("_fit") for key in document)
    w, mu, b = (document["parameters"]["transform"][name] for name in ("w", "mu", "b"))
    density = cloud_in_cell(positions()) + 1e-8
    by_hand = np.maximum(w * density**mu - b, 1e-12)
    np.testing.assert_allclose(painted(fit_folder, "bare.json"), by_hand, rtol=0, atol=1e-9)
    expected = losses_of(by_hand, "stellar-mass")
    said = {name: document["loss"][name] for name in expected}
    assert said == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("optimiser", ["lbfgsb", "adam"])
def test_every_optimiser_lowers_the_loss(fit_folder, optimiser):
    options = ["--layers", 0, "--evaluations", 20, "--starts", 3, "--random-seed", 4]
    options += ["--optimiser", optimiser]
    document = fit(fit_folder, "stellar-mass", f"{optimiser}.json", *options)
    assert document["training"]["optimiser"] == optimiser
    names = [start["name"] for start in document["starts"]]
    assert names == ["threshold", "random 1 of seed 4", "random 2 of seed 4"]
    best = min(start["validation"] for start in document["starts"])
    assert best <= document["loss"]["validation"] <= 1.005 * best
    assert document["loss"]["validation"] < document["history"]["validation"][0]


def test_two_simulations_in_one_fit(fit_folder):
    """Both targets are over the mean of their means, and each has its own quality."""
    save_particles(fit_folder / "others.h5", where=positions(seed=9))
    brighter = 3 * target_values("stellar-mass")
    save_target(fit_folder / "brighter.h5", "stellar-mass", brighter)
    more = [fit_folder / "others.h5", "--target", fit_folder / "brighter.h5"]
    options = ["--layers", 0, "--evaluations", 30, "--starts", 1, *PAPER, "--allow-mismatch"]
    document = fit(fit_folder, "stellar-mass", "both.json", *options, *more)
    assert document["target"]["mean"] == pytest.approx(2 * MEANS["stellar-mass"])
    first, second = (map_of(fit_folder / name) for name in ("stellar-mass.h5", "brighter.h5"))
    both = []
    for particles, target, quality in (
        ("particles.h5", first, document["quality"]),
        ("others.h5", second, document["others"][0]["quality"]),
    ):
        output = fit_folder / f"both_{particles}"
        arguments = [fit_folder / particles, "--fit", fit_folder / "both.json", "-o", output,
                     "--precision", "double", "-q"]  # fmt: skip
        paint.main.main([str(argument) for argument in arguments], standalone_mode=False)
        predicted = map_of(output)
        assert quality["all"]["mean_ratio"] == pytest.approx(predicted.mean() / target.mean())
        residual = np.abs(predicted - target) / document["target"]["mean"]
        both.append({name: residual[mask].mean() for name, mask in regions().items()})
    for name in regions():
        expected = (both[0][name] + both[1][name]) / 2
        assert document["loss"][name] == pytest.approx(expected, rel=1e-9)
    inputs = [Path(entry["path"]).name for entry in document["provenance"]["inputs"]]
    assert set(inputs) == {"particles.h5", "others.h5", "stellar-mass.h5", "brighter.h5"}


def test_a_fit_records_the_loss_that_was_asked_for(fit_folder):
    """All that it takes to compute it again, and by default the one of the quantity."""
    options = ["--layers", 0, "--evaluations", 5, "--starts", 1, "--smoothing", 0.7]
    documents = [
        fit(fit_folder, "stellar-mass", f"of_{name}.json", *options, *extra)
        for name, extra in (
            ("paper", PAPER),
            ("default", []),
            ("shares", ["--loss", "distribution"]),
        )
    ]
    losses = [document["loss"] for document in documents]
    assert [loss["name"] for loss in losses] == [
        "paper",
        "statistics",
        "distribution",
    ]
    assert losses[0]["smoothing"] == 0.7
    for loss in losses[1:]:
        assert loss["residual_loss"] == {"power": 1, "smoothing": 0.7}
        assert loss["spectrum"] > 0
    assert losses[2]["distribution"] > 0


def test_a_target_of_the_step_after_its_redshift_is_taken(fit_folder):
    """A snapshot with a = 0.3331 in its header is one of z = 2."""
    save_target(fit_folder / "stepped.h5", "gas", redshift=1 / 0.3331 - 1)
    arguments = ["gas", fit_folder / "particles.h5", "--target", fit_folder / "stepped.h5", "-o",
                 fit_folder / "stepped.json", "-q", *BRIEF]  # fmt: skip
    fit_commands.fit.main([str(argument) for argument in arguments], standalone_mode=False)
    assert read_document(fit_folder / "stepped.json")["redshift"] == REDSHIFT
