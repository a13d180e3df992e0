# SPDX-License-Identifier: GPL-3.0-or-later
"""Resources of jobs: ranks, threads, device as configured, memory and time as `estimate` has them.

They change no result and make no job run again.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

from jerald_tools.estimate.cost import cost
from jerald_tools.estimate.problem import Problem, problem_of
from workflow.variants import OF_PARTICLES

# Over the estimate: its own error, particles that cluster in one slab, slower processors.
MEMORY_MARGIN = 1.4
TIME_MARGIN = 3
# Snakemake itself, which runs in the job too, and machines or file systems that answer slowly.
LEAST_MEMORY = 500  # MB
LEAST_MINUTES = 30
# CUDA's libraries and JAX's programs for a card, in the host's memory. Assumed, not measured.
CUDA_MEMORY = 3000  # MB

# Stages that read, draw and sort more than they compute: they ask for no GPU.
ON_CPU = ("generate-ics", "powerspec")


class JobResources:
    """What jobs on the mesh ask for.

    Attributes:
        threads: of each rank.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        self._ranks, self.threads = config.get("ranks", 1), config.get("threads", 1)
        self._device = config.get("device", "cpu")
        self._launcher = config.get("launcher", "mpirun -n {ranks}")
        self._problem = problem_of(config, ranks=self._ranks, threads=self.threads)

    def of_stage(self, stage: str | Callable[[Any], str]) -> dict[str, Any]:
        """Resources of the jobs of a stage of `estimate`, or of the stage(wildcards)."""
        device = "cpu" if stage in ON_CPU else self._device

        def stage_and_problem(wildcards, input):
            # The cost of a fit grows with its simulations; it has a target for each.
            simulations = len(input.get("targets", [None]))
            problem = dataclasses.replace(self._problem, simulations=simulations, device=device)
            return stage(wildcards) if callable(stage) else stage, problem

        def mem_mb_per_cpu(wildcards, input):
            return _memory_of_core(*stage_and_problem(wildcards, input))

        def runtime(wildcards, input):
            seconds = cost(*stage_and_problem(wildcards, input)).seconds
            return math.ceil(LEAST_MINUTES + TIME_MARGIN * seconds / 60)

        return {
            "tasks": self._ranks,
            "mpi": self._launch(self._ranks),
            "mem_mb_per_cpu": mem_mb_per_cpu,
            "runtime": runtime,
            # As a resource, not a parameter: on another device a job is the same, to rounding.
            "device": device,
            **({"gpu": 1} if device == "gpu" else {}),
        }

    def of_scaling(self) -> dict[str, Any]:
        """Resources of a step of a fit on {ranks} ranks, for the paper's Figure 2."""
        scaling = self._config["scaling"]

        def tasks(wildcards):
            return int(wildcards.ranks)

        def mpi(wildcards):
            return self._launch(tasks(wildcards))

        def mem_mb_per_cpu(wildcards):
            problem = dataclasses.replace(
                self._problem,
                particles=scaling["mesh"],
                map_mesh=None,
                layers={OF_PARTICLES: scaling["layers"]},
                ranks=tasks(wildcards),
                threads=1,
                device="cpu",
            )
            return _memory_of_core("fit-dm", problem)

        return {"tasks": tasks, "mpi": mpi, "mem_mb_per_cpu": mem_mb_per_cpu}

    def _launch(self, ranks: int) -> str:
        """What starts a command on so many ranks; one rank needs nothing."""
        return self._launcher.format(ranks=ranks, threads=self.threads) if ranks > 1 else ""


def _memory_of_core(stage: str, problem: Problem) -> int:
    """What a job of a stage asks for, for each of its cores [MB]."""
    of_rank = LEAST_MEMORY + MEMORY_MARGIN * cost(stage, problem).memory / 1e6
    if problem.device == "gpu":
        of_rank += CUDA_MEMORY
    return math.ceil(of_rank / problem.threads)
