# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps and particles as overdensities on one mesh, of which powerspec measures the power."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from jax import Array
from jaxtyping import Bool, Complex, Float

from jerald_tools.analysis.catalogue_field import (
    Window,
    catalogue_spectrum,
    painted_overdensity,
    shot_noise,
)
from jerald_tools.analysis.power_spectrum import (
    BinnedPower,
    cross_power,
    overdensity,
    region_mean,
)
from jerald_tools.errors import BadInput
from jerald_tools.io.grids import MapFile, MapHeader, check_agreement
from jerald_tools.io.inputs import describe_input, file_type
from jerald_tools.io.parallel import load_field, load_particles, read_header
from jerald_tools.io.particles import ParticlesFile
from jerald_tools.mesh.fields import r2c
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import Ranks, on_root
from jerald_tools.stages.flux_field import flux_header, load_flux
from jerald_tools.stages.run import Run


@dataclasses.dataclass(frozen=True)
class Painting:
    """How particles become a field, see :mod:`jerald_tools.analysis.catalogue_field`.

    Attributes:
        nodes: along x of their mesh; None for that of the reference, and without one, of their
            lattice.
        window: "cic" or "tsc".
        interlace: whether to average with a painting half a cell aside.
        compensate: whether to divide by the window.
    """

    nodes: int | None = None
    window: Window = "cic"
    interlace: bool = False
    compensate: bool = False


@dataclasses.dataclass(frozen=True)
class Source:
    """A map, or particles to paint, whose spectrum is measured.

    Attributes:
        path: the file.
        is_map: whether it is a map.
        header: of the map, or of the map that painting the particles gives, or of the flux that
            lines are.
        is_flux: whether it is a lattice of lines, whose flux is a map in redshift space.
    """

    path: str
    is_map: bool
    header: MapHeader
    is_flux: bool = False

    @property
    def line_of_sight(self) -> str:
        """That the map was painted along, or z."""
        axis = self.header.attributes.get("redshift_space", "none")
        return "z" if axis == "none" else axis


def read_source(
    ranks: Ranks, path: str, painting: Painting, reference: Source | None = None
) -> Source:
    """Read the header of a map, or plan the map that painting particles gives.

    Args:
        ranks: the processes.
        path: a map or particles.
        painting: how particles are painted.
        reference: the map or particles that the file is compared with, if any.

    Raises:
        BadInput: on every rank, if the file is neither.
    """
    kind = on_root(ranks, file_type, path)
    if kind == "skewers":
        return Source(path, True, flux_header(ranks, path), is_flux=True)
    if kind != "particles":
        return Source(path, True, read_header(ranks, MapFile, path))
    header = read_header(ranks, ParticlesFile, path)
    if painting.nodes is not None:
        nodes, (lx, ly, lz) = painting.nodes, header.box_size
        shape = (nodes, round(nodes * ly / lx), round(nodes * lz / lx))
    else:
        shape = header.lattice if reference is None else reference.header.mesh
    painted = MapHeader(
        quantity="dark-matter",
        units="1 + delta",
        description="density of the particles over its mean",
        box_size=header.box_size,
        mesh=shape,
        redshift=header.redshift,
        cosmology=header.cosmology,
    )
    return Source(path, False, painted)


def check_partners(
    sources: Sequence[Source],
    reference: Source | None,
    painting: Painting,
    over_reference_mean: bool,
) -> None:
    """Refuse what cannot be measured or compared, before the first measurement.

    Raises:
        BadInput: if maps and reference disagree, or options for particles are given without any.
    """
    everything = [*sources, reference] if reference else sources
    if painting != Painting() and all(source.is_map for source in everything):
        raise BadInput(
            f"{sources[0].path}: a map is painted already; leave out --mesh, --window, "
            "--interlace and --compensate"
        )
    if reference is None:
        return
    for source in sources:
        check_agreement(source.path, source.header, reference.path, reference.header)
        ours, theirs = ((one.header.quantity, one.header.units) for one in (source, reference))
        if over_reference_mean and ours != theirs:
            raise BadInput(
                f"{source.path}: {' in '.join(ours)}, but {reference.path} is "
                f"{' in '.join(theirs)}: their means do not compare; take --mean own"
            )


def model_error_of(
    ranks: Ranks, sources: Sequence[Source]
) -> Callable[[Float[np.ndarray, " bins"]], Float[np.ndarray, " bins"]]:
    """The error of the model in ln P, as a function of k [h/Mpc], of the maps of an ensemble.

    It is interpolated in ln k between the wavenumbers that the fit states, and constant beyond. The
    error of a single member that left boxes out is the one to be expected on these, from the other
    members on theirs.

    Raises:
        BadInput: on every rank, if the maps are not members of one ensemble, or painted on
            different particles.
    """
    first, members = sources[0], set()
    universes = on_root(ranks, lambda: [_universe(source) for source in sources])
    for source, universe in zip(sources, universes, strict=True):
        attributes = source.header.attributes
        member = attributes.get("member")
        if member is None or attributes["fit_sha256"] != first.header.attributes["fit_sha256"]:
            raise BadInput(
                f"{source.path}: is no member of the ensemble of {first.path}: give the maps of "
                "one fit, from paint --members all"
            )
        if member in members:
            raise BadInput(f"{source.path}: member {member} a second time: give each once")
        members.add(member)
        check_agreement(source.path, source.header, first.path, first.header)
        if universe != universes[0]:
            raise BadInput(
                f"{source.path}: is painted on other particles, or along another line of sight, "
                f"than {first.path}: give the maps of one universe"
            )
    attributes = first.header.attributes
    names = ("k", "model_error")
    if len(members) == 1 and "expected_error" in attributes:
        names = ("expected_k", "expected_error")
    elif len(members) < 3:
        raise BadInput(f"{first.path}: {len(members)} members make no band: give all of them")
    k, error = (np.atleast_1d(attributes[name]) for name in names)
    return lambda wanted: np.interp(np.log(wanted), np.log(k), error)


def _universe(source: Source) -> tuple:
    """The line of sight of a map, and the digests of its inputs."""
    record = describe_input(source.path).record
    inputs = {one.sha256 for one in record.inputs} if record else set()
    return source.header.attributes.get("redshift_space"), inputs


class SpectrumEngine(NamedTuple):
    """Functions that transform, paint and bin, by default ours, see their own descriptions."""

    r2c: Callable[..., Any] = r2c
    catalogue_spectrum: Callable[..., Any] = catalogue_spectrum
    cross_power: Callable[..., BinnedPower] = cross_power


OWN = SpectrumEngine()


def engine_of(run: Run) -> SpectrumEngine:
    """The engine that a run asks for.

    Raises:
        BadInput: if its packages are missing.
    """
    engine = run.load_engine()
    if engine is None:
        return OWN
    return SpectrumEngine(engine.r2c, engine.catalogue_spectrum, engine.cross_power)


@dataclasses.dataclass(frozen=True)
class Measured:
    """A source on its mesh.

    Attributes:
        mean: of the field where it was measured, in its units.
        spectrum: of the overdensity, this rank's part, ``mesh.spectrum_shape``.
        shot_noise: of particles [(Mpc/h)^3]; None for a map.
    """

    mean: float
    spectrum: Complex[Array, "x y z"]
    shot_noise: float | None


def measure(
    mesh: Mesh,
    source: Source,
    painting: Painting,
    divisor: float | None = None,
    region: Bool[np.ndarray, "x y z"] | None = None,
    engine: SpectrumEngine = OWN,
) -> Measured:
    """The spectrum of a source's overdensity.

    Args:
        mesh: of the source's header.
        source: a map or particles.
        painting: how particles are painted.
        divisor: mean to divide by; None for the source's own.
        region: this rank's slab of True (inside) and False; None for the whole box.
        engine: whose spectrum it is.

    Raises:
        BadInput: on every rank, for damaged data, an empty map, or a region of a spectrum that
            exists in Fourier space alone.
    """
    noise = None
    if source.is_flux:
        field = load_flux(mesh, source.path)
    elif source.is_map:
        field = load_field(mesh, MapFile, source.path)
    else:
        positions = load_particles(mesh, source.path).positions
        weights = np.ones(positions.shape[0], mesh.dtype)
        noise = shot_noise(mesh, weights)
        if engine is not OWN and region is not None:
            raise BadInput(
                f"{source.path}: a --region of particles is painted by our own engine alone; leave "
                "out --engine or --region"
            )
        if engine is not OWN or painting.interlace or painting.compensate:
            if region is not None:
                raise BadInput(
                    f"{source.path}: a --region has no --interlace or --compensate; leave them out"
                )
            spectrum = engine.catalogue_spectrum(
                mesh, positions, weights, painting.window, painting.interlace, painting.compensate
            )
            return Measured(1.0, spectrum / (divisor or 1.0), noise)
        field = painted_overdensity(mesh, positions, weights, painting.window)
    mean = region_mean(mesh, field, region)
    if mean == 0 and divisor is None:
        raise BadInput(f"{source.path}: the map is zero where it is measured: no overdensity")
    spectrum = engine.r2c(mesh, overdensity(mesh, field, divisor, region))
    return Measured(mean, spectrum, noise)
