# Power spectra of the maps and of FastPM's particles as they are, held against the reference where
# there is one: over the whole box, and in the test cube that no fit has seen.


def measured_file(wildcards):
    if wildcards.measured == "fastpm":
        return "results/{simulation}/particles_z{redshift}.h5"
    return "results/{simulation}/maps/{measured}_z{redshift}.h5"


def compared_map(wildcards):
    """The reference's map of the same quantity; FastPM's particles are dark matter."""
    if wildcards.simulation not in COMPARED:
        return []
    quantity = "dark-matter" if wildcards.measured == "fastpm" else wildcards.measured
    return f"results/{{simulation}}/reference/{quantity}_z{{redshift}}.h5"


def reference_option(wildcards, input):
    return f"--reference {input.reference}" if input.reference else ""


def place(wildcards):
    return wildcards.simulation + {"all": "", "test": ", test cube"}[wildcards.region]


def label(wildcards):
    model = "FastPM alone, " if wildcards.measured == "fastpm" else ""
    return model + place(wildcards)


def rival_label(wildcards):
    return f"{RIVALS[wildcards.compared]}, {place(wildcards)}"


rule powerspec:
    input:
        measured=measured_file,
        reference=compared_map,
    output:
        "results/{simulation}/spectra/{region}/{measured}_z{redshift}.csv",
    params:
        reference=reference_option,
        label=label,
        version=VERSION,
    wildcard_constraints:
        region="all|test",
        measured="|".join(["fastpm", *STANDS_ON]),
    log:
        "results/logs/powerspec/{simulation}_{region}_{measured}_z{redshift}.log",
    benchmark:
        "results/benchmarks/powerspec/{simulation}_{region}_{measured}_z{redshift}.tsv"
    threads: THREADS
    resources:
        **asked_for("powerspec"),
    shell:
        "{resources.mpi} powerspec {input.measured} {params.reference} --region {wildcards.region}"
        " --label {params.label:q} --threads {threads} -o {output} 2> {log}"


use rule powerspec as powerspec_rival with:
    input:
        measured="results/{simulation}/maps/{compared}{quantity}_z{redshift}.h5",
        reference="results/{simulation}/reference/{quantity}_z{redshift}.h5",
    output:
        "results/{simulation}/spectra/{region}/{compared}{quantity}_z{redshift}.csv",
    params:
        reference=reference_option,
        label=rival_label,
        version=VERSION,
    wildcard_constraints:
        region="all|test",
    log:
        "results/logs/powerspec_rival/{compared}{simulation}_{region}_{quantity}_z{redshift}.log",
    benchmark:
        "results/benchmarks/powerspec_rival/{compared}{simulation}_{region}_{quantity}"
        "_z{redshift}.tsv",


# The median of an ensemble and the band around it.
rule powerspec_band:
    input:
        members=rules.paint_members.output,
        reference="results/{simulation}/reference/{quantity}_z{redshift}.h5",
    output:
        "results/{simulation}/spectra/band/{quantity}_z{redshift}.csv",
    params:
        label="ensemble, {simulation}",
        version=VERSION,
    log:
        "results/logs/powerspec_band/{simulation}_{quantity}_z{redshift}.log",
    benchmark:
        "results/benchmarks/powerspec_band/{simulation}_{quantity}_z{redshift}.tsv"
    threads: THREADS
    resources:
        **asked_for("powerspec"),
    shell:
        "{resources.mpi} powerspec {input.members} --band --reference {input.reference}"
        " --label {params.label:q} --threads {threads} -o {output} 2> {log}"
