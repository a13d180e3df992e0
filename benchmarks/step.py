# SPDX-License-Identifier: GPL-3.0-or-later
"""One optimisation step: losses in all regions, and the gradient of all parameters."""

import measuring  # isort: skip  first: it sets the threads
import click
import jax
import jax.numpy as jnp
import numpy as np
from jerald_tools.model.chain import ModelInputs, model_inputs

from jerald_tools.fitting.losses import paper_loss
from jerald_tools.fitting.objective import make_evaluate
from jerald_tools.fitting.search_space import ravel_parameters
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.model.neutral_hydrogen import relative_stellar_mass
from jerald_tools.model.parameters import default_start
from jerald_tools.process import launched_size

QUANTITIES = {"dm": "dark-matter", "stellar": "stellar-mass", "hi": "neutral-hydrogen"}
SMOOTHING = {"dm": None, "stellar": 1.0, "hi": None}


def shapes(mesh: Mesh, kind: str, particles: int) -> tuple:
    """Vector, inputs and target as shapes, to compile for before any array is made."""

    def array(*shape):
        return jax.ShapeDtypeStruct(shape, mesh.dtype)

    stars = array(*mesh.local_shape) if kind == "hi" else None
    inputs = ModelInputs(array(particles, 3), array(*mesh.local_shape), stars)
    return inputs, array(*mesh.local_shape)


def arrays(mesh: Mesh, kind: str, positions: np.ndarray) -> tuple:
    """Inputs and a target that is not far from what the model gives."""
    inputs = model_inputs(mesh, "dark-matter", jnp.asarray(positions))
    density = np.asarray(inputs.start_density)
    stars = None
    if kind == "hi":
        stars = relative_stellar_mass(mesh, jnp.asarray(np.maximum(density - 1, 0)))
    target = np.maximum(density**1.5 - 0.1, 0).astype(mesh.dtype)
    return ModelInputs(inputs.positions, inputs.start_density, stars), jnp.asarray(target)


@click.command()
@click.option("--mesh", "side", default=128, show_default=True, help="Nodes per side.")
@click.option("--kind", default="dm", show_default=True, type=click.Choice(list(QUANTITIES)))
@click.option("--layers", default=1, show_default=True, help="Displacement layers.")
@click.option(
    "--precision", default="single", show_default=True, type=click.Choice(["single", "double"])
)
@click.option("--ranks", default=1, show_default=True, help="MPI ranks.")
@click.option("--repeats", default=7, show_default=True, type=click.IntRange(min=5))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
def main(side, kind, layers, precision, ranks, repeats, as_json):
    """Time and memory of one step, on one core a rank."""
    if ranks > launched_size():
        measuring.relaunch_on_ranks(ranks)
    mesh = measuring.reference_mesh(side, precision)
    quantity = QUANTITIES[kind]
    start = default_start(quantity, layers)
    evaluate = make_evaluate(mesh, quantity, paper_loss(quantity, SMOOTHING[kind]), start)

    vector = jnp.asarray(ravel_parameters(start))
    with measuring.kept_on_disk(measuring.realistic_particles(mesh)) as positions:
        if mesh.ranks.size == 1:
            evaluate = evaluate.lower(vector, *shapes(mesh, kind, mesh.size)).compile()
        else:
            # A program over ranks takes a token, which only a call provides.
            jax.block_until_ready(evaluate(vector, *arrays(mesh, kind, positions())))
        memory = measuring.PeakMemory()
        inputs, target = arrays(mesh, kind, positions())
    input_bytes = sum(array.nbytes for array in jax.tree.leaves((inputs, target)))
    memory.forget_peak()
    timing = measuring.time_calls(lambda: evaluate(vector, inputs, target), repeats)
    peak = memory.above_start()
    measuring.report(
        {
            "mesh": side,
            "kind": kind,
            "layers": layers,
            "precision": precision,
            "ranks": mesh.ranks.size,
            **measuring.per_cell(mesh, timing, repeats),
            **measuring.bytes_per_cell(mesh, peak, input_bytes),
        },
        as_json,
    )


if __name__ == "__main__":
    main()
