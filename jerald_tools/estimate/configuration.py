# SPDX-License-Identifier: GPL-3.0-or-later
"""The problem in a config.yaml, read with one line for what is wrong in it."""

import yaml

from jerald_tools.errors import BadInput
from jerald_tools.estimate.problem import Problem, problem_of


def read_problem(path: str, **others) -> Problem:
    """Read config.yaml.

    Args:
        path: of the file.
        others: as for :func:`jerald_tools.estimate.problem.problem_of`.

    Raises:
        BadInput: if it cannot be read, or lacks or misstates what the estimate needs.
    """
    try:
        with open(path, encoding="utf-8") as file:
            config = yaml.safe_load(file)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{path}: cannot be read as YAML ({error}); give a config.yaml") from error
    try:
        return problem_of(config, **others)
    except KeyError as error:
        raise BadInput(
            f"{path}: the key {error.args[0]} is missing; give a config.yaml of the workflow"
        ) from error
    except ValueError as error:
        raise BadInput(f"{path}: {error}") from error
    except (TypeError, AttributeError) as error:
        raise BadInput(
            f"{path}: is not a config.yaml of the workflow, whose keys are in"
            " workflow/schemas/config.schema.yaml; give one that is"
        ) from error
