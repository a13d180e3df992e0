# SPDX-License-Identifier: GPL-3.0-or-later
"""From snapshots of hydrodynamical simulations to the maps that fits learn from."""
