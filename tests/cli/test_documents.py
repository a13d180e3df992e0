# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documents show works."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("document", ["README.md", "docs/files.md", "docs/make_target.md"])
def test_python_in_the_documents_runs(document):
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / document).read_text(), re.S | re.M)
    assert blocks
    for block in blocks:
        run = subprocess.run(
            [sys.executable, "-c", block], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    "document",
    [
        *("README.md", "CONTRIBUTING.md", "docs/commands.md", "docs/files.md"),
        *("docs/checks.md", "docs/losses.md", "docs/make_target.md", "docs/results.md"),
        *("docs/restart.md", "docs/slurm.md"),
    ],
)
def test_links_lead_to_files_that_exist(document):
    path = ROOT / document
    for link in re.findall(r"\]\(([^):]+)\)", path.read_text()):
        assert (path.parent / link).exists(), link
