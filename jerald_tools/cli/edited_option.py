# SPDX-License-Identifier: GPL-3.0-or-later
"""The option by which a command takes fits that were edited by hand."""

import click

accept_edited_option = click.option(
    "--accept-edited",
    is_flag=True,
    help="Take fits that were edited by hand, with a warning; what is made with them says so.",
)
