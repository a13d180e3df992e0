# SPDX-License-Identifier: GPL-3.0-or-later
"""Files in and out: HDF5 maps, particles and initial conditions, JSON fits, CSV spectra."""
