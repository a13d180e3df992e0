# SPDX-License-Identifier: GPL-3.0-or-later
"""The attributes of SWIFT's snapshots: what the particles are of, and the units of each dataset."""

import math
import typing

from jerald_tools.cosmology import Cosmology

if typing.TYPE_CHECKING:
    from jerald_tools.io.particles import ParticlesHeader

MPC_CM = 3.08567758149e24
"""One Mpc [cm]."""

UNIT_MASS_G = 1.98841e43
"""1e10 solar masses [g]."""

KM_CM = 1e5
"""One km [cm]."""

# How SWIFT's files state their units, in groups of attributes after which readers look.
_UNITS = {
    "Unit length in cgs (U_L)": [MPC_CM],
    "Unit mass in cgs (U_M)": [UNIT_MASS_G],
    "Unit time in cgs (U_t)": [MPC_CM / KM_CM],
    "Unit current in cgs (U_I)": [1.0],
    "Unit temperature in cgs (U_T)": [1.0],
}


def swift_groups(header: "ParticlesHeader", version: str) -> dict[str, dict]:
    """All groups of attributes of a SWIFT snapshot with dark matter alone, by name.

    Written after the files that SWIFT makes, as swiftsimio and yt read them.

    Args:
        header: of the particles.
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
        "Units": _UNITS,
        "InternalCodeUnits": _UNITS,
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
            "Omega_nu_0": [0.0],
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


def exponents_of_units(
    length: float = 0, mass: float = 0, time: float = 0, scale_factor: float = 0
) -> dict[str, list]:
    """Units of a dataset: value [cgs] = number * U_L^length * U_M^mass * U_t^time * a^..."""
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
