# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands start again once with huge pages, and only where that means something."""

import os
import sys

import pytest

from jerald_tools.cli import process_start


@pytest.fixture
def started(monkeypatch):
    """What would be started in place of this process: program, arguments and tunables."""
    calls = []
    monkeypatch.setattr(
        os,
        "execve",
        lambda program, arguments, environment: calls.append(
            (program, arguments, environment["GLIBC_TUNABLES"])
        ),
    )
    monkeypatch.setattr(os, "confstr", lambda name: "glibc 2.36")
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    return calls


def test_the_same_command_line_starts_with_the_tunable(started):
    process_start.start_again_with_huge_pages()
    assert started == [(sys.executable, sys.orig_argv, "glibc.malloc.hugetlb=1")]


def test_other_tunables_stay(started, monkeypatch):
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.check=0")
    process_start.start_again_with_huge_pages()
    assert started[0][2] == "glibc.malloc.check=0:glibc.malloc.hugetlb=1"


def test_a_setting_of_the_users_is_left_alone(started, monkeypatch):
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=0")
    process_start.start_again_with_huge_pages()
    assert started == []


def test_another_c_library_knows_no_tunables(started, monkeypatch):
    monkeypatch.setattr(os, "confstr", lambda name: None)
    process_start.start_again_with_huge_pages()
    assert started == []
