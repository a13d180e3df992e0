#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes the Python environment .venv of this clone with all that pyproject.toml asks for, the
# project itself aside. PYTHON=... chooses the interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."

suitable='import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
for python in ${PYTHON:-python3 python3.13 python3.12 python3.11 /usr/bin/python3}; do
  if "$python" -c "$suitable" 2>/dev/null; then
    break
  fi
  python=""
done
if [[ -z $python ]]; then
  echo "No Python from 3.11 to 3.13 with the venv module was found: install one and name it," >&2
  echo "make PYTHON=/path/to/python3.12" >&2
  exit 1
fi
echo "Environment .venv with $("$python" --version)"
"$python" -m venv .venv
pip=".venv/bin/python -m pip --disable-pip-version-check --quiet"

requirements() {
  .venv/bin/python - "$@" <<'PYTHON'
import sys, tomllib

with open("pyproject.toml", "rb") as file:
    content = tomllib.load(file)
if sys.argv[1:] == ["build-system"]:
    lines = content["build-system"]["requires"]
else:
    extras = content["project"]["optional-dependencies"]
    lines = content["project"]["dependencies"] + sum((extras[name] for name in sys.argv[1:]), [])
print(*lines, sep="\n")
PYTHON
}

$pip install --upgrade pip
$pip install "setuptools>=82.0.1" wheel "mpi4py>=4.0" --requirement <(requirements build-system)
# mpi4jax is compiled against these very packages and this machine's MPI: never a wheel kept from
# elsewhere. Shown a folder without CUDA it leaves out the GPU parts, which need a compiler of theirs.
CUDA_PATH="$PWD/envs" CMPLR_ROOT="$PWD/envs" $pip install --no-build-isolation --no-cache-dir \
  --no-deps --requirement <(requirements mpi | grep mpi4jax)
$pip install --requirement <(requirements mpi workflow test)
