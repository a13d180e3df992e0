# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the tables of results/ between their markers in the documents, and pictures in docs/."""

import re
import shutil
from pathlib import Path

PICTURES = {
    "slices_train_seed9281.png": "slices.png",
    "spectra_unseen_seed4417.png": "spectra.png",
    "distribution_unseen_seed4417.png": "distribution.png",
}
TABLES = {
    "README.md": ("quality", "losses", "timings"),
    "docs/losses.md": ("validation",),
    "docs/quality.md": ("comparison", "coverage"),
}


def with_table(document: str, name: str, table: str) -> str:
    """The document with a table in place of what is between the table's markers."""
    markers = re.compile(f"(<!-- {name}: begin -->\n).*?(<!-- {name}: end -->)", re.DOTALL)
    filled, found = markers.subn(lambda match: f"{match[1]}\n{table}\n{match[2]}", document)
    if found != 1:
        raise SystemExit(f"the markers of the table {name} stand in its document {found} times")
    return filled


def main() -> None:
    """Fill in every table and copy the pictures."""
    for path, names in TABLES.items():
        document = Path(path).read_text(encoding="utf-8")
        for name in names:
            table = Path(f"results/{name}.md").read_text(encoding="utf-8")
            document = with_table(document, name, table.strip() + "\n")
        Path(path).write_text(document, encoding="utf-8")
    for source, picture in PICTURES.items():
        shutil.copyfile(Path("results/figures") / source, Path("docs/images") / picture)


if __name__ == "__main__":
    main()
