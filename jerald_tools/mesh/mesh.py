# SPDX-License-Identifier: GPL-3.0-or-later
"""The periodic mesh: its shape, its box, its precision, and how the ranks share it.

The shapes in annotations name one rank's part of an array: ``x y z`` of a field (a slab),
``kx ky kz`` of its half spectrum, ``n 3`` of particles; ``k`` is the table of all wavenumbers.
"""

import dataclasses
import functools
import importlib
import importlib.util
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NamedTuple, ParamSpec, Protocol, TypeVar, cast

import jax
import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.mesh.device_library import library
from jerald_tools.mesh.ranks import ONE_PROCESS, Ranks, world

AnyArray = jax.Array | np.ndarray
"""What operations take: arrays of JAX or of NumPy."""

REAL = {"single": np.dtype(np.float32), "double": np.dtype(np.float64)}
COMPLEX = {"single": np.dtype(np.complex64), "double": np.dtype(np.complex128)}

BACKENDS = {
    "native": "jerald_tools.mesh.native",
    "cuda": "jerald_tools.mesh.cuda",
    "jax": "jerald_tools.mesh.reference",
}
"""The modules of raw operations, C++, CUDA and pure JAX: the same functions in all."""


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
        backend: "native" (C++, FFTW), "cuda" (a GPU, one process) or "jax" (pure JAX, one process).
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
        (nx, ny, nz), (x, y, z) = self.shape, self.box_size
        return (x / nx, y / ny, z / nz)

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


def make_mesh(
    shape: int | Sequence[int],
    box_size: float | Sequence[float],
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
        backend: a key of :data:`BACKENDS`; by default see :func:`choose_backend`.

    Raises:
        BadInput: for a shape or a box that no mesh can have, or ranks without the native library.
    """
    nodes, lengths = _three(shape), _three(box_size)
    if len(nodes) != 3 or min(nodes) < 1:
        raise BadInput(f"a mesh of {nodes} nodes: give one or three numbers, each at least 1")
    if len(lengths) != 3 or not all(0 < length < np.inf for length in lengths):
        raise BadInput(f"a box of {lengths} Mpc/h: give one or three positive lengths")
    if precision not in REAL:
        raise BadInput(f"precision {precision!r}: choose single or double")
    nx, ny, nz = map(int, nodes)
    x, y, z = map(float, lengths)
    ranks = world() if ranks is None else ranks
    backend = choose_backend(ranks) if backend is None else backend
    return Mesh((nx, ny, nz), (x, y, z), precision, ranks, backend)


def _three(value) -> tuple:
    """One number for each axis, from one for all or from any sequence."""
    return (value,) * 3 if np.ndim(value) == 0 else tuple(value)


def block_slices(rows: int, parts: int) -> tuple[tuple[int, int], ...]:
    """Cut rows into blocks of ceil(rows / parts), the last ones shorter or empty, as FFTW does.

    Six rows in four parts are 2, 2, 2, 0.
    """
    block = -(-rows // parts)
    return tuple((min(p * block, rows), min((p + 1) * block, rows)) for p in range(parts))


def native_library_is_built() -> bool:
    """Whether the C++ library was built with this installation."""
    return importlib.util.find_spec("jerald_tools.mesh._native") is not None


def choose_backend(ranks: Ranks) -> str:
    """The library for the device that JAX runs on, C++ or CUDA, where it is built, else pure JAX.

    Raises:
        BadInput: for several ranks without the native library.
    """
    if native_library_is_built() and jax.default_backend() == "cpu":
        return "native"
    if ranks.size > 1:
        raise BadInput(
            f"{ranks.size} ranks need the native library, which this installation lacks: "
            "install it with JERALD_NATIVE=ON and JAX_PLATFORMS=cpu, or run one process"
        )
    return "cuda" if library("CUDA") and jax.default_backend() == "gpu" else "jax"


class PowerTerm(NamedTuple):
    """A field, the power of it that is taken, and the kernel that this is convolved with.

    Attributes:
        field: this rank's slab.
        exponent: scalar.
        kernel: table as for :func:`jerald_tools.mesh.fields.convolve`.
    """

    field: Any
    exponent: Any
    kernel: Any


def raw_operations(mesh: Mesh) -> ModuleType:
    """The module whose functions work on this mesh, without derivatives."""
    return importlib.import_module(BACKENDS[mesh.backend])


Arguments = ParamSpec("Arguments")
Result = TypeVar("Result", covariant=True)


class Operation(Protocol[Arguments, Result]):
    """A function of arrays whose adjoint is given with it."""

    def __call__(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        """Run the operation."""
        ...

    def defvjp(self, fwd: Callable, bwd: Callable, symbolic_zeros: bool = False) -> None:
        """Give the adjoint: ``fwd`` returns the result and what ``bwd`` needs to go back."""
        ...


def with_adjoint(
    static: Sequence[int] = (0,),
) -> Callable[[Callable[Arguments, Result]], Operation[Arguments, Result]]:
    """Declare a function whose adjoint follows: :class:`jax.custom_vjp` that keeps its types.

    Args:
        static: which arguments have no derivative, such as the mesh or the order of a stencil.
    """
    return cast(Any, functools.partial(jax.custom_vjp, nondiff_argnums=static))
