#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# All tests in one process, two at a time, then those marked `ranks` in one mpirun of pytest per
# number of ranks.
set -euo pipefail
cd "$(dirname "$0")/.."

python=.venv/bin/python
export JERALD_WISDOM=$PWD/build/wisdom
# Half of the time is compilation: what several processes run alike is compiled once.
export JAX_COMPILATION_CACHE_DIR=$PWD/build/compiled JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0.1
options=(-q --durations=10 -p no:cacheprovider)

# More ranks than cores, in containers too, often as root. Serial tests start ranks too.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_mpi_yield_when_idle=1

NPROC=1 "$python" -m pytest "${options[@]}" -n 2 --dist worksteal "$@"

# Ranks load only the files that have such tests.
(($#)) || mapfile -t files < <(grep -rl --include='test_*.py' 'mark\.ranks' tests)
export OMP_NUM_THREADS=1
# Each number of ranks is compared with one process: its small programs are compiled once too. Those
# that hold the address of a communicator are compiled anew by every rank: quickly, since the tests
# above have run what the thorough compiler makes.
export JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0
export XLA_FLAGS="${XLA_FLAGS:-} --xla_backend_optimization_level=0"
for ranks in 2 3 4; do
  echo "== $ranks MPI ranks"
  mpirun --oversubscribe -n "$ranks" \
    "$python" -m pytest "${options[@]}" -m ranks "${@:-${files[@]}}"
done
