# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of the workflow to plan and to run in."""

import pytest
from dry_runs import Unchanged, Workflow


@pytest.fixture
def fresh(tmp_path):
    """A workflow that has not run yet."""
    return Workflow(tmp_path)


@pytest.fixture(scope="session")
def unchanged(tmp_path_factory):
    """A workflow that has not run yet and whose files the tests leave as they are."""
    return Unchanged(tmp_path_factory.mktemp("unchanged"))
