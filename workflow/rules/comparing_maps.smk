# Inputs and parameters of the rules that compare maps, in their order: spectra, figures and tables.

# Spectra.


def measured_file(wildcards):
    if wildcards.measured == "fastpm":
        return "results/{simulation}/particles_z{redshift}.h5"
    return "results/{variant}{simulation}/maps/{measured}_z{redshift}.h5"


def reference_of_measured(wildcards):
    """The reference's map of the same quantity, if the simulation has a reference."""
    if wildcards.simulation not in COMPARED:
        return []
    quantity = OF_PARTICLES if wildcards.measured == "fastpm" else wildcards.measured
    return f"results/{{simulation}}/reference/{quantity}_z{{redshift}}.h5"


def spectrum_options(wildcards, input):
    reference = f"--reference {input.reference} " if input.reference else ""
    band = " --band" if wildcards.variant == LEFT_OUT else ""
    return f"{reference}--region {wildcards.region}{band}"


def maps_of_ensemble(wildcards, input):
    return f"{input.measured}/*.h5"


def band_options(wildcards, input):
    return f"--band --reference {input.reference}"


def spectrum_label(wildcards):
    model = "FastPM alone" if wildcards.measured == "fastpm" else VARIANTS[wildcards.variant].label
    region = {"all": "", "test": "test cube"}[wildcards.region]
    return ", ".join(filter(None, (model, wildcards.simulation, region)))


# Figures and tables.


def reference_options(wildcards, input):
    return [f"--reference {path}" for path in input.references]


def baseline_options(wildcards, input):
    return [f"--baseline {path}" for path in input.baselines]


def test_region_option(wildcards):
    """Only training simulations are split into regions; the whole box of another one is unseen."""
    return "--test-region" if wildcards.simulation in TRAINING else "--no-test-region"


def drawn_spectra(wildcards):
    """Of an unseen simulation the median of each ensemble, with its band."""
    pattern = "results/{{simulation}}/spectra/{}/{{quantity}}_z{{redshift}}.csv"
    banded = BANDED if wildcards.simulation in UNSEEN else ()
    of_simulation = (QUANTITIES, [wildcards.simulation], REDSHIFTS)
    return for_each(pattern.format("band"), *of_simulation, banded) + for_each(
        pattern.format("all"), *of_simulation, FITS.keys() - banded
    )


def bands_where_unseen():
    pattern = "results/{simulation}/spectra/band/{quantity}_z{redshift}.csv"
    return for_each(pattern, QUANTITIES, UNSEEN, fits=BANDED)


def left_out_spectra():
    """Spectra of each training simulation by the members that left it out."""
    pattern = f"results/{LEFT_OUT}{{simulation}}/spectra/all/{{quantity}}_z{{redshift}}.csv"
    return for_each(pattern, QUANTITIES, TRAINING, fits=TRAINED)


def spectra_where_unseen(quantities):
    """Spectra where no fit has seen the map: in test cubes, and in whole unseen simulations."""
    test = "results/{simulation}/spectra/test/{quantity}_z{redshift}.csv"
    whole = "results/{simulation}/spectra/all/{quantity}_z{redshift}.csv"
    return for_each(test, quantities, TRAINING) + for_each(whole, quantities, UNSEEN)


def spectra_of_heatmap(quantities):
    """Of unseen simulations, or of a training one's test cube where there are none: one page."""
    spectra = spectra_where_unseen(quantities)
    simulations = UNSEEN or TRAINING[:1]
    return [path for path in spectra if any(f"/{name}/" in path for name in simulations)]


def baseline_spectra(simulation, region):
    """Spectra of FastPM alone, of the baselines, of the fits of config.yaml, and of ensembles."""
    paths = []
    for quantity, redshift in TRAINED:
        if redshift not in redshifts_of(simulation):
            continue
        folder, name = f"{simulation}/spectra/{region}", f"{quantity}_z{redshift}.csv"
        if quantity == OF_PARTICLES:
            paths.append(f"results/{folder}/fastpm_z{redshift}.csv")
        paths += [
            f"results/{variant}{folder}/{name}"
            for variant, settings in VARIANTS.items()
            if quantity in settings.compared
        ]
        paths.append(f"results/{folder}/{name}")
        if region == "all" and simulation in UNSEEN and (quantity, redshift) in BANDED:
            paths.append(f"results/{simulation}/spectra/band/{name}")
    return paths


def baseline_spectra_of(wildcards):
    return baseline_spectra(wildcards.simulation, wildcards.region)


# The paper's figures: spectra of one quantity in the training box, and pictures of `all`.

PAPER_SPECTRA = dict(zip(("6", "7", "8"), QUANTITIES))
PAPER_FIGURES = {}
for _name in SHOWN:
    PAPER_FIGURES["3"] = f"results/figures/slices_{_name}.png"
for _number, _region in zip(("4", "5"), REGIONS_SHOWN):
    PAPER_FIGURES[_number] = f"results/figures/relative_difference_{_region}.png"
for _name in UNSEEN[:1]:
    PAPER_FIGURES["9"] = f"results/figures/slices_{_name}.png"
    PAPER_FIGURES["10"] = f"results/figures/spectra_{_name}.png"


def of_paper(quantities):
    """Spectra in the whole box of a single simulation at every redshift."""
    pattern = "results/{simulation}/spectra/all/{quantity}_z{redshift}.csv"
    return for_each(pattern, quantities, SHOWN)


def spectra_of_paper(wildcards):
    return of_paper([PAPER_SPECTRA[wildcards.number]])


def fastpm_of_paper(wildcards):
    return of_paper(["fastpm"] if PAPER_SPECTRA[wildcards.number] == OF_PARTICLES else [])


# Fits over redshifts.


def painted_over_redshifts(folder):
    """Spectra in a folder at the redshifts of the fits, and at all between."""
    lowest, highest = min(JOINT_REDSHIFTS, key=float), max(JOINT_REDSHIFTS, key=float)
    pattern = f"{folder}{{simulation}}/spectra/all/{{quantity}}_z{{redshift}}.csv"
    between = [z for z in REDSHIFTS if float(lowest) <= float(z) <= float(highest)]
    return for_each(pattern, QUANTITIES, COMPARED, between)
