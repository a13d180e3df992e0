# SPDX-License-Identifier: GPL-3.0-or-later
"""How a FastPM run that was interrupted or killed continues: its checkpoint, in one HDF5 file.

``run-fastpm --checkpoint FILE`` writes the state of the run to FILE after every step
(:meth:`Checkpoint.save`). The same command, given again, reads it (:meth:`Checkpoint.load`): the
fingerprint in the file, of all that the result depends on, must be that of the command, and the
data must have their digests. Then :func:`jerald_tools.gravity.fastpm.simulate` continues from that
state, without the outputs that were written before. When all outputs are whole, the checkpoint is
deleted (:meth:`Checkpoint.remove`).

Particles lie in the file rank by rank, each rank's in their order. As many ranks as wrote it read
the same arrays, and continue to the same result bit for bit; another number of ranks reads equal
shares, and continues to the same result up to rounding.
"""

import dataclasses
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from jerald_tools.gravity.fastpm import State
from jerald_tools.gravity.particles import Particles
from jerald_tools.io import hdf5
from jerald_tools.io.fingerprint import can_resume
from jerald_tools.io.header import read_attributes, write_attributes
from jerald_tools.io.parallel import verify_on_root, write_on_root
from jerald_tools.io.record import this_run
from jerald_tools.mesh.ranks import Ranks, agree, gather, on_root, pieces_on_root

FILE_TYPE = "simulation-state"

DATASETS = {
    "positions": ((3,), "Mpc/h", "comoving positions, not wrapped into the box"),
    "momenta": ((3,), "Mpc/h", "a^2 dx/dt / H0 of the comoving position x"),
    "ids": ((), "1", "ParticleIDs"),
}
"""Shape of a row, units and description, in the order of the fields of Particles."""


@dataclasses.dataclass(frozen=True)
class CheckpointHeader:
    """Which state of which simulation a checkpoint holds.

    Attributes:
        fingerprint: all that the simulation's result depends on, by name, as JSON gives it back.
        run: number of the run, from 0, among those of the simulation.
        steps: how many steps the run has made.
        numbers: particles on each rank.
        length: of each rank's padded arrays, kept because another length changes the rounding.
    """

    fingerprint: dict
    run: int
    steps: int
    numbers: list[int]
    length: int


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """The file that a simulation continues from.

    Attributes:
        path: the file.
        ranks: the processes that share the particles.
        fingerprint: all that the simulation's result depends on, by name, as JSON gives it back.
    """

    path: str | os.PathLike
    ranks: Ranks
    fingerprint: dict

    def save(self, state: State) -> None:
        """Write a state over the one before.

        Raises:
            BadInput, RunFailed: on every rank, if rank 0 cannot write.
        """
        particles = state.particles.without_padding()
        numbers = gather(self.ranks, len(particles.ids))
        length = len(state.particles.ids)
        header = CheckpointHeader(self.fingerprint, state.run, state.steps, numbers, length)
        rows = {name: pieces_on_root(self.ranks, getattr(particles, name)) for name in DATASETS}
        write_on_root(
            self.ranks, list(rows.values()), lambda: write_checkpoint(self.path, header, rows)
        )

    def load(self, force: bool) -> State | None:
        """The state to continue from, None where there is no file.

        Args:
            force: whether to start from the beginning if the file is of another simulation.

        Raises:
            BadInput: on every rank, if it is of another simulation, or the file is damaged.
        """
        header = on_root(self.ranks, self._header_to_continue_from, force)
        if header is None:
            return None
        verify_on_root(self.ranks, CheckpointFile, self.path)
        numbers, length = header.numbers, header.length
        if len(numbers) != self.ranks.size:
            numbers, length = equal_shares(sum(numbers), self.ranks.size), 0
        start = sum(numbers[: self.ranks.rank])
        stop = start + numbers[self.ranks.rank]

        def read():
            with CheckpointFile(self.path) as file:
                return [file.rows(name, start, stop) for name in DATASETS]

        particles = Particles(*agree(self.ranks, read))
        if self.ranks.size > 1:
            particles = particles.padded(max(length, *numbers))
        return State(header.run, header.steps, particles)

    def _header_to_continue_from(self, force: bool) -> CheckpointHeader | None:
        if not os.path.exists(self.path):
            return None
        with CheckpointFile(self.path) as file:
            same = can_resume(self.path, file.header.fingerprint, self.fingerprint, force)
            return file.header if same else None

    def remove(self) -> None:
        """Delete the file: all outputs are whole."""
        on_root(self.ranks, Path(self.path).unlink, missing_ok=True)


def equal_shares(number: int, parts: int) -> list[int]:
    """How many of a number of rows each part gets."""
    return [number * (part + 1) // parts - number * part // parts for part in range(parts)]


def write_checkpoint(
    path: str | os.PathLike,
    header: CheckpointHeader,
    rows: Mapping[str, Iterable[tuple[int, np.ndarray]]],
) -> None:
    """Write a checkpoint over the one before, which stays until the new one is whole.

    Args:
        path: the file's name.
        header: which state it is.
        rows: of all particles, rank by rank, in pieces: the number of its first row, and
            "positions" (n, 3) [Mpc/h], "momenta" (n, 3) [Mpc/h] or "ids" (n,).

    Raises:
        BadInput: if the file cannot be written.
        RunFailed: if a value is not finite.
    """
    number = sum(header.numbers)
    with hdf5.create(path, FILE_TYPE, this_run(), force=True) as file:
        attributes = dataclasses.asdict(header)
        # The name of version 1 of the format.
        attributes["identity"] = json.dumps(attributes.pop("fingerprint"))
        write_attributes(file, attributes)
        for name, (shape, units, description) in DATASETS.items():
            dataset = hdf5.DatasetHeader((number, *shape), units, True, description)
            hdf5.write_dataset(file, name, dataset, rows[name])


class CheckpointFile(hdf5.Reader):
    """An open checkpoint: its ``header``, and its datasets by ``rows``.

    Raises:
        BadInput: if the file is missing, of another type, truncated, damaged or of a newer version.
    """

    file_type = FILE_TYPE
    header: CheckpointHeader

    def _read_header(self) -> None:
        values = read_attributes(self.file)
        self.header = CheckpointHeader(
            json.loads(values["identity"]),
            *(values[name] for name in ("run", "steps", "numbers", "length")),
        )
