# SPDX-License-Identifier: GPL-3.0-or-later
"""How a stage runs: precision, threads, permission to overwrite, times; free of JAX."""

import dataclasses
import logging
import os
import time
from types import ModuleType

from jerald_tools.engines import OWN_ENGINE, load_engine, versions_of
from jerald_tools.process import Stopwatch

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Run:
    """How a stage runs, and what it records about itself: the first argument of every stage.

    Attributes:
        precision: ``"single"`` or ``"double"``, of particles and meshes.
        threads: threads of each rank; by default all cores that this process may use.
        force: whether existing outputs may be overwritten.
        stopwatch: seconds of each part of the stage, for provenance.
        started: when the stage began, by ``time.perf_counter``.
        notes: further text by name, for provenance.
        engine: whose code computes: ours, or a key of :data:`jerald_tools.engines.PACKAGES`.
    """

    precision: str = "single"
    threads: int = dataclasses.field(default_factory=lambda: len(os.sched_getaffinity(0)))
    force: bool = False
    stopwatch: Stopwatch = dataclasses.field(default_factory=Stopwatch)
    started: float = dataclasses.field(default_factory=time.perf_counter)
    notes: dict[str, str] = dataclasses.field(default_factory=dict)
    engine: str = OWN_ENGINE

    @property
    def dtype(self) -> str:
        """NumPy's name of the floating-point type of particles and meshes."""
        return {"single": "float32", "double": "float64"}[self.precision]

    def load_engine(self) -> ModuleType | None:
        """Import the engine, unless it is ours, and note its versions for provenance.

        Raises:
            BadInput: if a package is missing or cannot be imported.
        """
        module = load_engine(self.engine)
        if module is not None:
            self.notes.update(engine=self.engine, engine_versions=versions_of(self.engine))
            logger.debug("engine: %s", self.notes["engine_versions"])
        return module

    def record_verification(self, line: str) -> None:
        """Log how far all ranks and one alone differ, and keep the line for provenance."""
        logger.info("verified: %s", line)
        self.notes["verify_ranks"] = line
