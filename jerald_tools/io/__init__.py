# SPDX-License-Identifier: GPL-3.0-or-later
"""Files: maps, particles, fits, spectra, their records and atomic writes."""
