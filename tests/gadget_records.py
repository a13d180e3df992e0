# SPDX-License-Identifier: GPL-3.0-or-later
"""Files in Gadget's binary formats, written record by record."""

import struct

import numpy as np
from snapshot_layouts import (
    BOX,
    DARK,
    DARK_MASS,
    GAS,
    GAS_MASS,
    NUMBER,
    OMEGA_M,
    REDSHIFT,
    STAR_MASS,
    STAR_POSITIONS,
    STARS,
    H,
)


def record(order, content: bytes, name=None) -> bytes:
    """A block between its marks, after its name in format 2."""
    mark = struct.pack(order + "I", len(content) % 2**32)
    block = mark + content + mark
    if name is None:
        return block
    label = name.ljust(4).encode() + struct.pack(order + "i", len(content) + 8)
    return record(order, label) + block


def header(order, counts, table, **changes) -> bytes:
    """The 256 bytes of the header."""
    values = {
        "redshift": REDSHIFT,
        "star_formation": 0,
        "totals": counts,
        "cooling": 0,
        "files": 1,
        "box": BOX * 1e3,
        "omega_m": OMEGA_M,
        "omega_lambda": 1 - OMEGA_M,
        "age": 0,
        "metals": 0,
    } | changes
    low = [total % 2**32 for total in values["totals"]]
    high = [total // 2**32 for total in values["totals"]]
    packed = struct.pack(order + "6i6d", *counts, *table)
    packed += struct.pack(
        order + "2d2i6I2i4d2i6I", 1 / (1 + values["redshift"]), values["redshift"],
        values["star_formation"], 0, *low, values["cooling"], values["files"], values["box"],
        values["omega_m"], values["omega_lambda"], H, values["age"], values["metals"], *high,
    )  # fmt: skip
    return packed.ljust(256, b"\0")


def blocks(real, whole, masses_in_block=False, cooling=False, shares=slice(None)):
    """Names and numbers of all blocks of gas, dark matter and stars, as types 0, 1 and 4."""
    kinds = (GAS[shares], DARK[shares], STAR_POSITIONS if shares == slice(None) else DARK[:0])
    number = sum(map(len, kinds))
    gas = len(kinds[0])
    found = [
        ("POS", np.concatenate(kinds).astype(real) * 1e3),
        ("VEL", np.full((number, 3), 90.0, real)),
        ("ID", np.arange(number, dtype=whole) + 1),
    ]
    masses = [np.full(len(kinds[2]), STAR_MASS, real)]
    if masses_in_block:
        masses = [
            np.full(gas, GAS_MASS, real),
            np.full(len(kinds[1]), DARK_MASS, real),
            *masses,
        ]
    if sum(map(len, masses)):
        found.append(("MASS", np.concatenate(masses)))
    found += [("U", np.full(gas, 100.0, real)), ("RHO", np.full(gas, 1e-9, real))]
    if cooling:
        found += [("NE", np.full(gas, 1.1, real)), ("NH", np.linspace(0, 1, gas, dtype=real))]
    found.append(("HSML", np.full(gas, 700.0, real)))
    if cooling:
        times = np.where(np.arange(len(kinds[2])) % 2, 0.3, 0.0).astype(real)
        found += [("SFR", np.ones(gas, real)), ("AGE", times)]
        found.append(("Z", np.full(gas + len(kinds[2]), 0.01, real)))
    return found


def write_records(path, order="<", named=False, table=(), content=(), counts=None, **changes):
    """A file of a header and blocks."""
    counts = counts or (NUMBER, NUMBER, 0, 0, STARS, 0)
    table = table or (GAS_MASS, DARK_MASS, 0, 0, 0, 0)
    head = header(order, counts, table, **changes)
    with open(path, "wb") as file:
        file.write(record(order, head, "HEAD" if named else None))
        for name, values in content:
            ordered = np.ascontiguousarray(values, values.dtype.newbyteorder(order))
            file.write(record(order, ordered.tobytes(), name if named else None))
    return path
