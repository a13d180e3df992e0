# SPDX-License-Identifier: GPL-3.0-or-later
"""A loss from the name that a fit is asked for it by."""

from jerald_tools.errors import BadInput
from jerald_tools.fitting.losses import LogarithmicLoss, Loss, paper_loss
from jerald_tools.fitting.statistics_loss import StatisticsLoss

# Weights by the residual's power p. Large ones hold a map's power to the target's more closely, at
# the price of r(k): these are the largest that lowered r by no more than 0.02 on the validation
# region of the bundled training run when they were chosen; minima of the same weights differ by as
# much. Squared residuals of dark matter are small beside their spread and bear more.
WEIGHTS = {
    1: {"spectrum": 0.3, "correlation": 0.3, "mean": 1.0},
    2: {"spectrum": 1.0, "correlation": 1.0, "mean": 3.0},
}
DISTRIBUTION_WEIGHT = 0.1


def loss_named(name: str, quantity: str, smoothing: float | None = None) -> Loss:
    """A loss by its name.

    Args:
        name: "paper" (equations (10) and (11)); "statistics", the paper's residual with power,
            correlation and mean; "distribution", with the one-point distribution too; or
            "logarithmic", the same with residuals of ln(1 + F).
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        smoothing: n of the paper's residual's weight 1 + k^-n; None for no weight.

    Raises:
        BadInput: for a smoothing of residuals that have none.
    """
    residual = paper_loss(quantity, smoothing)
    if name == "paper":
        return residual
    weights = WEIGHTS[residual.power]
    if name == "statistics":
        return StatisticsLoss(residual, **weights, distribution=0.0)
    if name == "distribution":
        return StatisticsLoss(residual, **weights, distribution=DISTRIBUTION_WEIGHT)
    if smoothing is not None:
        raise BadInput(f"--smoothing {smoothing:g}: the loss {name} has no smoothing: leave it out")
    return StatisticsLoss(
        LogarithmicLoss(residual.power), **weights, distribution=DISTRIBUTION_WEIGHT
    )
