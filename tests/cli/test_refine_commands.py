# SPDX-License-Identifier: GPL-3.0-or-later
"""fit --refine and paint --fine: models on a mesh finer than the map's."""

import numpy as np
import pytest
from mesh_cases import restricted
from model_cases import clustered_particles
from small_fits import PAPER, fit, painted
from small_universe import (
    BOX_SIZE,
    MEANS,
    SHAPE,
    header_of,
    map_of,
    save_particles,
    save_target,
)

import jerald_tools as jt
from jerald_tools.cli import paint
from jerald_tools.errors import BadInput
from jerald_tools.io.sealed_json import read_document
from jerald_tools.mesh.ranks import on_root, world
from jerald_tools.model.fitted_model import FittedModel

BRIEF = ["--evaluations", 3, "--starts", 1, "--layers", 1, *PAPER]


@pytest.fixture(scope="session")
def refined_fits(fit_folder):
    """Stars and hydrogen on a mesh twice as fine as the map, after dark matter on the map's.

    The stars know the density around them.
    """
    fit(fit_folder, "dark-matter", "dm_coarse.json", *BRIEF)
    below = ["--dm", fit_folder / "dm_coarse.json", "--refine", 2]
    fit(fit_folder, "stellar-mass", "stellar_fine.json", *BRIEF, *below, "--environment")
    below += ["--stellar", fit_folder / "stellar_fine.json"]
    fit(fit_folder, "neutral-hydrogen", "hi_fine.json", *BRIEF, *below)
    return fit_folder


def paint_fine(folder, name, *options):
    output = folder / f"{name}_fine_map.h5"
    arguments = [folder / "particles.h5", "--fit", folder / name, "--fine", "-o", output, "--force",
                 "--precision", "double", "-q", *options]  # fmt: skip
    paint.main.main([str(argument) for argument in arguments], standalone_mode=False)
    return output


@pytest.mark.ranks
@pytest.mark.parametrize(
    ("quantity", "name"),
    [("stellar-mass", "stellar_fine.json"), ("neutral-hydrogen", "hi_fine.json")],
)
def test_a_map_has_the_means_of_the_fine_map(refined_fits, quantity, name):
    document = on_root(world(), read_document, refined_fits / name)
    assert document["refine"] == 2
    stars = document if quantity == "stellar-mass" else document["stellar_mass_fit"]
    assert stars["environment"] == 1
    assert len(stars["parameters"]["environment"]) == 1
    assert document["setting"]["particles_per_cell"] == 1
    coarse = MEANS[quantity] * painted(refined_fits, name)
    fine = paint_fine(refined_fits, name)
    header = header_of(fine)
    assert header.mesh == tuple(2 * nodes for nodes in SHAPE)
    expected = restricted(map_of(fine), 2)
    # Eight cells share the mass of one.
    expected *= 8 if quantity == "stellar-mass" else 1
    np.testing.assert_allclose(coarse, expected, rtol=1e-10, atol=1e-12 * expected.max())


def test_python_paints_the_fine_map_too(refined_fits):
    name = "hi_fine.json"
    particles = jt.read_particles(refined_fits / "particles.h5")
    painted = jt.load_fit(refined_fits / name).paint(particles, precision="double", fine=True)
    np.testing.assert_allclose(
        painted.field, map_of(paint_fine(refined_fits, name)), rtol=1e-12, atol=0
    )
    assert painted.header.mesh == painted.mesh.shape == tuple(2 * nodes for nodes in SHAPE)


@pytest.mark.ranks
def test_eight_particles_a_cell(fit_folder):
    """A lattice twice as fine as the map: the fit holds for eight particles a cell alone."""
    lattice = tuple(2 * nodes for nodes in SHAPE)
    number = int(np.prod(lattice))
    where = clustered_particles(lattice, BOX_SIZE, number) % np.array(BOX_SIZE)
    finer = fit_folder / "finer"
    on_root(world(), finer.mkdir, exist_ok=True)
    on_root(world(), save_particles, finer / "particles.h5", where, 0 * where, lattice=lattice)
    on_root(world(), save_target, finer / "stellar-mass.h5", "stellar-mass")
    brief = ["--layers", 0, "--evaluations", 2, "--starts", 1, "--refine", 2, *PAPER]
    # The target follows other particles.
    brief.append("--allow-mismatch")
    document = fit(finer, "stellar-mass", "stellar.json", *brief, "--force")
    assert document["setting"]["particles_per_cell"] == 8
    mean = np.mean(painted(finer, "stellar.json"))
    assert mean == pytest.approx(document["quality"]["all"]["mean_ratio"], rel=1e-9)
    refused = [fit_folder / "particles.h5", "--fit", finer / "stellar.json", "-o", finer / "new.h5"]
    with pytest.raises(BadInput, match="particles_per_cell 8, there 1"):
        paint.main.main([str(argument) for argument in refused], standalone_mode=False)


def test_a_fit_keeps_its_mesh(refined_fits):
    fitted = FittedModel.load(refined_fits / "hi_fine.json")
    assert fitted.quantity.refine == 2
    assert fitted.prerequisites["stellar-mass"].quantity.refine == 2


def test_what_does_not_go_together_is_refused(refined_fits):
    folder = refined_fits
    with pytest.raises(BadInput, match="refine: dark-matter has no such constant: leave it out"):
        fit(folder, "dark-matter", "new.json", *BRIEF, "--refine", 2)
    stars = ["--stellar", folder / "stellar_fine.json"]
    with pytest.raises(BadInput, match=r"stellar-mass has refine 2, .* 1: give --refine 2"):
        fit(folder, "neutral-hydrogen", "new.json", *BRIEF, *stars)
    with pytest.raises(BadInput, match=r"dm_coarse\.json: its model acts on the mesh of the map"):
        paint_fine(folder, "dm_coarse.json")
    assert not (folder / "new.json").exists()
