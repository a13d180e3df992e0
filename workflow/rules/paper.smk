# `snakemake paper`: everything at every redshift, and the paper's figures 3 to 10 under their
# numbers. Its Figure 2 is a target of its own, because times need a free machine.


# Power and cross-correlation of one quantity in the training box, as in the paper.
use rule spectra as spectra_of_quantity with:
    input:
        spectra=spectra_of_paper,
        baselines=fastpm_of_paper,
    output:
        "results/paper/figure{number}.png",
    log:
        "results/paper/logs/spectra/figure{number}.log",
    benchmark:
        "results/paper/benchmarks/spectra/figure{number}.tsv"
    wildcard_constraints:
        number="|".join(PAPER_SPECTRA),


# The other figures are pictures of `all`.
rule figure_of_paper:
    input:
        lambda wildcards: PAPER_FIGURES[wildcards.number],
    output:
        "results/paper/figure{number}.png",
    log:
        "results/paper/logs/figure{number}.log",
    benchmark:
        "results/paper/benchmarks/figures/figure{number}.tsv"
    wildcard_constraints:
        number="|".join(PAPER_FIGURES),
    conda:
        "../../envs/conda.yaml"
    shell:
        "ln --symbolic --relative {input} {output} 2> {log}"


rule paper:
    input:
        rules.all.input,
        rules.baselines.input,
        expand("results/paper/figure{number}.png", number=[*PAPER_SPECTRA, *PAPER_FIGURES]),
        rules.leave_one_out.input if MEMBERS_LEAVE_OUT else [],
