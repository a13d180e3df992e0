# SPDX-License-Identifier: GPL-3.0-or-later
"""A fit's inputs from their files: checked against each other before anything is computed."""

import dataclasses
import os
from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.io.grids import MapFile
from jerald_tools.io.parallel import load_field, load_particles, read_header
from jerald_tools.io.particles import ParticlesFile
from jerald_tools.mesh.mesh import Mesh, make_mesh
from jerald_tools.mesh.ranks import gather, on_root, world
from jerald_tools.model.chain import ModelInputs, model_inputs
from jerald_tools.model.fit_reading import model_of, read_fit_for
from jerald_tools.model.setting import (
    Setting,
    evolving_setting,
    require_same_setting,
    same_redshift,
    setting_of,
)

# What a fit knows of one simulation.


@dataclasses.dataclass(frozen=True)
class Simulation:
    """One simulation at one redshift, this rank's part.

    Attributes:
        inputs: from :func:`jerald_tools.model.chain.model_inputs`.
        target: (nx_local, ny, nz), over the mean that maps are in units of.
        redshift: of both; matters where parameters evolve.
    """

    inputs: ModelInputs
    target: jax.Array
    redshift: float = 0.0


@dataclasses.dataclass(frozen=True)
class TargetInfo:
    """What a fit says of the map that it was trained on.

    Attributes:
        path: as given.
        mean: that maps are over, in the map's units: of the whole map, or the mean of those of all
            simulations at this redshift that were fitted together.
        units: of the map.
        description: of the map.
    """

    path: str
    mean: float
    units: str
    description: str


@dataclasses.dataclass(frozen=True)
class Problem:
    """All that a fit needs besides its options.

    Attributes:
        mesh: of the maps.
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        setting: where the particles are.
        positions: this rank's particles as FastPM left them, (n, 3) [Mpc/h].
        simulation: what parameters act on, and this rank's slab of the target over the mean of all
            targets at this redshift.
        target_info: what the fit will say of it.
        below: documents of the fits that this one stands on, by quantity.
    """

    mesh: Mesh
    quantity: str
    setting: Setting
    positions: jax.Array
    simulation: Simulation
    target_info: TargetInfo
    below: dict[str, dict]


def load_problems(
    quantity: str,
    particles_paths: Sequence[str],
    target_paths: Sequence[str],
    fit_paths: dict[str, str | None],
    precision: str = "single",
    order: int | None = None,
    accept_edited: bool = False,
) -> list[Problem]:
    """Read and check particles and targets of simulations, and the fits that this one stands on.

    Args:
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        particles_paths: from run-fastpm, one for each simulation.
        target_paths: maps of the same quantity, box and redshift, in the same order.
        fit_paths: fit files by quantity ("dark-matter", "stellar-mass"), None where there is none.
        precision: "single" or "double".
        order: of the polynomials in the scale factor, if simulations at several redshifts are to be
            fitted together.
        accept_edited: whether fits that were edited by hand are taken.

    Returns:
        One problem a simulation, on one mesh, with all targets of a redshift over the mean of their
        means: one set of parameters cannot know which simulation it is in.

    Raises:
        BadInput: on every rank, if a file cannot be used or does not fit the others.
    """
    ranks = world()
    headers = [read_header(ranks, ParticlesFile, path) for path in particles_paths]
    targets = [read_header(ranks, MapFile, path) for path in target_paths]
    for files in zip(target_paths, targets, particles_paths, headers, strict=True):
        _check_target(quantity, *files)
    mesh = make_mesh(targets[0].mesh, targets[0].box_size, precision, ranks)
    settings = [setting_of(mesh, header) for header in headers]
    for path, target in zip(target_paths, targets, strict=True):
        _check_same_mesh(path, target, target_paths[0], targets[0])
    _check_settings(particles_paths, settings, order)
    documents = {
        below: on_root(ranks, read_fit_for, path, below, settings, accept_edited)
        for below, path in fit_paths.items()
        if path is not None
    }

    fields = [load_field(mesh, MapFile, path) for path in target_paths]
    own_means = [
        _mean_of_target(mesh, path, field) for path, field in zip(target_paths, fields, strict=True)
    ]
    problems = []
    for path, target, field, particles_path, setting in zip(
        target_paths, targets, fields, particles_paths, settings, strict=True
    ):
        mean = _mean_at_redshift(setting.redshift, settings, own_means)
        positions = load_particles(mesh, particles_path).positions
        inputs = inputs_on(mesh, quantity, positions, documents, setting.redshift, fit_paths)
        scaled = jnp.asarray(field / mean, mesh.dtype)
        problems.append(
            Problem(
                mesh,
                quantity,
                setting,
                positions,
                Simulation(inputs, scaled, setting.redshift),
                TargetInfo(os.fspath(path), mean, target.units, target.description),
                documents,
            )
        )
    return problems


def inputs_on(
    mesh: Mesh,
    quantity: str,
    positions,
    below: Mapping[str, dict],
    redshift: float,
    paths: Mapping[str, str | None] | None = None,
) -> ModelInputs:
    """What a quantity's parameters act on, given the documents of the fits that it stands on.

    Args:
        mesh: of the maps.
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        positions: this rank's particles as FastPM left them, (n, 3) [Mpc/h].
        below: documents by quantity.
        redshift: of the particles.
        paths: files of the documents, for messages; without them the quantity is named.

    Raises:
        BadInput: if a document lacks what a model needs.
    """
    models = {
        name: model_of(document, (paths or {}).get(name) or name, redshift)
        for name, document in below.items()
    }
    return model_inputs(
        mesh, quantity, positions, models.get("dark-matter"), models.get("stellar-mass")
    )


def _mean_at_redshift(redshift: float, settings: list[Setting], means: list[float]) -> float:
    """Mean of the means of all targets at a redshift."""
    of_it = [
        mean
        for setting, mean in zip(settings, means, strict=True)
        if same_redshift(setting.redshift, redshift)
    ]
    return sum(of_it) / len(of_it)


def _check_settings(paths: Sequence[str], settings: list[Setting], order: int | None) -> None:
    """Refuse particles of different settings, but for redshifts if parameters are to evolve."""
    if order is None:
        wanted = settings[0]
        mend = "fit simulations of one setting together, or several redshifts with --redshift-order"
    else:
        wanted = evolving_setting(settings)
        mend = "fit simulations of one setting, but for the redshift, together"
    for path, setting in zip(paths, settings, strict=True):
        require_same_setting(path, setting, wanted, mend)
    different = len({round(setting.redshift, 6) for setting in settings})
    if order is not None and order >= different:
        raise BadInput(
            f"--redshift-order {order}: {different} redshift{'s' * (different > 1)} cannot tell a "
            f"polynomial of order {order}: give {order + 1} redshifts, or a lower order"
        )


def _check_same_mesh(path: str, target, first_path: str, first) -> None:
    """Refuse a target that the mesh of the first one does not fit, or in other units."""
    same_box = np.allclose(target.box_size, first.box_size, rtol=1e-6, atol=0)
    if target.mesh != first.mesh or not same_box or target.units != first.units:
        raise BadInput(
            f"{path}: {target.mesh} nodes in {target.box_size} Mpc/h, {target.units}, but "
            f"{first_path} has {first.mesh} in {first.box_size}, {first.units}: give targets alike"
        )


def _check_target(quantity: str, path: str, target, particles_path: str, particles) -> None:
    """Refuse a target of another quantity, box, redshift or cosmology than the particles'."""
    if target.quantity != quantity:
        raise BadInput(f"{path}: holds {target.quantity}: give a map of {quantity}")
    if not np.allclose(target.box_size, particles.box_size, rtol=1e-6, atol=0):
        raise BadInput(
            f"{path}: box {target.box_size} Mpc/h, but {particles_path} has {particles.box_size}: "
            "give a target of the same simulation"
        )
    # What is left to compare is redshift and cosmology; a target knows no particles or steps.
    mesh = Mesh(target.mesh, target.box_size)
    theirs = dataclasses.replace(
        setting_of(mesh, particles), redshift=target.redshift, cosmology=target.cosmology
    )
    require_same_setting(
        path,
        theirs,
        setting_of(mesh, particles),
        f"give the target of {particles_path}'s redshift and cosmology",
    )


def _mean_of_target(mesh: Mesh, path: str, field: np.ndarray) -> float:
    """Mean over all ranks of a map that can be a target.

    Raises:
        BadInput: for a map with negative values, or nothing in it.
    """
    parts = gather(
        mesh.ranks,
        (float(field.sum(dtype=np.float64)), float(field.min()) if field.size else 0.0),
    )
    total, least = sum(part[0] for part in parts), min(part[1] for part in parts)
    if least < 0:
        raise BadInput(f"{path}: a value of {least:g}: a target must not be negative; make it anew")
    if total <= 0:
        raise BadInput(f"{path}: zero everywhere: there is nothing to fit; give another target")
    return total / mesh.size
