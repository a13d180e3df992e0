# A killed Snakemake leaves its locks behind, which would ask for `snakemake --unlock`. A lock of the
# kernel's, which ends with its process, says whether a run of this machine still has them.
import fcntl
import os
import shutil
import socket
from pathlib import Path


class Alive:
    """Held by a run for as long as it lives; what dead runs of this machine left goes."""

    def __init__(self, folder):
        folder.mkdir(exist_ok=True)
        self.file = open(folder / "alive", "a+")
        if not self.held(fcntl.LOCK_NB):
            return
        # Another machine's run may be alive: not every file system carries locks between them.
        self.file.seek(0)
        if self.file.read() in ("", socket.gethostname()):
            shutil.rmtree(folder / "locks", ignore_errors=True)

    def held(self, how=0):
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | how)
        except OSError:
            return False
        return True

    def sign(self):
        """Say which machine this run is on; a dry run may have been at work beside it so far."""
        self.held()
        self.file.truncate(0)
        self.file.write(socket.gethostname())
        self.file.flush()


# Jobs on other nodes read this file too.
if workflow.is_main_process:
    alive = Alive(Path(".snakemake"))


onstart:
    alive.sign()
