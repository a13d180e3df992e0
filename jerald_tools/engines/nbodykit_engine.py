# SPDX-License-Identifier: GPL-3.0-or-later
# pyright: reportMissingImports=false
"""nbodykit: power spectra by its painting and its FFTPower, in the bins of powerspec."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from nbodykit.algorithms.fftpower import FFTPower
from nbodykit.source.catalog.array import ArrayCatalog
from nbodykit.source.mesh.field import FieldMesh
from pmesh.pm import BaseComplexField

from jerald_tools.analysis.catalogue_field import Window
from jerald_tools.analysis.power_spectrum import BinnedPower, default_edges
from jerald_tools.engines.fields import field_of_slab, particle_mesh
from jerald_tools.errors import BadInput
from jerald_tools.mesh.mesh import AnyArray, Mesh


def r2c(mesh: Mesh, field: Float[AnyArray, "x y z"]) -> BaseComplexField:
    """Spectrum of an overdensity whose slabs the ranks hold."""
    return field_of_slab(mesh, field).r2c(out=Ellipsis)


def catalogue_spectrum(
    mesh: Mesh,
    positions: Float[AnyArray, "n 3"],
    weights: Float[AnyArray, " n"],
    window: Window = "cic",
    interlace: bool = False,
    compensate: bool = False,
) -> BaseComplexField:
    """Spectrum of 1 + d of a catalogue, by nbodykit's ``CatalogMesh``.

    Arguments as of :func:`jerald_tools.analysis.catalogue_field.catalogue_spectrum`.
    """
    columns = {"Position": np.asarray(positions), "Weight": np.asarray(weights)}
    communicator = particle_mesh(mesh).comm
    catalogue = ArrayCatalog(columns, comm=communicator, BoxSize=np.array(mesh.box_size))
    painted = catalogue.to_mesh(
        Nmesh=np.array(mesh.shape),
        dtype=mesh.dtype.str[1:],
        resampler=window,
        interlaced=interlace,
        compensated=compensate,
    )
    return painted.compute(mode="complex")


def cross_power(
    mesh: Mesh,
    first: BaseComplexField,
    second: BaseComplexField,
    edges: Sequence[float] | Float[np.ndarray, " edges"] | None = None,
) -> BinnedPower:
    """Cross power of two spectra by FFTPower, in bins around the multiples of 2 pi / max(L).

    Args:
        mesh: the mesh of both.
        first: spectrum of one field.
        second: of the other; pass ``first`` again for the auto power.
        edges: None: FFTPower has no bins of several widths.

    Raises:
        BadInput: if edges are given.
    """
    if edges is not None:
        raise BadInput(
            "--engine nbodykit: FFTPower has bins of one width; leave out --edges or --engine"
        )
    bounds = default_edges(mesh)
    fundamental = 2 * np.pi / max(mesh.box_size)
    other = None if second is first else FieldMesh(second)
    power = FFTPower(
        FieldMesh(first),
        mode="1d",
        second=other,
        dk=fundamental,
        kmin=fundamental / 2,
        kmax=bounds[-1] + fundamental / 2,
    ).power
    return BinnedPower(
        bounds,
        np.asarray(power["k"], np.float64),
        np.asarray(power["modes"]).astype(np.int64),
        np.asarray(power["power"].real, np.float64),
    )
