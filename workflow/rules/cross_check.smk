# The same universe by our own code and by the engines of the field: `snakemake cross_check`, with the
# packages of `make engines`. The seed of the first simulation that no fit is trained on, or the first;
# its lowest redshift.
CROSS_CHECKED = next(
    (name for name, row in SIMULATIONS.items() if row["role"] == "predict" and "seed" in row),
    next((name for name, row in SIMULATIONS.items() if "seed" in row), None),
)
# Whose code makes initial conditions, particles and spectra in each of the two chains.
CHAINS = {
    "jerald": dict.fromkeys(("generate-ics", "run-fastpm", "powerspec"), "jerald"),
    "engines": {"generate-ics": "pmesh", "run-fastpm": "fastpm", "powerspec": "nbodykit"},
}


if CROSS_CHECKED:

    rule cross_check_chain:
        input:
            linear_power=[] if LINEAR_POWER == "camb" else LINEAR_POWER,
        output:
            initial_conditions="results/cross_check/{chain}/initial_conditions.h5",
            particles="results/cross_check/{chain}/particles.h5",
            density="results/cross_check/{chain}/density.h5",
            power="results/cross_check/{chain}/power.csv",
        log:
            "results/logs/cross_check/{chain}.log",
        benchmark:
            "results/benchmarks/cross_check/{chain}.tsv"
        wildcard_constraints:
            chain="|".join(CHAINS),
        conda:
            "../../envs/engines.yaml"
        threads: 1
        params:
            seed=seed_options(SimpleNamespace(simulation=CROSS_CHECKED)),
            redshift=min(SIMULATIONS[CROSS_CHECKED]["redshifts"]),
            initial=config["initial_conditions"],
            fastpm=config["fastpm"],
            power="--camb" if LINEAR_POWER == "camb" else f"--power {LINEAR_POWER}",
            cosmology=COSMOLOGY,
            common="--precision double --threads 1 --device cpu",
            ics=lambda wildcards: CHAINS[wildcards.chain]["generate-ics"],
            moved=lambda wildcards: CHAINS[wildcards.chain]["run-fastpm"],
            measured=lambda wildcards: CHAINS[wildcards.chain]["powerspec"],
            version=VERSION,
        shell:
            "(generate-ics {params.seed} --mesh {params.initial[mesh]}"
            " --particles {params.initial[particles]} --box-size {params.initial[box_size]}"
            " {params.power} {params.cosmology} {params.common} --engine {params.ics}"
            " -o {output.initial_conditions}"
            " && run-fastpm {output.initial_conditions} --redshift {params.redshift}"
            " --start-redshift {params.fastpm[start_redshift]} --steps {params.fastpm[steps]}"
            " --force-mesh-factor {params.fastpm[force_mesh_factor]} --second-order fastpm"
            " {params.common} --engine {params.moved} -o {output.particles}"
            " && paint {output.particles} {params.common} -o {output.density}"
            " && powerspec {output.particles} --window tsc --interlace --compensate"
            " {params.common} --engine {params.measured} -o {output.power}) 2> {log}"

    rule cross_check_ratio:
        input:
            particles="results/cross_check/engines/particles.h5",
            reference="results/cross_check/jerald/particles.h5",
        output:
            spectrum="results/cross_check/ratio.csv",
            figure="results/cross_check/ratio.png",
        log:
            "results/logs/cross_check/ratio.log",
        benchmark:
            "results/benchmarks/cross_check/ratio.tsv"
        conda:
            "../../envs/conda.yaml"
        params:
            version=VERSION,
        shell:
            "(powerspec {input.particles} --reference {input.reference} --precision double"
            " --threads 1 -o {output.spectrum}"
            " && plot-figures spectra {output.spectrum} -o {output.figure}) 2> {log}"

    rule cross_check:
        input:
            expand(
                "results/cross_check/{chain}/{file}",
                chain=CHAINS,
                file=["initial_conditions.h5", "particles.h5", "density.h5", "power.csv"],
            ),
            "results/cross_check/ratio.csv",
        output:
            "results/cross_check/table.md",
        log:
            "results/logs/cross_check/table.log",
        benchmark:
            "results/benchmarks/cross_check/table.tsv"
        conda:
            "../../envs/conda.yaml"
        params:
            version=VERSION,
        shell:
            "python workflow/scripts/cross_check.py $(dirname {output}) > {output} 2> {log}"
