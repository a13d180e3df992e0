# SPDX-License-Identifier: GPL-3.0-or-later
"""Training: losses, the split of a map, optimisers and the fit itself."""
