#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `make test-slurm`: the workflow, made small, through a Slurm of one node that is started for it, by
# the very slurm/profile.yaml; and once more without Slurm, to compare.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [[ $(id -u) != 0 || -z ${CI:-}${SLURM_TEST:-} ]]; then
  echo "test-slurm: not run: it installs and starts a Slurm, so it wants root and SLURM_TEST=1 (or CI=1)" >&2
  exit 2
fi
envs/system_packages.sh apt-slurm.txt

# One at a time in a clone.
mkdir -p build
exec {lock}> build/slurm.lock
flock --nonblock "$lock" || { echo "test-slurm: another one runs in this clone" >&2; exit 2; }

# The daemons must not inherit the lock. Whatever ends this script, they end too: hence the workflow
# in the background, where it holds up no trap.
folder=$PWD/build/slurm
workflow=""
clean_up() {
  # The group that `timeout` makes: Snakemake alone would wait for jobs whose Slurm is gone.
  [[ -z $workflow ]] || kill -KILL -- "-$workflow" 2>/dev/null || true
  tests/slurm/stop.sh "$folder" {lock}>&-
}
clean_up # after an earlier run that was killed
rm -rf "$folder"
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

tests/slurm/start.sh "$folder" {lock}>&-
timeout --kill-after=10 "${SLURM_TEST_LIMIT:-900}" bash -c \
  'tests/slurm/workflow.sh "$0" && tests/slurm/interruption.sh "$0"' "$folder" {lock}>&- &
workflow=$!
wait "$workflow" || { echo "test-slurm: failed, or ended by its limit" >&2; exit 1; }
workflow=""
