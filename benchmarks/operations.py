# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU time of each mesh operation, native beside pure JAX: ns per cell (one particle a cell)."""

import os
import time

import click
import jax
import jax.numpy as jnp
import numpy as np

from jerald_tools.mesh.mesh import Mesh, make_mesh, raw_operations
from jerald_tools.mesh.wavenumbers import wavenumber_table

# One core, unless asked otherwise: XLA, FFTW and BLAS read these on import.
for variable in ("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")


def operations(mesh: Mesh) -> dict:
    """Each raw operation as a jitted function of (field, spectrum, kernel, positions, vectors)."""
    raw = raw_operations(mesh)
    order = 6
    return {
        "r2c": lambda field, spectrum, kernel, x, v: raw.r2c(mesh, field),
        "c2r": lambda field, spectrum, kernel, x, v: raw.c2r(mesh, spectrum),
        "convolve": lambda field, spectrum, kernel, x, v: raw.convolve(mesh, field, kernel),
        "convolve_adjoint": lambda field, spectrum, kernel, x, v: raw.convolve_adjoint(
            mesh, field, kernel, field
        ),
        "region_sums": lambda field, spectrum, kernel, x, v: raw.region_sums(
            mesh, field, mesh.shape[2] // 2, (mesh.shape[0] // 3,) * 3
        ),
        "paint": lambda field, spectrum, kernel, x, v: raw.paint(mesh, x),
        "readout": lambda field, spectrum, kernel, x, v: raw.readout(mesh, field, x),
        "readout_slope": lambda field, spectrum, kernel, x, v: raw.readout_slope(mesh, field, x),
        "readout_gradient": lambda field, spectrum, kernel, x, v: raw.readout_gradient(
            mesh, field, x, order
        ),
        "readout_gradient_field_bar": lambda field, spectrum, kernel, x, v: (
            raw.readout_gradient_field_bar(mesh, x, order, v)
        ),
        "readout_gradient_positions_bar": lambda field, spectrum, kernel, x, v: (
            raw.readout_gradient_positions_bar(mesh, field, x, order, v)
        ),
        "finite_difference x": lambda field, spectrum, kernel, x, v: raw.finite_difference(
            mesh, field, 0, order
        ),
        "finite_difference z": lambda field, spectrum, kernel, x, v: raw.finite_difference(
            mesh, field, 2, order
        ),
    }


def arguments(mesh: Mesh, random: np.random.Generator) -> tuple:
    """A random field, its spectrum, a smooth kernel, displaced particles in cell order, vectors."""
    nodes = np.stack(np.meshgrid(*map(np.arange, mesh.shape), indexing="ij"), -1).reshape(-1, 3)
    positions = (nodes + random.normal(0, 0.4, nodes.shape)) * mesh.cell_size
    cells = np.floor(positions / mesh.cell_size).astype(int) % mesh.shape
    order = np.argsort(np.ravel_multi_index(cells.T, mesh.shape), kind="stable")
    field = jnp.asarray(random.normal(size=mesh.shape), mesh.dtype)
    return (
        field,
        raw_operations(mesh).r2c(mesh, field),
        jnp.asarray(1 / (1 + wavenumber_table(mesh) ** 2), mesh.dtype),
        jnp.asarray(positions[order], mesh.dtype),
        jnp.asarray(random.normal(size=positions.shape), mesh.dtype),
    )


def cpu_seconds(function, operands, repeats: int) -> float:
    """Least CPU time of a call, all threads together, after a warm-up."""
    jax.block_until_ready(function(*operands))
    times = []
    for _ in range(repeats):
        start = time.process_time()
        jax.block_until_ready(function(*operands))
        times.append(time.process_time() - start)
    return min(times)


@click.command()
@click.option("--mesh", "side", default=128, show_default=True, help="Nodes per side.")
@click.option(
    "--precision", default="single", show_default=True, type=click.Choice(["single", "double"])
)
@click.option("--backend", "backends", multiple=True, default=("native", "jax"), show_default=True)
@click.option("--repeats", default=10, show_default=True)
def main(side, precision, backends, repeats):
    """Print a table of CPU time per cell [ns], and its ratio to the native r2c of the same run."""
    columns = {}
    for backend in backends:
        mesh = make_mesh(side, 1.0 * side, precision, backend=backend)
        operands = arguments(mesh, np.random.default_rng(0))
        columns[backend] = {
            name: 1e9 * cpu_seconds(jax.jit(function), operands, repeats) / mesh.size
            for name, function in operations(mesh).items()
        }
    reference = columns[backends[0]]["r2c"]
    click.echo(f"{'ns per cell':32}" + "".join(f"{name:>10}{'/ r2c':>8}" for name in columns))
    for operation in columns[backends[0]]:
        cells = (column[operation] for column in columns.values())
        click.echo(f"{operation:32}" + "".join(f"{ns:10.1f}{ns / reference:8.1f}" for ns in cells))


if __name__ == "__main__":
    main()
