# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of a CPU in double precision, in a small file, and how far those of a device are off.

Inputs are kept as float32, so that both precisions start from the same numbers. Of fields and
particles every seventeenth number is kept, of losses and gradients all.
"""

import concurrent.futures
import dataclasses
import os
import typing

import jax
import jax.numpy as jnp
import numpy as np
from inputs import CELL, gaussian_density, lognormal_map

from jerald_tools.cosmology import Cosmology
from jerald_tools.fitting.objective import make_evaluate
from jerald_tools.fitting.search_space import ravel_parameters
from jerald_tools.fitting.statistics_loss import loss_named
from jerald_tools.gravity.fastpm import accelerations, step
from jerald_tools.gravity.lpt import (
    InitialConditions,
    displacements,
    lattice_points,
    second_order_start,
)
from jerald_tools.gravity.particles import Particles
from jerald_tools.gravity.step_scheme import step_factors
from jerald_tools.mesh.mesh import Mesh, make_mesh
from jerald_tools.mesh.paint import density, paint
from jerald_tools.model.quantity import ModelInputs, Quantity
from jerald_tools.quantities import quantity_named

KEPT = 17

GEOMETRY = {
    "cube": ((64, 64, 64), (64 * CELL,) * 3),
    "cuboid": ((48, 32, 40), (20.0, 16.0, 15.0)),
}
"""Nodes, and box [Mpc/h], of the particles and of the models."""


@dataclasses.dataclass(frozen=True)
class Fitted:
    """A loss whose value and gradient are compared.

    Attributes:
        geometry: one of :data:`GEOMETRY`.
        name: of the quantity.
        layers: displacement layers.
        refine: nodes of the model's mesh per node of the map.
        loss: "paper" or "statistics".
    """

    geometry: str
    name: str
    layers: int
    refine: int
    loss: str

    @property
    def key(self) -> str:
        """Name in the file and in the table."""
        layers = "1 layer" if self.layers == 1 else f"{self.layers} layers"
        refined = f", refine {self.refine}" if self.refine > 1 else ""
        return f"{self.geometry}: {self.name}, {layers}{refined}, {self.loss}"

    @property
    def quantity(self) -> Quantity:
        """The quantity with its constants."""
        quantity = quantity_named(self.name)
        return quantity if self.refine == 1 else quantity.with_constants({"refine": self.refine})


FITTED = (
    *(
        Fitted("cube", *model, loss)
        for model in (
            ("dark-matter", 1, 1),
            ("stellar-mass", 2, 1),
            ("neutral-hydrogen", 2, 1),
            ("neutral-hydrogen", 2, 2),
        )
        for loss in ("paper", "statistics")
    ),
    Fitted("cuboid", "dark-matter", 1, 1, "paper"),
    Fitted("cuboid", "neutral-hydrogen", 2, 2, "statistics"),
)


def save(path: str) -> str:
    """Write inputs and answers to a file; returns the backend that gave them."""
    content = {}
    for geometry, (shape, box) in GEOMETRY.items():
        mesh = make_mesh(shape, box, "double")
        given = _inputs(mesh)
        content |= {f"{geometry}: {name}": values for name, values in given.items()}
        answers = gravity_answers(mesh, given) | model_answers(mesh, geometry, given)
        content |= {f"{geometry}: {name}": values for name, values in answers.items()}
    np.savez_compressed(path, **content)
    return mesh.backend


def _inputs(mesh: Mesh) -> dict[str, np.ndarray]:
    """Linear overdensity and particles at z = 2, float32."""
    linear = gaussian_density(mesh).astype(np.float32)
    initial = InitialConditions(mesh, linear, mesh.shape, Cosmology())
    positions = second_order_start(initial, 1 / 3).positions
    return {"linear": linear, "positions": np.asarray(positions, np.float32)}


def gravity_answers(mesh: Mesh, given: dict) -> dict[str, np.ndarray]:
    """2LPT, painting and a FastPM step on a mesh, every seventeenth number."""
    linear, positions = (jnp.asarray(given[name], mesh.dtype) for name in ("linear", "positions"))
    first, second = displacements(mesh, linear, jnp.asarray(lattice_points(mesh, mesh.shape)[0]))
    painted = np.asarray(paint(mesh, positions))
    cosmology = Cosmology()
    (factors,) = step_factors(np.array([0.30, 1 / 3]), cosmology).astype(mesh.dtype)
    # Any momenta will do that are the same everywhere.
    waves = np.sin(2 * np.pi * given["positions"].astype(np.float64) / mesh.box_size)
    numbers = jnp.arange(len(positions), dtype=jnp.int64)
    particles = Particles(positions, jnp.asarray(0.3 * waves, mesh.dtype), numbers)
    force = accelerations(mesh, particles, cosmology.omega_m)
    moved, force = step(mesh, particles, force, factors, cosmology.omega_m)
    sampled = {
        "displacement 1": first,
        "displacement 2": second,
        "painted": painted.ravel(),
        "positions after a step": moved.positions,
        "momenta after a step": moved.momenta,
        "accelerations": force,
    }
    answers = {name: np.asarray(values, np.float64)[::KEPT] for name, values in sampled.items()}
    return answers | {"mass": np.sum(painted, dtype=np.float64)}


def model_answers(mesh: Mesh, geometry: str, given: dict) -> dict[str, np.ndarray]:
    """Losses of the three regions and gradient of each of :data:`FITTED` on a mesh, in one row.

    They are compiled side by side, where there are cores for it.
    """
    fitted = [each for each in FITTED if each.geometry == geometry]
    calls = {each.key.partition(": ")[2]: _evaluation(mesh, each, given) for each in fitted}
    lowered = [evaluate.lower(*arguments) for evaluate, arguments in calls.values()]
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        compiled = list(pool.map(lambda each: each.compile(), lowered))
    answers = {}
    for (name, (_, arguments)), evaluate in zip(calls.items(), compiled, strict=True):
        (_, losses), gradient = evaluate(*arguments)
        answers[name] = np.concatenate([np.array(losses, np.float64), np.asarray(gradient)])
    return answers


def _evaluation(model_mesh: Mesh, fitted: Fitted, given: dict) -> tuple:
    """Losses and gradient as a jitted function, and its arguments."""
    shape = tuple(nodes // fitted.refine for nodes in model_mesh.shape)
    mesh, quantity = dataclasses.replace(model_mesh, shape=shape), fitted.quantity
    loss = loss_named(fitted.loss, quantity)
    positions = jnp.asarray(given["positions"], mesh.dtype)
    every = slice(None, None, fitted.refine)
    target = lognormal_map(given["linear"][every, every, every], 0.15)
    stars = jnp.asarray(lognormal_map(given["linear"], 0.3), mesh.dtype)
    inputs = ModelInputs(
        positions,
        jax.jit(density, static_argnums=0)(model_mesh, positions),
        (stars,) if quantity.required else (),
    )
    reference = jax.jit(loss.reference, static_argnums=0)(mesh, jnp.asarray(target, mesh.dtype))
    vector = ravel_parameters(quantity.original_parameters(fitted.layers))
    # Away from zeros and symmetries, so that each parameter has a gradient of its own.
    vector += 0.2 + 0.1 * np.sin(np.arange(len(vector)))
    evaluate = make_evaluate(mesh, quantity, loss, fitted.layers)
    return evaluate, (jnp.asarray(vector), inputs, reference)


class Compared(typing.NamedTuple):
    """An error of a device and what it may be; both relative, or in units of the box."""

    what: str
    error: float
    limit: float


def compare(path: str, precision: str, backend: str | None) -> tuple[str, list[Compared]]:
    """The backend that was used, and the errors of this device in a precision."""
    found = []
    with np.load(path) as file:
        content = dict(file)
    for geometry, (shape, box) in GEOMETRY.items():
        mesh = make_mesh(shape, box, precision, backend=backend)
        own = {
            name.partition(": ")[2]: values
            for name, values in content.items()
            if name.startswith(f"{geometry}: ")
        }
        answers = gravity_answers(mesh, own) | model_answers(mesh, geometry, own)
        for name, answer in answers.items():
            found += _errors(f"{geometry}: {name}", mesh, answer, own[name])
    return mesh.backend, found


def _errors(name: str, mesh: Mesh, answer: np.ndarray, expected: np.ndarray) -> list[Compared]:
    quantity = name.partition(": ")[2]
    if quantity == "mass":
        return [Compared(name, abs(answer / mesh.size - 1), 1e-6)]
    if quantity == "positions after a step":
        per_box = (answer - expected) / mesh.box_size
        return [Compared(f"{name}, rms over the box", np.sqrt(np.mean(per_box**2)), 1e-6)]
    if any(each.key == name for each in FITTED):
        losses, gradient = np.split(np.abs(answer - expected), [3])
        return [
            Compared(f"{name}: losses", np.max(losses / np.abs(expected[:3])), 1e-6),
            Compared(f"{name}: gradient", np.max(gradient) / np.max(np.abs(expected[3:])), 1e-6),
        ]
    return [Compared(name, np.linalg.norm(answer - expected) / np.linalg.norm(expected), 1e-5)]
