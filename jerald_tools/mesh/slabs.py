# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrays that lie in slabs on the ranks, brought to rank 0 piece by piece, for writing."""

from collections.abc import Iterator

import numpy as np

from jerald_tools.mesh.ranks import Ranks, gather, python_communicator

PIECE_BYTES = 256 * 2**20


def pieces_on_root(
    ranks: Ranks, rows, piece_bytes: int = PIECE_BYTES
) -> Iterator[tuple[int, np.ndarray]]:
    """Bring all ranks' rows to rank 0, in order of rank, in pieces of bounded size.

    Every rank must run the generator to its end. Rank 0 holds one piece at a time.

    Args:
        ranks: the processes.
        rows: this rank's rows, (n, ...); n may be 0.
        piece_bytes: most bytes of a piece; a single row may have more.

    Yields:
        On rank 0, the number of a piece's first row among all ranks' rows, and the piece; nothing
        on the others.
    """
    rows = np.asarray(rows)
    row_bytes = max(1, rows.itemsize * int(np.prod(rows.shape[1:], dtype=np.int64)))
    step = max(1, piece_bytes // row_bytes)
    counts = gather(ranks, len(rows))
    first = 0
    for source, count in enumerate(counts):
        for start in range(0, count, step):
            stop = min(start + step, count)
            if source == ranks.rank and not ranks.is_root:
                python_communicator().Send(np.ascontiguousarray(rows[start:stop]), dest=0)
            elif ranks.is_root and source == 0:
                yield first + start, rows[start:stop]
            elif ranks.is_root:
                piece = np.empty((stop - start, *rows.shape[1:]), rows.dtype)
                python_communicator().Recv(piece, source=source)
                yield first + start, piece
        first += count
