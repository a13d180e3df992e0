# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of hydrodynamical simulations, one file a format, all behind one protocol."""
