# SPDX-License-Identifier: GPL-3.0-or-later
"""The groups of attributes by which readers of SWIFT snapshots know units, box and cosmology.

Written after the files that SWIFT makes, as swiftsimio and yt read them.
"""

import math

from jerald_tools.cosmology import Cosmology
from jerald_tools.files.cgs import KM_CM, MPC_CM, UNIT_MASS_G

# 3 H^2 / (8 pi G) at z = 0 for h = 1 [1e10 Msun / Mpc^3].
CRITICAL_DENSITY = 27.7536627

UNITS = {
    "Unit length in cgs (U_L)": [MPC_CM],
    "Unit mass in cgs (U_M)": [UNIT_MASS_G],
    "Unit time in cgs (U_t)": [MPC_CM / KM_CM],
    "Unit current in cgs (U_I)": [1.0],
    "Unit temperature in cgs (U_T)": [1.0],
}


def _exponents(length: float = 0, mass: float = 0, time: float = 0, scale_factor: float = 0):
    to_cgs = MPC_CM**length * UNIT_MASS_G**mass * (MPC_CM / KM_CM) ** time
    return {
        "U_L exponent": [float(length)],
        "U_M exponent": [float(mass)],
        "U_t exponent": [float(time)],
        "U_I exponent": [0.0],
        "U_T exponent": [0.0],
        "h-scale exponent": [0.0],
        "a-scale exponent": [float(scale_factor)],
        "Conversion factor to CGS (not including cosmological corrections)": [to_cgs],
        "Value stored as physical": [0],
        "Property can be converted to comoving": [1],
    }


# Of every dataset of PartType1: value [cgs] = number * U_L^l * U_M^m * U_t^t * a^scale_factor.
EXPONENTS = {
    "Coordinates": _exponents(length=1, scale_factor=1),
    "Velocities": _exponents(length=1, time=-1),
    "Masses": _exponents(mass=1),
    "ParticleIDs": _exponents(),
}


def swift_groups(header, version: str) -> dict:
    """All groups of attributes of a snapshot with dark matter alone, by name.

    Args:
        header: a :class:`jerald_tools.files.particles.ParticlesHeader`.
        version: of the code that writes.
    """
    cosmology = header.cosmology
    scale_factor = 1.0 / (1.0 + header.redshift)
    counts = [0, header.number, 0, 0, 0, 0, 0]
    return {
        "Header": {
            # The name of the format, by which yt finds its reader.
            "Code": "SWIFT",
            "RunName": "jerald-tools",
            "OutputType": "FullVolume",
            "BoxSize": [length / cosmology.h for length in header.box_size],
            "Dimension": [3],
            "Redshift": [header.redshift],
            "Scale-factor": [scale_factor],
            "Time": [age(cosmology, scale_factor)],
            "NumPartTypes": [7],
            "NumPart_ThisFile": counts,
            "NumPart_Total": [number % 2**32 for number in counts],
            "NumPart_Total_HighWord": [number // 2**32 for number in counts],
            "TotalNumberOfParticles": counts,
            "CanHaveTypes": [0, 1, 0, 0, 0, 0, 0],
            "MassTable": [0.0, header.particle_mass, 0.0, 0.0, 0.0, 0.0, 0.0],
            "NumFilesPerSnapshot": [1],
            "ThisFile": [0],
            "Flag_Entropy_ICs": [0],
        },
        "Units": UNITS,
        "InternalCodeUnits": UNITS,
        "Code": {"Code": "jerald-tools", "Code Version": version},
        "Cosmology": {
            "Cosmological run": [1],
            "Redshift": [header.redshift],
            "Scale-factor": [scale_factor],
            "h": [cosmology.h],
            "H0 [internal units]": [100.0 * cosmology.h],
            "Omega_m": [cosmology.omega_m],
            "Omega_cdm": [cosmology.omega_m - cosmology.omega_b],
            "Omega_b": [cosmology.omega_b],
            "Omega_lambda": [cosmology.omega_lambda],
            "Omega_r": [0.0],
            "Omega_k": [0.0],
            "Omega_nu": [0.0],
            "w": [-1.0],
            "w_0": [-1.0],
            "w_a": [0.0],
        },
        "Policy": {"cosmological integration": [1], "hydro": [0], "self gravity": [1]},
        "Parameters": {
            "Cosmology:h": str(cosmology.h),
            "Cosmology:Omega_cdm": str(cosmology.omega_m - cosmology.omega_b),
            "Cosmology:Omega_b": str(cosmology.omega_b),
            "Cosmology:Omega_lambda": str(cosmology.omega_lambda),
            "InitialConditions:periodic": "1",
        },
        "HydroScheme": {},
        "SubgridScheme": {},
    }


def age(cosmology: Cosmology, scale_factor: float) -> float:
    """Time since the Big Bang, flat and without radiation [Mpc / (km/s)].

    The integral of da / (a H) is 2/3 asinh(sqrt(omega_lambda / omega_m a^3)) / sqrt(omega_lambda)
    in units of 1/H0.
    """
    if cosmology.omega_lambda == 0:
        in_hubble_times = scale_factor**1.5
    else:
        root = math.sqrt(cosmology.omega_lambda)
        growth = math.sqrt(cosmology.omega_lambda / cosmology.omega_m * scale_factor**3)
        in_hubble_times = math.asinh(growth) / root
    return 2 / 3 * in_hubble_times / (100.0 * cosmology.h)
