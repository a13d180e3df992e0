# SPDX-License-Identifier: GPL-3.0-or-later
"""Fits as sealed JSON documents with the keys that each must have."""

import os

from jerald_tools.io import sealed_json
from jerald_tools.io.sealed_json import as_text, content_digest, documents_within, edited_parts

__all__ = [
    "REQUIRED",
    "as_text",
    "content_digest",
    "document",
    "edited_parts",
    "fits_within",
    "read_as_it_is",
    "read_fit",
    "write_fit",
]

REQUIRED = ("quantity", "redshift", "layers", "parameters", "loss", "history")

fits_within = documents_within


def write_fit(path: str | os.PathLike, content: dict, force: bool = False) -> None:
    """Write a fit, see :func:`jerald_tools.io.sealed_json.write_document`."""
    sealed_json.write_document(path, content, REQUIRED, force)


def document(content: dict) -> dict:
    """The whole document of a fit, see :func:`jerald_tools.io.sealed_json.sealed`."""
    return sealed_json.sealed(content, REQUIRED)


def read_fit(path: str | os.PathLike, accept_edited: bool = False) -> dict:
    """Read a fit, see :func:`jerald_tools.io.sealed_json.read_document`."""
    return sealed_json.read_document(path, accept_edited, REQUIRED)


def read_as_it_is(path: str | os.PathLike) -> tuple[dict, list[str]]:
    """Read a fit whether or not it was edited."""
    return sealed_json.read_as_it_is(path, REQUIRED)
