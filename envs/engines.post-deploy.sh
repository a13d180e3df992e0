#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Snakemake runs it in the environment that it has made from engines.yaml, in the folder of the
# workflow: installs the commands of this checkout, and the engines.
set -euo pipefail
envs/conda.post-deploy.sh
PYTHON=$(command -v python) envs/engines.sh
