# Lines of sight and 21 cm: inputs and parameters of their rules.

OBSERVABLES = config.get("observables", {"every": 1, "pixel": 5.0, "mean_flux": {}})
HYDROGEN = "neutral-hydrogen"


def observed(pattern, simulations=tuple(UNSEEN or TRAINING[:1])):
    """Paths where hydrogen has a fit and the mean flux of its redshift is known."""
    return for_each(pattern, [HYDROGEN], simulations, OBSERVABLES["mean_flux"])


def fit_of_hydrogen(wildcards):
    return fit_of("", HYDROGEN, wildcards.redshift)


def fine_option(wildcards):
    """Maps of models that act on the mesh of the map are as fine as they can be."""
    row = FITS[HYDROGEN, wildcards.redshift]
    return "--fine" if row.get("refine", REFINED[HYDROGEN]) > 1 else ""


def mean_flux_of(wildcards):
    return OBSERVABLES["mean_flux"][wildcards.redshift]


def lines_of_reference(wildcards):
    """Lines through the simulation that the reference's maps are of, if it has some."""
    folder = SIMULATIONS[wildcards.simulation].get("reference", "")
    path = f"{folder}/skewers_z{wildcards.redshift}.h5"
    return path if Path(path).exists() else []


def flux_options(wildcards, input):
    return f"--reference {input.reference}" if input.reference else ""
