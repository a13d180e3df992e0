# SPDX-License-Identifier: GPL-3.0-or-later
"""Fits of a quantity's parameters: losses, regions, optimisers, starts, ensembles."""
