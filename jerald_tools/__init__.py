# SPDX-License-Identifier: GPL-3.0-or-later
"""jerald-tools: from a random seed to maps of dark matter, stellar mass and neutral hydrogen."""

__version__ = "0.1.0"
