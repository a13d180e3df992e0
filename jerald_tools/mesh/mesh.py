# SPDX-License-Identifier: GPL-3.0-or-later
"""The periodic mesh: its shape, box, precision, and how the ranks share it."""

import dataclasses
import importlib
import importlib.util

import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.mesh.ranks import ONE_PROCESS, Ranks, world

REAL = {"single": np.dtype(np.float32), "double": np.dtype(np.float64)}
COMPLEX = {"single": np.dtype(np.complex64), "double": np.dtype(np.complex128)}


@dataclasses.dataclass(frozen=True)
class Mesh:
    """A periodic mesh, cut into slabs along x, one for each rank; hashable, so static under jit.

    Node (i, j, k) lies at (i, j, k) L/N. In Fourier space the half spectrum is cut along y:
    (nx, ny_local, nz//2+1).

    Attributes:
        shape: nodes along x, y, z.
        box_size: side lengths [Mpc/h].
        precision: "single" or "double".
        ranks: the processes that share the mesh.
        backend: "native" (C++, FFTW) or "jax" (pure JAX, one process).
    """

    shape: tuple[int, int, int]
    box_size: tuple[float, float, float]
    precision: str = "single"
    ranks: Ranks = ONE_PROCESS
    backend: str = "jax"

    @property
    def size(self) -> int:
        """Number of nodes of the whole mesh."""
        return self.shape[0] * self.shape[1] * self.shape[2]

    @property
    def volume(self) -> float:
        """Volume of the box [(Mpc/h)^3]."""
        return self.box_size[0] * self.box_size[1] * self.box_size[2]

    @property
    def cell_size(self) -> tuple[float, float, float]:
        """Distance between nodes along each axis [Mpc/h]."""
        return tuple(
            length / nodes for length, nodes in zip(self.box_size, self.shape, strict=True)
        )

    @property
    def dtype(self) -> np.dtype:
        """Type of fields and positions."""
        return REAL[self.precision]

    @property
    def complex_dtype(self) -> np.dtype:
        """Type of spectra."""
        return COMPLEX[self.precision]

    @property
    def x_slices(self) -> tuple[tuple[int, int], ...]:
        """First and last-plus-one x plane of every rank."""
        return block_slices(self.shape[0], self.ranks.size)

    @property
    def y_slices(self) -> tuple[tuple[int, int], ...]:
        """First and last-plus-one y row of every rank's part of a spectrum."""
        return block_slices(self.shape[1], self.ranks.size)

    @property
    def x_start(self) -> int:
        """First x plane of this rank."""
        return self.x_slices[self.ranks.rank][0]

    @property
    def x_stop(self) -> int:
        """One past the last x plane of this rank."""
        return self.x_slices[self.ranks.rank][1]

    @property
    def local_shape(self) -> tuple[int, int, int]:
        """Shape of this rank's slab of a field."""
        return (self.x_stop - self.x_start, *self.shape[1:])

    @property
    def spectrum_shape(self) -> tuple[int, int, int]:
        """Shape of this rank's part of a spectrum."""
        start, stop = self.y_slices[self.ranks.rank]
        return (self.shape[0], stop - start, self.shape[2] // 2 + 1)


def block_slices(rows: int, parts: int) -> tuple[tuple[int, int], ...]:
    """Cut rows into blocks of ceil(rows / parts), the last ones shorter or empty.

    Six rows in four parts are 2, 2, 2, 0.
    """
    block = -(-rows // parts)
    return tuple((min(p * block, rows), min((p + 1) * block, rows)) for p in range(parts))


def native_library_is_built() -> bool:
    """Whether the C++ library was built with this installation."""
    return importlib.util.find_spec("jerald_tools.mesh._native") is not None


def choose_backend(ranks: Ranks) -> str:
    """The native library where it is built and JAX runs on the CPU, else pure JAX.

    Raises:
        BadInput: for several ranks without the native library.
    """
    import jax

    if native_library_is_built() and jax.default_backend() == "cpu":
        return "native"
    if ranks.size > 1:
        raise BadInput(
            f"{ranks.size} ranks need the native library, which this installation lacks: "
            "install it with JERALD_NATIVE=ON and JAX_PLATFORMS=cpu, or run one process"
        )
    return "jax"


def make_mesh(
    shape: int | tuple[int, int, int],
    box_size: float | tuple[float, float, float],
    precision: str = "single",
    ranks: Ranks | None = None,
    backend: str | None = None,
) -> Mesh:
    """Make a mesh over all ranks, on the fastest backend there is.

    Args:
        shape: nodes along x, y, z, or one number for a cube.
        box_size: side lengths [Mpc/h], or one number for a cube.
        precision: "single" or "double".
        ranks: the processes that share it; by default all that were launched.
        backend: "native" or "jax"; by default see :func:`choose_backend`.

    Raises:
        BadInput: for a shape or a box that no mesh can have, or ranks without the native library.
    """
    shape = (shape,) * 3 if np.ndim(shape) == 0 else tuple(shape)
    box_size = (box_size,) * 3 if np.ndim(box_size) == 0 else tuple(box_size)
    if len(shape) != 3 or min(shape) < 1:
        raise BadInput(f"a mesh of {shape} nodes: give one or three numbers, each at least 1")
    if len(box_size) != 3 or not all(0 < length < np.inf for length in box_size):
        raise BadInput(f"a box of {box_size} Mpc/h: give one or three positive lengths")
    if precision not in REAL:
        raise BadInput(f"precision {precision!r}: choose single or double")
    ranks = world() if ranks is None else ranks
    return Mesh(
        tuple(int(n) for n in shape),
        tuple(float(length) for length in box_size),
        precision,
        ranks,
        choose_backend(ranks) if backend is None else backend,
    )


# Where the raw operations of a mesh are found: C++ or pure JAX, the same functions in both.

MODULES = {"native": "jerald_tools.mesh.native", "jax": "jerald_tools.mesh.reference"}


def raw_operations(mesh: Mesh):
    """The module whose functions work on this mesh, without derivatives."""
    return importlib.import_module(MODULES[mesh.backend])
