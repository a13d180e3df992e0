# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs of a fit from their files: checked against each other before anything is computed."""

import dataclasses
import os
from collections.abc import Mapping, Sequence

import jax.numpy as jnp
import numpy as np

from jerald_tools.agreement import same_lengths, same_redshift
from jerald_tools.errors import BadInput
from jerald_tools.fitting.pairing import require_pair
from jerald_tools.fitting.problem import (
    Problem,
    Simulation,
    TargetInfo,
    different_redshifts,
    inputs_of,
)
from jerald_tools.io.grids import MapFile, MapHeader
from jerald_tools.io.parallel import load_field, load_particles, read_header
from jerald_tools.io.particles import ParticlesFile, ParticlesHeader
from jerald_tools.lines.gas import stated_thermal_state
from jerald_tools.mesh.mesh import Mesh, make_mesh
from jerald_tools.mesh.ranks import Ranks, gather, on_root
from jerald_tools.model.fit_document import FIT_AGAIN
from jerald_tools.model.fitted_model import FittedModel
from jerald_tools.model.quantity import Quantity
from jerald_tools.model.validity import (
    Validity,
    evolving_validity,
    require_match,
    validity_of,
)


@dataclasses.dataclass(frozen=True)
class FitFiles:
    """The files of a fit.

    Attributes:
        particles: from run-fastpm, one for each simulation.
        targets: maps of the quantity in the same box and at the same redshift, in the same order.
        prerequisites: fit files, each after the name of its quantity, or None if the file alone
            says it.
        accept_edited: whether fits that were edited by hand are taken.
        allow_mismatch: whether a target that does not follow its particles is taken.

    Raises:
        BadInput: if there are not as many targets as particle files.
    """

    particles: Sequence[str]
    targets: Sequence[str]
    prerequisites: Sequence[tuple[str | None, str]] = ()
    accept_edited: bool = False
    allow_mismatch: bool = False

    def __post_init__(self):
        if len(self.particles) != len(self.targets):
            raise BadInput(
                f"{len(self.particles)} PARTICLES and {len(self.targets)} --target: give one for "
                "each"
            )

    @property
    def all(self) -> list[str]:
        """All paths."""
        return [*self.particles, *self.targets, *(path for _, path in self.prerequisites)]


def load_problems(
    quantity: Quantity,
    files: FitFiles,
    ranks: Ranks,
    precision: str = "single",
    order: int | None = None,
) -> list[Problem]:
    """Read and check particles, targets and the fits of the prerequisites.

    Args:
        quantity: whose parameters are fitted.
        files: of the simulations and the prerequisites.
        ranks: the processes.
        precision: "single" or "double".
        order: of the polynomials in the scale factor, if simulations at several redshifts are to be
            fitted together.

    Returns:
        One problem a simulation, on one mesh, with all targets of a redshift over the mean of their
        means: one set of parameters cannot know which simulation it is in.

    Raises:
        BadInput: on every rank, if a file cannot be used or does not match the others.
    """
    headers = [read_header(ranks, ParticlesFile, path) for path in files.particles]
    targets = [read_header(ranks, MapFile, path) for path in files.targets]
    for pair in zip(files.targets, targets, files.particles, headers, strict=True):
        _check_target(quantity, *pair)
    mesh = make_mesh(targets[0].mesh, targets[0].box_size, precision, ranks)
    validities = [validity_of(mesh, header) for header in headers]
    for path, target in zip(files.targets, targets, strict=True):
        _check_same_mesh(path, target, files.targets[0], targets[0])
    _check_validities(files.particles, validities, order)
    prerequisites = on_root(ranks, _load_prerequisites, quantity, files, validities)

    fields = [load_field(mesh, MapFile, path) for path in files.targets]
    means = [
        _mean_of_target(mesh, path, field)
        for path, field in zip(files.targets, fields, strict=True)
    ]
    problems = []
    for number, (validity, target, field) in enumerate(
        zip(validities, targets, fields, strict=True)
    ):
        redshift = validity.redshift_range[0]
        mean = _mean_at_redshift(redshift, validities, means)
        positions = load_particles(mesh, files.particles[number]).positions
        if not files.allow_mismatch:
            require_pair(mesh, positions, files.particles[number], field, files.targets[number])
        inputs = inputs_of(mesh, quantity, positions, prerequisites, redshift)
        scaled = jnp.asarray(field / mean, mesh.dtype)
        path = os.fspath(files.targets[number])
        problems.append(
            Problem(
                mesh,
                quantity,
                validity,
                positions,
                Simulation(inputs, scaled, redshift),
                TargetInfo(path, mean, target.units, target.description, _gas_of(target)),
                prerequisites,
                os.fspath(files.particles[number]),
                white_noise_of(files.particles[number], headers[number]),
            )
        )
    return problems


def _gas_of(target: MapHeader) -> Mapping[str, float]:
    return stated_thermal_state(target.attributes)


def white_noise_of(path: str, header: ParticlesHeader) -> str | None:
    """The name of the white noise that particles started from, as in :class:`Problem`."""
    if header.seed is not None:
        return f"seed {header.seed}{header.seed_order}"
    return None if header.is_pair else os.fspath(path)


def _load_prerequisites(
    quantity: Quantity, files: FitFiles, validities: Sequence[Validity]
) -> dict[str, FittedModel]:
    """The fits of the prerequisites by quantity, in the order in which the quantity names them."""
    found: dict[str, FittedModel] = {}
    for name, path in files.prerequisites:
        fit = FittedModel.load(path, files.accept_edited)
        if name is not None:
            fit.require_quantity(name)
        name = fit.quantity.name
        if name not in quantity.prerequisites:
            raise BadInput(
                f"{path}: is a fit of {name}, which fits of {quantity.name} do not use: leave it "
                "out"
            )
        if name in found:
            raise BadInput(f"{path}: is a second fit of {name}: give one")
        fit.require_match(validities, f"{FIT_AGAIN} for these particles")
        found[name] = fit
    for name in quantity.required:
        if name not in found:
            raise BadInput(f"a fit of {quantity.name} needs one of {name}: give --prerequisite FIT")
    return {name: found[name] for name in quantity.prerequisites if name in found}


def _mean_at_redshift(
    redshift: float, validities: Sequence[Validity], means: Sequence[float]
) -> float:
    """Mean of the means of all targets at a redshift."""
    of_it = [
        mean
        for validity, mean in zip(validities, means, strict=True)
        if same_redshift(validity.redshift_range[0], redshift)
    ]
    return sum(of_it) / len(of_it)


def _check_validities(
    paths: Sequence[str], validities: Sequence[Validity], order: int | None
) -> None:
    """Refuse particles that differ, except in redshift if parameters are to evolve."""
    if order is None:
        expected = validities[0]
        fix = "fit simulations that are alike together, or several redshifts with --redshift-order"
    else:
        expected = evolving_validity(validities)
        fix = "fit simulations together that are alike except in redshift"
    for path, validity in zip(paths, validities, strict=True):
        require_match(path, validity, expected, fix)
    number = len(different_redshifts([one.redshift_range[0] for one in validities]))
    if order is not None and order >= number:
        raise BadInput(
            f"--redshift-order {order}: {number} redshift{'s' * (number > 1)} cannot define a "
            f"polynomial of order {order}: give {order + 1} redshifts, or a lower order"
        )


def _check_same_mesh(path: str, target: MapHeader, first_path: str, first: MapHeader) -> None:
    """Refuse a target on another mesh than the first one's, or in other units."""
    same_box = same_lengths(target.box_size, first.box_size)
    if target.mesh != first.mesh or not same_box or target.units != first.units:
        raise BadInput(
            f"{path}: {target.mesh} nodes in {target.box_size} Mpc/h, {target.units}, but "
            f"{first_path} has {first.mesh} in {first.box_size}, {first.units}: give targets alike"
        )


def _check_target(
    quantity: Quantity,
    path: str,
    target: MapHeader,
    particles_path: str,
    particles: ParticlesHeader,
) -> None:
    """Refuse a target of another quantity, box, redshift or cosmology than the particles'."""
    if target.quantity != quantity.name:
        raise BadInput(f"{path}: holds {target.quantity}: give a map of {quantity.name}")
    if not same_lengths(target.box_size, particles.box_size):
        raise BadInput(
            f"{path}: box {target.box_size} Mpc/h, but {particles_path} has {particles.box_size}: "
            "give a target of the same simulation"
        )
    # Redshift and cosmology are left to compare; a target knows no particles or steps.
    expected = validity_of(Mesh(target.mesh, target.box_size), particles)
    found = dataclasses.replace(expected, redshift=target.redshift, cosmology=target.cosmology)
    fix = f"give the target of {particles_path}'s redshift and cosmology"
    require_match(path, found, expected, fix)


def _mean_of_target(mesh: Mesh, path: str, field: np.ndarray) -> float:
    """Mean over all ranks of a map that can be a target.

    Raises:
        BadInput: for a map with negative values, or without any positive one.
    """
    parts = gather(
        mesh.ranks,
        (float(field.sum(dtype=np.float64)), float(field.min()) if field.size else 0.0),
    )
    total, least = sum(part[0] for part in parts), min(part[1] for part in parts)
    if least < 0:
        raise BadInput(
            f"{path}: a value of {least:g}: a target must not be negative; make it again"
        )
    if total <= 0:
        raise BadInput(f"{path}: zero everywhere: there is nothing to fit; give another target")
    return total / mesh.size
