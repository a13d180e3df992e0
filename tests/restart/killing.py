# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that are killed with all their ranks and jobs, and what they left."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py

from jerald_tools.io.append_log import AppendLog

BIN = Path(sys.executable).parent

# What a run says of itself, not of its result.
CIRCUMSTANCES = ("provenance", "sha256")


def command_line(ranks: int, *arguments) -> list[str]:
    """A command on so many ranks, as it is typed."""
    launcher = [] if ranks == 1 else ["mpirun", "--oversubscribe", "-n", str(ranks)]
    return [*launcher, *map(str, arguments)]


class Command:
    """A running command, in a session of its own; its standard error goes to a file beside."""

    def __init__(self, folder: Path, arguments: list[str]):
        environment = {
            **os.environ,
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "JERALD_WISDOM": str(folder.parent / "wisdom"),
            "OMPI_ALLOW_RUN_AS_ROOT": "1",
            "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "OMPI_MCA_mpi_yield_when_idle": "1",
        }
        self.errors = folder.with_suffix(".err")
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                arguments,
                cwd=folder,
                env=environment,
                stdout=errors,
                stderr=errors,
                start_new_session=True,
            )

    def finish(self, timeout: float = 1200) -> int:
        """Wait for its end and return its status."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def succeed(self) -> None:
        """Wait for its end, which must be a good one."""
        status = self.finish()
        assert status == 0, f"status {status}: {self.said()}"

    def members(self) -> dict[int, float]:
        """All its processes, for ranks and jobs stay in the session, and their CPU seconds."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                # A zombie whose other threads live has its files still.
                is_dead = fields[0] == "Z" and int(fields[17]) <= 1
                if int(fields[3]) == self.process.pid and not is_dead:
                    ticks = sum(map(int, fields[11:15]))
                    found[int(entry.name)] = ticks / os.sysconf("SC_CLK_TCK")
        return found

    def work(self, seconds: float) -> None:
        """Wait until it has used so many CPU seconds, or has ended."""
        while self.process.poll() is None and sum(self.members().values()) < seconds:
            time.sleep(0.02)

    def kill(self) -> bool:
        """SIGKILL to all its processes; whether it was still running."""
        was_running = self.process.poll() is None
        while members := self.members():
            for member in members:
                try:
                    os.kill(member, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            time.sleep(0.01)
        self.process.wait()
        return was_running

    def said(self) -> str:
        """Everything on its standard output and error."""
        return self.errors.read_text()


def recorded(journal: Path) -> int:
    """Whole answers in a journal; 0 if there is none."""
    if not journal.exists():
        return 0
    file = AppendLog(journal)
    file.close()
    return max(0, len(file.entries) - 1)


def answers_taken_up(said: str) -> int:
    """After how many recorded answers a fit says that it goes on."""
    found = re.search(r"going on after (\d+) answers", said)
    return int(found[1]) if found else 0


def contents(folder: Path) -> dict[str, object]:
    """What every file in a folder holds, without the circumstances of the run that wrote it."""
    return {
        str(path.relative_to(folder)): content(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not {".snakemake", "logs", "benchmarks"} & set(path.parts)
    }


def content(path: Path):
    """What a file holds, without the circumstances of the run that wrote it."""
    if path.suffix == ".h5":
        # Attributes of a map name its fit by a digest, to which the fit's circumstances belong.
        found = {}

        def note(name, member):
            if isinstance(member, h5py.Dataset) and name not in CIRCUMSTANCES:
                found[name] = member[...].tobytes()

        with h5py.File(path) as file:
            file.visititems(note)
        return found
    if path.suffix == ".json":
        return _without_circumstances(json.loads(path.read_text()))
    if path.suffix == ".csv":
        return [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return path.read_bytes()


def _without_circumstances(value):
    if isinstance(value, list):
        return [_without_circumstances(member) for member in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _without_circumstances(member)
        for name, member in value.items()
        if name not in CIRCUMSTANCES
    }
