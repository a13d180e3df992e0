# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmarks share: one core, clocks, FFTW's own transform to compare with, memory."""

import contextlib
import ctypes
import ctypes.util
import dataclasses
import gc
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import click
import jax
import numpy as np
from inputs import gaussian_density

from jerald_tools.cli.process_start import start_again_with_huge_pages
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.native import release_scratch
from jerald_tools.mesh.ranks import gather, world

# One core, unless asked otherwise: XLA, FFTW and BLAS read these when they are loaded.
for variable in ("NPROC", "PJRT_NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")


start_again_with_huge_pages()


FFTW_MEASURE = 0


@dataclasses.dataclass(frozen=True)
class Timing:
    """Seconds of one call, the median of several.

    Attributes:
        wall: on the clock, of the slowest rank.
        cpu: of all ranks and threads together, outside MPI calls where those are counted.
        cpu_in_mpi: of all ranks, inside MPI calls.
    """

    wall: float
    cpu: float
    cpu_in_mpi: float


def time_calls(function, repeats: int) -> Timing:
    """Time a function that returns JAX arrays, after one call to warm up."""
    ranks = world()
    jax.block_until_ready(function())
    samples = []
    for _ in range(repeats):
        gather(ranks, None)
        before = time.perf_counter(), time.process_time(), cpu_seconds_in_mpi()
        jax.block_until_ready(function())
        after = time.perf_counter(), time.process_time(), cpu_seconds_in_mpi()
        samples.append([stop - start for start, stop in zip(before, after, strict=True)])
    wall, cpu, in_mpi = (statistics.median(column) for column in zip(*samples, strict=True))
    all_ranks = gather(ranks, (wall, cpu - in_mpi, in_mpi))
    return Timing(
        max(rank[0] for rank in all_ranks),
        sum(rank[1] for rank in all_ranks),
        sum(rank[2] for rank in all_ranks),
    )


def cpu_seconds_in_mpi() -> float:
    """CPU time that this process has spent in MPI calls.

    0 where the library that counts it is not preloaded, see :func:`relaunch_on_ranks`.
    """
    counter = getattr(ctypes.CDLL(None), "cpu_seconds_in_mpi", None)
    if counter is None:
        return 0.0
    counter.restype = ctypes.c_double
    return counter()


def relaunch_on_ranks(ranks: int) -> None:
    """Start this very command on several ranks, with the clock of MPI calls, and exit with it."""
    with tempfile.TemporaryDirectory() as folder:
        library = pathlib.Path(folder, "mpi_time.so")
        source = pathlib.Path(__file__).with_name("mpi_time.c")
        subprocess.run(["mpicc", "-shared", "-fPIC", "-O2", source, "-o", library], check=True)
        command = ["mpirun", "--oversubscribe", "-n", str(ranks), "-x", f"LD_PRELOAD={library}"]
        sys.exit(subprocess.run([*command, sys.executable, *sys.argv]).returncode)


def r2c_seconds(shape: tuple[int, int, int], precision: str, repeats: int) -> float:
    """CPU time of FFTW's own r2c of a mesh, one core, aligned, planned with MEASURE [s].

    Called without anything of this project's in between.
    """
    suffix = {"single": "f", "double": ""}[precision]
    fftw = ctypes.CDLL(ctypes.util.find_library(f"fftw3{suffix}"))

    def function(name, result=None):
        found = getattr(fftw, f"fftw{suffix}_{name}")
        found.restype = result
        return found

    pointer = ctypes.c_void_p
    real_bytes = {"single": 4, "double": 8}[precision]
    nx, ny, nz = shape
    field = pointer(function("malloc", pointer)(ctypes.c_size_t(real_bytes * nx * ny * nz)))
    half = nz // 2 + 1
    spectrum = pointer(
        function("malloc", pointer)(ctypes.c_size_t(2 * real_bytes * nx * ny * half))
    )
    plan = function("plan_dft_r2c_3d", pointer)(nx, ny, nz, field, spectrum, FFTW_MEASURE)
    ctypes.memset(field, 0, real_bytes * nx * ny * nz)
    execute = function("execute")
    times = []
    for _ in range(repeats + 1):
        start = time.process_time()
        execute(pointer(plan))
        times.append(time.process_time() - start)
    function("destroy_plan")(pointer(plan))
    for array in (field, spectrum):
        function("free")(array)
    return statistics.median(times[1:])


@contextlib.contextmanager
def kept_on_disk(array: np.ndarray):
    """An array of this rank, in a file until it is called for: memory counts from nothing."""
    with tempfile.NamedTemporaryFile(suffix=".npy") as file:
        np.save(file, array)
        file.flush()
        del array
        yield lambda: np.load(file.name)


class PeakMemory:
    """The most resident memory of this process above what it had when counting began [bytes]."""

    def __init__(self):
        release_scratch()
        self.forget_peak()
        self.start = _resident("VmRSS")

    def forget_peak(self) -> None:
        """Count from now on: what was freed before does not matter."""
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        pathlib.Path("/proc/self/clear_refs").write_text("5")

    def above_start(self) -> int:
        """The peak since the last :meth:`forget_peak`, above the start."""
        return _resident("VmHWM") - self.start


def _resident(name: str) -> int:
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def report(values: dict, as_json: bool) -> None:
    """Print named results, from rank 0: one JSON line, or a line each."""
    if not world().is_root:
        return
    if as_json:
        click.echo(json.dumps(values))
        return
    for name, value in values.items():
        click.echo(f"{name:24} {value:.5g}" if isinstance(value, float) else f"{name:24} {value}")


def per_cell(mesh: Mesh, timing: Timing, repeats: int) -> dict:
    """The figures that every benchmark reports of a timing, beside the r2c of the same run."""
    r2c = r2c_seconds(mesh.shape, mesh.precision, repeats) if world().is_root else 0.0
    return {
        "wall_seconds": timing.wall,
        "cpu_seconds": timing.cpu,
        "cpu_seconds_in_mpi": timing.cpu_in_mpi,
        "ns_per_cell": 1e9 * timing.cpu / mesh.size,
        "r2c_seconds": r2c,
        "ratio": timing.cpu / r2c if r2c else 0.0,
    }


def bytes_per_cell(mesh: Mesh, peak: int, inputs: int) -> dict:
    """Peak memory of the largest rank over its share of the cells, and the inputs' part in it."""
    share = mesh.size / mesh.ranks.size
    return {
        "bytes_per_cell": max(gather(mesh.ranks, peak)) / share,
        "input_bytes_per_cell": max(gather(mesh.ranks, inputs)) / share,
    }


def realistic_particles(mesh: Mesh) -> np.ndarray:
    """This rank's Zel'dovich particles at z = 2, one a cell, sorted by cell, (n, 3) [Mpc/h].

    Cells of 0.417 Mpc/h give the clustering of the bundled reference.
    """
    from jerald_tools.cosmology import Cosmology, growth
    from jerald_tools.gravity.lpt import GRADIENT_ORDER, inverse_laplacian, lattice_points
    from jerald_tools.mesh.exchange import cell_order, home_ranks, redistribute
    from jerald_tools.mesh.paint import readout_gradient

    points, _ = lattice_points(mesh, mesh.shape)
    density = gaussian_density(mesh)
    potential = inverse_laplacian(mesh, density)
    scale = growth(1 / 3, Cosmology()).first
    shifts = np.asarray(readout_gradient(mesh, potential, points, GRADIENT_ORDER))
    positions = (points + scale * shifts).astype(mesh.dtype)
    rows = redistribute(mesh.ranks, {"positions": positions}, home_ranks(mesh, positions))
    return rows["positions"][cell_order(mesh, rows["positions"])]
