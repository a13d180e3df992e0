# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command calls a stage that exists, with the arguments that it takes, and no others."""

import dataclasses
import importlib
import inspect
import shlex
import tomllib
import typing
from pathlib import Path

import click
import pytest

from jerald_tools.cli import initial_conditions, options
from jerald_tools.cli.command import load_stage, stage_arguments
from jerald_tools.cosmology import Cosmology
from jerald_tools.gravity.lpt import SECOND_ORDERS
from jerald_tools.gravity.white_noise import SEED_ORDERS
from jerald_tools.snapshots.code_units import LENGTH_UNITS, MASS_UNITS, VELOCITY_UNITS
from jerald_tools.stages.run import Run

PROJECT = Path(__file__).parents[2]
SCRIPTS = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["scripts"]
SHARED = {"precision", "threads", "force", "verbose", "quiet", "device", "engine"}
WITHOUT_STAGE = {"estimate"}


def commands():
    """Every command and subcommand by name, but groups."""
    found = {}
    for name, target in SCRIPTS.items():
        module, function = target.split(":")
        command = getattr(importlib.import_module(module), function)
        if isinstance(command, click.Group):
            found |= {f"{name} {one}": sub for one, sub in command.commands.items()}
        else:
            found[name] = command
    return found


COMMANDS = {name: one for name, one in commands().items() if name not in WITHOUT_STAGE}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_give_a_stage_its_arguments(name):
    command = COMMANDS[name]
    stage = load_stage(command.body)
    for line in command.example.strip().splitlines():
        words = shlex.split(line.strip())[len(name.split()) :]
        with command.make_context(name, words) as context:
            own = {key: value for key, value in context.params.items() if key not in SHARED}
            given = command.prepare(**own)
        arguments = stage_arguments(stage, given)
        inspect.signature(stage).bind(Run(), **arguments)
        assert set(given) >= needed_options(stage)


def needed_options(stage):
    """What options must give a stage: parameters, and fields of dataclasses, without a default."""
    names = set()
    types = typing.get_type_hints(stage)
    for parameter in list(inspect.signature(stage).parameters.values())[1:]:
        kind = types[parameter.name]
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            required = (dataclasses.MISSING, dataclasses.MISSING)
            names |= {
                field.name
                for field in dataclasses.fields(kind)
                if (field.default, field.default_factory) == required
            }
        elif parameter.default is parameter.empty:
            names.add(parameter.name)
    return names


def test_options_that_no_stage_takes_are_a_mistake():
    def stage(run: Run, source: str) -> None:
        """Take one argument."""

    with pytest.raises(TypeError, match="stage takes no depth"):
        stage_arguments(stage, {"source": "a", "depth": 3})


def test_choices_are_those_of_the_library():
    assert list(options.PARAMETERS) == [field.name for field in dataclasses.fields(Cosmology)]
    units = {"length_unit": LENGTH_UNITS, "mass_unit": MASS_UNITS, "velocity_unit": VELOCITY_UNITS}
    assert {name: tuple(choices) for name, choices in units.items()} == options.SNAPSHOT_UNITS
    assert options.SECOND_ORDERS == SECOND_ORDERS
    assert initial_conditions.SEED_ORDERS == SEED_ORDERS
