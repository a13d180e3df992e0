# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of the workflow to plan and to run in."""

import pytest
from dry_runs import Workflow


@pytest.fixture
def fresh(tmp_path):
    """A workflow that has not run yet."""
    return Workflow(tmp_path)
