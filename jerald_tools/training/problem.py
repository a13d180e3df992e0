# SPDX-License-Identifier: GPL-3.0-or-later
"""A fit's inputs from their files: checked against each other before anything is computed."""

import dataclasses
import os

import jax
import jax.numpy as jnp
import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.files.maps import open_map
from jerald_tools.files.particles import open_particles
from jerald_tools.mesh.distributed_files import load_field, load_particles, read_header
from jerald_tools.mesh.mesh import Mesh, make_mesh
from jerald_tools.mesh.ranks import gather, on_root, world
from jerald_tools.model.chain import ModelInputs, model_inputs
from jerald_tools.model.fit_reading import model_of, read_fit_for
from jerald_tools.model.setting import Setting, require_same_setting, setting_of
from jerald_tools.training.fit_document import TargetInfo


@dataclasses.dataclass(frozen=True)
class Problem:
    """All that a fit needs besides its options.

    Attributes:
        mesh: of the maps.
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        setting: where the parameters will hold.
        inputs: what they act on.
        target: this rank's slab of the target over its mean.
        target_info: what the fit will say of it.
        stands_on: documents of the fits below, None where there is none.
    """

    mesh: Mesh
    quantity: str
    setting: Setting
    inputs: ModelInputs
    target: jax.Array
    target_info: TargetInfo
    stands_on: dict[str, dict | None]


def load_problem(
    quantity: str,
    particles_path: str,
    target_path: str,
    fit_paths: dict[str, str | None],
    precision: str = "single",
) -> Problem:
    """Read and check particles, target and the fits that this one stands on.

    Args:
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        particles_path: from run-fastpm.
        target_path: map of the same quantity, box and redshift.
        fit_paths: fit files by quantity ("dark-matter", "stellar-mass"), None where there is none.
        precision: "single" or "double".

    Raises:
        BadInput: on every rank, if a file cannot be used or does not fit the others.
    """
    ranks = world()
    particles = read_header(ranks, open_particles, particles_path)
    target = read_header(ranks, open_map, target_path)
    _check_target(target_path, target, quantity, particles_path, particles)
    mesh = make_mesh(target.mesh, target.box_size, precision, ranks)
    setting = setting_of(mesh, particles)
    documents = {
        below: on_root(ranks, read_fit_for, path, below, setting)
        for below, path in fit_paths.items()
        if path is not None
    }
    models = {below: model_of(documents[below], fit_paths[below]) for below in documents}

    field = load_field(mesh, open_map, target_path)
    mean = _mean_of_target(mesh, target_path, field)
    positions = load_particles(mesh, particles_path).positions
    return Problem(
        mesh,
        quantity,
        setting,
        model_inputs(
            mesh, quantity, positions, models.get("dark-matter"), models.get("stellar-mass")
        ),
        jnp.asarray(field / mean, mesh.dtype),
        TargetInfo(os.fspath(target_path), mean, target.units, target.description),
        {
            "dark_matter_fit": documents.get("dark-matter"),
            "stellar_mass_fit": documents.get("stellar-mass"),
        },
    )


def _check_target(path: str, target, quantity: str, particles_path: str, particles) -> None:
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
