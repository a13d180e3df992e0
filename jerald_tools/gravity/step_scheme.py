# SPDX-License-Identifier: GPL-3.0-or-later
"""How a FastPM run is cut into steps, and the weights of its kicks and drifts."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from jerald_tools.cosmology import Cosmology, growth, scale_factor_of
from jerald_tools.errors import BadInput
from jerald_tools.gravity.lpt import KERNEL, SECOND_ORDERS

SPACINGS = {"linear": np.linspace, "logarithmic": np.geomspace}

STAGE_ROUNDING = 1e-9
"""An output this near to a stage in a falls on it, but for rounding."""


@dataclasses.dataclass(frozen=True)
class StepScheme:
    """How runs are cut into steps, besides the redshifts of their outputs; recorded in each output.

    Attributes:
        steps: number of steps of each run.
        spacing: "linear" or "logarithmic" in the scale factor.
        start_redshift: where 2LPT hands over to FastPM.
        force_mesh_factor: force-mesh nodes per particle, along each axis.
        single_run: one run through all redshifts instead of one for each.
        second_order: "exact" growth of the displacements that the runs start from, or "fastpm", as
            fastpm-python has it; see :func:`jerald_tools.gravity.lpt.second_order_scale`.
    """

    steps: int = 10
    spacing: str = "linear"
    start_redshift: float = 9.0
    force_mesh_factor: int = 1
    single_run: bool = False
    second_order: str = "exact"

    def __post_init__(self):
        """Refuse what cannot be run.

        Raises:
            BadInput: naming the option.
        """
        if self.steps < 1:
            raise BadInput(f"--steps {self.steps}: give at least 1")
        if self.spacing not in SPACINGS:
            raise BadInput(f"--spacing {self.spacing}: choose one of {', '.join(SPACINGS)}")
        if not 0 < self.start_redshift < np.inf:
            raise BadInput(f"--start-redshift {self.start_redshift:g}: give a positive number")
        if self.force_mesh_factor < 1:
            raise BadInput(f"--force-mesh-factor {self.force_mesh_factor}: give at least 1")
        if self.second_order not in SECOND_ORDERS:
            orders = ", ".join(SECOND_ORDERS)
            raise BadInput(f"--second-order {self.second_order}: choose one of {orders}")

    def runs(
        self, redshifts: Sequence[float]
    ) -> list[tuple[Float[np.ndarray, " stages"], list[float]]]:
        """Plan the runs: where the steps of each begin and end, and its outputs.

        A single run has ``steps`` steps to the lowest redshift, and further ones where another
        redshift cuts a step in two.

        Args:
            redshifts: of the outputs, in any order.

        Returns:
            For each run the ascending scale factors of its stages, the start first, and the
            redshifts of its outputs, from high to low: a run for each redshift in the order
            given, or a single one.

        Raises:
            BadInput: a redshift that this scheme does not reach, or twice the same.
        """
        for redshift in redshifts:
            if not 0 <= redshift < self.start_redshift:
                raise BadInput(
                    f"--redshift {redshift:g}: must be at least 0 and below --start-redshift "
                    f"{self.start_redshift:g}"
                )
        if len(set(redshifts)) < len(redshifts):
            raise BadInput(f"--redshift {' '.join(f'{z:g}' for z in redshifts)}: give each once")
        if self.single_run:
            stages = self._stages_to(min(redshifts))
            for redshift in redshifts:
                output = scale_factor_of(redshift)
                stages = np.append(stages[np.abs(stages - output) > STAGE_ROUNDING], output)
            return [(np.sort(stages), sorted(redshifts, reverse=True))]
        return [(self._stages_to(redshift), [redshift]) for redshift in redshifts]

    def description(self, stages: Float[np.ndarray, " stages"]) -> dict:
        """The attributes that describe the run of an output in its file."""
        return {
            **dataclasses.asdict(self),
            "stages": [float(stage) for stage in stages],
            "start": "second-order Lagrangian perturbation theory",
            "integrator": "FastPM, kick-drift-kick, half point sqrt(a0 a1)",
            "kernel": KERNEL,
        }

    def _stages_to(self, redshift: float) -> np.ndarray:
        start, end = scale_factor_of(self.start_redshift), scale_factor_of(redshift)
        return SPACINGS[self.spacing](start, end, self.steps + 1)


def step_factors(
    stages: Float[np.ndarray, " stages"], cosmology: Cosmology
) -> Float[np.ndarray, "steps 3"]:
    """Weights of the kicks and drifts of FastPM (arXiv:1603.00476, section 2).

    A step from a0 to a1 with the half point ah = sqrt(a0 a1) kicks to ah, drifts to a1 and kicks
    to a1. A kick from a to b with the force at c has the weight
    [Gf(b) - Gf(a)] / gf(c) / (c^2 E(c)), a drift with the momentum at c
    [Gp(b) - Gp(a)] / gp(c) / (c^3 E(c)): Gf = a^2 E dD1 / dlna is the growth of momenta, Gp = D1
    that of positions, gf and gp are their slopes d/da, D1 is the linear growth factor and
    E = H / H0.

    Returns:
        First kick, drift and second kick of each step between two of the ascending stages.
    """
    stages = np.asarray(stages, dtype=np.float64)
    start, end = stages[:-1], stages[1:]
    at_start, at_end = growth(start, cosmology), growth(end, cosmology)
    at_half = growth(np.sqrt(start * end), cosmology)

    def kick(before, after, force_at):
        weight = force_at.momentum_slope * force_at.scale_factor**2 * force_at.hubble
        return (after.momentum_factor - before.momentum_factor) / weight

    drift_weight = at_half.position_slope * at_half.scale_factor**3 * at_half.hubble
    drift = (at_end.position_factor - at_start.position_factor) / drift_weight
    return np.stack([kick(at_start, at_half, at_start), drift, kick(at_half, at_end, at_end)], 1)
