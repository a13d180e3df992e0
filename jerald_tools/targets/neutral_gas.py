# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps of neutral hydrogen, from the snapshot's neutral fraction or one in equilibrium."""

import dataclasses
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from jerald_tools.errors import BadInput
from jerald_tools.io.uv_background import PhotoionisationRates, read_rates
from jerald_tools.snapshots.snapshot import Snapshot, SnapshotHeader, read_field
from jerald_tools.targets.ionisation import (
    PROTON_MASS,
    cross_section,
    neutral_fraction,
    shielded_share,
    shielding_density,
    temperature_of,
)
from jerald_tools.targets.target import Read, Target

COLD = 1e4
"""Temperature of star-forming gas that is treated as cold [K]."""


@dataclasses.dataclass(frozen=True)
class NeutralGas(Target):
    """The number density of neutral hydrogen atoms.

    Attributes:
        rates: photoionisation rates to compute neutral fractions with; None takes the snapshot's.
        shielded: whether dense gas shields itself from these rates.
        star_forming: treatment of star-forming gas, of
            :data:`jerald_tools.targets.options.STAR_FORMING_GAS`.
        clip: largest density of a cell [proper cm^-3], or None.
        hydrogen_fraction: of the gas's mass, if the snapshot does not state it.
    """

    species: str = "gas"
    units: str = "cm^-3 (proper)"
    description: str = "number density of neutral hydrogen"
    rates: PhotoionisationRates | None = None
    shielded: bool = False
    star_forming: str = "as-is"
    clip: float | None = None
    hydrogen_fraction: float = 0.76

    OPTIONS: ClassVar = (
        *Target.OPTIONS,
        "uvb",
        "self_shielding",
        "star_forming_gas",
        "clip",
    )
    BYTES_EQUILIBRIUM: ClassVar[int] = 64

    def check_options(self, options):
        """Refuse options that contradict each other, see :meth:`Target.check_options`."""
        super().check_options(options)
        if options.uvb is None and (options.self_shielding or options.star_forming_gas == "cold"):
            name = "self-shielding" if options.self_shielding else "star-forming-gas cold"
            raise BadInput(
                f"--{name} changes the equilibrium, but the snapshot's neutral fraction is its "
                "result; give --uvb TABLE"
            )
        if options.clip is not None and not 0 < options.clip < np.inf:
            raise BadInput(f"--clip {options.clip:g}: give a positive density [proper cm^-3]")

    def with_options(self, options, header):
        """This target with the options of make-target, see :meth:`Target.with_options`."""
        if options.self_shielding:
            cross_section(header.redshift)
        return dataclasses.replace(
            self,
            rates=None if options.uvb is None else read_rates(options.uvb, header.redshift),
            shielded=options.self_shielding,
            star_forming=options.star_forming_gas,
            clip=options.clip,
            hydrogen_fraction=options.hydrogen_fraction,
        )

    def check_snapshot(self, snapshot):
        """Refuse a snapshot without what neutral hydrogen needs of the gas."""
        super().check_snapshot(snapshot)
        path = snapshot.paths[0]
        if self.rates is None and not snapshot.has("gas", "neutral_fraction"):
            raise BadInput(
                f"{path}: has no neutral fraction of gas; give --uvb TABLE to compute it from "
                "density, temperature and the ultraviolet background"
            )
        if self.star_forming != "as-is" and not snapshot.has("gas", "star_formation_rate"):
            raise BadInput(
                f"{path}: has no star formation rates; leave out --star-forming-gas "
                f"{self.star_forming}"
            )
        if self.rates is None:
            return
        if not snapshot.has("gas", "density"):
            raise BadInput(f"{path}: has no density of gas, which --uvb needs; leave it out")
        heat = next((f for f in ("temperature", "internal_energy") if snapshot.has("gas", f)), None)
        if heat is None:
            raise BadInput(f"{path}: has no temperature of gas, which --uvb needs; leave it out")
        read_field(snapshot, "gas", heat, 0, 1)

    @property
    def particle_bytes(self):
        """Memory that the fields of the equilibrium take for a particle."""
        return 0 if self.rates is None else self.BYTES_EQUILIBRIUM

    def weights(self, snapshot, read):
        """The mass of neutral hydrogen of each particle [1e10 Msun/h]."""
        if self.rates is None:
            neutral = read("neutral_fraction")
        else:
            neutral = self.equilibrium_fraction(self.rates, snapshot, read)
        if self.star_forming == "neutral":
            neutral = np.where(read("star_formation_rate") > 0, 1.0, neutral)
        if self.star_forming == "left-out":
            neutral = np.where(read("star_formation_rate") > 0, 0.0, neutral)
        return read("masses") * (self._hydrogen_fraction(snapshot, read) * neutral)

    def equilibrium_fraction(
        self, rates: PhotoionisationRates, snapshot: Snapshot, read: Read
    ) -> Float[np.ndarray, " n"]:
        """n_HI / n_H of gas in ionisation equilibrium.

        Args:
            rates: of photoionisation by the background.
            snapshot: that has the gas.
            read: reads fields of its particles.

        Raises:
            RunFailed: if no equilibrium is found.
        """
        header, density = snapshot.header, read("density")
        hydrogen = np.broadcast_to(self._hydrogen_fraction(snapshot, read), density.shape)
        hydrogen_density = density * hydrogen * atoms_per_volume(header)
        cold = read("star_formation_rate") > 0 if self.star_forming == "cold" else None
        has_temperature = snapshot.has("gas", "temperature")
        heat = read("temperature" if has_temperature else "internal_energy")

        def temperature(electrons, rows):
            if has_temperature:
                kelvin = heat[rows]
            else:
                kelvin = temperature_of(heat[rows], electrons, hydrogen[rows])
            return kelvin if cold is None else np.where(cold[rows], COLD, kelvin)

        if not self.shielded:
            return neutral_fraction(hydrogen_density, temperature, hydrogen, rates)
        sigma = cross_section(header.redshift)
        baryons = header.cosmology.omega_b / header.cosmology.omega_m

        def shielding(kelvin, rows):
            threshold = shielding_density(kelvin, rates.hydrogen, sigma, baryons)
            return shielded_share(hydrogen_density[rows], threshold)

        return neutral_fraction(hydrogen_density, temperature, hydrogen, rates, shielding)

    def _hydrogen_fraction(self, snapshot: Snapshot, read: Read):
        """Hydrogen over all gas by mass: the snapshot's (n), or one number."""
        if snapshot.has("gas", "hydrogen_fraction"):
            return read("hydrogen_fraction")
        return self.hydrogen_fraction

    def in_units(self, masses, total, mesh, header):
        """Atoms per proper cm^3 from the mass in each cell, no more than :attr:`clip`."""
        cell_volume = mesh.volume / mesh.size
        density = masses * (atoms_per_volume(header) / cell_volume)
        return density if self.clip is None else np.minimum(density, self.clip)

    def share_of_cell(self, factor):
        """1: a density."""
        return 1.0

    def attributes(self, snapshot):
        """How the neutral fraction was found, by name, for the header of the map."""
        own = snapshot.has("gas", "hydrogen_fraction")
        made = {
            "neutral_fraction": "of the snapshot" if self.rates is None else "in equilibrium",
            "self_shielding": "Rahmati et al. 2013" if self.shielded else "none added",
            "star_forming_gas": self.star_forming,
            "hydrogen_fraction": "of the snapshot" if own else f"{self.hydrogen_fraction:g}",
            "clip": self.clip,
        }
        if self.rates is not None:
            made["photoionisation_rates"] = dataclasses.asdict(self.rates)
        return made


def atoms_per_volume(header: SnapshotHeader) -> float:
    """Hydrogen atoms per proper cm^3 in a comoving density of 1e10 Msun/h / (Mpc/h)^3.

    Raises:
        BadInput: if the unit of mass is not known.
    """
    h = header.cosmology.h
    if header.mass_unit is None:
        raise BadInput("the snapshot does not state its unit of mass; give --mass-unit")
    proper_length = header.megaparsec * header.scale_factor / h
    return header.mass_unit / h / PROTON_MASS / proper_length**3
