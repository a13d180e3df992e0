#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Snakemake runs it in the environment that it has made from conda.yaml, in the folder of the
# workflow: installs the commands of this checkout. CUDA_PATH keeps mpi4jax from building GPU parts.
set -euo pipefail
CUDA_PATH="$PWD/envs" pip install --no-build-isolation --no-cache-dir '.[mpi]'
