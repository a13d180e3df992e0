# SPDX-License-Identifier: GPL-3.0-or-later
"""Brightness temperature of the 21 cm line in redshift space, from a map of neutral hydrogen."""

import dataclasses
import logging
import math

import numpy as np

from jerald_tools.analysis.power_spectrum import region_mean
from jerald_tools.cosmology import hubble_rate, scale_factor_of
from jerald_tools.errors import BadInput
from jerald_tools.io.grids import MapFile
from jerald_tools.io.parallel import load_field, load_particles, save_map
from jerald_tools.lines.brightness import (
    hydrogen_share,
    temperature_of_share,
    thermal_noise,
    through_beam,
)
from jerald_tools.lines.geometry import AXES
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import world
from jerald_tools.model.redshift_space import line_of_sight_shifts, move_map
from jerald_tools.stages.outputs import check_outputs
from jerald_tools.stages.provenance import provenance_of
from jerald_tools.stages.run import Run
from jerald_tools.stages.skewers import read_hydrogen_header, refuse_negative

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Observation:
    """How the temperature is observed.

    Attributes:
        los: line of sight, "x", "y" or "z".
        mean: of the map [mK]; None for that of its hydrogen.
        beam: width of a Gaussian beam at half of its height [Mpc/h]; None for none.
        noise: rms of the noise of a cell [mK]; None for none.
        noise_seed: of the noise.
    """

    los: str = "z"
    mean: float | None = None
    beam: float | None = None
    noise: float | None = None
    noise_seed: int = 1

    def __post_init__(self):
        for name, unit in (("mean", "mK"), ("beam", "Mpc/h"), ("noise", "mK")):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise BadInput(f"--{name} {value:g}: give a number of {unit} above 0")


def paint_brightness(
    run: Run, hydrogen: str, particles: str, observation: Observation, output: str
) -> None:
    """Write the brightness temperature of a map of neutral hydrogen.

    Args:
        run: how the stage runs.
        hydrogen: map of neutral hydrogen in real space.
        particles: of the same run, as FastPM left them: hydrogen moves as they do.
        observation: line of sight, mean, beam and noise.
        output: name of the map.

    Raises:
        BadInput: on every rank, if files or options do not match.
    """
    ranks = world()
    header = read_hydrogen_header(ranks, hydrogen, particles)
    check_outputs(ranks, [output], [hydrogen, particles], run.force)
    mesh = make_mesh(header.mesh, header.box_size, run.precision, ranks)
    redshift, cosmology, los = header.redshift, header.cosmology, AXES.index(observation.los)
    with run.stopwatch.stage("reading"):
        rows = load_particles(mesh, particles)
        field = load_field(mesh, MapFile, hydrogen)
        refuse_negative(ranks, hydrogen, field)
    # In double precision: number densities of neutral hydrogen are near float32's least.
    share = np.asarray(field, np.float64) * hydrogen_share(redshift, cosmology)
    temperature = share * temperature_of_share(redshift, cosmology)
    mean = own = region_mean(mesh, temperature)
    if observation.mean is not None:
        if own == 0:
            raise BadInput(f"{hydrogen}: is empty: it has no mean to scale; leave out --mean")
        temperature *= observation.mean / own
        mean = observation.mean
    with run.stopwatch.stage("redshift space"):
        rate = float(hubble_rate(scale_factor_of(redshift), cosmology))
        shifts = line_of_sight_shifts(mesh, rows.velocities, los, redshift, rate)
        observed = move_map(mesh, temperature.astype(mesh.dtype), rows.positions, shifts)
    if observation.beam is not None:
        observed = through_beam(mesh, observed, observation.beam, los)
    observed = np.asarray(observed)
    if observation.noise is not None:
        noise = thermal_noise(mesh, observation.noise, observation.noise_seed)
        observed = observed + noise.astype(mesh.dtype)
    given = {name: value for name, value in dataclasses.asdict(observation).items() if value}
    made = {
        "redshift_space": observation.los,
        "omega_hi": region_mean(mesh, share),
        "mean_of_hydrogen": own,
        "observation": given,
    }
    painted = dataclasses.replace(
        header,
        quantity="brightness-temperature",
        units="mK",
        description="brightness temperature of the 21 cm line in redshift space",
        attributes=made,
    )
    record = provenance_of(run, mesh, [hydrogen, particles])
    save_map(output, mesh, observed, painted, record, run.force)
    logger.info("%s: mean %.4g mK, Omega_HI %.3g", output, mean, made["omega_hi"])
