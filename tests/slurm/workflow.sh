#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs the small workflow through the Slurm that tests/slurm/start.sh has started in the folder given,
# and without it, and compares the two.
set -euo pipefail
folder=$1
cd "$(dirname "$0")/../.."
root=$PWD
export PATH=$folder/bin:$root/.venv/bin:$PATH SLURM_CONF=$folder/slurm.conf
export JERALD_WISDOM=$root/build/wisdom OMPI_MCA_mpi_yield_when_idle=1
# For mpirun without Slurm, as root, on as few cores as there are.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1

results=(
  results/train_seed9281/spectra/all/neutral-hydrogen_z2.00.csv
  results/figures/slices_train_seed9281.png
  results/baselines/paper/fits/dark-matter_z2.00.json
  results/baselines/without_layers/fits/dark-matter_z2.00.json
)
run() {
  local name=$1 start=$SECONDS
  shift
  mkdir -p "$folder/$name"
  ln -s "$root"/{Snakefile,workflow,data,slurm,benchmarks} "$folder/$name"
  python tests/slurm/small_config.py config.yaml > "$folder/$name/config.yaml"
  if ! (cd "$folder/$name" && snakemake "$@" --nocolor "${results[@]}") &> "$folder/$name.log"; then
    cat "$folder/$name.log" >&2
    find "$folder/$name/.snakemake/slurm_logs" "$folder/$name/results/logs" -name "*.log" \
      -exec tail --verbose --lines=20 {} + >&2 || true
    exit 1
  fi
  echo "== $name: $((SECONDS - start)) s"
}

echo "== $(sinfo --version), $(sinfo --noheader --format='%D node of %c cores, %m MB')"
# This Slurm has no accounting, and answers at once; the rest is as a user types it.
run with_slurm --profile slurm --slurm-status-command squeue --latency-wait 5 \
  --slurm-init-seconds-before-status-checks 1 --seconds-between-status-checks 1
scontrol show job --oneliner > "$folder/jobs"
run without_slurm --cores 1 --config ranks=2
python tests/slurm/compare.py "$folder"
