# SPDX-License-Identifier: GPL-3.0-or-later
"""Ensembles: members in a fit, their maps, and spectra with a band."""

import csv
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from small_universe import (
    header_of,
    map_of,
    positions,
    save_fit,
    save_particles,
    save_target,
    target_values,
)

from jerald_tools.analysis.band import correlation_band, power_band
from jerald_tools.cli import paint, plot_figures, powerspec
from jerald_tools.cli.fit import fit_dm, fit_stellar
from jerald_tools.errors import BadInput
from jerald_tools.fitting.error_of_power import half_width, model_error
from jerald_tools.io.sealed_json import read_document
from jerald_tools.io.spectra import read_spectrum
from jerald_tools.mesh.ranks import gather, on_root, world
from jerald_tools.model.fitted_model import FittedModel

MEMBERS = 3


def run(command, *arguments):
    command.main([*map(str, arguments), "--precision", "double", "-q"], standalone_mode=False)


@pytest.fixture(scope="module")
def folder():
    """Stars on dark matter, both fits with members; one folder for all ranks."""
    name = Path(on_root(world(), tempfile.mkdtemp))
    on_root(world(), save_particles, name / "particles.h5")
    for quantity in ("dark-matter", "stellar-mass"):
        on_root(world(), save_target, name / f"{quantity}.h5", quantity)
    few = ["--evaluations", 4, "--starts", 2, "--members", MEMBERS, "--loss", "paper"]
    run(fit_dm, name / "particles.h5", "--target", name / "dark-matter.h5", "--layers", 1,
        *few, "-o", name / "dm.json")  # fmt: skip
    run(fit_stellar, name / "particles.h5", "--target", name / "stellar-mass.h5", "--layers",
        0, "--dm", name / "dm.json", *few, "-o", name / "stars.json")  # fmt: skip
    run(paint.main, name / "particles.h5", "--fit", name / "stars.json", "--members", "all", "-o",
        name / "stars_{member}.h5")  # fmt: skip
    gather(world(), "done")
    yield name
    gather(world(), "done")
    on_root(world(), shutil.rmtree, name)


@pytest.mark.ranks
def test_members_are_fits_to_halves_on_any_number_of_ranks(folder):
    """Each member's loss is that of its map in its own half, by NumPy, for the paper's loss."""
    document = read_document(folder / "stars.json")
    members = document["ensemble"]["members"]
    assert [member["subsample"] for member in members] == ["upper z", "lower z", "upper x"]
    ensemble = document["ensemble"]
    assert len(ensemble["k"]) == len(ensemble["model_error"]) > 1
    assert min(ensemble["model_error"]) >= 0 < max(ensemble["model_error"])
    target = target_values("stellar-mass") / target_values("stellar-mass").mean()
    z, x = np.indices(target.shape)[[2, 0]]
    halves = [z >= 4, z < 4, x >= 5]
    for number, (member, half) in enumerate(zip(members, halves, strict=True), 1):
        predicted = map_of(folder / f"stars_{number}.h5") / document["target"]["mean"]
        expected = np.abs(predicted - target)[half].mean()
        assert member["train"] == pytest.approx(expected, rel=1e-8)
        assert header_of(folder / f"stars_{number}.h5").attributes["member"] == number
    assert members[0]["train"] <= document["loss"]["train"] * (1 + 1e-9)
    fit = FittedModel.load(folder / "stars.json")
    assert fit.number_of_members == MEMBERS
    assert fit.prerequisites["dark-matter"].number_of_members == MEMBERS


def test_one_member_is_painted_as_among_all(folder):
    for which in (0, 2):
        output = folder / f"only_{which}.h5"
        run(paint.main, folder / "particles.h5", "--fit", folder / "stars.json", "--members",
            which, "-o", output)  # fmt: skip
        np.testing.assert_array_equal(map_of(output), map_of(folder / f"stars_{which}.h5"))
    run(paint.main, folder / "particles.h5", "--fit", folder / "stars.json", "-o",
        folder / "alone.h5")  # fmt: skip
    np.testing.assert_array_equal(map_of(folder / "alone.h5"), map_of(folder / "stars_0.h5"))


def band_of(folder, *options):
    maps = [folder / f"stars_{member}.h5" for member in range(MEMBERS + 1)]
    run(powerspec.main, *maps, "--band", "-o", folder / "band.csv", "--force", *options)
    return read_spectrum(folder / "band.csv")


def test_a_band_is_the_members_scatter_and_the_models_error(folder):
    reference = folder / "stellar-mass.h5"
    columns, notes = band_of(folder, "--reference", reference)
    alone = []
    for member in range(MEMBERS + 1):
        output = folder / f"own_{member}.csv"
        run(powerspec.main, folder / f"stars_{member}.h5", "--reference", reference, "-o", output)
        alone.append(read_spectrum(output)[0])
    said = FittedModel.load(folder / "stars.json").member(0).map_attributes()
    error = np.interp(np.log(columns["k"]), np.log(said["k"]), said["model_error"])
    logarithms = np.log([member["P"] for member in alone])
    low, median, high = np.percentile(logarithms, [16, 50, 84], axis=0)
    np.testing.assert_allclose(columns["P"], np.exp(median), rtol=1e-12)
    below, above = np.hypot(median - low, error), np.hypot(high - median, error)
    np.testing.assert_allclose(columns["P_low"], np.exp(median - below), rtol=1e-9)
    np.testing.assert_allclose(columns["P_high"], np.exp(median + above), rtol=1e-9)
    np.testing.assert_allclose(columns["ratio"], columns["P"] / alone[0]["P_ref"], rtol=1e-12)
    np.testing.assert_allclose(columns["scatter"], np.std(logarithms, axis=0, ddof=1), rtol=1e-9)
    assert np.all((columns["r_low"] <= columns["r"]) & (columns["r"] <= columns["r_high"]))
    assert "4 members" in notes["band"]
    without, _ = band_of(folder)
    assert set(without) == {"k", "P", "modes", "P_low", "P_high", "scatter"}


def test_bands_are_drawn_and_counted(folder):
    columns, _ = band_of(folder, "--reference", folder / "stellar-mass.h5")
    run(plot_figures.main, "spectra", folder / "band.csv", "-o", folder / "band.png")
    run(plot_figures.main, "coverage", folder / "band.csv", "-o", folder / "coverage.md")
    inside = (columns["P_low"] <= columns["P_ref"]) & (columns["P_ref"] <= columns["P_high"])
    inside = inside[columns["modes"] > 0]
    assert f"{inside.sum()} of {inside.size}" in (folder / "coverage.md").read_text()
    run(powerspec.main, folder / "stars_0.h5", "--reference", folder / "stellar-mass.h5", "-o",
        folder / "no_band.csv")  # fmt: skip
    with pytest.raises(BadInput, match=r"no_band\.csv: has no band"):
        run(plot_figures.main, "coverage", folder / "no_band.csv", "-o", folder / "no.md")


def test_a_fit_is_a_row_of_the_table_by_its_own_quality(folder):
    run(plot_figures.main, "table", folder / "stars.json", "-o", folder / "validation.csv")
    with (folder / "validation.csv").open() as file:
        rows = list(csv.DictReader(file))
    quality = FittedModel.load(folder / "stars.json").quality("validation")
    assert {row["label"] for row in rows} == {"paper, validation region"}
    assert {float(row["mean_ratio"]) for row in rows} == {quality.mean_ratio}
    inside = (quality.k >= 1.2) & (quality.k < 3)
    for name in ("ratio", "r"):
        expected = np.average(getattr(quality, name)[inside], weights=quality.modes[inside])
        (found,) = (float(row[name]) for row in rows if float(row["k_low"]) == 1.2)
        assert found == pytest.approx(expected, rel=1e-12)


def test_maps_that_are_no_ensemble_are_refused(folder):
    save_fit(folder / "plain.json", "stellar-mass")
    particles, stars = folder / "particles.h5", folder / "stars.json"
    for fit, which, reason in (
        (folder / "plain.json", "all", r"plain\.json: carries no members"),
        (stars, "7", r"--members 7: .* has 0 to 3"),
    ):
        with pytest.raises(BadInput, match=reason):
            run(
                paint.main,
                particles,
                "--fit",
                fit,
                "--members",
                which,
                "-o",
                folder / "no_{member}.h5",
            )
    shutil.copy(particles, folder / "1.h5")
    with pytest.raises(BadInput, match=r"1\.h5 is an input"):
        run(paint.main, folder / "1.h5", "--fit", stars, "--members", 1, "--force", "-o",
            folder / "{member}.h5")  # fmt: skip
    first = folder / "stars_0.h5"
    run(
        paint.main, particles, "--fit", folder / "dm.json", "--members", 1, "-o", folder / "dm_1.h5"
    )
    save_particles(folder / "other.h5", positions(seed=9))
    for name, options in (("other", ()), ("particles", ("--redshift-space", "z"))):
        run(paint.main, folder / f"{name}.h5", "--fit", stars, "--members", 1, *options, "-o",
            folder / f"{name}_1.h5")  # fmt: skip
    for maps, reason in (
        ([first, first, first], "member 0 a second time"),
        ([first, folder / "stars_1.h5"], "2 members make no band"),
        ([first, folder / "alone.h5"], r"alone\.h5: is no member"),
        ([first, folder / "dm_1.h5"], r"dm_1\.h5: is no member"),
        ([first, folder / "other_1.h5"], r"other_1\.h5: is painted on other particles"),
        ([first, folder / "particles_1.h5"], r"particles_1\.h5: .* another line of sight"),
    ):
        with pytest.raises(BadInput, match=reason):
            run(powerspec.main, *maps, "--band", "-o", folder / "no.csv")
    assert not (folder / "no.csv").exists()


def test_bands_of_three_members():
    powers = list(np.exp(np.outer([-1.0, 0.0, 1.0], [1.0, 2.0])))
    band = power_band(powers, 0.0)
    np.testing.assert_allclose(band.median, 1.0)
    # The 16th percentile of three numbers lies 0.32 of the way from the first to the second.
    np.testing.assert_allclose(np.log(band.low), [-0.68, -1.36])
    widened = power_band(powers, np.array([0.0, 1.0]))
    np.testing.assert_allclose(np.log(widened.high), [0.68, np.hypot(1.36, 1.0)])
    r = correlation_band([np.array([0.9]), np.array([0.98]), np.array([1.0])])
    np.testing.assert_allclose([r.low, r.median, r.high], [[0.9256], [0.98], [0.9936]])


def test_errors_beyond_the_scatter_are_the_models_error():
    """Members scatter by 0.3 and err by 0.5 in one bin, by 0.2 in the other: 0.4 and nothing.

    With two samples Student's distribution widens it; its quantile p is (2 p - 1) / sqrt(2 p
    (1 - p)).
    """
    generator = np.random.default_rng(3)
    k = np.repeat([1.0, 3.0], 2000)

    def rows(deviations):
        return np.stack([k, deviations], axis=1)

    members = [rows(0.3 * generator.normal(size=k.size)) for _ in range(400)]
    scatter = half_width(np.array(members))
    np.testing.assert_allclose(scatter[:, 1].mean(), 0.3, rtol=0.02)
    errors = [rows(np.where(k < 2, 0.5, 0.2) * generator.normal(size=k.size))]
    edges = np.array([0.5, 2.0, 4.5, 9.0])
    found = model_error(edges, errors, scatter, 1000)
    np.testing.assert_allclose(found.k, [1.0, 3.0])
    np.testing.assert_allclose(found.error, [0.4, 0.0], atol=0.03)
    found = model_error(edges, errors, scatter, 2)
    wider = 0.68 / np.sqrt(2 * 0.84 * 0.16) / 0.9945
    np.testing.assert_allclose(found.error[0], np.sqrt((0.5 * wider) ** 2 - 0.3**2), rtol=0.05)
