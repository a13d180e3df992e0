# SPDX-License-Identifier: GPL-3.0-or-later
"""What an MPI launcher tells its processes in their environment, before MPI is imported."""

import os

# Open MPI's mpirun, PMIx and PMI launchers, MPICH's mpiexec and Slurm's srun, in this order.
RANK_VARIABLES = ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID")
SIZE_VARIABLES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS", "SLURM_STEP_NUM_TASKS")


def launched_rank() -> int:
    """The rank that the launcher gave this process; 0 without a launcher."""
    return next((int(os.environ[name]) for name in RANK_VARIABLES if os.environ.get(name)), 0)


def launched_size() -> int:
    """How many processes the launcher started; 1 without a launcher."""
    return max(int(os.environ.get(name) or 1) for name in SIZE_VARIABLES)
