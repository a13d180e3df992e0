# SPDX-License-Identifier: GPL-3.0-or-later
"""The transform alone, on particles that no layer displaces: cheap to fit, a start for layers."""

from jerald_tools.mesh.mesh import Mesh
from jerald_tools.model.chain import ModelInputs
from jerald_tools.training.fit import Fit, fit_parameters
from jerald_tools.training.starts import Start, choose_starts, transform_starts

# Evaluations from each start before the best one goes on alone.
SCREENING = 25


def fit_transform_first(
    mesh: Mesh,
    quantity: str,
    inputs: ModelInputs,
    target,
    loss,
    starts: int,
    seed: int,
    evaluations: int,
    **how,
) -> list[Fit]:
    """Fit the transform without layers: shortly from several starts, then from the best of these.

    An evaluation without layers costs an eighth of one with two.

    Args:
        mesh: the mesh of the maps.
        quantity: "stellar-mass" or "neutral-hydrogen": dark matter has no transform.
        inputs: from :func:`jerald_tools.model.chain.model_inputs`.
        target: this rank's slab of the target over its mean.
        loss: such as :class:`jerald_tools.training.losses.PaperLoss`.
        starts: number of starts.
        seed: of the random ones.
        evaluations: of the long fit at most.
        how: the other arguments of :func:`jerald_tools.training.fit.fit_parameters`.

    Returns:
        The short fits from all starts, and the long one.

    Raises:
        RunFailed: if no usable map was found.
    """
    task = (mesh, quantity, inputs, target, loss)
    chosen = choose_starts(transform_starts(quantity), starts, seed)
    short = fit_parameters(*task, chosen, evaluations=min(SCREENING, evaluations), **how)
    best = Start(f"best of {starts}", short.best.parameters)
    return [short, fit_parameters(*task, [best], evaluations=evaluations, **how)]
