# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes the locks of dead runs, for which Snakemake would ask `snakemake --unlock`."""

import fcntl
import shutil
import socket
from pathlib import Path


class RunLock:
    """A lock that the kernel releases when its process ends, however it ends.

    Snakemake's own locks are files, which a killed run leaves behind. If no other run on this
    machine holds this lock, those files are removed.

    Attributes:
        file: the locked file, `alive`, which names the machine of the run.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.file = open(folder / "alive", "a+")  # noqa: SIM115 - open until the process ends
        if not self._acquire(fcntl.LOCK_NB):
            return
        # A run on another machine may be alive: not every file system shares locks.
        self.file.seek(0)
        if self.file.read() in ("", socket.gethostname()):
            shutil.rmtree(folder / "locks", ignore_errors=True)

    def _acquire(self, how: int = 0) -> bool:
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | how)
        except OSError:
            return False
        return True

    def record_host(self) -> None:
        """Write the name of this machine into the file, after a dry run that held the lock."""
        self._acquire()
        self.file.truncate(0)
        self.file.write(socket.gethostname())
        self.file.flush()
