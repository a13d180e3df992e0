# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a simulation stands, in HDF5: to go on from there, on any number of ranks.

Particles lie in the file as they lay on the ranks, one rank after the other. As many ranks as wrote
it find theirs in the order that they had, and go on with the same sums, bit for bit.
"""

import dataclasses
import json
import os
from collections.abc import Iterable

import numpy as np

from jerald_tools.files import hdf5, header
from jerald_tools.files.attributes import read_attributes, write_attributes
from jerald_tools.files.provenance import Provenance

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
    provenance: Provenance,
) -> None:
    """Write a state over the one before, which stays until the new one is whole.

    Args:
        path: the file's name.
        state_header: what the state is of.
        rows: ``(start, rows)`` of "positions" (n, 3) [Mpc/h], "momenta" (n, 3) [Mpc/h] and "ids"
            (n,), of all particles, rank by rank.
        provenance: how they were made.

    Raises:
        BadInput: if the file cannot be written.
        RunFailed: if a value is not finite.
    """
    number = sum(state_header.numbers)
    with hdf5.create(path, FILE_TYPE, provenance, force=True) as file:
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
    """An open state: ``header`` and :meth:`rows`."""

    def __init__(self, path: str | os.PathLike):
        super().__init__(path, FILE_TYPE)
        with header.refusing(self):
            names = [field.name for field in dataclasses.fields(SimulationStateHeader)]
            values = read_attributes(self.file)
            values["identity"] = json.loads(values["identity"])
            self.header = SimulationStateHeader(**{name: values[name] for name in names})


def open_simulation_state(path: str | os.PathLike) -> SimulationStateFile:
    """Open what :func:`write_simulation_state` wrote.

    Raises:
        BadInput: if it is missing, of another type, truncated, damaged or of a newer version.
    """
    return SimulationStateFile(path)
