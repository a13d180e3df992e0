# SPDX-License-Identifier: GPL-3.0-or-later
"""How a file was made: recorded with every output, and printed back to the seed."""

import json
import time
from collections.abc import Sequence

from jerald_tools.errors import RunFailed
from jerald_tools.io.history import CHANGED, as_text, as_values, trace
from jerald_tools.io.inputs import describe_input
from jerald_tools.io.record import Input, Record, now, peak_memory, this_run
from jerald_tools.mesh.device import device_name, on_gpu, peak_device_memory
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import Ranks, gather, on_root, world
from jerald_tools.stages.run import Run

ON_GPU = {"reproducible": "to rounding"}
"""Of a GPU: it adds deposits in no fixed order, and the same run ends in other last bits."""


def provenance_of(run: Run, mesh: Mesh, inputs: Sequence[str | Input]) -> Record:
    """How an output was made; every rank must call it, since the largest memory is recorded.

    Args:
        run: how the stage runs, with the times so far.
        mesh: the mesh of the computation.
        inputs: paths of the files that went in, or inputs that were described already.

    Raises:
        BadInput: on every rank, if an input cannot be read.
    """
    return _provenance(run, mesh.ranks, inputs, mesh.backend, _device() | _fftw_plans(mesh))


def provenance_of_copy(run: Run, ranks: Ranks, inputs: Sequence[str | Input]) -> Record:
    """How an output was made that needed no mesh; every rank must call it.

    Args:
        run: how the stage runs, with the times so far.
        ranks: the processes.
        inputs: as for :func:`provenance_of`.

    Raises:
        BadInput: on every rank, if an input cannot be read.
    """
    return _provenance(run, ranks, inputs, "none", {})


def print_provenance(run: Run, file: str, as_json: bool = False) -> None:
    """Print how a file was made, back to its seed, as text or as a list of steps in JSON.

    Raises:
        BadInput: on every rank, if the file is not one of jerald-tools.
        RunFailed: on every rank, after printing, if a file of the chain was changed since.
    """
    ranks = world()
    steps = on_root(ranks, trace, file)
    if ranks.is_root:
        print(json.dumps(as_values(steps), indent=2) if as_json else as_text(steps), flush=True)
    changed = [str(step.found) for step in steps if step.status == CHANGED]
    if changed:
        raise RunFailed(f"{', '.join(changed)}: changed since; make again what was made from it")


def _provenance(
    run: Run,
    ranks: Ranks,
    inputs: Sequence[str | Input],
    backend: str,
    details: dict[str, str | int],
) -> Record:
    described = on_root(ranks, lambda: tuple(map(_described, inputs)))
    circumstances = {
        "ranks": ranks.size,
        "threads": run.threads,
        "precision": run.precision,
        "backend": backend,
        "written": now(),
        "elapsed_seconds": round(time.perf_counter() - run.started, 3),
        "peak_memory_bytes": max(gather(ranks, peak_memory())),
        "seconds": {name: round(seconds, 3) for name, seconds in run.stopwatch.seconds.items()},
    }
    return this_run(described, circumstances | details | run.notes)


def _described(source: str | Input) -> Input:
    return source if isinstance(source, Input) else describe_input(source)


def _device() -> dict[str, str | int]:
    """The device of the computation; of a GPU also its memory, and how its results repeat."""
    peak = peak_device_memory()
    memory = {} if peak is None else {"peak_device_memory_bytes": peak}
    return {"device": device_name(), **(ON_GPU if on_gpu() else {}), **memory}


def _fftw_plans(mesh: Mesh) -> dict[str, str]:
    """The digest of FFTW's wisdom: only with the same plans are results equal bit for bit."""
    if mesh.backend != "native":
        return {}
    # An installation without the native library cannot import it.
    from jerald_tools.mesh.native import wisdom_digest

    digest = wisdom_digest(mesh.ranks)
    return {"fftw_wisdom": digest} if digest else {}
