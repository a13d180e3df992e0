# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of hydrodynamical simulations in the formats of several codes."""
