# SPDX-License-Identifier: GPL-3.0-or-later
"""The JERALD model: displacement layers, map transforms and their parameters."""
