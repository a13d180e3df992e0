# SPDX-License-Identifier: GPL-3.0-or-later
"""The device that JAX computes on: whether it is the one that was asked for, its name, its memory.

A command chooses before it imports JAX, by :func:`jerald_tools.cli.process_start.set_device`.
"""

import importlib.metadata
import logging

import jax

from jerald_tools.errors import BadInput
from jerald_tools.mesh.mesh import choose_backend
from jerald_tools.mesh.ranks import ONE_PROCESS

logger = logging.getLogger(__name__)

PLUGINS = "jax_plugins"
"""The entry point by which JAX finds packages for other devices than the CPU."""


def on_gpu() -> bool:
    """Whether JAX computes on a GPU."""
    return jax.default_backend() == "gpu"


def device_name() -> str:
    """The name of the card, as "NVIDIA H200", or "cpu"."""
    return jax.devices()[0].device_kind


def memory_limit() -> int | None:
    """What arrays can take on the card [bytes].

    None on a CPU, and with an allocator that keeps no account, as XLA's "platform".
    """
    return _memory("bytes_limit")


def peak_device_memory() -> int | None:
    """The most that arrays of this process took on the card so far [bytes]; None as the limit."""
    return _memory("peak_bytes_in_use")


def _memory(name: str) -> int | None:
    statistics = jax.devices()[0].memory_stats()
    return statistics[name] if on_gpu() and statistics else None


def check_device(asked: str | None) -> None:
    """Check that JAX computes where it was asked to, and log where that is.

    Args:
        asked: "gpu", "cpu", or None for the GPU where there is one.

    Raises:
        BadInput: if there is no GPU, or JAX cannot use it.
        RuntimeError: if a CPU was asked for when JAX ran on a GPU already.
    """
    try:
        found = on_gpu()
    # JAX asserts that it has a device, where JAX_PLATFORMS=cuda and there is no card.
    except (RuntimeError, AssertionError) as error:
        reason = str(error) or "no such device"
        raise BadInput(
            f"JAX cannot start ({reason}): correct JAX_PLATFORMS, or use --device cpu"
        ) from error
    if asked == "gpu" and not found:
        raise BadInput(f"--device gpu: {_why_no_gpu()}, or use --device cpu")
    if asked == "cpu" and found:
        raise RuntimeError("--device cpu must be known before JAX is imported")
    if found:
        limit = memory_limit()
        room = "" if limit is None else f", {limit / 1e9:.1f} GB for arrays"
        backend = choose_backend(ONE_PROCESS)
        logger.info("device: %s%s, backend %s", device_name(), room, backend)
    else:
        logger.debug("device: %s", device_name())


def _why_no_gpu() -> str:
    """What is missing, and how to get it."""
    if not importlib.metadata.entry_points(group=PLUGINS):
        return "JAX is installed for CPUs alone: pip install 'jerald-tools[cuda13]'"
    return "JAX sees no GPU: start it where nvidia-smi lists one, in a job that asks for it"
