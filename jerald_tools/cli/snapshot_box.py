# SPDX-License-Identifier: GPL-3.0-or-later
"""The option for the box of a snapshot, which several commands read."""

import click

box_size_option = click.option(
    "--box-size",
    type=float,
    help="Side of the box [Mpc/h], where the snapshot does not state it.",
)
