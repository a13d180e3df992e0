# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of the losses that a fit can be asked for, and which one is whose default; free of JAX."""

NAMES = ("paper", "statistics", "distribution", "logarithmic")

# Decided on the validation region of the bundled training run, see docs/losses.md.
DEFAULTS = {
    "dark-matter": "statistics",
    "stellar-mass": "statistics",
    "neutral-hydrogen": "statistics",
}
