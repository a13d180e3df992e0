#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# h5py 3.16.0 with HDF5 2.0.0: files written with libver="latest" have checksums of their metadata.
# They cover an attribute of 1 kB: with one byte changed on disk, opening it is an error (a KeyError,
# "incorrect metadata checksum"). An attribute of 100 kB lies in a heap without them: a changed byte
# is read back as if it were the text. So a digest kept in a file has to cover its large attributes.
# The oldest format, the default, has no checksums, and refuses attributes above 64 kB.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check h5py==3.16.0 numpy==2.4.0
cd "$folder"
cat > attributes.py <<'END'
import h5py
import numpy as np

assert (h5py.__version__, h5py.version.hdf5_version) == ("3.16.0", "2.0.0")


def write(name, size, libver):
    with h5py.File(name, "w", libver=libver) as file:
        file.attrs.create("text", np.bytes_(b"a" * size))


def after_a_changed_byte(name, size):
    with open(name, "rb") as file:
        content = bytearray(file.read())
    content[content.index(b"a" * size) + size // 2] = ord("b")
    with open(name, "wb") as file:
        file.write(content)
    try:
        with h5py.File(name) as file:
            return "read" if b"b" in bytes(file.attrs["text"]) else "unchanged"
    except (KeyError, OSError) as error:
        return f"{type(error).__name__}: {error}"


write("small.h5", 1_000, "latest")
write("large.h5", 100_000, "latest")
write("oldest.h5", 1_000, "earliest")
small, large, oldest = (
    after_a_changed_byte(*file)
    for file in (("small.h5", 1_000), ("large.h5", 100_000), ("oldest.h5", 1_000))
)
print("1 kB, latest:  ", small)
print("100 kB, latest:", large)
print("1 kB, earliest:", oldest)
assert small.startswith("KeyError") and "incorrect metadata checksum" in small
assert large == oldest == "read"
try:
    write("too_large.h5", 100_000, "earliest")
except OSError as error:
    print("100 kB, earliest: not written,", error)
    assert "object header message is too large" in str(error)
else:
    raise SystemExit("an attribute of 100 kB was written in the oldest format")
END
"$folder/env/bin/python" attributes.py
echo "as stated: a changed byte of a large attribute goes unnoticed"
