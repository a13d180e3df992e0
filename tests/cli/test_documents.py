# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents are right: Python blocks run, command lines parse, links lead somewhere.

A block marked ``python`` runs as it is, with the bundled data. A block marked ``py`` needs files
that only the whole workflow makes, or a library that is not installed here; it must compile.
"""

import importlib
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from jerald_tools import __version__

ROOT = Path(__file__).parents[2]
SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for pattern in ("*.md", "docs/*.md", "data/*.md", "benchmarks/*.md", "tests/golden/**/*.md")
    for path in ROOT.glob(pattern)
)
LAUNCHER = re.compile(r"(mpirun -n \d+|srun( -\S+)+) ")
SHELL_OPERATORS = {"|", "||", "&&", ">", ";"}


def blocks(document, language):
    """The code of each block of a language in a document."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.S | re.M)


def command_lines(document):
    """Each line of a document's shell blocks that calls a command of this package, as words."""
    for block in blocks(document, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(LAUNCHER.sub("", line), comments=True)
            if words and words[0] in SCRIPTS:
                ends = [number for number, word in enumerate(words) if word in SHELL_OPERATORS]
                yield words[: min(ends, default=len(words))]


def parse(words):
    """Parse a command line as the command would, without running it."""
    module, function = SCRIPTS[words[0]].split(":")
    command = getattr(importlib.import_module(module), function)
    context = command.make_context(words[0], words[1:])
    if isinstance(command, click.Group):
        subcommand = command.commands[words[1]]
        subcommand.make_context(words[1], words[2:], parent=context)


def links(path):
    """The targets of a document's links within this repository."""
    text = path.read_text(encoding="utf-8")
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]


def anchors(path):
    """The anchors of a document's headings."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


WITH_PYTHON = [document for document in DOCUMENTS if blocks(document, "python")]
WITH_PY = [document for document in DOCUMENTS if blocks(document, "py")]
WITH_COMMANDS = [document for document in DOCUMENTS if [*command_lines(document)]]


def test_the_blocks_of_documents_are_found():
    with_python = ["README.md", "docs/commands.md", "docs/files.md", "docs/make_target.md"]
    with_commands = ["README.md", "docs/commands.md", "docs/restart.md", "docs/slurm.md"]
    assert with_python == WITH_PYTHON
    assert {*with_commands} <= {*WITH_COMMANDS}
    assert "docs/files.md" in WITH_PY


@pytest.mark.parametrize("document", WITH_PYTHON)
def test_python_blocks_run(document, tmp_path):
    for folder in ("data", "tests"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    for block in blocks(document, "python"):
        run = subprocess.run(
            [sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("document", WITH_PY)
def test_blocks_that_need_results_compile(document):
    for block in blocks(document, "py"):
        compile(block, document, "exec")


@pytest.mark.parametrize("document", WITH_COMMANDS)
def test_command_lines_parse(document):
    for words in command_lines(document):
        parse(words)


def test_a_wrong_command_line_is_found():
    with pytest.raises(click.UsageError):
        parse(["paint", "particles.h5", "--no-such-option", "-o", "map.h5"])
    with pytest.raises(click.UsageError):
        parse(["fit", "no-such-quantity", "particles.h5", "--target", "map.h5", "-o", "fit.json"])


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_files_and_headings_that_exist(document):
    path = ROOT / document
    for link in links(path):
        target, _, anchor = link.partition("#")
        file = path.parent / target if target else path
        assert file.exists(), link
        assert not anchor or anchor in anchors(file), link


def test_the_version_is_the_one_that_the_changelog_has_on_top():
    versions = re.findall(r"^## \[([\d.]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.M)
    citation = re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(), re.M)
    assert citation is not None
    assert versions[0] == citation[1] == __version__
