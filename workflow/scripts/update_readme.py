# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the tables of results/ between their markers in the documents, and copies pictures."""

import re
import shutil
from pathlib import Path

UNSEEN = "unseen_seed4417"
PICTURES = {
    "figures/slices_train_seed9281.png": "slices.png",
    f"figures/spectra_{UNSEEN}.png": "spectra.png",
    f"figures/distribution_{UNSEEN}.png": "distribution.png",
    "figures/quality.png": "quality.png",
    f"baselines/figures/{UNSEEN}_all.png": "baselines.png",
    "baselines/figures/validation.png": "validation.png",
}
# The summary takes bins up to this wavenumber [h/Mpc].
LARGEST_K = 3.0

Row = dict[str, str]


def read_table(name: str) -> list[Row]:
    """The rows of a Markdown table in results/, by the names of its columns."""
    lines = read_result(f"{name}.md").splitlines()
    cells = [line.removeprefix("| ").removesuffix(" |").split(" | ") for line in lines]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


def read_result(name: str) -> str:
    """A text file of results/."""
    path = Path("results") / name
    if not path.is_file():
        raise SystemExit(f"{path}: no such file; run `snakemake --cores 2 paper` first")
    return path.read_text(encoding="utf-8").strip()


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def where_unseen() -> list[Row]:
    """Rows of the quality table for the fits of config.yaml on the unseen simulation."""
    return [row for row in read_table("quality") if row["compared in"] == UNSEEN]


def bins_of(row: Row) -> dict[float, str]:
    """Cells of a row by the upper edge of their bin in k [h/Mpc]."""
    return {float(name.split("–")[1]): cell for name, cell in row.items() if name[:2] == "k "}


def summary() -> str:
    """Each map at the highest and the lowest redshift: the range of P / P_ref, and the least r."""
    rows = where_unseen()
    redshifts = [float(row["z"]) for row in rows]
    lines = []
    for row in rows:
        if float(row["z"]) not in (min(redshifts), max(redshifts)):
            continue
        cells = [cell for edge, cell in bins_of(row).items() if edge <= LARGEST_K]
        ratios, correlations = zip(*(cell.split()[0:2] for cell in cells), strict=True)
        ratios = sorted(float(ratio.rstrip(",")) for ratio in ratios)
        name, spread = row["quantity"].replace("-", " "), f"{ratios[0]:.2f}–{ratios[-1]:.2f}"
        lines.append([name, row["z"], spread, min(correlations, key=float)])
    return markdown(["map", "z", f"P / P_ref, k < {LARGEST_K:g}", "least r(k)"], lines)


def quality_where_unseen() -> str:
    """Rows of the unseen simulation, each with how often the ensemble's band has the reference."""
    covered = {
        (row["quantity"], row["z"]): row["bins inside the band"] for row in read_table("coverage")
    }
    rows = where_unseen()
    bins = [name for name in rows[0] if name[:2] == "k "]
    columns = ["quantity", "z", "mean", *bins]
    lines = [[*(row[name] for name in columns), covered[row["quantity"], row["z"]]] for row in rows]
    return markdown([*columns, "bins inside the band"], lines)


def left_out() -> str:
    """Rows of the simulations left out, each painted with the members that did not see it."""
    rows = read_table("leave_one_out/quality")
    bins = [name for name in rows[0] if name[:2] == "k "]
    lines = [
        [row["quantity"], row["z"], row["compared in"].removeprefix("left out, "), row["mean"]]
        + [row[name] for name in bins]
        for row in rows
    ]
    return markdown(["quantity", "z", "left out", "mean", *bins], lines)


def coverage() -> str:
    """Share of the bins inside the bands: each simulation, and the mean over them, by quantity."""
    rows = [row for name in ("coverage", "leave_one_out/coverage") for row in read_table(name)]
    inside: dict[str, dict[str, list[int]]] = {}
    for row in rows:
        if row["z"] == "all":
            continue
        quantity, place = row["quantity"], row["compared in"].split(", ")[-1]
        held, of_all = re.match(r"(\d+) of (\d+)", row["bins inside the band"]).groups()
        counted = inside.setdefault(quantity, {}).setdefault(place, [0, 0])
        counted[0] += int(held)
        counted[1] += int(of_all)
    places = list(next(iter(inside.values())))
    lines = []
    for quantity, counts in inside.items():
        shares = [100 * held / of_all for held, of_all in (counts[place] for place in places)]
        mean = sum(shares) / len(shares)
        lines.append([quantity, *(f"{share:.0f} %" for share in (*shares, mean))])
    return markdown(["quantity", *places, "mean"], lines)


def cells() -> str:
    """Logarithms and voids of the unseen simulation."""
    return read_result(f"{UNSEEN}/cells.md")


def gain_of_layers() -> str:
    """Validation losses of fits with layers over those without, by quantity and redshift."""
    rows = [row for row in read_table("baselines/losses") if row["layers"] != "0"]
    redshifts = list(dict.fromkeys(row["z"] for row in rows))
    gains = {(row["quantity"], row["z"]): row["validation over no layers"] for row in rows}
    lines = [
        [quantity, *(gains.get((quantity, redshift), "—") for redshift in redshifts)]
        for quantity in dict.fromkeys(row["quantity"] for row in rows)
    ]
    return markdown(["quantity", *(f"z = {redshift}" for redshift in redshifts)], lines)


def timings() -> str:
    """Time and memory by rule."""
    return read_result("timings.md")


BLOCKS = {
    Path("README.md"): {"quality": summary},
    Path("docs/results.md"): {
        "quality": quality_where_unseen,
        "cells": cells,
        "left_out": left_out,
        "coverage": coverage,
        "layers": gain_of_layers,
        "timings": timings,
    },
}


def with_block(path: Path, document: str, name: str, text: str) -> str:
    """The document with a text in place of the one between the markers of the block."""
    markers = re.compile(f"(<!-- {name}: begin -->\n).*?(<!-- {name}: end -->)", re.DOTALL)
    filled, found = markers.subn(lambda match: f"{match[1]}\n{text}\n\n{match[2]}", document)
    if found != 1:
        raise SystemExit(f"{path}: the markers of the block {name} are in it {found} times")
    return filled


def main() -> None:
    """Fill in every block and copy the pictures."""
    for path, blocks in BLOCKS.items():
        document = path.read_text(encoding="utf-8")
        for name, make in blocks.items():
            document = with_block(path, document, name, make())
        path.write_text(document, encoding="utf-8")
    for source, picture in PICTURES.items():
        shutil.copyfile(Path("results") / source, Path("docs/images") / picture)


if __name__ == "__main__":
    main()
