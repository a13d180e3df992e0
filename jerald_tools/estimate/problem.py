# SPDX-License-Identifier: GPL-3.0-or-later
"""The size of a problem, by options or from config.yaml."""

import dataclasses
from collections.abc import Mapping

QUANTITIES = ("dark-matter", "stellar-mass", "neutral-hydrogen")
BYTES = {"single": 4, "double": 8}


@dataclasses.dataclass(frozen=True)
class Problem:
    """All that memory, time and files depend on.

    Attributes:
        particles: along each side, which are also the nodes of every map.
        mesh: nodes along each side of the initial conditions.
        box_size: side of the box [Mpc/h].
        ranks: processes of a job.
        threads: of each rank.
        steps: of a FastPM run.
        force_mesh_factor: nodes of its force mesh per particle, along each side.
        layers: displacement layers by quantity.
        simulations: that a fit is made on, all together.
        starts: of a fit.
        evaluations: of loss and gradient from each start at most.
        members: halves of the box that are fitted besides.
        precision: "single" or "double".
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
    simulations: int = 1
    starts: int = 4
    evaluations: int = 200
    members: int = 0
    precision: str = "single"


def problem_of(config: Mapping, **others) -> Problem:
    """The problem that a config.yaml describes, with the most layers of each quantity.

    Args:
        config: its content, sound by workflow/schemas/config.schema.yaml.
        others: fields of :class:`Problem` that it does not say, ranks and threads above all, or
            that are to be other than it says.

    Raises:
        KeyError: names a key that is missing.
    """
    initial, optimisation = config["initial_conditions"], config["optimisation"]
    layers = dict.fromkeys(QUANTITIES, 0)
    for row in config["fits"]:
        layers[row["quantity"]] = max(layers[row["quantity"]], row["layers"])
    said = {
        "particles": initial["particles"],
        "mesh": initial["mesh"],
        "box_size": initial["box_size"],
        "steps": config["fastpm"]["steps"],
        "force_mesh_factor": config["fastpm"]["force_mesh_factor"],
        "layers": layers,
        "simulations": sum(row["role"] == "train" for row in config["simulations"]),
        "starts": optimisation["starts"],
        "evaluations": optimisation["evaluations"],
        "members": optimisation["members"],
    }
    return Problem(**(said | others))
