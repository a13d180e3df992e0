# SPDX-License-Identifier: GPL-3.0-or-later
"""The setting in which parameters were trained, and in which alone they hold."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput
from jerald_tools.io.particles import ParticlesHeader
from jerald_tools.mesh.mesh import Mesh

# Two sides of a box or two redshifts closer than this, relative to 1 + z or the side, are equal.
SAME = 1e-6


@dataclasses.dataclass(frozen=True)
class Setting:
    """What the trained parameters depend on.

    Attributes:
        cell_size: of the map's mesh [Mpc/h], along x, y, z.
        particles_per_cell: particles per node of the map's mesh.
        redshift: of the particles; of parameters that evolve the highest and the lowest that they
            were trained at.
        cosmology: of the simulation.
        step_scheme: how FastPM made the particles, by name.
    """

    cell_size: tuple[float, float, float]
    particles_per_cell: float
    redshift: float | tuple[float, float]
    cosmology: Cosmology
    step_scheme: dict

    @property
    def evolves(self) -> bool:
        """Whether it spans a range of redshifts."""
        return isinstance(self.redshift, tuple)

    def as_dict(self) -> dict:
        """Nested dictionaries of numbers and text, for a fit file."""
        return dataclasses.asdict(self)


def setting_of(mesh: Mesh, header: ParticlesHeader) -> Setting:
    """The setting of a particle file and the mesh of its maps."""
    return Setting(
        mesh.cell_size,
        header.number / mesh.size,
        header.redshift,
        header.cosmology,
        header.attributes.get("step_scheme", {}),
    )


def evolving_setting(settings: Sequence[Setting]) -> Setting:
    """The setting of parameters that evolve over the redshifts of all of these.

    The stages of the steps, which end at the redshift of the particles, are left out of it.
    """
    redshifts = [setting.redshift for setting in settings]
    scheme = {name: value for name, value in settings[0].step_scheme.items() if name != "stages"}
    return dataclasses.replace(
        settings[0], redshift=(max(redshifts), min(redshifts)), step_scheme=scheme
    )


def setting_from_dict(values: dict) -> Setting:
    """The inverse of :meth:`Setting.as_dict`.

    Raises:
        KeyError, TypeError, ValueError: if something is missing or of another type.
    """
    return Setting(
        tuple(float(side) for side in values["cell_size"]),
        float(values["particles_per_cell"]),
        _redshift(values["redshift"]),
        Cosmology(**{name: float(value) for name, value in dict(values["cosmology"]).items()}),
        dict(values["step_scheme"]),
    )


def _redshift(value) -> float | tuple[float, float]:
    if np.ndim(value) == 0:
        return float(value)
    highest, lowest = map(float, value)
    return highest, lowest


def differences(ours: Setting, theirs: Setting) -> list[str]:
    """What differs between two settings, each as "name here, there"; empty if nothing does."""
    found = []
    for name in ("cell_size", "particles_per_cell"):
        here, there = getattr(ours, name), getattr(theirs, name)
        if not np.allclose(here, there, rtol=SAME, atol=0):
            found.append(f"{name} {_plain(here)}, there {_plain(there)}")
    if not _redshifts_meet(ours, theirs):
        here, there = (" to ".join(f"{z:g}" for z in _ends(one)) for one in (ours, theirs))
        found.append(f"redshift {here}, there {there}")
    for name, here in dataclasses.asdict(ours.cosmology).items():
        there = getattr(theirs.cosmology, name)
        if not np.isclose(here, there, rtol=SAME, atol=0):
            found.append(f"{name} {here:g}, there {there:g}")
    names = {*ours.step_scheme, *theirs.step_scheme}
    if ours.evolves or theirs.evolves:
        names -= {"stages"}
    for name in sorted(names):
        here, there = ours.step_scheme.get(name), theirs.step_scheme.get(name)
        if here != there:
            found.append(f"step scheme's {name} {_short(here)}, there {_short(there)}")
    return found


def _ends(setting: Setting) -> tuple[float, ...]:
    return setting.redshift if setting.evolves else (setting.redshift,)


def _redshifts_meet(ours: Setting, theirs: Setting) -> bool:
    """Whether two redshifts are equal, one lies in the other's range, or two ranges overlap."""
    highest = min(max(_ends(ours)), max(_ends(theirs)))
    lowest = max(min(_ends(ours)), min(_ends(theirs)))
    return lowest < highest or same_redshift(lowest, highest)


def _short(value) -> str:
    """A value for a message; of a list its two ends."""
    listed = np.ndim(value) == 1 and len(value) > 2
    return f"{value[0]:g} to {value[-1]:g}" if listed else str(value)


def _plain(value) -> str:
    return " x ".join(f"{v:g}" for v in np.atleast_1d(value))


def same_redshift(first: float, second: float) -> bool:
    """Whether two redshifts are equal but for rounding."""
    return abs(first - second) < SAME * (1 + second)


def require_same_setting(path: str, found: Setting, wanted: Setting, mend: str) -> None:
    """Refuse a file that was made in another setting.

    Args:
        path: the file.
        found: its setting.
        wanted: the setting of the particles.
        mend: what the user can do.

    Raises:
        BadInput: naming all that differs.
    """
    differing = differences(found, wanted)
    if differing:
        raise BadInput(f"{path}: made for another setting ({'; '.join(differing)}): {mend}")
