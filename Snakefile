# SPDX-License-Identifier: GPL-3.0-or-later
# From seeds to maps, spectra and figures: `snakemake --cores 2`, on a cluster
# `snakemake --profile slurm`. What is computed is in config.yaml.
from snakemake.utils import min_version

from jerald_tools import __version__ as VERSION

min_version("9.27")


configfile: "config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/interruption.smk"
include: "workflow/rules/configuration.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/initial_conditions.smk"
include: "workflow/rules/fastpm.smk"
include: "workflow/rules/targets.smk"
include: "workflow/rules/fits.smk"
include: "workflow/rules/maps.smk"
include: "workflow/rules/spectra.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/cross_validation.smk"
include: "workflow/rules/scaling.smk"


if "over_redshifts" in config:

    include: "workflow/rules/over_redshifts.smk"


rule all:
    input:
        FITTED,
        MEASURED,
        FIGURES,
        TABLES,
        "results/timings.md",
    default_target: True


localrules:
    all,
    targets,
    timings,
