# SPDX-License-Identifier: GPL-3.0-or-later
"""What kind of file a path is, and what the record of an output says of it as an input."""

import dataclasses
import os
from pathlib import Path

import h5py

from jerald_tools.errors import DAMAGE, BadInput, refusing
from jerald_tools.io import hdf5, sealed_json, spectra
from jerald_tools.io.digest import PROVENANCE, file_digest
from jerald_tools.io.header import plain_value
from jerald_tools.io.record import Input, Record


def file_type(path: str | os.PathLike) -> str | None:
    """The type that an HDF5 file says it is, as "map" or "particles"; None where it states none.

    Raises:
        BadInput: if it is missing or not HDF5.
    """
    with hdf5.Reader(path) as opened, refusing(path, *hdf5.DAMAGED):
        return plain_value(opened.file.attrs.get("file_type"))


def text_type(path: str | os.PathLike) -> str | None:
    """What a text file begins as: "fit" or "spectrum", None for anything else.

    Raises:
        BadInput: if it cannot be read.
    """
    try:
        with Path(path).open("rb") as stream:
            start = stream.read(len(spectra.FORMAT))
    except FileNotFoundError as error:
        raise BadInput(f"{path}: no such file; check the name") from error
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
    if start == spectra.FORMAT.encode():
        return "spectrum"
    return "fit" if start.startswith(b"{") else None


def describe_input(path: str | os.PathLike) -> Input:
    """The path, digest and record of an input.

    Of HDF5 files of this package the digest is that of the content, which the same run made again
    has too, though its times differ; of fits that of the document as it was accepted, which for an
    edited one is not the digest that its file states; of other files, a table of power say, that
    of the bytes. Their readers have checked them: this reads no more than it must.

    Raises:
        BadInput: if the file cannot be read.
    """
    path = Path(path)
    try:
        if h5py.is_hdf5(path):
            with h5py.File(path, "r") as file:
                return _describe_hdf5(path, file)
        if text_type(path) == "fit":
            return _describe_fit(path)
    except (BadInput, OSError, RuntimeError, KeyError, TypeError, ValueError):
        # Not a file of this package after all: its bytes are what there is to say.
        pass
    return Input(os.fspath(path), file_digest(path))


def verified_input(path: Path) -> tuple[Input, bool]:
    """What a file of this package says of itself, and whether it is as it was written.

    Raises:
        BadInput: if it is missing, not a file of this package, or damaged beyond reading.
    """
    if not path.exists():
        raise BadInput(f"{path}: no such file; check the name")
    if path.is_dir():
        raise BadInput(f"{path}: is a directory; give a file")
    if h5py.is_hdf5(path):
        return _verified_hdf5(path)
    kind = text_type(path)
    if kind == "spectrum":
        return _verified_spectrum(path), True
    if kind == "fit":
        _, edited = sealed_json.read_as_it_is(path)
        return dataclasses.replace(describe_input(path), edited=False), not edited
    raise BadInput(
        f"{path}: is not a file of jerald-tools; give a map, particles, initial conditions, a fit "
        "or a spectrum"
    )


def has_record(path: Path) -> bool:
    """Whether a path is an HDF5 file with a record, hence one of this package."""
    if not h5py.is_hdf5(path):
        return False
    with hdf5.Reader(path) as opened, refusing(path, *hdf5.DAMAGED):
        return PROVENANCE in opened.file


def _describe_hdf5(path: Path, file: h5py.File) -> Input:
    record = hdf5.read_record(file)
    if record.content_sha256 is None:
        raise KeyError("content_sha256")
    return Input(os.fspath(path), record.content_sha256, record.for_outputs())


def _describe_fit(path: Path) -> Input:
    fit, edited = sealed_json.read_as_it_is(path)
    record = Record.from_dict(fit[PROVENANCE]).for_outputs() if PROVENANCE in fit else None
    return Input(os.fspath(path), fit["sha256"], record, edited=bool(edited))


def _verified_hdf5(path: Path) -> tuple[Input, bool]:
    if not has_record(path):
        raise BadInput(f"{path}: is not a file of jerald-tools; give one that it wrote")
    with hdf5.Reader(path) as opened:
        with refusing(path, *hdf5.DAMAGED):
            described = _describe_hdf5(path, opened.file)
            intact = hdf5.is_intact(opened.file)
        try:
            opened.verify()
        except BadInput:
            intact = False
    return described, intact


def _verified_spectrum(path: Path) -> Input:
    _, notes = spectra.read_spectrum(path, required=())
    try:
        record = Record.from_json(notes[PROVENANCE])
    except DAMAGE as error:
        raise BadInput(
            f"{path}: has no # line of its provenance; give a spectrum of powerspec"
        ) from error
    return Input(os.fspath(path), file_digest(path), record)
