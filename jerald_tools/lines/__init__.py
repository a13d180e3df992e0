# SPDX-License-Identifier: GPL-3.0-or-later
"""What observers see along lines of sight: optical depth of Lyman-alpha, flux, its statistics."""
