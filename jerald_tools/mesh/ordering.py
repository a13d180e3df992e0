# SPDX-License-Identifier: GPL-3.0-or-later
"""The one order of all MPI calls inside jit.

XLA runs independent calls in any order and even at the same time, so two ranks may meet in
different collectives. A token threaded through every call that talks to other ranks, as an ordered
effect of JAX, keeps them in the order of the program. There must be one effect for all: it is
mpi4jax's own, which this module makes known to rematerialisation, and our operations use it too.
"""

import functools
import importlib.metadata
from collections.abc import Sequence

import jax
import numpy as np
from jax._src import dispatch, effects
from jax._src.core import abstract_token
from jax._src.interpreters import mlir
from jax.core import ShapedArray
from jax.extend.core import Primitive
from mpi4jax._src.utils import ordered_effect

from jerald_tools.errors import BadInput

MPI4JAX_RELEASES = ("0.9.1.post2",)


def check_releases() -> None:
    """Check that mpi4jax and JAX are releases whose private interfaces are the known ones.

    Raises:
        BadInput: they are not.
    """
    mpi4jax_release = importlib.metadata.version("mpi4jax")
    if mpi4jax_release not in MPI4JAX_RELEASES:
        raise BadInput(
            f"several ranks work with mpi4jax {' or '.join(MPI4JAX_RELEASES)}, not "
            f"{mpi4jax_release}: pip install 'jerald-tools[mpi]'"
        )
    if not (0, 10, 2) <= jax.__version_info__ < (0, 11):
        raise BadInput(
            f"several ranks work with jax>=0.10.2,<0.11, not {jax.__version__}: "
            "pip install 'jax>=0.10.2,<0.11'"
        )


check_releases()


for _allowed in (
    effects.control_flow_allowed_effects,
    effects.custom_derivatives_allowed_effects,
    effects.remat_allowed_effects,
):
    _allowed.add_type(type(ordered_effect))

_ordered_call = Primitive("ordered_call")
_ordered_call.multiple_results = True
_ordered_call.def_impl(functools.partial(dispatch.apply_primitive, _ordered_call))


def ordered_call(
    target: str, results: Sequence[jax.ShapeDtypeStruct], *operands, **attributes
) -> list[jax.Array]:
    """Call a registered foreign function in the one order of all calls that talk to other ranks.

    Args:
        target: the name it is registered by; it takes and returns a token after its arrays.
        results: shapes and types of its results.
        operands: arrays.
        attributes: NumPy numbers or one-dimensional arrays.
    """
    return _ordered_call.bind(
        *operands,
        target=target,
        results=tuple((result.shape, result.dtype) for result in results),
        # As bytes, since the parameters of a primitive must be hashable.
        attributes=tuple(
            (name, value.dtype.str, value.shape, value.tobytes())
            for name, value in sorted(attributes.items())
        ),
    )


@_ordered_call.def_effectful_abstract_eval
def _abstract_results(*operands, target, results, attributes):
    return [ShapedArray(shape, dtype) for shape, dtype in results], {ordered_effect}


def _lower(context, *operands, target, results, attributes):
    lowered = jax.ffi.ffi_lowering(target, has_side_effect=True)(
        context.replace(
            avals_in=(*context.avals_in, abstract_token),
            avals_out=(*context.avals_out, abstract_token),
        ),
        *operands,
        context.tokens_in.get(ordered_effect),
        **{
            name: np.frombuffer(data, dtype).reshape(shape)[()]
            for name, dtype, shape, data in attributes
        },
    )
    *arrays, token = lowered
    context.set_tokens_out(mlir.TokenSet({ordered_effect: token}))
    return arrays


mlir.register_lowering(_ordered_call, _lower, platform="cpu")
