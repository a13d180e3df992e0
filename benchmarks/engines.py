# SPDX-License-Identifier: GPL-3.0-or-later
"""Times FastPM steps and power spectra of fastpm-python and nbodykit beside ours, on one core.

    python benchmarks/engines.py 64 128

Each measurement is a process of its own, ours and theirs in turn: CPU seconds of a step, the mean
of the last three of four, or of a spectrum, the best of three; and the peak memory above that of
the process with its imports and initial conditions. Prints a table in Markdown. Needs the packages
of docs/engines.md.
"""

import itertools
import json
import os
import resource
import subprocess
import sys
import time

VARIABLES = ("NPROC", "PJRT_NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
BOX_SIZE = 20.0
STEPS = 4


def peak() -> int:
    """Peak memory of this process so far [bytes]."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def measure_steps(engine: str, particles: int, factor: int) -> dict:
    """CPU seconds of a step and bytes a particle of a run in double precision."""
    import numpy as np

    from jerald_tools.cosmology import Cosmology
    from jerald_tools.gravity import fastpm
    from jerald_tools.gravity.lpt import InitialConditions
    from jerald_tools.gravity.step_scheme import StepScheme
    from jerald_tools.mesh.mesh import make_mesh

    simulate = fastpm.simulate
    if engine != "jerald":
        simulate = _loaded("fastpm").simulate
    mesh = make_mesh(particles, BOX_SIZE, "double")
    density = np.random.default_rng(1).normal(size=mesh.shape)
    initial = InitialConditions(mesh, density, mesh.shape, Cosmology())
    scheme = StepScheme(steps=STEPS, force_mesh_factor=factor, second_order="fastpm")
    before, ends = peak(), []
    for _ in simulate(initial, scheme, [2.0], lambda state: ends.append(time.process_time())):
        pass
    seconds = (ends[-1] - ends[0]) / (STEPS - 1)
    return {"seconds": seconds, "bytes": (peak() - before) / particles**3}


def measure_power(engine: str, particles: int, _: int) -> dict:
    """CPU seconds of an interlaced, compensated spectrum and bytes a particle."""
    import numpy as np

    from jerald_tools.analysis.catalogue_field import catalogue_spectrum
    from jerald_tools.analysis.power_spectrum import cross_power
    from jerald_tools.mesh.mesh import make_mesh

    if engine != "jerald":
        module = _loaded("nbodykit")
        catalogue_spectrum, cross_power = module.catalogue_spectrum, module.cross_power
    mesh = make_mesh(particles, BOX_SIZE, "double")
    positions = np.random.default_rng(1).uniform(0, BOX_SIZE, (particles**3, 3))
    before, spent = peak(), []
    for _ in range(3):
        start = time.process_time()
        ones = np.ones(len(positions))
        spectrum = catalogue_spectrum(mesh, positions, ones, "cic", True, True)
        cross_power(mesh, spectrum, spectrum)
        spent.append(time.process_time() - start)
    return {"seconds": min(spent), "bytes": (peak() - before) / particles**3}


def _loaded(engine: str):
    from jerald_tools.engines import load_engine

    return load_engine(engine)


def in_process(what: str, engine: str, particles: int, factor: int) -> dict:
    """The result of a measurement in a process of its own, on one core."""
    environment = os.environ | dict.fromkeys(VARIABLES, "1") | {"JAX_PLATFORMS": "cpu"}
    # -P: benchmarks/fastpm.py is not fastpm-python.
    words = [
        sys.executable,
        "-P",
        "-W",
        "ignore",
        __file__,
        what,
        engine,
        str(particles),
        str(factor),
    ]
    done = subprocess.run(words, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def row(what: str, particles: int, factor: int) -> str:
    """A line of the table: ours, theirs and the ratio."""
    ours, theirs = (in_process(what, engine, particles, factor) for engine in ("jerald", "theirs"))
    seconds, memory = (
        f"{ours[name]:{form}} | {theirs[name]:{form}} | {ours[name] / theirs[name]:.2f}"
        for name, form in (("seconds", ".3f"), ("bytes", ".0f"))
    )
    name = f"step, force mesh {factor}" if what == "steps" else "P(k), interlaced"
    return f"| {name} | {particles}^3 | {seconds} | {memory} |"


def main(sizes: list[int]) -> None:
    """Print the table."""
    print("| | particles | ours [s] | theirs [s] | ratio | ours [B] | theirs [B] | ratio |")
    print("| --- | --- | --: | --: | --: | --: | --: | --: |", flush=True)
    for particles in sizes:
        for what, factor in itertools.chain((("steps", 1), ("steps", 2)), (("power", 1),)):
            print(row(what, particles, factor), flush=True)


if __name__ == "__main__":
    measurements = {"steps": measure_steps, "power": measure_power}
    if sys.argv[1] in measurements:
        what, engine, particles, factor = sys.argv[1:]
        print(json.dumps(measurements[what](engine, int(particles), int(factor))))
    else:
        main([int(size) for size in sys.argv[1:]])
