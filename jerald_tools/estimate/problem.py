# SPDX-License-Identifier: GPL-3.0-or-later
"""The size of a problem: particles, ranks, fits; by options or from config.yaml."""

import dataclasses
import functools
import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from jerald_tools.errors import BadInput

BYTES = {"single": 4, "double": 8}
"""Bytes of a number, by precision."""

COEFFICIENTS = {
    "cpu": "coefficients.toml",
    "gpu": "coefficients_gpu.toml",
    "gpu-jax": "coefficients_gpu_jax.toml",
}
"""The measured costs, by device; "gpu-jax" is a card without the library of CUDA kernels."""


@functools.cache
def coefficients(device: str = "cpu") -> dict[str, Any]:
    """Measured costs on a device, the machine and the date: a file of :data:`COEFFICIENTS`."""
    return tomllib.loads(Path(__file__).with_name(COEFFICIENTS[device]).read_text("utf-8"))


@dataclasses.dataclass(frozen=True)
class FitSize:
    """How large the search for a quantity's parameters is.

    Attributes:
        stage: the command that fits the quantity.
        transform: parameters of the transform from density to map; 0 if there is none.
        layer: parameters of each displacement layer.
        file_bytes: of the fit's file.
    """

    stage: str
    transform: int
    layer: int
    file_bytes: int


@functools.cache
def fit_sizes() -> dict[str, FitSize]:
    """The size of the fits by the quantity's name: of each quantity that was measured."""
    return {
        table["quantity"]: FitSize(
            stage, table["transform_parameters"], table["layer_parameters"], table["file_bytes"]
        )
        for stage, table in coefficients().items()
        if "quantity" in table
    }


QUANTITIES = tuple(fit_sizes())
"""Names of the quantities whose fits and maps can be estimated."""


@dataclasses.dataclass(frozen=True)
class Problem:
    """Everything that memory, time and files depend on.

    Attributes:
        particles: along each side.
        mesh: nodes along each side of the initial conditions.
        box_size: side of the box [Mpc/h].
        ranks: processes of a job.
        threads: of each rank.
        steps: of a FastPM run.
        force_mesh_factor: nodes of the force mesh per particle, along each side.
        layers: displacement layers by quantity.
        map_mesh: nodes along each side of every map; None for as many as particles.
        refine: nodes of the model's mesh per node of the map, along each side, by quantity.
        simulations: number of simulations that a fit uses together.
        starts: of a fit.
        evaluations: of loss and gradient from each start at most.
        members: of an ensemble, each as long as a fit from one start.
        precision: "single" or "double".
        device: a key of :data:`COEFFICIENTS`; a card has one rank.
    """

    particles: int
    mesh: int
    box_size: float
    ranks: int = 1
    threads: int = 1
    steps: int = 10
    force_mesh_factor: int = 1
    layers: Mapping[str, int] = dataclasses.field(
        default_factory=lambda: dict.fromkeys(QUANTITIES, 2)
    )
    map_mesh: int | None = None
    refine: Mapping[str, int] = dataclasses.field(
        default_factory=lambda: dict.fromkeys(QUANTITIES, 1)
    )
    simulations: int = 1
    starts: int = 4
    evaluations: int = 200
    members: int = 0
    precision: str = "single"
    device: str = "cpu"

    @property
    def map_nodes(self) -> int:
        """Nodes along each side of every map."""
        return self.particles if self.map_mesh is None else self.map_mesh

    def model_nodes(self, quantity: str) -> int:
        """Nodes along each side of the mesh that the model of a quantity acts on."""
        return self.map_nodes * self.refine[quantity]


def refine_by_quantity(factor: int) -> dict[str, int]:
    """The same factor for every quantity that has a mesh of its own: all but dark matter."""
    return {name: factor if size.transform else 1 for name, size in fit_sizes().items()}


def read_problem(path: str, **others) -> Problem:
    """Read config.yaml.

    Args:
        path: of the file.
        others: as for :func:`problem_of`.

    Raises:
        BadInput: if it cannot be read, or lacks or misstates what the estimate needs.
    """
    try:
        with open(path, encoding="utf-8") as file:
            config = yaml.safe_load(file)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{path}: cannot be read as YAML ({error}); give a config.yaml") from error
    try:
        return problem_of(config, **others)
    except KeyError as error:
        raise BadInput(
            f"{path}: the key {error.args[0]} is missing; give a config.yaml of the workflow"
        ) from error
    except ValueError as error:
        raise BadInput(f"{path}: {error}") from error
    except (TypeError, AttributeError) as error:
        raise BadInput(
            f"{path}: is not a config.yaml of the workflow, whose keys are in"
            " workflow/schemas/config.schema.yaml; give one that is"
        ) from error


def problem_of(config: Mapping, **others) -> Problem:
    """The problem that a config.yaml describes, with the most layers of each quantity.

    It checks every value that it takes. All rules are in workflow/schemas/config.schema.yaml, which
    belongs to the workflow: neither the schema nor its reader comes with this package.

    Args:
        config: its content.
        others: fields of :class:`Problem` that the configuration does not have (ranks and threads),
            or that override it.

    Raises:
        KeyError: names a key that is missing.
        ValueError: names a key whose value is impossible.
    """
    initial, fastpm = config["initial_conditions"], config["fastpm"]
    optimisation = config["optimisation"]
    maps = config.get("maps", {})
    refine = refine_by_quantity(_whole("maps.refine", maps.get("refine", 1)))
    layers = dict.fromkeys(QUANTITIES, 0)
    for number, row in enumerate(config["fits"]):
        quantity, key = row["quantity"], f"fits[{number}]"
        if quantity not in QUANTITIES:
            raise ValueError(f"{key}.quantity: {quantity!r} is none of {', '.join(QUANTITIES)}")
        if "fit" in row:  # it is trained already
            continue
        layers[quantity] = max(layers[quantity], _whole(f"{key}.layers", row["layers"], least=0))
        if "refine" in row:
            refine[quantity] = max(refine[quantity], _whole(f"{key}.refine", row["refine"]))
    simulations = sum(row["role"] == "train" for row in config["simulations"])
    if all("fit" in row for row in config["fits"]):  # nothing is trained
        simulations = max(simulations, 1)
    configured = {
        "particles": _whole("initial_conditions.particles", initial["particles"]),
        "mesh": _whole("initial_conditions.mesh", initial["mesh"]),
        "box_size": _length("initial_conditions.box_size", initial["box_size"]),
        "steps": _whole("fastpm.steps", fastpm["steps"]),
        "force_mesh_factor": _whole("fastpm.force_mesh_factor", fastpm["force_mesh_factor"]),
        "layers": layers,
        "refine": refine,
        "simulations": _whole("simulations: the number of rows with role: train", simulations),
        "starts": _whole("optimisation.starts", optimisation["starts"]),
        "evaluations": _whole("optimisation.evaluations", optimisation["evaluations"]),
        "members": _members(optimisation["members"], config["simulations"]),
        "device": _device(config.get("device", "cpu")),
    }
    if "mesh" in maps:
        configured["map_mesh"] = _whole("maps.mesh", maps["mesh"])
    return Problem(**(configured | others))


def _members(given, simulations: Sequence[Mapping]) -> int:
    """How many whole fits cost as much as all members.

    Of several seeds each member leaves the boxes of one out, so that together they train on every
    box once less than there are seeds.
    """
    if given != "boxes":
        return _whole("optimisation.members", given, least=0)
    training = [row for row in simulations if row["role"] == "train"]
    noises = {(row.get("seed", row.get("name")), row.get("seed_order")) for row in training}
    return max(len(noises) - 1, 0)


def _device(given) -> str:
    if given not in ("cpu", "gpu"):
        raise ValueError(f"device: {given!r} is none of cpu, gpu")
    return given


def _whole(key: str, value, least: int = 1) -> int:
    if type(value) is not int or value < least:
        raise ValueError(f"{key}: {value!r} is not a whole number from {least} on")
    return value


def _length(key: str, value) -> float:
    if type(value) not in (int, float) or not 0 < value < math.inf:
        raise ValueError(f"{key}: {value!r} is not a positive length in Mpc/h")
    return value
