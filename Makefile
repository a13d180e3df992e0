# SPDX-License-Identifier: GPL-3.0-or-later
# `make demo` and `make test` do all set-up on a bare Debian or Ubuntu, once.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.PHONY: help setup engines demo readme test test-damage test-kills test-sanitize test-slurm lint clean
.NOTPARALLEL:

BIN := .venv/bin
STAMPS := .venv/stamps
# nproc takes OMP_NUM_THREADS for the number of cores.
CORES ?= $(shell env --unset=OMP_NUM_THREADS --unset=OMP_THREAD_LIMIT nproc)

help:
	@echo "make demo   from a seed to maps beside a hydrodynamical simulation, into results/"
	@echo "make test   all tests: in one process, and on 2, 3 and 4 MPI ranks"
	@echo "make test-damage  every byte of a file of each kind, changed"
	@echo "make test-kills  fits, FastPM and a workflow, killed at random moments; takes a while"
	@echo "make test-sanitize  the native core by two compilers and under sanitizers; minutes"
	@echo "make test-slurm  the workflow through a Slurm that it starts: as root, with SLURM_TEST=1"
	@echo "make setup  the set-up alone, which both do by themselves: every command is then in $(BIN)/"
	@echo "make engines  pmesh, fastpm-python and nbodykit: docs/engines.md; minutes"
	@echo "make lint   what the pre-commit hooks check"
	@echo "make clean  takes away the environment and the build, leaves results/"

demo: setup
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores $(CORES) --configfile config/demo.yaml

# The tables and pictures of README.md and docs/, from everything that the workflow makes: hours.
readme: setup
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores $(CORES) paper
	$(BIN)/python workflow/scripts/update_readme.py

test: setup
	tests/run.sh

# SEED chooses the moments.
SEED ?= 1
test-kills: setup
	OMP_NUM_THREADS=1 $(BIN)/python tests/restart/random_kills.py --seed $(SEED)

# Every byte of a small file of each kind, changed: minutes.
test-damage: setup
	JERALD_FLIPS=1000000 $(BIN)/python -m pytest -q tests/io/test_damage.py tests/snapshots -k flipped

test-sanitize: setup
	tests/native/run.sh

test-slurm: setup
	tests/slurm/run.sh

# PFFT_SOURCE and CLASS_SOURCE name folders where their sources cannot be downloaded.
engines: $(STAMPS)/environment
	PFFT_SOURCE="$(PFFT_SOURCE)" CLASS_SOURCE="$(CLASS_SOURCE)" envs/engines.sh

# In an environment of its own: it and Snakemake need different releases of `packaging`.
lint: $(STAMPS)/environment
	$(BIN)/python -m venv build/pre-commit
	build/pre-commit/bin/python -m pip --disable-pip-version-check install --quiet pre-commit
	build/pre-commit/bin/pre-commit run --all-files

clean:
	rm -rf .venv build

setup: $(STAMPS)/project

$(STAMPS)/packages: envs/apt.txt envs/system_packages.sh
ifneq ($(SYSTEM_PACKAGES),skip)
	envs/system_packages.sh
endif
	@mkdir -p $(@D) && touch $@

$(STAMPS)/environment: pyproject.toml envs/environment.sh $(STAMPS)/packages
	envs/environment.sh
	@touch $@

NATIVE_SOURCES := $(wildcard CMakeLists.txt native/* native/*/* native/*/*/*)
$(STAMPS)/project: $(NATIVE_SOURCES) $(STAMPS)/environment
	$(BIN)/python -m pip install --quiet --no-build-isolation --no-deps --editable .
	@touch $@
