# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of hydrodynamical simulations, whatever code wrote them."""
