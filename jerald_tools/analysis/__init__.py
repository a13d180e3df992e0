# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements of maps: power spectra, correlations, bands, tables and figures."""
