# SPDX-License-Identifier: GPL-3.0-or-later
"""Fits of a quantity's parameters: losses, regions, optimisers, starts, ensembles.

The names that a command offers stand here, so that it can list them without importing JAX.
"""

LOSSES = ("paper", "statistics", "distribution", "logarithmic", "compressed", "flux")
"""Names of the losses, see :func:`jerald_tools.fitting.statistics_loss.loss_named`."""

OPTIMISERS = ("bfgs", "lbfgsb", "adam")
"""Names of the optimisers, see :data:`jerald_tools.fitting.optimisers.OPTIMISERS`."""

BOXES = "boxes"
"""What stands for a number of members, to leave out the boxes of each white noise in turn."""
