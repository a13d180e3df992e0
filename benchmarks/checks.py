# SPDX-License-Identifier: GPL-3.0-or-later
"""The cost of each self-check, and of all checks of an optimisation step and of a FastPM step."""

import measuring  # isort: skip  first: it sets the threads
import click
import fastpm
import jax.numpy as jnp
import numpy as np
import step
from inputs import reference_mesh

from jerald_tools.fitting.objective import make_evaluate
from jerald_tools.fitting.residual_loss import paper_loss
from jerald_tools.fitting.search_space import ravel_parameters
from jerald_tools.gravity.lpt import GRADIENT_ORDER as FORCE_ORDER
from jerald_tools.mesh import _native
from jerald_tools.mesh.checks import check_density, check_finite
from jerald_tools.mesh.exchange import _totals
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import gather
from jerald_tools.model.dark_matter import QUANTITY
from jerald_tools.model.layers import GRADIENT_ORDER as LAYER_ORDER
from jerald_tools.process import launched_size


def ghost_planes(mesh: Mesh, positions: np.ndarray, reach: int) -> int:
    """Planes that all ranks together exchange for an operation on their particles."""
    planes = np.floor(positions[:, 0] / mesh.cell_size[0]).astype(int)
    expected = {
        int(plane + offset) % mesh.shape[0]
        for plane in np.unique(planes)
        for offset in range(-reach, reach + 2)
    }
    return sum(gather(mesh.ranks, len(expected - set(range(mesh.x_start, mesh.x_stop)))))


def checks(mesh: Mesh, positions: np.ndarray) -> dict:
    """Every check as a function without arguments."""
    field, rows = jnp.ones(mesh.local_shape, mesh.dtype), jnp.asarray(positions)
    host, ids = np.asarray(field), np.arange(len(positions))
    particles = {"positions": rows, "momenta": rows, "accelerations": rows}
    return {
        "mass after painting": lambda: _native.check_mass(host, host.size),
        "checksum of a plane (by its cells)": lambda: _native.checksum(host),
        "rows and IDs of an exchange": lambda: (_totals({"ids": ids}), _totals({"ids": ids})),
        "finite forces, after a step": lambda: check_finite(mesh, "", particles, probe=rows),
        "finite particles, after LPT or a run": lambda: check_finite(
            mesh, "", {"positions": rows, "momenta": rows}
        ),
        "finite field, after linear field or map": lambda: check_finite(mesh, "", {"f": field}),
        "mean density, after loading": lambda: check_density(mesh, "", field, len(rows)),
    }


def steps(mesh: Mesh, positions: np.ndarray) -> dict:
    """The steps that hold the checks, as functions without arguments."""
    evaluate = make_evaluate(mesh, QUANTITY, paper_loss(QUANTITY), layers=1)
    vector = jnp.asarray(ravel_parameters(QUANTITY.original_parameters(1)))
    inputs = step.inputs_of(mesh, QUANTITY, positions)
    target = step.target_of(mesh, inputs)
    return {
        "optimisation step": lambda: evaluate(vector, inputs, target),
        "FastPM step": fastpm.one_step(mesh)[0],
    }


def per_step(mesh: Mesh, positions: np.ndarray) -> dict:
    """How often each check is made in a step: the cells checked, over those of the mesh."""

    def planes(exchanges):
        # Both sides of an exchange sum.
        return 2 * sum(ghost_planes(mesh, positions, reach) for reach in exchanges) / mesh.shape[0]

    layer, force = LAYER_ORDER // 2, FORCE_ORDER // 2
    return {
        # Displace, paint, and the adjoints of both.
        "optimisation step": {
            "mass after painting": 1,
            "checksum of a plane (by its cells)": planes([layer, 0, 0, layer]),
        },
        # Paint and read the force.
        "FastPM step": {
            "mass after painting": 1,
            "checksum of a plane (by its cells)": planes([0, force]),
            "rows and IDs of an exchange": 1 if mesh.ranks.size > 1 else 0,
            "finite forces, after a step": 1,
        },
    }


@click.command()
@click.option("--mesh", "side", default=128, show_default=True, help="Nodes per side.")
@click.option(
    "--precision", default="single", show_default=True, type=click.Choice(["single", "double"])
)
@click.option("--ranks", default=1, show_default=True, help="MPI ranks.")
@click.option("--repeats", default=15, show_default=True, type=click.IntRange(min=5))
def main(side, precision, ranks, repeats):
    """Time each check and the steps that hold them, and count the checks of a step."""
    if ranks > launched_size():
        measuring.relaunch_on_ranks(ranks)
    mesh = reference_mesh(side, precision)
    positions = measuring.realistic_particles(mesh)
    costs, of_steps = (
        {
            name: 1e9 * measuring.time_calls(function, repeats).cpu / mesh.size
            for name, function in make(mesh, positions).items()
        }
        for make in (checks, steps)
    )
    counts = per_step(mesh, positions)
    if not mesh.ranks.is_root:
        return
    r2c = 1e9 * measuring.r2c_seconds(mesh.shape, precision, repeats) / mesh.size
    click.echo(f"{'':42}{'ns per cell':>12}{'/ r2c':>8}{'checks':>9}")
    for name, cost in costs.items():
        click.echo(f"{name:42}{cost:12.3f}{cost / r2c:8.3f}")
    for name, cost in of_steps.items():
        share = sum(times * costs[check] for check, times in counts[name].items()) / cost
        click.echo(f"{name:42}{cost:12.3f}{cost / r2c:8.3f}{share:9.2%}")


if __name__ == "__main__":
    main()
