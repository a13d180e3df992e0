# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of what a command writes."""

import time
from collections.abc import Sequence

from jerald_tools.cli.command import Run
from jerald_tools.io.inputs import describe_input
from jerald_tools.io.record import Input, Record, now, peak_memory, this_run
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import Ranks, gather, on_root


def provenance_of(run: Run, mesh: Mesh, inputs: Sequence[str | Input]) -> Record:
    """How a file came to be; every rank must ask, since the largest memory is recorded.

    Args:
        run: the shared options, with the times per stage so far.
        mesh: the mesh that was worked on.
        inputs: paths of the files that went in, or inputs that were described already.

    Raises:
        BadInput: on every rank, if an input cannot be read.
    """
    return _provenance(run, mesh.ranks, inputs, mesh.backend, _fftw_plans(mesh))


def provenance_of_copy(run: Run, ranks: Ranks, inputs: Sequence[str | Input]) -> Record:
    """How a file came to be that no mesh was worked on for; every rank must ask.

    Args:
        run: the shared options, with the times per stage so far.
        ranks: the processes.
        inputs: as for :func:`provenance_of`.

    Raises:
        BadInput: on every rank, if an input cannot be read.
    """
    return _provenance(run, ranks, inputs, "none", {})


def _provenance(run: Run, ranks: Ranks, inputs, backend: str, details: dict) -> Record:
    described = on_root(ranks, lambda: tuple(map(_described, inputs)))
    circumstances = {
        "ranks": ranks.size,
        "threads": run.threads,
        "precision": run.precision,
        "backend": backend,
        "written": now(),
        "elapsed_seconds": round(time.perf_counter() - run.started, 3),
        "peak_memory_bytes": max(gather(ranks, peak_memory())),
        "seconds": {name: round(seconds, 3) for name, seconds in run.stages.seconds.items()},
    }
    return this_run(described, circumstances | details | run.notes)


def _described(source: str | Input) -> Input:
    return source if isinstance(source, Input) else describe_input(source)


def _fftw_plans(mesh: Mesh) -> dict[str, str]:
    """The digest of FFTW's wisdom: only with the same are results equal bit for bit."""
    if mesh.backend != "native":
        return {}
    from jerald_tools.mesh.native import wisdom_digest

    digest = wisdom_digest(mesh.ranks)
    return {"fftw_wisdom": digest} if digest else {}
