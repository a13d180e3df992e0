# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a snapshot has what a recipe needs, found out before anything large is read."""

from jerald_tools.errors import BadInput
from jerald_tools.files.snapshots.checked import read_field
from jerald_tools.files.snapshots.snapshot import Snapshot
from jerald_tools.targets.recipe import Recipe


def check_recipe(snapshot: Snapshot, recipe: Recipe) -> None:
    """Refuse a recipe that the snapshot cannot fill, before anything large is read.

    Raises:
        BadInput: naming what is missing and the option that mends it.
    """
    path, species = snapshot.paths[0], recipe.species
    number = snapshot.header.number(species)
    if number == 0:
        raise BadInput(f"{path}: has no {species}; give a snapshot that has some")
    for field in ("positions", "masses"):
        if not snapshot.has(species, field):
            raise BadInput(f"{path}: has no {field} of {species}; give a snapshot that has them")
    # The unit of mass, missed here rather than in the first chunk.
    read_field(snapshot, species, "masses", 0, 1)
    if recipe.deposit == "sph" and not snapshot.has(species, "smoothing_length"):
        raise BadInput(
            f"{path}: has no smoothing lengths of {species}, which --deposit sph needs; "
            "use --deposit cic"
        )
    if recipe.quantity == "neutral-hydrogen":
        _check_hydrogen(snapshot, recipe)


def _check_hydrogen(snapshot: Snapshot, recipe: Recipe) -> None:
    path = snapshot.paths[0]
    if recipe.rates is None and not snapshot.has("gas", "neutral_fraction"):
        raise BadInput(
            f"{path}: has no neutral fraction of gas; give --uvb TABLE to compute it from density, "
            "temperature and the ultraviolet background"
        )
    if recipe.star_forming != "as-is" and not snapshot.has("gas", "star_formation_rate"):
        raise BadInput(
            f"{path}: has no star formation rates; leave out --star-forming-gas "
            f"{recipe.star_forming}"
        )
    if recipe.rates is None:
        return
    if not snapshot.has("gas", "density"):
        raise BadInput(f"{path}: has no density of gas, which --uvb needs; leave it out")
    heat = next((f for f in ("temperature", "internal_energy") if snapshot.has("gas", f)), None)
    if heat is None:
        raise BadInput(f"{path}: has no temperature of gas, which --uvb needs; leave it out")
    read_field(snapshot, "gas", heat, 0, 1)
