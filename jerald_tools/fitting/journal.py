# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of a fit: the answers of its objective, from which an interrupted fit resumes.

The steps of an optimiser depend on the answers of its objective and nothing else. So an interrupted
fit starts again, and as long as its questions equal those of the journal bit for bit, it gets the
answers of the journal; no state of an optimiser is kept. Another number of ranks may resume it:
those round differently, but only what they compute themselves.
"""

import collections
import contextlib
import json
import logging
import os
from collections.abc import Callable, Iterator

import numpy as np

from jerald_tools.errors import NoUsableMap
from jerald_tools.io.append_log import AppendLog
from jerald_tools.io.fingerprint import can_resume
from jerald_tools.mesh.ranks import Ranks, on_root, stop_if_requested

logger = logging.getLogger(__name__)

# What can be asked: the first number of a record.
LOSSES, CURVATURE = 0, 1


class Journal:
    """Answers in the order in which they were asked for; without a file it keeps none.

    Args:
        ranks: the processes, which all ask the same.
        recorded: records of an earlier run, the same on every rank.
        file: where rank 0 appends what is computed, None on the others.
    """

    def __init__(self, ranks: Ranks, recorded=(), file: AppendLog | None = None):
        self._ranks, self._file = ranks, file
        self._recorded, self._replayed = collections.deque(recorded), 0

    def answer(
        self, kind: int, question: np.ndarray, compute: Callable[[], np.ndarray]
    ) -> np.ndarray:
        """The recorded answer if this was the next question, else one that is computed.

        A question that is not the recorded one drops what is left of the record.

        Args:
            kind: ``LOSSES`` or ``CURVATURE``.
            question: (p,) float64, the same on every rank.
            compute: gives the answer, any shape in one row, float64, the same on every rank.

        Raises:
            RunStopped: on every rank, if a signal asked for it; the answer is recorded.
        """
        asked = np.concatenate([[kind, len(question)], question])
        if self._recorded:
            record = np.frombuffer(self._recorded.popleft(), "<f8")
            if record[: len(asked)].tobytes() == asked.astype("<f8").tobytes():
                self._replayed += 1
                return np.array(record[len(asked) :], np.float64)
            self._part()
        found = compute()
        if self._file is not None:
            self._file.append(np.concatenate([asked, found]).astype("<f8").tobytes())
        stop_if_requested(self._ranks)
        return found

    def close(self) -> None:
        """Leave the file, as it is, to the next run."""
        if self._file is not None:
            self._file.close()

    def remove(self) -> None:
        """Take the file away: the fit is whole, or can never be."""
        if self._file is not None:
            self._file.remove()

    def _part(self) -> None:
        logger.info(
            "this run and its journal part after %d evaluations; computing from there",
            self._replayed,
        )
        self._recorded.clear()
        if self._file is not None:
            # The first record says of what fit the others are.
            self._file.keep(1 + self._replayed)


def is_journal_of(path: str | os.PathLike, identity: dict) -> bool:
    """Whether a journal of this very fit is there.

    Args:
        path: of the journal.
        identity: as for :func:`journal_in`.

    Raises:
        BadInput: if it is another kind of file, or in use.
    """
    if not os.path.exists(path):
        return False
    file = AppendLog(path)
    file.close()
    return file.entries[:1] == [_as_record(identity)]


@contextlib.contextmanager
def journal_in(
    path: str | os.PathLike, ranks: Ranks, identity: dict, force: bool
) -> Iterator[Journal]:
    """The journal of a fit, kept when the block is interrupted; the caller removes it at the end.

    A fit without a usable map would find none again: its journal goes.

    Args:
        path: of the journal; it is made if there is none.
        ranks: the processes.
        identity: all that the answers depend on, by name, as JSON gives it back.
        force: whether to replace a journal of another fit.

    Raises:
        BadInput: on every rank, if the journal is of another fit, or in use.
    """
    files = []

    def recorded() -> list[bytes]:
        file = AppendLog(path)
        try:
            if file.entries and can_resume(path, json.loads(file.entries[0]), identity, force):
                answers = file.entries[1:]
            else:
                file.keep(0)
                file.append(_as_record(identity))
                answers = []
        except BaseException:
            file.close()
            raise
        files.append(file)
        return answers

    answers = on_root(ranks, recorded)
    if answers:
        logger.info("%s: going on after %d answers of its objective", path, len(answers))
    journal = Journal(ranks, answers, *files)
    try:
        yield journal
    except BaseException as error:
        if isinstance(error, NoUsableMap):
            journal.remove()
        else:
            journal.close()
        raise


def _as_record(identity: dict) -> bytes:
    return json.dumps(identity, sort_keys=True).encode()
