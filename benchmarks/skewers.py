# SPDX-License-Identifier: GPL-3.0-or-later
"""Flux along lines of sight against that of another code, and the time that lines take.

The truth is a file of optical depths through the hydro run itself: groups `x` and `z` with `tau`
(lines, lines, pixels) through the nodes of a mesh, attributes `pixel_kms` and `redshift`. Compared
are maps of hydrogen, each with the velocities and density of the same FastPM particles.
"""

import argparse
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np

from jerald_tools.analysis.anisotropic_power import multipoles
from jerald_tools.analysis.power_spectrum import overdensity
from jerald_tools.io.grids import MapFile, MapHeader, write_map
from jerald_tools.io.particles import ParticlesFile
from jerald_tools.io.record import this_run
from jerald_tools.io.skewers import SkewersFile
from jerald_tools.lines.flux_statistics import flux_distribution, line_power
from jerald_tools.lines.mean_flux import scale_to_mean_flux
from jerald_tools.mesh.fields import r2c
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.paint import density
from jerald_tools.mesh.ranks import ONE_PROCESS
from jerald_tools.stages.paint import PaintOptions, paint
from jerald_tools.stages.run import Run
from jerald_tools.stages.skewers import LineOptions, draw_skewers

K_EDGES = [0.002, 0.006, 0.01, 0.015, 0.02, 0.027, 0.034]
"""Of P1D [s/km]."""

COMOVING_EDGES = [0.2, 0.6, 1.0, 1.4]
"""Of P0 and r [h/Mpc]."""

FGPA_EXPONENT = 1.6
RUN = Run(force=True)


def save_hydrogen(path, values, like: MapHeader):
    """Write hydrogen [cm^-3, proper] as a map of another map's box and redshift."""
    header = MapHeader(
        "neutral-hydrogen",
        "cm^-3 (proper)",
        "for benchmarks/skewers.py",
        like.box_size,
        values.shape,
        like.redshift,
        like.cosmology,
    )
    write_map(path, header, [(0, values)], this_run(), force=True)
    return path


def maps_of(arguments, folder):
    """Maps of hydrogen by name: painted, of the hydro run on meshes, and FGPA."""
    found = {}
    for fit in arguments.fits:
        path = folder / f"{Path(fit).stem}_fine.h5"
        options = PaintOptions(fine=True, accept_edited=True)
        paint(RUN, [arguments.particles], fit, options, str(path))
        found[f"painted, {Path(fit).stem}"] = path
    with MapFile(path) as file:
        like, mean = file.header, float(file.read().mean())
    mesh = make_mesh(like.mesh, like.box_size)
    with ParticlesFile(arguments.particles) as file:
        _, positions, _ = file.read()
    fgpa = np.asarray(density(mesh, positions.astype(np.float32)), np.float64) ** FGPA_EXPONENT
    values = (fgpa * (mean / fgpa.mean())).astype(np.float32)
    found["FGPA, FastPM's density"] = save_hydrogen(folder / "fgpa.h5", values, like)
    for name in arguments.hydro:
        path, _, dataset = name.partition(":")
        with h5py.File(path) as file:
            values = file[dataset or "map"][:].astype(np.float32)
        path = save_hydrogen(folder / f"hydro{len(values)}.h5", values, like)
        found[f"hydro's own, {len(values)}^3"] = path
    return found


def depths(path, arguments, axis, lines, pixel, folder):
    """Optical depth through the same nodes as the truth's lines."""
    with MapFile(path) as file:
        every = file.header.mesh[0] // lines
    options = LineOptions(
        axis, every, None, pixel, "voigt", arguments.temperature, arguments.gamma, None
    )
    output = folder / "lines.h5"
    draw_skewers(RUN, str(path), arguments.particles, options, str(output))
    with SkewersFile(output) as file:
        return file.read().astype(np.float64), file.header


def statistics(tau, truth, header, axis):
    """What the table has, of one axis; tau is scaled to the truth's mean flux."""
    wanted = np.exp(-truth)
    scale = scale_to_mean_flux(ONE_PROCESS, tau, wanted.mean())
    flux = np.exp(-scale * tau)
    pixels, number = tau.shape[-1], "xyz".index(axis)
    pair = [(flux.reshape(-1, pixels), wanted.reshape(-1, pixels))]
    along = line_power(ONE_PROCESS, pair, pixels, pixels * header.pixel_kms, K_EDGES)
    comoving = line_power(ONE_PROCESS, pair, pixels, header.box_size[number], COMOVING_EDGES)
    _, own = flux_distribution(ONE_PROCESS, [flux])
    _, other = flux_distribution(ONE_PROCESS, [wanted])
    full = np.where(other / 20 > 0.01, other, np.nan)
    shape = list(tau.shape[:2])
    shape.insert(number, pixels)
    mesh = make_mesh(shape, header.box_size, precision="double")
    powers = []
    for field in (flux, wanted):
        spectrum = r2c(mesh, overdensity(mesh, np.moveaxis(field, -1, number)))
        powers.append(multipoles(mesh, spectrum, spectrum, number, COMOVING_EDGES).power)
    return {
        "mean": np.exp(-tau).mean(),
        "scale": scale,
        "P1D": along.power / along.reference_power,
        "pdf": own / full,
        "P0": powers[0][0] / powers[1][0],
        "P2": powers[0][2] / powers[1][2],
        "r": comoving.cross_power / np.sqrt(comoving.power * comoving.reference_power),
    }


def table(arguments):
    """Print the comparison, means over the two axes."""
    print("| hydrogen | mean F | A | P1D / truth | PDF / truth | P0 | P2 | r |")
    print("| --- | --: | --: | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for name, path in maps_of(arguments, folder).items():
            rows = []
            for axis in ("x", "z"):
                with h5py.File(arguments.truth) as file:
                    truth = file[axis]["tau"][:].astype(np.float64)
                    pixel = float(file.attrs["pixel_kms"])
                found = depths(path, arguments, axis, len(truth), 1.0001 * pixel, folder)
                rows.append(statistics(found[0], truth, found[1], axis))
            means = {key: np.mean([row[key] for row in rows], axis=0) for key in rows[0]}
            columns = [
                " ".join(f"{value:.2f}" for value in means[key] if value == value)
                for key in ("P1D", "pdf", "P0", "P2", "r")
            ]
            print(
                f"| {name} | {means['mean']:.3f} | {means['scale']:.3f} | {' | '.join(columns)} |"
            )


def speed(arguments):
    """Print the seconds of painting a map and of drawing all its lines, processor and wall."""
    with tempfile.TemporaryDirectory() as folder:
        fit, path = arguments.fits[0], str(Path(folder) / "map.h5")
        options = PaintOptions(nodes=arguments.nodes, allow_mismatch=True, fine=True)
        if arguments.nodes is None:
            options = PaintOptions(fine=True)
        lines = LineOptions("z", 1, None, arguments.pixel, "voigt", 15500.0, 1.45, None)
        tasks = {
            "paint": lambda: paint(RUN, [arguments.particles], fit, options, path),
            "skewers": lambda: draw_skewers(
                RUN, path, arguments.particles, lines, str(Path(folder) / "lines.h5")
            ),
        }
        for repeat in range(2):
            for name, task in tasks.items():
                wall, cpu = time.perf_counter(), time.process_time()
                task()
                wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
                first = "first" if repeat == 0 else "again"
                print(f"{name}, {first}: {wall:.2f} s, {cpu:.2f} s of processor", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("particles", help="of run-fastpm, the same universe as the truth")
    parser.add_argument("--fits", nargs="+", required=True, help="fits of neutral hydrogen")
    parser.add_argument("--truth", help="optical depths to compare with; none: time is measured")
    parser.add_argument("--hydro", nargs="*", default=[], metavar="FILE[:DATASET]")
    parser.add_argument("--temperature", type=float, default=15500.0)
    parser.add_argument("--gamma", type=float, default=1.45)
    parser.add_argument("--nodes", type=int, help="of the map whose time is measured")
    parser.add_argument("--pixel", type=float, default=5.0)
    arguments = parser.parse_args()
    if arguments.truth:
        table(arguments)
    else:
        speed(arguments)


if __name__ == "__main__":
    main()
