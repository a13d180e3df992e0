# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a simulation kept in a file, from which it goes on after an interruption."""

import dataclasses
import os
from pathlib import Path

from jerald_tools.files.provenance import Provenance, this_run
from jerald_tools.files.same_run import goes_on
from jerald_tools.files.simulation_state import (
    SimulationStateHeader,
    open_simulation_state,
    write_simulation_state,
)
from jerald_tools.gravity.fastpm import State
from jerald_tools.gravity.particles import Particles
from jerald_tools.mesh.distributed_files import agree, verify_on_root, write_on_root
from jerald_tools.mesh.ranks import Ranks, gather, on_root
from jerald_tools.mesh.slabs import pieces_on_root

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
        verify_on_root(self.ranks, open_simulation_state, self.path)
        numbers, length = header.numbers, header.length
        if len(numbers) != self.ranks.size:
            numbers, length = equal_shares(sum(numbers), self.ranks.size), 0
        start = sum(numbers[: self.ranks.rank])
        stop = start + numbers[self.ranks.rank]

        def read():
            with open_simulation_state(self.path) as file:
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
            lambda: write_simulation_state(self.path, header, rows, Provenance(this_run())),
        )

    def remove(self) -> None:
        """Take the file away: all outputs are whole."""
        on_root(self.ranks, Path(self.path).unlink, missing_ok=True)

    def _header(self, force: bool) -> SimulationStateHeader | None:
        if not os.path.exists(self.path):
            return None
        with open_simulation_state(self.path) as file:
            same = goes_on(self.path, file.header.identity, self.identity, force)
            return file.header if same else None


def equal_shares(number: int, parts: int) -> list[int]:
    """How many of a number of rows each part gets."""
    return [number * (part + 1) // parts - number * part // parts for part in range(parts)]
