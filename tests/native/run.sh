#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `make test-sanitize`: the native core, built by GCC and by Clang with warnings as errors. Its tests, in
# C++ and in Python, run with Clang's build, and with a build of GCC's in which AddressSanitizer and
# UndefinedBehaviorSanitizer stop at the first mistake.
set -euo pipefail
cd "$(dirname "$0")/../.."

[[ ${SYSTEM_PACKAGES:-} == skip ]] || envs/system_packages.sh apt-sanitize.txt

folder=$PWD/build/sanitize
python=$PWD/.venv/bin/python
export JERALD_WISDOM=$PWD/build/wisdom PYTHONPATH=tests/native
export UBSAN_OPTIONS=print_stacktrace=1
# As in tests/run.sh.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_mpi_yield_when_idle=1

build() { # NAME COMPILER OPTION...
  echo "== build $1"
  mkdir -p "$folder"
  { cmake -S . -B "$folder/$1" -G Ninja -DCMAKE_CXX_COMPILER="$2" -DPython_EXECUTABLE="$python" \
      -DJERALD_WERROR=ON "${@:3}" &&
    cmake --build "$folder/$1"; } >"$folder/$1.log" 2>&1 || { cat "$folder/$1.log"; exit 1; }
}

over_ranks() { # NUMBER ENVIRONMENT COMMAND...
  # A rank that fails may leave the others waiting in a collective: the limit ends them.
  timeout --kill-after=10 300 mpirun --oversubscribe -n "$1" env "${@:2}"
}

run_tests() { # BUILD ENVIRONMENT OF PYTHON...
  local library=("$folder/$1"/_native.*.so)
  # Python's own capture alone, so that a sanitizer's report reaches the terminal.
  local pytest=(JERALD_LIBRARY="${library[0]}" "${@:2}" "$python" -m pytest -q --capture=sys
    --color=no -p built_library -p no:cacheprovider)
  echo "== test $1"
  "$folder/$1/native_tests" --minimal --no-colors
  for ranks in 2 3 4; do
    over_ranks "$ranks" ASAN_OPTIONS=detect_leaks=0 "$folder/$1/native_tests" --mpi --minimal --no-colors
  done
  env "${pytest[@]}" tests/mesh/test_native_equals_reference.py
  over_ranks 3 OMP_NUM_THREADS=1 "${pytest[@]}" -m ranks tests/mesh/test_ranks.py
}

build gcc g++ -DJERALD_MPI=ON
build gcc-without-mpi g++ -DJERALD_MPI=OFF
build clang clang++ -DJERALD_MPI=ON -DJERALD_TESTS=ON
build sanitize g++ -DJERALD_MPI=ON -DJERALD_TESTS=ON -DJERALD_SANITIZE=ON \
  -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG="-O1 -g"

for fault in $("$folder/sanitize/native_faults"); do
  if report=$("$folder/sanitize/native_faults" "$fault" 2>&1); then
    echo "test-sanitize: the sanitizers did not see the fault $fault: $report" >&2
    exit 1
  fi
done

run_tests clang
# Python and MPI do not free all memory at the end, so leaks are errors in C++ alone.
run_tests sanitize ASAN_OPTIONS=detect_leaks=0 \
  LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libstdc++.so)"
