# SPDX-License-Identifier: GPL-3.0-or-later
"""The particle mesh over MPI ranks: operations with their adjoints, in C++ or pure JAX.

It knows no file formats; files that all ranks share are read and written by
:mod:`jerald_tools.io.parallel`.
"""

import jax

# Double precision must exist for the sums over the mesh and for gradient checks; every array
# states its own type, so nothing becomes double by accident.
jax.config.update("jax_enable_x64", True)
