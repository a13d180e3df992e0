# SPDX-License-Identifier: GPL-3.0-or-later
"""One optimisation step: losses in all regions, and the gradient of all parameters."""

import measuring  # isort: skip  first: it sets the threads
import dataclasses

import click
import jax
import jax.numpy as jnp
import numpy as np
from inputs import reference_mesh
from shipped import configured

from jerald_tools.fitting.objective import make_evaluate
from jerald_tools.fitting.residual_loss import paper_loss
from jerald_tools.fitting.search_space import ravel_parameters
from jerald_tools.mesh.mesh import Mesh, make_mesh
from jerald_tools.mesh.ranks import ONE_PROCESS
from jerald_tools.mesh.restrict import restrict
from jerald_tools.model.model import Model
from jerald_tools.model.quantity import ModelInputs, Quantity
from jerald_tools.process import launched_size
from jerald_tools.quantities import NAMES, quantity_named


def refined_quantity(name: str, refine: int) -> Quantity:
    """A quantity whose model acts on a mesh that much finer than the map's."""
    quantity = quantity_named(name)
    return quantity if refine == 1 else quantity.with_constants({"refine": refine})


def inputs_of(mesh: Mesh, quantity: Quantity, positions: np.ndarray) -> ModelInputs:
    """Inputs without improved particles, with the maps of other quantities that it needs."""
    models = {}
    for name in quantity.required:
        other = refined_quantity(name, quantity.refine)
        models[name] = Model(other, other.original_parameters(0))
    return quantity.inputs(mesh, jnp.asarray(positions, mesh.dtype), models)


def target_of(mesh: Mesh, refine: int, inputs: ModelInputs) -> jax.Array:
    """A target that is not far from the model's map."""
    density = np.asarray(inputs.start_density)
    field = jnp.asarray(np.maximum(density**1.5 - 0.1, 0).astype(mesh.dtype))
    return jax.jit(restrict, static_argnums=(0, 1))(mesh, refine, field)


def shapes(mesh: Mesh, quantity: Quantity, particles: int) -> tuple:
    """Inputs and target as shapes, to compile for before any array of the mesh's size is made."""

    def array(*shape):
        return jax.ShapeDtypeStruct(shape, mesh.dtype)

    small = make_mesh(4, 1.0, mesh.precision, ONE_PROCESS, mesh.backend)
    lattice = np.stack(np.meshgrid(*(np.arange(4) / 4,) * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    sources = len(inputs_of(small, quantity, lattice).sources)
    field = array(*quantity.model_mesh(mesh).local_shape)
    target = array(*mesh.local_shape)
    return ModelInputs(array(particles, 3), field, (field,) * sources), target


@click.command()
@click.option("--mesh", "side", default=128, show_default=True, help="Model's nodes per side.")
@click.option("--refine", default=1, show_default=True, help="These per node of the map.")
@click.option("--quantity", "name", default=NAMES[0], show_default=True, type=click.Choice(NAMES))
@click.option("--layers", default=1, show_default=True, help="Displacement layers.")
@click.option(
    "--precision", default="single", show_default=True, type=click.Choice(["single", "double"])
)
@click.option("--ranks", default=1, show_default=True, help="MPI ranks.")
@click.option("--repeats", default=7, show_default=True, type=click.IntRange(min=5))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
def main(side, refine, name, layers, precision, ranks, repeats, as_json):
    """Time and memory of one step with the paper's loss, on one core a rank.

    There is one particle in each cell of the model's mesh.
    """
    if ranks > launched_size():
        measuring.relaunch_on_ranks(ranks)
    model_mesh = reference_mesh(side, precision)
    mesh = dataclasses.replace(model_mesh, shape=(side // refine,) * 3)
    quantity = refined_quantity(name, refine)
    loss = paper_loss(quantity, configured(name, 2)["smoothing"])
    evaluate = make_evaluate(mesh, quantity, loss, layers)
    vector = jnp.asarray(ravel_parameters(quantity.original_parameters(layers)))
    with measuring.kept_on_disk(measuring.realistic_particles(model_mesh)) as positions:
        if mesh.ranks.size == 1:
            evaluate = evaluate.lower(vector, *shapes(mesh, quantity, model_mesh.size)).compile()
        else:
            # A program over ranks takes a token, which only a call provides.
            inputs = inputs_of(mesh, quantity, positions())
            jax.block_until_ready(evaluate(vector, inputs, target_of(mesh, refine, inputs)))
            del inputs
        memory = measuring.PeakMemory()
        inputs = inputs_of(mesh, quantity, positions())
        target = target_of(mesh, refine, inputs)
    input_bytes = sum(array.nbytes for array in jax.tree.leaves((inputs, target)))
    memory.forget_peak()
    timing = measuring.time_calls(lambda: evaluate(vector, inputs, target), repeats)
    peak = memory.above_start()
    measuring.report(
        {
            "mesh": side,
            "refine": refine,
            "kind": name,
            "layers": layers,
            "precision": precision,
            "ranks": mesh.ranks.size,
            **measuring.per_cell(model_mesh, timing, repeats),
            **measuring.bytes_per_cell(model_mesh, peak, input_bytes),
        },
        as_json,
    )


if __name__ == "__main__":
    main()
