# SPDX-License-Identifier: GPL-3.0-or-later
"""A small whole universe of gas, dark matter and stars, and HDF5 files of it in many layouts."""

import h5py
import numpy as np
from small_universe import cloud_in_cell

SIDE, BOX, REDSHIFT = 8, 20.0, 2.0
NUMBER = SIDE**3
OMEGA_M, OMEGA_B, H = 0.308, 0.0482, 0.678
CRITICAL = 27.7536627
STARS = 20

KPC_CM, MASS_G, KM_CM = 3.085678e21, 1.989e43, 1e5


def positions(offset: float = 0.0, seed: int = 3) -> np.ndarray:
    """A lattice of SIDE^3 points, each moved by up to half a spacing (n, 3) [Mpc/h]."""
    cells = np.stack(np.meshgrid(*(np.arange(SIDE),) * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    moved = np.random.default_rng(seed).uniform(-0.5, 0.5, (NUMBER, 3))
    return (cells + offset + moved) * (BOX / SIDE) % BOX


GAS, DARK = positions(), positions(0.5)
STAR_POSITIONS = GAS[: STARS * 7 : 7]
STAR_MASS = 0.1 * OMEGA_B * CRITICAL * BOX**3 / STARS
GAS_MASS = 0.9 * OMEGA_B * CRITICAL * BOX**3 / NUMBER
DARK_MASS = (OMEGA_M - OMEGA_B) * CRITICAL * BOX**3 / NUMBER
ALL_DARK_MASS = OMEGA_M * CRITICAL * BOX**3 / NUMBER


def overdensity(where, nodes: int = 8) -> np.ndarray:
    """1 + delta by cloud-in-cell."""
    field = cloud_in_cell(where, 1.0, (nodes,) * 3, (BOX,) * 3)
    return field / field.mean()


def star_map(masses, nodes: int = 8) -> np.ndarray:
    """The mass of stars in each cell [1e10 Msun/h]."""
    return cloud_in_cell(STAR_POSITIONS, masses, (nodes,) * 3, (BOX,) * 3)


def gadget_header(number, length: float = 1e3, **changes) -> dict:
    """Gadget's header with lengths in 1 / length Mpc/h; None leaves an attribute out."""
    values = {
        "NumPart_ThisFile": np.array(number, np.int32),
        "NumPart_Total": np.array(number, np.uint32),
        "MassTable": np.zeros(len(number)),
        "Time": 1 / (1 + REDSHIFT),
        "Redshift": REDSHIFT,
        "BoxSize": BOX * length,
        "NumFilesPerSnapshot": np.int32(1),
        "Omega0": OMEGA_M,
        "OmegaLambda": 1 - OMEGA_M,
        "OmegaBaryon": OMEGA_B,
        "HubbleParam": H,
        "UnitLength_in_cm": KPC_CM * 1e3 / length,
        "UnitMass_in_g": MASS_G,
        "UnitVelocity_in_cm_per_s": KM_CM,
    } | changes
    return {name: value for name, value in values.items() if value is not None}


def write_hdf5(path, attributes: dict, parts: dict, groups: dict | None = None):
    """A file of a header, datasets by particle type and name, and further groups of attributes."""
    with h5py.File(path, "w") as file:
        file.create_group("Header").attrs.update(attributes)
        for name, values in (groups or {}).items():
            file.require_group(name).attrs.update(values)
        for kind, datasets in parts.items():
            for name, data in datasets.items():
                file[f"PartType{kind}/{name}"] = data
    return path


def parts(length: float = 1e3, mass: str = "Masses", velocity: str = "Velocities") -> dict:
    """Datasets by particle type and name: all three species, lengths in 1 / length Mpc/h."""
    found = {}
    for kind, where, each in (
        (0, GAS, GAS_MASS),
        (1, DARK, DARK_MASS),
        (4, STAR_POSITIONS, STAR_MASS),
    ):
        found[kind] = {
            "Coordinates": where * length,
            velocity: np.full((len(where), 3), 90.0),
            mass: np.full(len(where), each),
            "ParticleIDs": np.arange(len(where)) + 1000 * kind,
        }
    found[4]["StellarFormationTime"] = np.full(STARS, 0.3)
    return found


def write_gadget(path, more: dict | None = None, groups: dict | None = None, **changes):
    """The universe as Gadget-3 has it; ``more`` datasets by particle type."""
    datasets = parts()
    for kind, extra in (more or {}).items():
        datasets[kind] |= extra
    number = [NUMBER, NUMBER, 0, 0, STARS, 0]
    return write_hdf5(path, gadget_header(number, **changes), datasets, groups)


def write_dark(path, mass: float = ALL_DARK_MASS, where=DARK, types: int = 6, **changes):
    """Dark matter alone, its mass in the header's table."""
    number, table = [0, len(where), *[0] * (types - 2)], [0.0, mass, *[0.0] * (types - 2)]
    datasets = {1: {"Coordinates": where * 1e3, "ParticleIDs": np.arange(len(where)) + 1}}
    attributes = gadget_header(number, **{"MassTable": np.array(table), **changes})
    return write_hdf5(path, attributes, datasets)


SWIFT_COSMOLOGY = {
    "Omega_m": OMEGA_M,
    "Omega_b": OMEGA_B,
    "Omega_lambda": 1 - OMEGA_M,
    "Omega_r": 0.0,
    "Omega_k": 0.0,
    "Omega_nu_0": 0.0,
    "h": H,
    "w_0": -1.0,
    "w_a": 0.0,
}

CGS = "Conversion factor to CGS (not including cosmological corrections)"
PHYSICAL = "Conversion factor to physical CGS (including cosmological corrections)"


def write_swift(path, cosmology: dict | None = None, powers: dict | None = None, mass=1.0):
    """Dark matter and stars as SWIFT has them, nothing over h; ``powers`` of a by dataset."""
    one, stars_mass = np.atleast_1d, np.full(STARS, STAR_MASS / H)
    number = [0, NUMBER, 0, 0, STARS, 0, 0]
    attributes = {
        "BoxSize": np.full(3, BOX / H),
        "Redshift": one(REDSHIFT),
        "Scale-factor": one(1 / (1 + REDSHIFT)),
        "NumPart_ThisFile": np.array(number, np.int64),
        "NumPart_Total": np.array(number, np.uint32),
        "NumPart_Total_HighWord": np.zeros(7, np.uint32),
        "NumFilesPerSnapshot": one(1),
        "MassTable": np.zeros(7),
    }
    units = {
        "Unit length in cgs (U_L)": one(KPC_CM * 1e3),
        "Unit mass in cgs (U_M)": one(MASS_G),
    }
    dark = np.full(NUMBER, DARK_MASS / H * mass)
    datasets = {
        kind: {
            "Coordinates": where / H,
            "Velocities": np.full((len(where), 3), 90.0),
            "Masses": masses,
            "ParticleIDs": np.arange(len(where)) + 1,
        }
        for kind, where, masses in ((1, DARK, dark), (4, STAR_POSITIONS, stars_mass))
    }
    datasets[4]["BirthScaleFactors"] = np.where(np.arange(STARS) % 2, 0.2, -1.0)
    stated = {name: one(value) for name, value in (SWIFT_COSMOLOGY | (cosmology or {})).items()}
    write_hdf5(path, attributes, datasets, {"Units": units, "Cosmology": stated})
    factors = {"Coordinates": KPC_CM * 1e3, "Velocities": KM_CM, "Masses": MASS_G}
    with h5py.File(path, "r+") as file:
        for kind in datasets:
            for name, factor in factors.items():
                dataset = file[f"PartType{kind}/{name}"].attrs
                power = {"Coordinates": 1.0, **(powers or {})}.get(name, 0.0)
                dataset[CGS], dataset["a-scale exponent"] = one(factor), one(power)
                dataset["h-scale exponent"] = one(0.0)
    return path
