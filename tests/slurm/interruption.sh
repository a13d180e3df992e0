#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Warns a fit in the Slurm that tests/slurm/start.sh has started in the folder given, as `#SBATCH
# --signal=USR1@...` does, after tests/slurm/workflow.sh; the same job again must go on from there.
set -euo pipefail
folder=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
export PATH=$folder/bin:$root/.venv/bin:$PATH SLURM_CONF=$folder/slurm.conf
export JERALD_WISDOM=$root/build/wisdom OMPI_MCA_mpi_yield_when_idle=1
cd "$folder/with_slurm/results/train_seed9281"

# Its status is the fit's.
submit() {
  sbatch --wait --job-name=warned --ntasks=2 --time=10 --output="$folder/$1.log" --wrap \
    "srun --mpi=pmix --kill-on-bad-exit=1 fit-dm particles_z2.00.h5 --threads 1 \
      --target reference/dark-matter_z2.00.h5 --layers 1 --evaluations 100 -o warned.json"
}
fail() {
  echo "$1" >&2
  tail --verbose "$folder"/warned*.log >&2
  exit 1
}

submit warned > /dev/null &
until (($(stat --format=%s warned.json.journal 2> /dev/null || echo 0) > 4000)); do
  kill -0 $! 2> /dev/null || fail "The fit ended before it could be warned."
  sleep 0.1
done
scancel --name=warned --signal=USR1
status=0
wait $! || status=$?
((status == 75)) || fail "The warned fit ended with status $status, not 75."
grep --quiet "fit-dm: stopped by SIGUSR1" "$folder/warned.log" || fail "The warned fit did not say so."
[[ -e warned.json.journal && ! -e warned.json ]] || fail "The warned fit left no journal."

submit warned_again > /dev/null || fail "The same job again failed."
grep "going on after" "$folder/warned_again.log" || fail "The same job started from the beginning."
[[ -e warned.json && ! -e warned.json.journal ]] || fail "The same job again left no fit."
echo "== a fit that Slurm warned ended with status 75, and went on as the same job again"
