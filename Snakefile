# SPDX-License-Identifier: GPL-3.0-or-later
# From seeds to maps, spectra and figures: `snakemake --cores 2`, on a cluster
# `snakemake --profile slurm`. config.yaml says what is computed.
import os
import sys
from pathlib import Path
from types import SimpleNamespace

from snakemake.utils import min_version

from jerald_tools import __version__ as VERSION
from workflow.profile_settings import require_profile_settings
from workflow.run_lock import RunLock

min_version("9.27")


configfile: "config.yaml"


report: "workflow/report/workflow.rst"


# Jobs on other nodes read this file too, and hold no lock.
if workflow.is_main_process:
    require_profile_settings(sys.argv, os.environ, config)
    run_lock = RunLock(Path(".snakemake"))


onstart:
    run_lock.record_host()


include: "workflow/rules/common.smk"
include: "workflow/rules/making_maps.smk"
include: "workflow/rules/comparing_maps.smk"
include: "workflow/rules/observing.smk"
include: "workflow/rules/initial_conditions.smk"
include: "workflow/rules/fastpm.smk"
include: "workflow/rules/targets.smk"
include: "workflow/rules/fits.smk"
include: "workflow/rules/maps.smk"
include: "workflow/rules/spectra.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/baselines.smk"
include: "workflow/rules/leave_one_out.smk"
include: "workflow/rules/observables.smk"
include: "workflow/rules/scaling.smk"
include: "workflow/rules/cross_check.smk"


if CAN_FIT_OVER_REDSHIFTS:

    include: "workflow/rules/over_redshifts.smk"


rule all:
    default_target: True
    input:
        RESULTS,
        "results/timings.md",


include: "workflow/rules/paper.smk"


localrules:
    all,
    targets,
    timings,
    baselines,
    cross_check,
    leave_one_out,
    observables,
    figure_of_paper,
    paper,
