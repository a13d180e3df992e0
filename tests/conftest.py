# SPDX-License-Identifier: GPL-3.0-or-later
"""Under mpirun only rank 0 prints, but a failure on any rank is shown and fails the run."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

RANK = int(os.environ.get("OMPI_COMM_WORLD_RANK", "0"))


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    """Silence the terminal report of every rank but the first."""
    if RANK > 0:
        config.pluginmanager.unregister(name="terminalreporter")


def pytest_runtest_logreport(report):
    """Show a failure of a silent rank on standard error."""
    if RANK > 0 and report.failed:
        print(f"rank {RANK}: {report.nodeid} failed\n{report.longreprtext}", file=sys.stderr)


@pytest.fixture
def shared_folder():
    """One folder for all ranks."""
    from jerald_tools.mesh.ranks import gather, on_root, world

    folder = on_root(world(), tempfile.mkdtemp)
    yield Path(folder)
    gather(world(), "done")
    on_root(world(), shutil.rmtree, folder)


@pytest.fixture
def engine(request):
    """The engine that a test names by ``indirect``; skips with the users' line without it."""
    from jerald_tools.engines import load_engine
    from jerald_tools.errors import BadInput

    try:
        return load_engine(request.param)
    except BadInput as error:
        pytest.skip(str(error))
