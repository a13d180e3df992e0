# How jobs run and what they ask for: ranks and threads as `--config ranks=4` or the profile says,
# memory and time by the estimate for config.yaml. None of it changes results or makes anything run
# again.
import dataclasses
import math

from jerald_tools.estimate.cost import cost
from jerald_tools.estimate.problem import problem_of

RANKS, THREADS = config.get("ranks", 1), config.get("threads", 1)
LAUNCHER = config.get("launcher", "mpirun -n {ranks}")
PROBLEM = problem_of(config, ranks=RANKS, threads=THREADS)

# Over the estimate: what it may be wrong by, particles that cluster in one slab, slower processors.
MEMORY_MARGIN = 1.4
TIME_MARGIN = 3
# Snakemake itself, which is in a job too, and machines or file systems that are slow to answer.
LEAST_MEMORY = 500  # MB
LEAST_MINUTES = 30


def launcher(ranks):
    """What starts a command on so many ranks; one rank needs nothing."""
    return LAUNCHER.format(ranks=ranks, threads=THREADS) if ranks > 1 else ""


def memory_of_core(stage, problem):
    """What a job of a stage asks for, for each of its cores [MB]."""
    of_rank = LEAST_MEMORY + MEMORY_MARGIN * cost(stage, problem).memory / 1e6
    return math.ceil(of_rank / problem.threads)


def asked_for(stage):
    """Resources of a stage's jobs; wildcards in its name, say paint {quantity}, are the job's."""

    def problem_of_job(input):
        # Fits are made on as many simulations as they have targets.
        return dataclasses.replace(PROBLEM, simulations=len(input.get("targets", [None])))

    def mem_mb_per_cpu(wildcards, input):
        return memory_of_core(stage.format(**wildcards), problem_of_job(input))

    def runtime(wildcards, input):
        seconds = cost(stage.format(**wildcards), problem_of_job(input)).seconds
        return math.ceil(LEAST_MINUTES + TIME_MARGIN * seconds / 60)

    return {
        "tasks": RANKS,
        "mpi": launcher(RANKS),
        "mem_mb_per_cpu": mem_mb_per_cpu,
        "runtime": runtime,
    }
