# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of outputs: one or many, never that of an input, and free before work begins."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from jerald_tools.errors import BadInput
from jerald_tools.io.atomic import check_target
from jerald_tools.mesh.ranks import Ranks, on_root

NAME = "{name}"
MEMBER = "{member}"
REDSHIFT = "{redshift}"


def check_outputs(
    ranks: Ranks, outputs: Iterable[str], inputs: Iterable[str | None], force: bool
) -> None:
    """Check that all outputs can be written, before hours are spent on their content.

    Args:
        ranks: the processes.
        outputs: files to write.
        inputs: files to read, None for those that were not given.
        force: whether an existing file may be overwritten; an input never is.

    Raises:
        BadInput: on every rank, if an output is an input too, exists already, or lies in a
            directory that is missing or closed to this user.
    """
    outputs = list(outputs)
    refuse_inputs(outputs, inputs)
    for path in outputs:
        on_root(ranks, check_target, path, force)


def refuse_inputs(outputs: Iterable[str], inputs: Iterable[str | None]) -> None:
    """Check that no output would overwrite an input, with ``--force`` or without.

    Args:
        outputs: files to write.
        inputs: files to read, None for those that were not given.

    Raises:
        BadInput: if an output is an input too.
    """
    sources = {Path(path).resolve() for path in inputs if path is not None}
    for name in outputs:
        if Path(name).resolve() in sources:
            raise BadInput(f"{name} is an input: give another name for the output")


def output_names(inputs: Sequence[str], template: str) -> list[str]:
    """One output for each input: ``{name}`` in the template becomes the input's name.

    The name is the file's, without directory and last suffix.

    Raises:
        BadInput: if several inputs would be written to one output, or an output over an input.
    """
    if len(inputs) > 1 and NAME not in template:
        raise BadInput(f"{len(inputs)} inputs and one output, {template}: put {NAME} in its name")
    names = [template.replace(NAME, Path(path).stem) for path in inputs]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise BadInput(f"two inputs would be written to {name}: rename one of them")
    refuse_inputs(names, inputs)
    return names


def member_names(template: str, members: Collection[int]) -> list[str]:
    """The outputs of an ensemble: ``{member}`` becomes a member's number.

    Raises:
        BadInput: if several members would be written to one output.
    """
    if len(members) > 1 and MEMBER not in template:
        raise BadInput(
            f"{len(members)} members and one output, {template}: put {MEMBER} in its name"
        )
    return [template.replace(MEMBER, str(number)) for number in members]


def redshift_names(redshifts: Sequence[float], template: str) -> dict[float, str]:
    """The output of each redshift: ``{redshift}`` in the template becomes it, with two decimals.

    Raises:
        BadInput: if several redshifts would be written to one output.
    """
    if len(redshifts) > 1 and REDSHIFT not in template:
        raise BadInput(f"-o {template}: {len(redshifts)} redshifts need {REDSHIFT} in the name")
    names = {redshift: template.replace(REDSHIFT, f"{redshift:.2f}") for redshift in redshifts}
    if len(set(names.values())) < len(redshifts):
        raise BadInput(
            f"-o {template}: redshifts {', '.join(f'{z:g}' for z in redshifts)} would share a "
            "name, which has two decimals; run them one by one"
        )
    return names
