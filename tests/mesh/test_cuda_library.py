# SPDX-License-Identifier: GPL-3.0-or-later
"""The library for GPUs: nvcc compiles it, and it offers what is called."""

import ctypes
import pathlib
import shutil
import subprocess
import sys

import pytest

from jerald_tools.mesh import device_call
from jerald_tools.mesh.device_library import LIBRARIES, library

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.skipif(not shutil.which("nvcc"), reason="needs nvcc")
def test_nvcc_compiles_it(tmp_path):
    """By the build that ``-C cmake.define.JERALD_CUDA=ON`` starts, for one kind of GPU."""
    options = {
        "JERALD_NATIVE": "OFF",
        "JERALD_CUDA": "ON",
        "CMAKE_CUDA_ARCHITECTURES": "90",
        "Python_EXECUTABLE": sys.executable,
    }
    defined = [f"-D{name}={value}" for name, value in options.items()]
    for command in (["-S", ROOT, "-B", tmp_path, *defined], ["--build", tmp_path]):
        done = subprocess.run(["cmake", *command], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    built = ctypes.CDLL(str(tmp_path / LIBRARIES["CUDA"]))
    for name in device_call.OPERATIONS["CUDA"]:
        assert getattr(built, f"jerald_{name}")


def test_the_loops_on_the_cpu_are_installed():
    path = library("cpu")
    assert path is not None
    assert path.name == LIBRARIES["cpu"]
