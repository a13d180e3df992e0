# SPDX-License-Identifier: GPL-3.0-or-later
"""The paper's figures, one kind a file; each function returns a matplotlib Figure to be saved."""
