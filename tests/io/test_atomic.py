# SPDX-License-Identifier: GPL-3.0-or-later
import errno
import fcntl
import os
import subprocess
import sys

import pytest

from jerald_tools.errors import BadInput, RunFailed
from jerald_tools.io.atomic import atomic_directory, atomic_write, check_target, write_text

WRITER = """
import sys, time
from jerald_tools.io.atomic import atomic_directory, atomic_write, check_target, write_text
with atomic_write(sys.argv[1], force=True) as temporary:
    temporary.write_text("half a fi")
    print("half", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def target(tmp_path):
    return tmp_path / "output.txt"


@pytest.fixture
def half_way(target):
    """A process in the middle of writing the target."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, target], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half\n"
        yield process
        process.kill()


def fail_half_way(target):
    with atomic_write(target, force=True) as temporary:
        temporary.write_text("half")
        raise RuntimeError("half-way")


def test_appears_only_when_whole(target):
    with atomic_write(target) as temporary:
        temporary.write_text("whole")
        assert not target.exists()
    assert target.read_text() == "whole"
    assert list(target.parent.iterdir()) == [target]


def test_failure_leaves_nothing(target):
    with pytest.raises(RuntimeError, match="half-way"):
        fail_half_way(target)
    assert not list(target.parent.iterdir())


def test_failure_keeps_the_old_file(target):
    target.write_text("old")
    with pytest.raises(RuntimeError, match="half-way"):
        fail_half_way(target)
    assert target.read_text() == "old"


def test_killed_writer_leaves_no_half_file_and_the_next_one_cleans_up(half_way, target):
    half_way.kill()
    half_way.wait()
    assert not target.exists()
    write_text(target, "whole")
    assert target.read_text() == "whole"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.usefixtures("half_way")
def test_two_writers_of_one_target_are_refused(target):
    with pytest.raises(BadInput, match="another process is writing it"):
        write_text(target, "mine")


def test_an_existing_file_is_kept_without_force(target):
    target.write_text("old")
    with pytest.raises(BadInput, match=r"output.txt: exists already; .* --force"):
        write_text(target, "new")
    assert target.read_text() == "old"
    write_text(target, "new", force=True)
    assert target.read_text() == "new"


def test_impossible_targets(tmp_path):
    with pytest.raises(BadInput, match="is a directory"):
        check_target(tmp_path, force=True)
    with pytest.raises(BadInput, match=r"no directory .*nowhere; create it"):
        check_target(tmp_path / "nowhere" / "file")


def interrupted_by(action, monkeypatch, name):
    """Have something happen right after a function of `os` was called the first time."""
    function = getattr(os, name)

    def call(*arguments, **options):
        found = function(*arguments, **options)
        monkeypatch.setattr(os, name, function)
        action()
        return found

    monkeypatch.setattr(os, name, call)


def write_directory(target, text):
    with atomic_directory(target, force=True) as temporary:
        (temporary / "member").write_text(text)


@pytest.mark.parametrize("write", [write_text, write_directory])
def test_a_name_taken_over_by_the_next_writer_is_left_to_it(target, monkeypatch, write):
    """It begins when the first one has renamed its file and not yet ended."""
    partial = target.with_name(f".{target.name}.partial")
    make = partial.mkdir if write is write_directory else partial.touch
    interrupted_by(make, monkeypatch, "replace")
    write(target, "whole")
    assert partial.exists()
    assert {one.name for one in target.parent.iterdir()} == {target.name, partial.name}


@pytest.mark.parametrize("context", [atomic_write, atomic_directory])
def test_what_another_process_put_in_place_gets_no_final_name(target, context):
    partial = target.with_name(f".{target.name}.partial")

    def write():
        with context(target):
            partial.rename(target.with_name("elsewhere"))
            partial.write_text("half a fi")

    with pytest.raises(RunFailed, match=r"\.partial was removed while it was written"):
        write()
    assert not target.exists()
    assert partial.read_text() == "half a fi"


@pytest.mark.parametrize("write", [write_text, write_directory])
def test_a_writer_that_ends_between_open_and_lock_takes_its_file_along(target, monkeypatch, write):
    partial = target.with_name(f".{target.name}.partial")
    interrupted_by(lambda: partial.rename(target.with_name("theirs")), monkeypatch, "open")
    write(target, "mine")
    assert {one.name for one in target.parent.iterdir()} == {target.name, "theirs"}
    assert not partial.exists()


@pytest.mark.parametrize("write", [write_text, write_directory])
def test_a_file_system_that_fails_to_lock_is_an_error_of_the_output(target, monkeypatch, write):
    def fail(*arguments):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", fail)
    with pytest.raises(OSError, match="Input/output error") as raised:
        write(target, "whole")
    assert raised.value.filename == str(target)
