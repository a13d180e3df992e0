# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries that survive any cut of their file."""

import errno
import os
import subprocess
import sys

import pytest

from jerald_tools.errors import BadInput
from jerald_tools.io import append_log
from jerald_tools.io.append_log import AppendLog

ENTRIES = [b"first", b"", b"\0" * 40, b"last one"]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "records"
    file = AppendLog(path)
    for record in ENTRIES:
        file.append(record)
    file.close()
    return path


def reopened(path):
    file = AppendLog(path)
    file.close()
    return file.entries


def test_records_come_back(path):
    assert reopened(path) == ENTRIES


def test_cut_anywhere_the_whole_ones_are_left_and_more_can_follow(path):
    whole = path.read_bytes()
    found = set()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        file = AppendLog(path)
        kept = file.entries
        assert kept == ENTRIES[: len(kept)]
        file.append(b"next")
        file.close()
        assert reopened(path) == [*kept, b"next"]
        found.add(len(kept))
    assert found == {0, 1, 2, 3}


@pytest.mark.parametrize("tail", [b"\0" * 100, b"\xff" * 100])
def test_what_a_power_failure_leaves_behind_the_end_is_dropped(path, tail):
    with path.open("ab") as file:
        file.write(tail)
    assert reopened(path) == ENTRIES


def test_a_changed_record_and_what_follows_it_is_dropped(path):
    path.write_bytes(path.read_bytes().replace(b"last", b"lost"))
    assert reopened(path) == ENTRIES[:3]


def test_keep_drops_the_rest(path):
    file = AppendLog(path)
    file.keep(1)
    file.append(b"other")
    file.close()
    assert reopened(path) == [b"first", b"other"]


def test_two_processes_are_refused(path):
    held = AppendLog(path)
    code = f"from jerald_tools.io.append_log import AppendLog; AppendLog({str(path)!r})"
    second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "another process is writing it" in second.stderr
    held.remove()
    assert not path.exists()


def test_another_kind_of_file_is_refused_and_left_alone(path):
    path.write_text("notes of mine")
    with pytest.raises(BadInput, match="is not a journal of jerald-tools; move it away"):
        AppendLog(path)
    assert path.read_text() == "notes of mine"


@pytest.mark.parametrize("call", ["fsync", "ftruncate"])
def test_errors_of_the_system_name_the_file(path, monkeypatch, call):
    def fail(*arguments):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(append_log, "SECONDS_BETWEEN_SYNCS", -1.0)
    file = AppendLog(path)
    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(OSError, match="Input/output error") as raised:
            file.append(b"next") if call == "fsync" else file.keep(1)
    assert raised.value.filename == str(path)
    file.close()


def test_without_a_record_nothing_is_left(path):
    file = AppendLog(path)
    file.keep(0)
    file.close()
    assert not path.exists()
