# SPDX-License-Identifier: GPL-3.0-or-later
"""`fit-dm` of the bundled reference through the command: its losses and its time."""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

from shipped import ROOT

TARGET = ROOT / "data/reference/train_seed9281/dark-matter_z2.00.h5"
LOSSES = ("validation loss of the fit", "least training loss")
LIMIT = 1e-3
"""Most relative difference of these between a device and the CPU."""

OPTIONS = ("--layers", "1", "--starts", "2", "--force")
"""Those of the demonstration; a file of an earlier run is overwritten."""


def fit_dark_matter(particles: str, threads: int | None) -> dict:
    """Seconds of the command from its start to its end, evaluations, and where the fit ended.

    The validation loss chooses the evaluation that is kept. The least training loss, of the start
    that is kept, is where the optimiser came to its end.
    """
    program = "from jerald_tools.cli.fit import fit_dm; fit_dm()"
    options = [*OPTIONS, *(["--threads", str(threads)] if threads else [])]
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder, "dark-matter.json")
        command = [sys.executable, "-c", program, particles, "--target", str(TARGET), *options]
        start = time.perf_counter()
        subprocess.run([*command, "-o", str(output)], check=True)
        seconds = time.perf_counter() - start
        fit = json.loads(output.read_text())
    return {
        "seconds": seconds,
        "threads": threads,
        "evaluations": sum(start["evaluations"] for start in fit["starts"]),
        "validation loss of the fit": fit["loss"]["validation"],
        "least training loss": min(filter(None, fit["history"]["train"])),
    }
