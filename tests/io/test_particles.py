# SPDX-License-Identifier: GPL-3.0-or-later
import warnings
from typing import Any

import numpy as np
import pytest
from hdf5_access import open_hdf5

from jerald_tools.errors import RunFailed
from jerald_tools.io.particles import ParticlesFile, write_particles

# swiftsimio keeps five digits of the units in a file.
SWIFTSIMIO_UNITS = 1e-5


def test_round_trip_keeps_every_bit_of_single_precision(
    particle_file, particles_header, positions, velocities
):
    with ParticlesFile(particle_file) as opened:
        assert opened.header == particles_header
        identities, found, speeds = opened.read()
        assert np.array_equal(identities, np.arange(1, 121))
        assert found.dtype == np.float64
        assert np.array_equal(found.astype(np.float32), positions)
        assert np.array_equal(speeds, velocities)
        assert np.array_equal(opened.positions(30, 60), found[30:60])
        assert np.array_equal(opened.velocities(30, 60), velocities[30:60])
        assert opened.identities(30, 60)[0] == 31
        opened.verify()


def test_double_precision_round_trip(tmp_path, particles_header, record):
    box = np.array(particles_header.box_size)
    positions = np.random.default_rng(4).random((120, 3)) * box
    velocities = np.random.default_rng(5).normal(size=(120, 3))
    path = tmp_path / "p.h5"
    write_particles(path, particles_header, [(0, positions)], [(0, velocities)], record)
    with ParticlesFile(path) as opened:
        assert np.allclose(opened.positions(), positions, rtol=5e-16, atol=0)
        assert np.array_equal(opened.velocities(), velocities)


def test_positions_are_wrapped_into_the_box(tmp_path, particles_header, velocities, record):
    positions = np.zeros((120, 3))
    positions[0] = [-1.0, 21.0, 95.0]
    positions[1] = [-1e-30, 20.0, 30.0]
    positions[2] = [np.nextafter(10.0, 0), np.nextafter(20.0, 0), np.nextafter(30.0, 0)]
    path = tmp_path / "p.h5"
    write_particles(path, particles_header, [(0, positions)], [(0, velocities)], record)
    with ParticlesFile(path) as opened:
        found = opened.positions()
    assert np.allclose(found[0], [9.0, 1.0, 5.0], rtol=0, atol=1e-13)
    periodic_distance = np.abs((found[1:3] + 5) % (10, 20, 30) - 5)
    assert np.all(periodic_distance < 1e-13)
    with open_hdf5(path) as file:
        stored, box = file["PartType1/Coordinates"][...], file["Header"].attrs["BoxSize"]
    assert np.all(stored >= 0)
    assert np.all(stored < box)


def test_swiftsimio_reads_them_right(particle_file, particles_header, positions, velocities):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import swiftsimio

        snapshot: Any = swiftsimio.load(particle_file)
        h = particles_header.cosmology.h
        metadata, particles = snapshot.metadata, snapshot.dark_matter
        assert metadata.redshift == 3.0
        assert metadata.scale_factor == 0.25
        assert metadata.n_dark_matter == 120
        box = metadata.boxsize.to_comoving().to("Mpc").value
        assert np.allclose(box, np.array(particles_header.box_size) / h, rtol=SWIFTSIMIO_UNITS)
        assert metadata.cosmology.Om0 == 0.31
        assert metadata.cosmology.Ode0 == 0.69
        assert metadata.cosmology.Ob0 == 0.05
        assert metadata.cosmology.H0.value == pytest.approx(70.0, rel=SWIFTSIMIO_UNITS)
        age = metadata.cosmology.age(3.0).to("Gyr").value
        assert metadata.time.to("Gyr").value == pytest.approx(age, rel=SWIFTSIMIO_UNITS)

        coordinates = particles.coordinates
        comoving = coordinates.to_comoving().to("Mpc").value
        physical = coordinates.to_physical().to("Mpc").value
        assert np.allclose(comoving * h, positions, rtol=SWIFTSIMIO_UNITS)
        assert np.allclose(physical * h * 4, positions, rtol=SWIFTSIMIO_UNITS)
        peculiar = particles.velocities.to_physical().to("km/s").value
        assert np.allclose(peculiar, velocities, rtol=SWIFTSIMIO_UNITS)
        assert np.array_equal(particles.particle_ids.value, np.arange(1, 121))
        # All matter in the box by astropy's critical density.
        density = metadata.cosmology.critical_density0.to("Msun / Mpc3").value * 0.31
        total = density * 10 * 20 * 30 / h**3
        masses = particles.masses.to("Msun").value
        assert np.allclose(masses, total / 120, rtol=5e-4)
        assert np.ptp(masses) == 0


def test_swift_layout(particle_file):
    """What SWIFT's own format says, for readers other than swiftsimio."""
    with open_hdf5(particle_file) as file:
        assert file["Header"].attrs["NumPart_ThisFile"].tolist() == [0, 120, 0, 0, 0, 0, 0]
        assert file["Header"].attrs["NumFilesPerSnapshot"].tolist() == [1]
        assert file["Header"].attrs["Code"] == b"SWIFT"
        assert file["Policy"].attrs["cosmological integration"].tolist() == [1]
        group = file["PartType1"]
        assert group["Coordinates"].dtype == np.float64
        assert group["Coordinates"].attrs["a-scale exponent"] == 1.0
        assert group["Velocities"].attrs["a-scale exponent"] == 0.0
        for dataset in group.values():
            assert dataset.fletcher32
            assert {"units", "comoving", "description"} <= set(dataset.attrs)


def test_values_that_are_not_finite_are_not_written(
    tmp_path, particles_header, positions, velocities, record
):
    velocities[7, 1] = np.nan
    with pytest.raises(RunFailed, match="Velocities: not finite in rows 0 to 120"):
        write_particles(
            tmp_path / "p.h5",
            particles_header,
            [(0, positions)],
            [(0, velocities)],
            record,
        )
    assert not list(tmp_path.iterdir())
