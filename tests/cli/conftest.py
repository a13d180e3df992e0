# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of bad files for all tests of commands, none of which may write there."""

import pytest
from bad_files import save_bad_files

pytest.register_assert_rewrite("bad_input")


@pytest.fixture(scope="session")
def bad_folder(tmp_path_factory):
    """Small files, whole and otherwise."""
    here = tmp_path_factory.mktemp("bad_input")
    save_bad_files(here)
    return here
