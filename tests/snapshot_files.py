# SPDX-License-Identifier: GPL-3.0-or-later
"""The golden snapshot of MP-Gadget, and the same particles as other codes would write them."""

import functools
from pathlib import Path

import h5py
import numpy as np

from jerald_tools.io.bigfile import Block, read_attributes

GOLDEN = Path(__file__).parent / "golden"
BIGFILE = GOLDEN / "mp_gadget_snapshot"
MAPS = GOLDEN / "mp_gadget_maps.h5"

# The units that MP-Gadget counts in, over h: kpc and 1e10 Msun, as it has them.
KPC_CM = 3.085678e21
MASS_G = 1.989e43

# The names that Gadget's HDF5 has for the blocks of MP-Gadget.
HDF5_NAMES = {
    "Position": "Coordinates",
    "Mass": "Masses",
    "NeutralHydrogenFraction": "NeutralHydrogenAbundance",
    "StarFormationTime": "StellarFormationTime",
}


@functools.cache
def header() -> dict:
    return read_attributes(BIGFILE / "Header")


@functools.cache
def blocks() -> dict[tuple[int, str], np.ndarray]:
    """All blocks by particle type and name, in MP-Gadget's units; masses of dark matter too."""
    found = {
        (int(path.parent.name), path.name): Block(path).read()
        for path in sorted(BIGFILE.glob("[0-9]/*"))
    }
    number = len(found[1, "Position"])
    found[1, "Mass"] = np.full(number, header()["MassTable"][1])
    return found


def counts(low: float = 0.0, high: float = 1.0) -> list[int]:
    """Particles by type of a share of the snapshot."""
    return [len(share(blocks().get((kind, "Position"), ()), low, high)) for kind in range(6)]


def share(values, low: float, high: float):
    return values[int(low * len(values)) : int(high * len(values))]


def gadget_attributes(**changes) -> dict:
    """The header of Gadget-3, with the units that later versions write."""
    values = {
        "MassTable": np.zeros(6),
        "Time": header()["Time"],
        "Redshift": 1 / header()["Time"] - 1,
        "BoxSize": header()["BoxSize"],
        "Omega0": header()["Omega0"],
        "OmegaLambda": header()["OmegaLambda"],
        "OmegaBaryon": header()["OmegaBaryon"],
        "HubbleParam": header()["HubbleParam"],
        "UnitLength_in_cm": KPC_CM,
        "UnitMass_in_g": MASS_G,
        "UnitVelocity_in_cm_per_s": 1e5,
    } | changes
    return {name: value for name, value in values.items() if value is not None}


def write_gadget(
    path, low=0.0, high=1.0, files=1, coordinates=np.float64, parameters=(), types=(0, 1, 4), **more
):
    """One file of a Gadget snapshot with a share of the particles.

    ``parameters`` names attributes that are in the group Parameters, as Gadget-4 has them.
    """
    total = np.array(counts())
    attributes = gadget_attributes(
        **{
            "NumPart_ThisFile": np.array(counts(low, high), np.int32),
            "NumPart_Total": (total % 2**32).astype(np.uint32),
            "NumPart_Total_HighWord": (total // 2**32).astype(np.uint32),
            "NumFilesPerSnapshot": files,
            **more,
        }
    )
    with h5py.File(path, "w") as file:
        for name, value in attributes.items():
            group = file.require_group("Parameters" if name in parameters else "Header")
            group.attrs[name] = value
        for (kind, name), values in blocks().items():
            if kind in types:
                values = share(values, low, high)
                if name == "Position":
                    values = values.astype(coordinates)
                file[f"PartType{kind}/{HDF5_NAMES.get(name, name)}"] = values
    return path


def write_gadget_set(directory, number=4, **options):
    """A Gadget snapshot in several files."""
    edges = np.linspace(0, 1, number + 1)
    return [
        write_gadget(
            directory / f"snap_003.{part}.hdf5", edges[part], edges[part + 1], number, **options
        )
        for part in range(number)
    ]


def write_arepo(path, coordinates=np.float64):
    """A snapshot as IllustrisTNG has it: a table of masses, winds among the stars, elements."""
    winds = 50
    table = np.zeros(6)
    table[1] = header()["MassTable"][1]
    number = counts()
    number[4] += winds
    attributes = gadget_attributes(
        MassTable=table,
        NumPart_ThisFile=np.array(number, np.int32),
        NumPart_Total=np.array(number, np.uint32),
        NumPart_Total_HighWord=np.zeros(6, np.uint32),
        NumFilesPerSnapshot=1,
    )
    with h5py.File(path, "w") as file:
        file.create_group("Header").attrs.update(attributes)
        for (kind, name), values in blocks().items():
            if (kind, name) == (1, "Mass"):
                continue
            if name == "StarFormationTime":
                name = "GFM_StellarFormationTime"
            if kind == 4:
                extra = -0.3 if name.startswith("GFM") else 1.0
                values = np.concatenate([values, np.full((winds, *values.shape[1:]), extra)])
            if name == "Position":
                values = values.astype(coordinates)
            file[f"PartType{kind}/{HDF5_NAMES.get(name, name)}"] = values
        metals = np.full((number[0], 10), 0.02)
        metals[:, 0] = 0.76
        file["PartType0/GFM_Metals"] = metals
        file["PartType0/StarFormationRate"] = np.zeros(number[0])
    return path


def write_swift(path, coordinates=np.float64, scale_exponents=True):
    """A snapshot as SWIFT has it: nothing over h, units and powers of a at every dataset."""
    h, a = header()["HubbleParam"], header()["Time"]
    length, mass, time = 1000 * KPC_CM, MASS_G, 1000 * KPC_CM / 1e5
    units = {
        "Unit length in cgs (U_L)": [length],
        "Unit mass in cgs (U_M)": [mass],
        "Unit time in cgs (U_t)": [time],
        "Unit current in cgs (U_I)": [1.0],
        "Unit temperature in cgs (U_T)": [1.0],
    }
    # Name, number in SWIFT's unit over that of MP-Gadget, unit in cgs, power of a.
    datasets = {
        "Position": ("Coordinates", 1e-3 / h, length, 1),
        "Mass": ("Masses", 1 / h, mass, 0),
        "Density": ("Densities", 1e9 * h**2, mass / length**3, -3),
        "InternalEnergy": ("InternalEnergies", a**2, (length / time) ** 2, -2),
        "SmoothingLength": ("SmoothingLengths", 1e-3 / h / 1.825742, length, 1),
        "StarFormationTime": ("BirthScaleFactors", 1.0, 1.0, 0),
    }
    number = [*counts(), 0]
    with h5py.File(path, "w") as file:
        file.create_group("Header").attrs.update(
            {
                "Code": np.bytes_("SWIFT"),
                "Flag_Entropy_ICs": [0],
                "BoxSize": [header()["BoxSize"] * 1e-3 / h] * 3,
                "Dimension": [3],
                "Redshift": [1 / a - 1],
                "Scale-factor": [a],
                "Time": [3.0],
                "NumPart_ThisFile": np.array(number, np.int64),
                "NumPart_Total": np.array(number, np.uint32),
                "NumPart_Total_HighWord": np.zeros(7, np.uint32),
                "NumFilesPerSnapshot": [1],
                "MassTable": np.zeros(7),
            }
        )
        for name in ("Units", "InternalCodeUnits"):
            file.create_group(name).attrs.update(units)
        file.create_group("Cosmology").attrs.update(
            {
                "Omega_m": [header()["Omega0"]],
                "Omega_b": [header()["OmegaBaryon"]],
                "Omega_lambda": [header()["OmegaLambda"]],
                "h": [h],
                "Redshift": [1 / a - 1],
                "Scale-factor": [a],
            }
        )
        policy = {"cosmological integration": [1], "hydro": [1], "self gravity": [1]}
        file.create_group("Policy").attrs.update(policy)
        parameters = {
            "InitialConditions:periodic": np.bytes_("1"),
            "Cosmology:h": np.bytes_(str(h)),
            "Cosmology:Omega_m": np.bytes_(str(header()["Omega0"])),
            "Cosmology:Omega_lambda": np.bytes_(str(header()["OmegaLambda"])),
        }
        file.create_group("Parameters").attrs.update(parameters)
        file.create_group("HydroScheme").attrs["Kernel function"] = np.bytes_("Cubic spline (M4)")
        file["SubgridScheme/NamedColumns/SpeciesFractions"] = np.array([b"elec", b"HI", b"HII"])
        for (kind, name), values in blocks().items():
            if name == "NeutralHydrogenFraction":
                fractions = np.zeros((len(values), 3))
                fractions[:, 1] = values
                file["PartType0/SpeciesFractions"] = fractions
                continue
            swift_name, scale, unit, power = datasets[name]
            values = values.astype(np.float64) * scale
            if name == "Position":
                values = values.astype(coordinates)
            dataset = file.create_dataset(f"PartType{kind}/{swift_name}", data=values)
            if scale_exponents:
                dataset.attrs["a-scale exponent"] = [float(power)]
                dataset.attrs["h-scale exponent"] = [0.0]
                dataset.attrs[
                    "Conversion factor to CGS (not including cosmological corrections)"
                ] = [unit]
    return path
