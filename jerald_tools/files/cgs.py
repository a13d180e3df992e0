# SPDX-License-Identifier: GPL-3.0-or-later
"""Our units in centimetres, grams and seconds."""

MPC_CM = 3.08567758149e24
UNIT_MASS_G = 1.98841e43  # 1e10 solar masses
KM_CM = 1e5
