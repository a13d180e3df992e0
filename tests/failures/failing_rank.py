# SPDX-License-Identifier: GPL-3.0-or-later
"""A command whose last rank fails at a named place, while the others continue; not a test itself.

Each place calls the library as a command would, with one piece that fails on that rank alone, and
says when, so that the time to the end of all ranks can be told.
"""

import logging
import os
import resource
import signal
import sys
import time
from typing import Any

import click

from jerald_tools.cli.command import command
from jerald_tools.process import launched_rank, launched_size

LAST = launched_rank() == launched_size() - 1

# What a program takes but does not look at before the last rank fails.
UNUSED: Any = None


def fail_now():
    """Say when, and fail as a slip in the code does."""
    say_when()
    raise ZeroDivisionError("a slip")


def say_when():
    """Tell the test when it begins."""
    print(f"failing at {time.time()}", flush=True)


def ranks_in_step():
    """The ranks, all of which have met."""
    from jerald_tools.mesh.ranks import gather, world

    gather(world(), None)
    return world()


def small_mesh():
    """A mesh with slabs of a few planes."""
    from jerald_tools.mesh.mesh import make_mesh

    return make_mesh((12, 8, 10), (12.0, 8.0, 10.0), "single", ranks_in_step())


def before_any_collective():
    """Ranks have met as the command started, and no more."""
    if LAST:
        fail_now()
    ranks_in_step()


def inside_a_collective():
    """Rank 0 computes for all; here the last rank's part is what fails to be packed."""
    from jerald_tools.mesh.ranks import gather

    class Unpicklable:
        def __reduce__(self):
            fail_now()

    gather(ranks_in_step(), Unpicklable() if LAST else None)


def between_collectives():
    """The other ranks are in the next one already."""
    from jerald_tools.mesh.ranks import gather

    ranks = ranks_in_step()
    if LAST:
        time.sleep(0.3)
        fail_now()
    gather(ranks, None)


def reading():
    """A file that one rank cannot read: an error of the file system, not of the file."""
    from jerald_tools.mesh.ranks import agree

    def read():
        if LAST:
            say_when()
            raise PermissionError(13, "Permission denied", "ics.h5")

    agree(ranks_in_step(), read)


def exchanging():
    """A rank does not know where its particles belong."""
    import numpy as np

    from jerald_tools.mesh.exchange import redistribute

    ranks = ranks_in_step()
    if LAST:
        say_when()
    redistribute(ranks, {"ids": np.arange(4)}, np.full(4, -1 if LAST else 0))


def transforming():
    """A field of the wrong size, inside FFTW's calls."""
    import numpy as np

    from jerald_tools.mesh import native

    mesh = small_mesh()
    if LAST:
        say_when()
    native.r2c(mesh, np.zeros(7 if LAST else mesh.local_shape, np.float32)).block_until_ready()


def exchanging_halos():
    """A field of the wrong size, when its ghost planes are exchanged."""
    import numpy as np

    from jerald_tools.mesh import native

    mesh = small_mesh()
    field = np.zeros(7 if LAST else mesh.local_shape, np.float32)
    everywhere = np.linspace(0, 12, 36, dtype=np.float32).reshape(-1, 3)
    if LAST:
        say_when()
    native.readout(mesh, field, everywhere).block_until_ready()


def callback_in_jit():
    """A callback fails before a collective of the same program; Python is in the next one."""
    import jax
    import jax.numpy as jnp

    from jerald_tools.mesh.ranks import gather, sum_over_ranks

    ranks = ranks_in_step()
    logging.getLogger("jax._src.callback").disabled = True  # it logs a callback's traceback

    def fail(value):
        if LAST:
            fail_now()
        return value

    @jax.jit
    def program(value):
        shape = jax.ShapeDtypeStruct(value.shape, value.dtype)
        return sum_over_ranks(ranks, jax.pure_callback(fail, shape, value))

    program(jnp.ones(3))
    gather(ranks, "the result was not waited for")


def abort_in_jit():
    """The process ends itself inside a program, as XLA does at an inconsistency."""
    import jax
    import jax.numpy as jnp

    from jerald_tools.mesh.ranks import sum_over_ranks

    ranks = ranks_in_step()

    def end(value):
        if LAST:
            say_when()
            os.abort()
        return value

    @jax.jit
    def program(value):
        shape = jax.ShapeDtypeStruct(value.shape, value.dtype)
        return sum_over_ranks(ranks, jax.pure_callback(end, shape, value))

    program(jnp.ones(3)).block_until_ready()


def writing():
    """A rank cannot send its slab to rank 0, which has begun to write."""
    from jerald_tools.io.parallel import save_map

    class LostSlab:
        def __array__(self, *_, **__):
            fail_now()

    import numpy as np

    mesh = small_mesh()
    slab: Any = LostSlab() if LAST else np.zeros(mesh.local_shape, np.float32)
    save_map("map.h5", mesh, slab, header=UNUSED, record=UNUSED, force=False)


def optimising():
    """The loss of one rank fails within a step of an optimiser."""
    import numpy as np

    from jerald_tools.fitting.objective import PreparedSimulation, RecordedObjective
    from jerald_tools.fitting.optimisers import minimise_with_lbfgsb
    from jerald_tools.fitting.regions import Regions
    from jerald_tools.fitting.search_space import Knots, SearchSpace

    mesh = small_mesh()
    calls = []

    def evaluate(vector, *simulation):
        calls.append(vector)
        if LAST and len(calls) == 3:
            fail_now()
        squares = float(np.sum(np.square(vector)))
        return (squares, Regions(squares, squares, squares)), 2 * vector

    simulation = PreparedSimulation(UNUSED, UNUSED, lambda vector: np.eye(2), np.ones(1))
    space = SearchSpace(np.full(2, -9.0), np.full(2, 9.0), np.ones(2))
    objective = RecordedObjective(mesh, evaluate, [simulation], Knots((3.0, 4.0)), space)
    minimise_with_lbfgsb(objective, np.array([3.0, 4.0]), space, 100)


def killed():
    """kill -9, as by the kernel when memory runs out; the others wait in a collective."""
    from jerald_tools.mesh.ranks import gather

    ranks = ranks_in_step()
    if LAST:
        say_when()
        os.kill(os.getpid(), signal.SIGKILL)
    gather(ranks, None)


def limit_memory(more: int):
    """From now on this process gets so many bytes more of the system, and says when."""
    with open("/proc/self/statm") as file:
        held = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + more, resource.RLIM_INFINITY))
    say_when()


def memory_limit():
    """Too little memory for a program that runs in the background, whose result rank 0 reads.

    The rank that fails needs no result: it continues to the collective that rank 0 never comes to.
    """
    import jax
    import jax.numpy as jnp

    from jerald_tools.mesh.mesh import make_mesh
    from jerald_tools.mesh.paint import paint
    from jerald_tools.mesh.ranks import on_root, sum_over_ranks

    mesh = make_mesh((256, 512, 512), (256.0, 512.0, 512.0), "single", ranks_in_step())

    @jax.jit
    def program(matrix):
        # JAX waits for what costs little, at once.
        products = jax.lax.fori_loop(0, 3, lambda _, product: product @ matrix, matrix)
        return sum_over_ranks(mesh.ranks, jnp.sum(paint(mesh, products[:3, :3])))

    matrix = jnp.zeros((300, 300), mesh.dtype)
    if LAST:
        limit_memory(96 << 20)
    total = program(matrix)
    on_root(mesh.ranks, lambda: float(total))


def memory_limit_in_the_library():
    """Too little memory for what the native library needs for itself, 16 bytes a cell."""
    import jax.numpy as jnp
    import numpy as np

    from jerald_tools.mesh.mesh import make_mesh
    from jerald_tools.mesh.paint import readout_gradient

    mesh = make_mesh((128, 256, 256), (128.0, 256.0, 256.0), "single", ranks_in_step())
    field = jnp.zeros(mesh.local_shape, mesh.dtype)
    everywhere = jnp.asarray(np.linspace(0, 128, 3 * 256).reshape(-1, 3), mesh.dtype)
    if LAST:
        limit_memory(96 << 20)
    readout_gradient(mesh, field, everywhere).block_until_ready()


PLACES = {
    place.__name__: place
    for place in (
        before_any_collective,
        inside_a_collective,
        between_collectives,
        reading,
        exchanging,
        transforming,
        exchanging_halos,
        callback_in_jit,
        abort_in_jit,
        writing,
        optimising,
        killed,
        memory_limit,
        memory_limit_in_the_library,
    )
}


@command("failing-rank", body="__main__:fail_at", example="failing-rank reading")
@click.argument("place")
def main(place):
    """Fail on the last rank at a place."""
    return {"place": place}


def fail_at(run, place):
    """The body of the command."""
    from jerald_tools.mesh.ranks import gather, world

    PLACES[place]()
    gather(world(), None)
    print("went on", flush=True)


if __name__ == "__main__":
    sys.exit(main.main())
