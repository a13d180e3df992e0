# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots found and opened: their content shows the format."""

import glob
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import h5py
import numpy as np

from jerald_tools.errors import BadInput, refusing
from jerald_tools.io.bigfile import is_bigfile
from jerald_tools.io.gadget_records import byte_order, open_records
from jerald_tools.io.hdf5 import DAMAGED, open_file
from jerald_tools.io.header import plain_value
from jerald_tools.snapshots.bigfile_snapshot import BigFileSnapshot
from jerald_tools.snapshots.code_units import Overrides
from jerald_tools.snapshots.gadget import GadgetSnapshot
from jerald_tools.snapshots.gadget_binary import GadgetBinarySnapshot
from jerald_tools.snapshots.snapshot import Snapshot
from jerald_tools.snapshots.swift import SwiftSnapshot

HDF5_SUFFIXES = (".hdf5", ".h5")
KNOWN = "the formats are HDF5 of Gadget, Arepo or SWIFT, Gadget's binary ones, and BigFile"

UNUSABLE = ("its header cannot be used", "give a snapshot as its code writes it")
"""What is said of a header with values that no code writes, as text in place of a number."""

_Reader = Callable[[Sequence[Path], Overrides], Snapshot]


def open_snapshot(names: Sequence[str | os.PathLike], overrides: Overrides) -> Snapshot:
    """Open a snapshot of any format and check that it is whole.

    Args:
        names: a directory, a file, one file of a set (the others are found), a pattern, or files.
        overrides: what its files do not state.

    Raises:
        BadInput: if it is missing, of no known format, incomplete, or of several times.
    """
    paths = snapshot_paths(names)
    if paths[0].is_dir():
        with refusing(paths[0], *UNUSABLE):
            return BigFileSnapshot(paths[0], overrides)
    reader, number, is_virtual = _recognise(paths[0])
    if is_virtual:
        # A file of links to all the others: it is the whole snapshot.
        paths = paths[:1]
    elif len(paths) == 1 and number > 1:
        paths = _siblings(paths[0])
    with refusing(paths[0], *UNUSABLE):
        return reader(paths, overrides)


def snapshot_paths(names: Sequence[str | os.PathLike]) -> list[Path]:
    """The files that names stand for, numbered ones in order; or one directory, a BigFile's.

    Raises:
        BadInput: if there is no such file, or a directory holds no snapshot.
    """
    paths: list[Path] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            paths += [path] if is_bigfile(path) else _files_within(path)
        elif path.exists():
            paths.append(path)
        else:
            found = [Path(match) for match in glob.glob(os.fspath(name))]
            if not found:
                raise BadInput(f"{name}: no such file; check the name")
            paths += found
    directories = [path for path in paths if path.is_dir()]
    if directories and len(paths) > 1:
        raise BadInput(f"{directories[0]}: is a snapshot by itself; give it alone")
    return sorted(set(paths), key=_number_and_name)


def _files_within(directory: Path) -> list[Path]:
    files = [path for path in directory.iterdir() if path.is_file()]
    found = [path for path in files if path.suffix in HDF5_SUFFIXES and _has_particles(path)]
    found = found or [path for path in files if byte_order(path)]
    found = _without_virtual_file(found)
    if not found:
        raise BadInput(f"{directory}: holds no snapshot; {KNOWN}")
    return found


def _has_particles(path: Path) -> bool:
    """Whether an HDF5 file is one of particles, not a group catalogue beside them.

    A file that cannot be opened counts: its reader says why.
    """
    try:
        with open_file(path) as file:
            header = file.get("Header")
            return isinstance(header, h5py.Group) and "NumPart_ThisFile" in header.attrs
    except BadInput:
        return True


def _without_virtual_file(paths: list[Path]) -> list[Path]:
    """The files of a set without the one that only links to them, which SWIFT writes beside."""
    numbered = [path for path in paths if re.fullmatch(r".*\.\d+(\.[^.]+)?", path.name)]
    others = [path for path in paths if path not in numbered]
    if len(numbered) > 0 and len(others) == 1 and h5py.is_hdf5(others[0]):
        with open_file(others[0]) as file, refusing(others[0], *DAMAGED):
            if np.any(file["Header"].attrs.get("Virtual", 0)):
                return numbered
    return paths


def _number_and_name(path: Path) -> tuple[str, int, str]:
    # Binary files end with their number, others with the letters of their format.
    name = path.name if path.suffix[1:].isdigit() else path.stem
    numbers = re.findall(r"\d+", name)
    return (os.fspath(path.parent), int(numbers[-1]) if numbers else -1, path.name)


def _siblings(path: Path) -> list[Path]:
    """All files of the set that a numbered file, ``name.3.hdf5`` or ``name.3``, belongs to."""
    match = re.fullmatch(r"(.*\.)\d+(\.[^.]+)?", path.name)
    if match is None:
        return [path]
    pattern = re.compile(rf"{re.escape(match[1])}\d+{re.escape(match[2] or '')}")
    found = [other for other in path.parent.iterdir() if pattern.fullmatch(other.name)]
    return sorted(found, key=_number_and_name)


def _recognise(path: Path) -> tuple[_Reader, int, bool]:
    """The reader of a file, how many files its snapshot has, and whether it links to them."""
    if byte_order(path):
        return GadgetBinarySnapshot, max(1, open_records(path).header.files), False
    if not h5py.is_hdf5(path):
        raise BadInput(f"{path}: is not a snapshot that can be read; {KNOWN}")
    with open_file(path) as file, refusing(path, *DAMAGED):
        header = file.get("Header")
        if not isinstance(header, h5py.Group) or "NumPart_ThisFile" not in header.attrs:
            raise BadInput(f"{path}: is not a snapshot that can be read; {KNOWN}")
        number = plain_value(header.attrs.get("NumFilesPerSnapshot", 1))
        number = number[0] if isinstance(number, list) else number
        is_swift = "Unit length in cgs (U_L)" in getattr(file.get("Units"), "attrs", {})
        virtual = plain_value(header.attrs.get("Virtual", 0))
        virtual = virtual[0] if isinstance(virtual, list) else virtual
    return (SwiftSnapshot if is_swift else GadgetSnapshot), int(number), bool(virtual)
