# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the tables of results/ between their markers in README.md, and its pictures in docs/."""

import re
import shutil
from pathlib import Path

PICTURES = {
    "slices_train_seed9281.png": "slices.png",
    "spectra_unseen_seed4417.png": "spectra.png",
}


def with_table(readme: str, name: str, table: str) -> str:
    """The README with a table in place of what is between the table's markers."""
    markers = re.compile(f"(<!-- {name}: begin -->\n).*?(<!-- {name}: end -->)", re.DOTALL)
    filled, found = markers.subn(lambda match: f"{match[1]}\n{table}\n{match[2]}", readme)
    if found != 1:
        raise SystemExit(f"README.md: the markers of the table {name} stand there {found} times")
    return filled


def main() -> None:
    """Fill in every table and copy the pictures."""
    path = Path("README.md")
    readme = path.read_text(encoding="utf-8")
    for name in ("quality", "losses", "timings"):
        table = Path(f"results/{name}.md").read_text(encoding="utf-8")
        readme = with_table(readme, name, table.strip() + "\n")
    path.write_text(readme, encoding="utf-8")
    for source, picture in PICTURES.items():
        shutil.copyfile(Path("results/figures") / source, Path("docs/images") / picture)


if __name__ == "__main__":
    main()
