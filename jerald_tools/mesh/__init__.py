# SPDX-License-Identifier: GPL-3.0-or-later
"""The particle mesh, serial or over MPI ranks: the only place that knows ranks and backends."""

import jax

# Double precision must exist for the sums over the mesh and for gradient checks; every array
# states its own type, so nothing becomes double by accident.
jax.config.update("jax_enable_x64", True)
