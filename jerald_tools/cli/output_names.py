# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of the outputs of a command that takes one input or many."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import click

PLACEHOLDER = "{name}"
MEMBER = "{member}"


def output_names(inputs: Sequence[str], template: str) -> list[str]:
    """One output for each input: ``{name}`` in the template becomes the input's name.

    The name is the file's, without directory and last suffix.

    Raises:
        click.UsageError: if several inputs would be written to one output, or over an input.
    """
    if len(inputs) > 1 and PLACEHOLDER not in template:
        raise click.UsageError(
            f"{len(inputs)} inputs and one output, {template}: put {PLACEHOLDER} in its name"
        )
    names = [template.replace(PLACEHOLDER, Path(path).stem) for path in inputs]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise click.UsageError(f"two inputs would be written to {name}: rename one of them")
    refuse_inputs(names, inputs)
    return names


def refuse_inputs(outputs: Iterable[str], inputs: Iterable[str | None]) -> None:
    """Make sure that no output would be written over an input, ``--force`` or not.

    Args:
        outputs: files to write.
        inputs: files to read, None for those that were not given.

    Raises:
        click.UsageError: if an output is an input too.
    """
    sources = {Path(path).resolve() for path in inputs if path is not None}
    for name in outputs:
        if Path(name).resolve() in sources:
            raise click.UsageError(f"{name} is an input: give another name for the output")


def member_names(templates: Sequence[str], members: Collection[int]) -> list[list[str]]:
    """For each name the outputs of some members: ``{member}`` in it becomes their numbers.

    Raises:
        click.UsageError: if several members would be written to one output.
    """
    for template in templates:
        if len(members) > 1 and MEMBER not in template:
            raise click.UsageError(
                f"{len(members)} members and one output, {template}: put {MEMBER} in its name"
            )
    return [[template.replace(MEMBER, str(number)) for number in members] for template in templates]
