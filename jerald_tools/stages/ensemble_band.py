# SPDX-License-Identifier: GPL-3.0-or-later
"""Which maps are members of one ensemble, and the error of its model, for powerspec --band."""

from collections.abc import Callable, Sequence

import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.io.grids import check_agreement
from jerald_tools.io.inputs import describe_input
from jerald_tools.mesh.ranks import Ranks, on_root
from jerald_tools.stages.spectrum_inputs import Source


def model_error_of(ranks: Ranks, sources: Sequence[Source]) -> Callable[[np.ndarray], np.ndarray]:
    """The model's error of ln P that the members' fit knows, as a function of k [h/Mpc].

    Between the wavenumbers that the fit names it is interpolated in ln k, beyond them it stays.

    Raises:
        BadInput: on every rank, if the inputs are not different members of one ensemble, painted on
            the same particles.
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
    if len(members) < 3:
        raise BadInput(f"{first.path}: {len(members)} members make no band: give all of them")
    k, error = (np.atleast_1d(first.header.attributes[name]) for name in ("k", "model_error"))
    return lambda wanted: np.interp(np.log(wanted), np.log(k), error)


def _universe(source: Source) -> tuple:
    """What a map was painted on: its line of sight, and the digests of what went in."""
    record = describe_input(source.path).record
    inputs = {one.sha256 for one in record.inputs} if record else set()
    return source.header.attributes.get("redshift_space"), inputs
