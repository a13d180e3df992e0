# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured on maps: power spectra, correlations, comparison figures."""
