# SPDX-License-Identifier: GPL-3.0-or-later
"""One fit to several redshifts, and maps at any redshift between."""

import numpy as np
import pytest
from small_universe import (
    COSMOLOGY,
    STEP_SCHEME,
    cloud_in_cell,
    map_of,
    positions,
    save_particles,
    save_target,
    target_values,
)

from jerald_tools.cli.fit import fit_dm, fit_stellar
from jerald_tools.cli.paint import main as paint
from jerald_tools.cli.plot_figures import main as plot_figures
from jerald_tools.cosmology import growth
from jerald_tools.errors import BadInput
from jerald_tools.io.sealed_json import read_document

DENSER = 4.0


def run(command, *arguments):
    command.main([*map(str, arguments), "--precision", "double", "-q"], standalone_mode=False)


def universe(folder, redshift, amplitude=1.0):
    """Particles at a redshift, with the stages that lead there, and a stellar map of them."""
    stages = [0.1, 0.15, 1 / (1 + redshift)]
    attributes = {"step_scheme": {**STEP_SCHEME, "stages": stages}}
    particles, target = folder / f"particles{redshift}.h5", folder / f"stars{redshift}.h5"
    save_particles(particles, redshift=float(redshift), attributes=attributes)
    values = amplitude * target_values("stellar-mass")
    save_target(target, "stellar-mass", values, redshift=float(redshift))
    return particles, target


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Universes at redshifts 5 and 2, one fit to both, and particles at others."""
    folder = tmp_path_factory.mktemp("redshifts")
    (early, early_stars), (late, late_stars) = universe(folder, 5), universe(folder, 2, DENSER)
    for redshift in (3, 1):
        universe(folder, redshift)
    run(fit_stellar, early, late, "--target", early_stars, "--target", late_stars, "--layers", 0,
        "--redshift-order", 1, "--evaluations", 20, "--starts", 1, "--members", 2, "-o",
        folder / "fit.json")  # fmt: skip
    return folder


def test_a_fit_over_redshifts_lists_its_parameters_and_means_by_redshift(folder):
    document = read_document(folder / "fit.json")
    assert [knot["redshift"] for knot in document["parameters"]] == [5.0, 2.0]
    assert document["redshift"] == document["setting"]["redshift"] == [5.0, 2.0]
    assert "stages" not in document["setting"]["step_scheme"]
    early, late = document["target"]["mean"]
    assert (early["redshift"], late["redshift"]) == (5.0, 2.0)
    assert late["mean"] == pytest.approx(DENSER * early["mean"])
    assert document["variable"] == document["target"]["variable"] == "rarity"
    assert document["amplitude"]["variable"] == "rarity"
    for values in (document, *document["ensemble"]["members"]):
        factors = values["amplitude"]["factor"]
        assert [row["redshift"] for row in factors] == pytest.approx([5, 3.8, 3, 2 + 3 / 7, 2])
        assert factors[0]["factor"] == factors[-1]["factor"] == 1
    assert document["others"][0]["redshift"] == 2.0


def rarity_weight(redshift):
    """Of z = 2, where 1 / D1^2 is the variable between 5 and 2."""
    scale_factors = 1 / (1 + np.array([5.0, redshift, 2.0]))
    early, here, late = growth(scale_factors, COSMOLOGY).first ** -2.0
    return (here - early) / (late - early)


@pytest.mark.parametrize("redshift", [5, 3, 2])
@pytest.mark.parametrize("member", [0, 2])
def test_it_paints_at_its_ends_and_between(folder, redshift, member):
    """Parameters, the logarithms of the target's mean and of the map's own straight in 1 / D1^2.

    All particles are the same here, so that parameters have one mean at every redshift.
    """
    document = read_document(folder / "fit.json")
    output = folder / f"map{redshift}_{member}.h5"
    run(paint, folder / f"particles{redshift}.h5", "--fit", folder / "fit.json",
        "--members", member, "-o", output)  # fmt: skip
    values = document["ensemble"]["members"][member - 1] if member else document
    early, late = (
        np.array([knot["transform"][name] for name in ("w", "mu", "b")])
        for knot in values["parameters"]
    )
    density = cloud_in_cell(positions()) + 1e-8

    def painted(w, mu, b):
        return np.maximum(w * density**mu - b, 1e-12)

    weight = rarity_weight(redshift)
    mixed = painted(*((1 - weight) * early + weight * late))
    targets, ends = (
        np.exp(np.dot([1 - weight, weight], np.log(means)))
        for means in (
            [row["mean"] for row in document["target"]["mean"]],
            [painted(*early).mean(), painted(*late).mean()],
        )
    )
    by_hand = targets * ends / mixed.mean() * mixed
    np.testing.assert_allclose(map_of(output), by_hand, rtol=0, atol=1e-9 * by_hand.max())


def test_it_refuses_other_redshifts(folder):
    for options in ([], ["--allow-mismatch"]):
        with pytest.raises(BadInput, match=r"trained from redshift 5 to 2, not at 1"):
            run(paint, folder / "particles1.h5", "--fit", folder / "fit.json", *options, "-o",
                folder / "refused.h5")  # fmt: skip
    assert not (folder / "refused.h5").exists()


@pytest.mark.parametrize("table", ["losses", "table"])
def test_a_fit_over_redshifts_is_no_row_of_a_table(folder, table):
    with pytest.raises(BadInput, match=r"fit\.json: is a fit over several redshifts: give fits at"):
        plot_figures.main(
            [table, str(folder / "fit.json"), "-o", str(folder / "table.md")], standalone_mode=False
        )


def test_a_prerequisite_may_be_a_fit_over_redshifts(folder):
    """Stars at z = 3 on dark matter that was fitted to 5 and 2, but not at z = 1."""
    for redshift in (5, 2):
        values = target_values("dark-matter")
        path = folder / f"matter{redshift}.h5"
        save_target(path, "dark-matter", values, redshift=float(redshift))
    particles = [folder / f"particles{redshift}.h5" for redshift in (5, 2)]
    few = ["--layers", 1, "--evaluations", 2, "--starts", 1]
    run(fit_dm, *particles, "--target", folder / "matter5.h5", "--target", folder / "matter2.h5",
        "--redshift-order", 1, *few, "-o", folder / "dm.json")  # fmt: skip
    options = ["--dm", folder / "dm.json", *few]
    stars = [folder / f"stars{redshift}.h5" for redshift in (5, 3, 2, 1)]
    run(fit_stellar, folder / "particles3.h5", "--target", stars[1], *options, "-o",
        folder / "stars3.json")  # fmt: skip
    with pytest.raises(BadInput, match=r"dm\.json: does not match \(redshift 5 to 2, there 1\)"):
        run(fit_stellar, folder / "particles1.h5", "--target", stars[3], *options, "-o",
            folder / "refused.json")  # fmt: skip
    run(fit_dm, folder / "particles5.h5", "--target", folder / "matter5.h5", *few, "-o",
        folder / "dm5.json")  # fmt: skip
    with pytest.raises(BadInput, match=r"dm5\.json: does not match \(redshift 5, there 2"):
        run(fit_stellar, *particles, "--target", stars[0], "--target", stars[2],
            "--redshift-order", 1, *few, "--dm", folder / "dm5.json", "-o",
            folder / "refused.json")  # fmt: skip
    assert not (folder / "refused.json").exists()


def test_too_few_redshifts_for_the_order_are_refused(folder):
    task = (
        folder / "particles5.h5",
        "--target",
        folder / "stars5.h5",
        "-o",
        folder / "refused.json",
    )
    with pytest.raises(BadInput, match="--redshift-order 1: 1 redshift cannot define"):
        run(fit_stellar, *task, "--redshift-order", 1)
    assert not (folder / "refused.json").exists()
