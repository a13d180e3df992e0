# SPDX-License-Identifier: GPL-3.0-or-later
"""Gadget's own binary files, formats 1 and 2: a header and blocks between record marks.

A record is its length in bytes (four bytes), its content, and the length again. Format 2 puts a
record of eight bytes with a name of four letters before each. Gadget-2's users' guide, section 6.
"""

import dataclasses
import os
import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jerald_tools.errors import BadInput

HEADER_BYTES = 256
NAME_BYTES = 8
TYPES = 6

GAS, STARS = 0, 4

# The blocks of format 1 after the masses, in order, with the flag of the header that each needs
# and the particle types that have it.
GAS_BLOCKS = (
    ("U", None, (GAS,)),
    ("RHO", None, (GAS,)),
    ("NE", "cooling", (GAS,)),
    ("NH", "cooling", (GAS,)),
    ("HSML", None, (GAS,)),
    ("SFR", "star_formation", (GAS,)),
    ("AGE", "stellar_age", (STARS,)),
    ("Z", "metals", (GAS, STARS)),
)
TYPES_OF_BLOCK = {name: types for name, _, types in GAS_BLOCKS}
VECTORS = ("POS", "VEL")
OF_ALL_TYPES = ("POS", "VEL", "ID")


class RecordsHeader(NamedTuple):
    """Gadget's header of 256 bytes.

    Attributes:
        counts: particles of each type in this file, (6).
        masses: of a particle of each type where it is not in a block, else 0, (6).
        time: the scale factor.
        redshift: of the file.
        flags: cooling, star_formation, stellar_age and metals, by name.
        totals: particles of each type in all files, (6).
        files: of the snapshot, 0 where the maker left it out.
        box_size: in the file's unit, 0 where the maker left it out.
        omega_m: matter today.
        omega_lambda: the cosmological constant today.
        h: Hubble constant.
    """

    counts: tuple[int, ...]
    masses: tuple[float, ...]
    time: float
    redshift: float
    flags: dict[str, bool]
    totals: tuple[int, ...]
    files: int
    box_size: float
    omega_m: float
    omega_lambda: float
    h: float


class Block(NamedTuple):
    """Where the numbers of a block lie.

    Attributes:
        offset: of the first byte.
        dtype: of a number.
        columns: of a row; 0 where a row is a number.
        types: that have rows, one after the other.
    """

    offset: int
    dtype: np.dtype
    columns: int
    types: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class RecordsFile:
    """A file of which the blocks were found.

    Attributes:
        path: of the file.
        header: its first record.
        blocks: by Gadget's names of format 2.
    """

    path: Path
    header: RecordsHeader
    blocks: dict[str, Block]

    def read(self, name: str, kind: int, start: int, stop: int) -> np.ndarray:
        """Rows of a particle type, counted from the first of that type in this file."""
        block = self.blocks[name]
        before = sum(self.header.counts[each] for each in block.types if each < kind)
        width = max(1, block.columns)
        position = block.offset + (before + start) * width * block.dtype.itemsize
        count = (stop - start) * width
        values = np.fromfile(self.path, block.dtype, count, offset=position)
        if len(values) < count:
            raise BadInput(f"{self.path}: truncated or damaged; make or copy it again")
        return values.reshape(-1, width) if block.columns else values


def byte_order(path: str | os.PathLike) -> tuple[str, bool] | None:
    """The byte order of a file, "<" or ">", and whether its blocks have names; None of others."""
    with open(path, "rb") as stream:
        start = stream.read(20)
    for order in "<>":
        numbers = struct.unpack(order + "i", start[:4]) if len(start) >= 4 else ()
        if numbers == (HEADER_BYTES,):
            return order, False
        if numbers == (NAME_BYTES,) and len(start) == 20 and start[4:8] == b"HEAD":
            return order, True
    return None


def open_records(path: Path) -> RecordsFile:
    """Read the header of a file and find its blocks.

    Raises:
        BadInput: if it is no such file, truncated, or its blocks are not as its header says.
    """
    found = byte_order(path)
    if found is None:
        raise BadInput(f"{path}: is no binary file of Gadget; give a snapshot")
    order, named = found
    size = os.path.getsize(path)
    with open(path, "rb") as stream:
        reader = _Records(path, stream, order, size, named)
        _, offset, length = reader.next_record()
        if length != HEADER_BYTES:
            raise BadInput(f"{path}: its header has {length} bytes; give a file with 256")
        # Its second mark is there, so all of it is.
        reader.skip(offset, HEADER_BYTES)
        stream.seek(offset)
        header = _header(order, stream.read(HEADER_BYTES))
        if min(header.counts) < 0:
            raise BadInput(f"{path}: its header has {min(header.counts)} particles; copy it again")
        return RecordsFile(path, header, _blocks(path, header, reader))


class _Records:
    """The records of an open file, one after the other."""

    def __init__(self, path, stream, order: str, size: int, named: bool):
        self.path, self.stream, self.order, self.size = path, stream, order, size
        self.named, self.position = named, 0

    @property
    def at_end(self) -> bool:
        return self.position >= self.size

    def next_record(self) -> tuple[str | None, int, int]:
        """Name, offset of the content, and length as its mark says (of 32 bits)."""
        name = None
        if self.named:
            self._mark(self.position)
            self.stream.seek(self.position + 4)
            name = self.stream.read(4).decode("ascii", "replace").strip()
            self.position += NAME_BYTES + 8
        return name, self.position + 4, self._mark(self.position)

    def skip(self, offset: int, length: int) -> None:
        """Go behind a record, whose second mark must be its first."""
        if self._mark(offset + length) != length % 2**32:
            self._refuse()
        self.position = offset + length + 4

    def _mark(self, position: int) -> int:
        self.stream.seek(position)
        found = self.stream.read(4)
        if len(found) < 4:
            self._refuse()
        return struct.unpack(self.order + "I", found)[0]

    def _refuse(self):
        raise BadInput(f"{self.path}: truncated or damaged; make or copy it again")


def _header(order: str, content: bytes) -> RecordsHeader:
    values = struct.unpack(order + "6i6d2d2i6I2i4d2i6I", content[:192])
    counts, masses = values[:6], values[6:12]
    time, redshift, star_formation = values[12], values[13], values[14]
    low, cooling, files, (box, omega_m, omega_lambda, h) = (
        values[16:22],
        values[22],
        values[23],
        values[24:28],
    )
    stellar_age, metals, high = values[28], values[29], values[30:36]
    flags = {
        "cooling": bool(cooling),
        "star_formation": bool(star_formation),
        "stellar_age": bool(stellar_age),
        "metals": bool(metals),
    }
    totals = tuple(one + other * 2**32 for one, other in zip(low, high, strict=True))
    return RecordsHeader(
        counts, masses, time, redshift, flags, totals, files, box, omega_m, omega_lambda, h
    )


def _blocks(path: Path, header: RecordsHeader, records: _Records) -> dict[str, Block]:
    """Where every known block lies."""
    present = tuple(kind for kind in range(TYPES) if header.counts[kind])
    own_masses = tuple(kind for kind in present if header.masses[kind] == 0)
    expected = [*OF_ALL_TYPES, *(["MASS"] if own_masses else [])]
    expected += [name for name, flag, _ in GAS_BLOCKS if flag is None or header.flags[flag]]
    types = dict.fromkeys(OF_ALL_TYPES, present) | {"MASS": own_masses} | TYPES_OF_BLOCK
    found: dict[str, Block] = {}
    while not records.at_end and (records.named or len(found) < len(expected)):
        name, offset, length = records.next_record()
        name = name or expected[len(found)]
        rows = sum(header.counts[kind] for kind in types.get(name, ()))
        block = _block(records.order, name, offset, length, rows, types.get(name, ()))
        if block is None and name in (*OF_ALL_TYPES, "MASS"):
            raise BadInput(
                f"{path}: its block {name} has {length} bytes, not those of {rows} particles; give "
                "a snapshot as Gadget writes it"
            )
        if block is None and not records.named:
            # Blocks of options that no flag tells of: what follows is not known.
            break
        if block is not None:
            found[name] = block
            length = rows * max(1, block.columns) * block.dtype.itemsize
        records.skip(offset, length)
    missing = [name for name in ("POS",) if name not in found]
    if missing and present:
        raise BadInput(f"{path}: truncated or damaged; make or copy it again")
    return found


def _block(
    order: str, name: str, offset: int, length: int, rows: int, types: tuple[int, ...]
) -> Block | None:
    """A block whose length fits its rows; None of others. Lengths are known modulo 2^32."""
    if rows == 0:
        return None
    letter = "u" if name == "ID" else "f"
    columns = (3,) if name in VECTORS else (0,)
    if name == "Z":
        columns = (0, *range(2, 20))
    for width in columns:
        for size in (4, 8):
            if rows * max(1, width) * size % 2**32 == length:
                return Block(offset, np.dtype(f"{order}{letter}{size}"), width, types)
    return None
