# Parameters smooth in redshift, `snakemake over_redshifts`: one fit to the redshifts that the key
# `over_redshifts` of config.yaml names, painted at these and at all between, and compared with the
# reference beside the fits to single redshifts.


use rule fit as fit_over_redshifts with:
    input:
        particles=of_joint_training("results/{simulation}/particles_z{redshift}.h5"),
        targets=of_joint_training("results/{simulation}/reference/{quantity}_z{redshift}.h5"),
        prerequisites=joint_prerequisite_fits,
    output:
        "results/over_redshifts/fits/{quantity}.json",
    log:
        "results/over_redshifts/logs/fit/{quantity}.log",
    benchmark:
        "results/over_redshifts/benchmarks/fit/{quantity}/all.tsv"
    params:
        options=joint_fit_options,


use rule quality as over_redshifts with:
    input:
        painted_over_redshifts("results/"),
        painted_over_redshifts("results/over_redshifts/"),
    output:
        "results/over_redshifts/comparison.md",
    log:
        "results/over_redshifts/logs/comparison.log",
    benchmark:
        "results/over_redshifts/benchmarks/comparison/table.tsv"
