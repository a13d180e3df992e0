# SPDX-License-Identifier: GPL-3.0-or-later
"""Dark matter from a seed: white noise, linear power, 2LPT, and FastPM with its checkpoints."""
