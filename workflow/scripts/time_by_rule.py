# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints a table of time and memory by rule, from Snakemake's benchmarks/{rule}/*.tsv.

Jobs whose benchmarks are in a folder below that of their rule, such as the fits of one quantity,
have a row of their own.
"""

import csv
import sys
from pathlib import Path


def table(folder: Path) -> str:
    """The table in Markdown, the rule that took longest first."""
    rows = []
    for rule in sorted({path.parent for path in folder.glob("*/**/*.tsv")}):
        jobs = [job for path in sorted(rule.glob("*.tsv")) for job in read_benchmark(path)]
        seconds = [float(job["s"]) for job in jobs]
        # Snakemake writes NA for jobs that end before it looks.
        memory = [float(job["max_rss"]) for job in jobs if job["max_rss"] not in ("NA", "-")]
        name = str(rule.relative_to(folder))
        rows.append((sum(seconds), name, len(jobs), max(seconds), max(memory, default=None)))
    total = sum(row[0] for row in rows)
    lines = [
        "| rule | jobs | seconds in all | longest job [s] | most memory [MiB] |",
        "| --- | --: | --: | --: | --: |",
    ]
    for all_seconds, rule, jobs, longest, most in sorted(rows, reverse=True):
        most = "" if most is None else f"{most:.0f}"
        lines.append(f"| {rule} | {jobs} | {all_seconds:.1f} | {longest:.1f} | {most} |")
    lines.append(f"| all | {sum(row[2] for row in rows)} | {total:.1f} | | |")
    return "\n".join(lines)


def read_benchmark(path: Path) -> list[dict[str, str]]:
    """Rows of one file, a repetition each."""
    with path.open() as file:
        return list(csv.DictReader(file, delimiter="\t"))


if __name__ == "__main__":
    print(table(Path(sys.argv[1])))
