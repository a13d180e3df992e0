# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a simulation kept in a file, from which it goes on after an interruption."""

import dataclasses
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import numpy as np

from jerald_tools.gravity.fastpm import State
from jerald_tools.gravity.particles import Particles
from jerald_tools.io import hdf5
from jerald_tools.io.fingerprint import can_resume
from jerald_tools.io.header import read_attributes, write_attributes
from jerald_tools.io.parallel import verify_on_root, write_on_root
from jerald_tools.io.record import Record, this_run
from jerald_tools.mesh.ranks import Ranks, agree, gather, on_root, pieces_on_root

# Where a simulation stands, in HDF5: to go on from there, on any number of ranks.
#
# Particles lie in the file as they lay on the ranks, one rank after the other. As many ranks as
# wrote it find theirs in the order that they had, and go on with the same sums, bit for bit.

FILE_TYPE = "simulation-state"
_DATASETS = {
    "positions": ((3,), "Mpc/h", "comoving positions, not wrapped into the box"),
    "momenta": ((3,), "Mpc/h", "a^2 dx/dt / H0 of the comoving position x"),
    "ids": ((), "1", "ParticleIDs"),
}


@dataclasses.dataclass(frozen=True)
class SimulationStateHeader:
    """What the state is of.

    Attributes:
        identity: all that the simulation's result depends on, by name, as JSON gives it back.
        run: number of the run, from 0, among those of the simulation.
        steps: that it has made.
        numbers: of particles on each rank.
        length: of every rank's arrays with their padding, on which the last bit depends too.
    """

    identity: dict
    run: int
    steps: int
    numbers: list[int]
    length: int


def write_simulation_state(
    path: str | os.PathLike,
    state_header: SimulationStateHeader,
    rows: dict[str, Iterable[tuple[int, np.ndarray]]],
    record: Record,
) -> None:
    """Write a state over the one before, which stays until the new one is whole.

    Args:
        path: the file's name.
        state_header: what the state is of.
        rows: ``(start, rows)`` of "positions" (n, 3) [Mpc/h], "momenta" (n, 3) [Mpc/h] and "ids"
            (n,), of all particles, rank by rank.
        record: how they were made.

    Raises:
        BadInput: if the file cannot be written.
        RunFailed: if a value is not finite.
    """
    number = sum(state_header.numbers)
    with hdf5.create(path, FILE_TYPE, record, force=True) as file:
        fields = dataclasses.asdict(state_header)
        write_attributes(file, {**fields, "identity": json.dumps(state_header.identity)})
        for name, (shape, units, description) in _DATASETS.items():
            hdf5.write_dataset(
                file,
                name,
                (number, *shape),
                rows[name],
                units=units,
                comoving=True,
                description=description,
            )


class SimulationStateFile(hdf5.Reader):
    """What :func:`write_simulation_state` wrote, open: ``header`` and :meth:`rows`."""

    file_type: ClassVar[str] = FILE_TYPE
    header: SimulationStateHeader

    def _read_header(self) -> None:
        names = [field.name for field in dataclasses.fields(SimulationStateHeader)]
        values = read_attributes(self.file)
        values["identity"] = json.loads(values["identity"])
        self.header = SimulationStateHeader(**{name: values[name] for name in names})


# In the order of the fields of Particles.
ROWS = ("positions", "momenta", "ids")


@dataclasses.dataclass(frozen=True)
class SavedState:
    """A file with the last state of a run.

    Attributes:
        path: the file.
        ranks: the processes.
        identity: all that the simulation's result depends on, by name, as JSON gives it back.
    """

    path: str | os.PathLike
    ranks: Ranks
    identity: dict

    def load(self, force: bool) -> State | None:
        """The state in the file, None where there is no file.

        Args:
            force: whether to overlook the state of another run.

        Raises:
            BadInput: on every rank, if it is of another run, or the file is damaged.
        """
        header = on_root(self.ranks, self._header, force)
        if header is None:
            return None
        verify_on_root(self.ranks, SimulationStateFile, self.path)
        numbers, length = header.numbers, header.length
        if len(numbers) != self.ranks.size:
            numbers, length = equal_shares(sum(numbers), self.ranks.size), 0
        start = sum(numbers[: self.ranks.rank])
        stop = start + numbers[self.ranks.rank]

        def read():
            with SimulationStateFile(self.path) as file:
                return [file.rows(name, start, stop) for name in ROWS]

        particles = Particles(*agree(self.ranks, read))
        if self.ranks.size > 1:
            particles = particles.padded(max(length, *numbers))
        return State(header.run, header.steps, particles)

    def save(self, state: State) -> None:
        """Write a state over the one before.

        Raises:
            BadInput, RunFailed: on every rank, if rank 0 cannot write.
        """
        particles = state.particles.without_padding()
        numbers = gather(self.ranks, len(particles.ids))
        header = SimulationStateHeader(
            self.identity, state.run, state.steps, numbers, len(state.particles.ids)
        )
        rows = {name: pieces_on_root(self.ranks, getattr(particles, name)) for name in ROWS}
        write_on_root(
            self.ranks,
            list(rows.values()),
            lambda: write_simulation_state(self.path, header, rows, this_run()),
        )

    def remove(self) -> None:
        """Take the file away: all outputs are whole."""
        on_root(self.ranks, Path(self.path).unlink, missing_ok=True)

    def _header(self, force: bool) -> SimulationStateHeader | None:
        if not os.path.exists(self.path):
            return None
        with SimulationStateFile(self.path) as file:
            same = can_resume(self.path, file.header.identity, self.identity, force)
            return file.header if same else None


def equal_shares(number: int, parts: int) -> list[int]:
    """How many of a number of rows each part gets."""
    return [number * (part + 1) // parts - number * part // parts for part in range(parts)]
