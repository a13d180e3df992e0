# SPDX-License-Identifier: GPL-3.0-or-later
"""Peak memory of make-target beside the bound that --dry-run states, on a generated snapshot.

python benchmarks/make_target_memory.py [--particles 20000000] [--mesh 256] [--folder DIRECTORY]
"""

import argparse
import concurrent.futures
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np

MAKE_TARGET = Path(sys.executable).with_name("make-target")
FILES = 4

# Ranks, particles at a time, options of the quantity.
RUNS = [
    (1, 2**18, ["--quantity", "neutral-hydrogen"]),
    (1, 2**20, ["--quantity", "neutral-hydrogen"]),
    (1, 2**22, ["--quantity", "neutral-hydrogen"]),
    (1, 2**24, ["--quantity", "neutral-hydrogen"]),
    (2, 2**22, ["--quantity", "neutral-hydrogen"]),
    (3, 2**22, ["--quantity", "neutral-hydrogen"]),
    (1, 2**20, ["--quantity", "neutral-hydrogen", "--deposit", "sph"]),
    (2, 2**20, ["--quantity", "neutral-hydrogen", "--deposit", "sph"]),
    (1, 2**20, ["--quantity", "neutral-hydrogen", "--uvb", "uvb.txt"]),
]


def generate(folder: Path, particles: int) -> None:
    """Every file in order of x: all ranks' particles of a chunk fall on one, the worst case."""
    generator = np.random.default_rng(1)
    counts = np.diff(np.linspace(0, particles, FILES + 1).astype(int))
    for number, count in enumerate(counts):
        where = np.empty((count, 3), np.float32)
        where[:, 0] = 1e5 * np.sort(generator.random(count))
        where[:, 1:] = 1e5 * generator.beta(2, 2, (count, 2))
        with h5py.File(folder / f"snap.{number}.hdf5", "w") as file:
            file.create_group("Header").attrs.update(
                NumPart_ThisFile=np.array([count, 0, 0, 0, 0, 0]),
                NumPart_Total=np.array([particles, 0, 0, 0, 0, 0]),
                NumFilesPerSnapshot=FILES,
                MassTable=np.array([1e-3, 0, 0, 0, 0, 0]),
                Redshift=2.0,
                BoxSize=1e5,
                Omega0=0.308,
                OmegaLambda=0.692,
                OmegaBaryon=0.0482,
                HubbleParam=0.678,
                UnitLength_in_cm=3.085678e21,
                UnitMass_in_g=1.989e43,
                UnitVelocity_in_cm_per_s=1e5,
            )
            file["PartType0/Coordinates"] = np.minimum(where, np.float32(99999.9))
            for name, low, high in (
                ("Density", 1e-9, 1e-7),
                ("InternalEnergy", 1e2, 1e4),
                ("NeutralHydrogenAbundance", 1e-6, 1e-4),
                ("SmoothingLength", 200.0, 900.0),
            ):
                file[f"PartType0/{name}"] = generator.uniform(low, high, count).astype(np.float32)
    np.savetxt(folder / "uvb.txt", [[0, 1e-12, 6e-13, 1e-14], [1, 1e-12, 6e-13, 1e-14]])


def difference(folder: Path) -> float:
    """Largest difference of the newest map from the first, over its maximum."""
    with h5py.File(folder / "first.h5") as first, h5py.File(folder / "map.h5") as newest:
        exact = first["map"][...]
        return float(np.abs(newest["map"][...] - exact).max() / exact.max())


def run(folder: Path, ranks: int, options: list[str]) -> tuple[str, float, float]:
    """What the command says, the seconds it took and the MiB of its largest process."""
    launcher = ["mpirun", "--oversubscribe", "-n", str(ranks)] if ranks > 1 else []
    command = [*launcher, str(MAKE_TARGET), "snap.0.hdf5", *options]
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: ended with {process.returncode}")
    return said, time.perf_counter() - start, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--particles", type=int, default=20_000_000)
    parser.add_argument("--mesh", type=int, default=256)
    parser.add_argument("--folder", help="where the snapshot is written  [default: temporary]")
    arguments = parser.parse_args()
    os.environ |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    os.environ |= {"OMPI_MCA_mpi_yield_when_idle": "1"}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        # Linux counts the memory of a process that starts another one among that one's peak: all
        # large arrays are in a process apart.
        apart = concurrent.futures.ProcessPoolExecutor(
            1, mp_context=multiprocessing.get_context("spawn")
        )
        apart.submit(generate, folder, arguments.particles).result()
        print("| ranks | chunk | options | stated [MiB] | peak [MiB] | stated [s] | took [s] | ")
        for ranks, chunk, quantity in RUNS:
            options = [*quantity, "--mesh", str(arguments.mesh), "--chunk", str(chunk), "-q"]
            options += ["--precision", "double"]
            said, _, _ = run(folder, ranks, [*options, "--dry-run"])
            stated = float(re.search(r"at most ([0-9.]+) MiB", said)[1])
            expected = float(re.search(r"about ([0-9.]+) s", said)[1])
            _, seconds, peak = run(folder, ranks, [*options, "--force", "-o", "map.h5"])
            shown = " ".join(quantity[2:]) or "cic"
            print(
                f"| {ranks} | {chunk} | {shown} | {stated:.0f} | {peak:.0f} | {expected:.0f} "
                f"| {seconds:.0f} |{' OVER THE BOUND' if peak > stated else ''}",
                flush=True,
            )
            if shown == "cic":
                if not (folder / "first.h5").exists():
                    os.replace(folder / "map.h5", folder / "first.h5")
                else:
                    error = apart.submit(difference, folder).result()
                    print(f"  against the first: {error:.1e} of the maximum", flush=True)


if __name__ == "__main__":
    main()
