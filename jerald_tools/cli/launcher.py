# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the launcher that started this process belongs to the MPI that the ranks talk with.

Started by the launcher of another MPI, every process finds itself alone: rank 0 of 1. Each would do
the whole work, and all would write the same files.
"""

import importlib.util
import os

from jerald_tools.errors import BadInput
from jerald_tools.process import RANK_VARIABLES, launched_rank, launched_size

# Of launchers that state their number of processes under names of their own.
OTHER_SIZES = ("MV2_COMM_WORLD_SIZE", "PALS_SIZE", "FLUX_JOB_SIZE", "JSM_NAMESPACE_SIZE")


def require_one_world() -> None:
    """Refuse to run where the launcher's number of processes is not the communicator's.

    A process that was started alone does not import MPI. Ranks meet here: one that fails later
    finds no other making a communicator, which the barrier of its failure would disturb.

    Raises:
        BadInput: naming both numbers, the library and the remedy.
    """
    launched = max(launched_size(), *(int(os.environ.get(name) or 1) for name in OTHER_SIZES))
    if launched == 1:
        if launched_rank() > 0:
            known = next(name for name in RANK_VARIABLES if os.environ.get(name))
            raise BadInput(
                f"{known} = {launched_rank()}: a launcher started several processes but does not "
                "say how many; start them with the mpirun of the MPI that mpi4py was built with"
            )
        return
    if importlib.util.find_spec("mpi4py") is None:
        return
    from mpi4py import MPI

    size = MPI.COMM_WORLD.Get_size()
    if size != launched:
        library = MPI.Get_library_version().split(",")[0].splitlines()[0]
        raise BadInput(
            f"the launcher started {launched} processes, but the MPI of mpi4py ({library}) sees "
            f"{size}: use the mpirun (or srun --mpi=...) of that MPI, or build mpi4py with the "
            "launcher's: pip install --no-binary mpi4py --force-reinstall mpi4py"
        )
    from jerald_tools.mesh.ranks import world

    world()
