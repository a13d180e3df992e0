# SPDX-License-Identifier: GPL-3.0-or-later
"""The members of a fit's ensemble as fit documents, which paint like any other.

Member 0 is the fit itself; the others are fits to halves of the training box. Member k stands on
the members k of the fits below it.
"""

from jerald_tools.errors import BadInput
from jerald_tools.model.fit_reading import refusing_shape


def number_of_members(document: dict) -> int:
    """How many members a fit document carries besides the fit itself."""
    return len(document.get("ensemble", {}).get("members", ()))


def member_document(document: dict, number: int) -> dict:
    """A fit document with the parameters of one member, in the fits that it carries too.

    Args:
        document: from :func:`jerald_tools.io.fits.read_fit`.
        number: of the member; a fit below without that member stays as it is.
    """
    member = {}
    if 0 < number <= number_of_members(document):
        member = {"parameters": document["ensemble"]["members"][number - 1]["parameters"]}
    below = {
        key: member_document(document[key], number)
        for key in ("dark_matter_fit", "stellar_mass_fit")
        if key in document
    }
    return {**document, **member, **below, "member": number}


def chosen_members(document: dict, path: str, which: str) -> dict[int, dict]:
    """The documents of all members by number, or of one.

    Args:
        document: from :func:`jerald_tools.io.fits.read_fit`.
        path: its file, for messages.
        which: "all", or a number: 0 is the fit itself.

    Raises:
        BadInput: if it carries no members, or not that one.
    """
    with refusing_shape(path):
        return _chosen_members(document, path, which)


def _chosen_members(document: dict, path: str, which: str) -> dict[int, dict]:
    numbers = [str(number) for number in range(number_of_members(document) + 1)]
    if len(numbers) == 1:
        raise BadInput(f"{path}: carries no members: fit with --members, or paint without")
    if which not in ("all", *numbers):
        raise BadInput(f"--members {which}: {path} has 0 to {numbers[-1]}: give all or one of them")
    chosen = numbers if which == "all" else [which]
    return {int(number): member_document(document, int(number)) for number in chosen}
