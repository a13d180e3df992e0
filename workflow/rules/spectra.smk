# Power spectra of the maps and of FastPM's particles alone, compared with the reference where there
# is one: over the whole box, and in the test cube that no fit has seen.


rule powerspec:
    input:
        measured=measured_file,
        reference=reference_of_measured,
    output:
        "results/{variant}{simulation}/spectra/{region}/{measured}_z{redshift}.csv",
    log:
        "results/{variant}logs/powerspec/{simulation}_{region}_{measured}_z{redshift}.log",
    benchmark:
        "results/{variant}benchmarks/powerspec/{simulation}_{region}_{measured}_z{redshift}.tsv"
    conda:
        "../../envs/conda.yaml"
    threads: RESOURCES.threads
    resources:
        **RESOURCES.of_stage("powerspec"),
    params:
        measured=lambda wildcards, input: input.measured,
        options=spectrum_options,
        label=spectrum_label,
        version=VERSION,
    shell:
        "{resources.mpi} powerspec {params.measured} {params.options} --label {params.label:q}"
        " --threads {threads} --device {resources.device} -o {output} 2> {log}"


# The median of an ensemble and the band around it.
use rule powerspec as powerspec_band with:
    input:
        measured=rules.paint_members.output,
        reference="results/{simulation}/reference/{quantity}_z{redshift}.h5",
    output:
        "results/{simulation}/spectra/band/{quantity}_z{redshift}.csv",
    log:
        "results/logs/powerspec_band/{simulation}_{quantity}_z{redshift}.log",
    benchmark:
        "results/benchmarks/powerspec_band/{simulation}_{quantity}_z{redshift}.tsv"
    params:
        measured=maps_of_ensemble,
        options=band_options,
        label="ensemble, {simulation}",
