# SPDX-License-Identifier: GPL-3.0-or-later
"""Small files that no command should take, beside those that it does take."""

import dataclasses
import json
from typing import Any

import h5py
import numpy as np
from small_universe import cloud_in_cell, save_fit
from snapshot_files import gadget_attributes

from jerald_tools.cosmology import Cosmology
from jerald_tools.io.grids import (
    InitialConditionsHeader,
    MapHeader,
    write_initial_conditions,
    write_map,
)
from jerald_tools.io.hdf5 import read_record, write_record
from jerald_tools.io.particles import ParticlesHeader, write_particles
from jerald_tools.io.record import Record
from jerald_tools.io.sealed_json import write_document
from jerald_tools.io.spectra import write_spectrum
from jerald_tools.model.validity import Validity


def save_bad_files(here):
    """Write files of every kind, as their names say whole, damaged or edited."""
    record = Record("0", "unknown", "test")
    box, mesh, lattice = (10.0, 10.0, 10.0), (8, 8, 8), (4, 4, 4)
    cosmology = Cosmology()
    generator = np.random.default_rng(1)
    # Maps follow the particles, as a fit requires.
    where = np.random.default_rng(2).random((64, 3)) * 10
    density = 0.1 + cloud_in_cell(where, 1.0, mesh, box)
    field = (density * generator.lognormal(sigma=0.3, size=mesh)).astype(np.float32)

    def save_map(name, values=field, **changes):
        header = MapHeader("dark-matter", "1 + delta", "", box, mesh, 2.0, cosmology)
        write_map(here / name, dataclasses.replace(header, **changes), [(0, values)], record)
        return here / name

    save_map("map.h5")
    save_map("stars.h5", quantity="stellar-mass")
    of_hydrogen: dict[str, Any] = {"quantity": "neutral-hydrogen", "units": "cm^-3 (proper)"}
    save_map("hydrogen.h5", **of_hydrogen)
    save_map("negative_hydrogen.h5", -field, **of_hydrogen)
    save_map("empty_hydrogen.h5", 0 * field, **of_hydrogen)
    save_map("hydrogen_z3.h5", **of_hydrogen, redshift=3.0)
    save_map("hydrogen_other_box.h5", **of_hydrogen, box_size=(11.0,) * 3)
    save_map("hydrogen_other_cosmology.h5", **of_hydrogen, cosmology=Cosmology(omega_m=0.35))
    save_map("moved_hydrogen.h5", **of_hydrogen, attributes={"redshift_space": "z"})
    save_map("hydrogen_of_dust.h5", quantity="neutral-hydrogen")
    save_map("zero.h5", 0 * field)
    save_map("negative.h5", -field / field.max())
    save_map("other_cosmology.h5", cosmology=Cosmology(omega_m=0.35))
    save_map("other_box.h5", box_size=(11.0,) * 3)
    save_map("other_redshift.h5", redshift=3.0)
    save_map("other_mesh.h5", field[:4], mesh=(4, 8, 8))
    with h5py.File(save_map("edited.h5", quantity="neutral-hydrogen"), "r+") as file:
        file.attrs["redshift"] = 1.0
    change_value(save_map("changed.h5"), "map")
    truncated = save_map("truncated.h5")
    truncated.write_bytes(truncated.read_bytes()[:-100])

    ic_header = InitialConditionsHeader(box, mesh, lattice, cosmology)
    for name in ("ics.h5", "nan_ics.h5", "changed_ics.h5"):
        write_initial_conditions(here / name, ic_header, [(0, field - 1)], record)

    def spoil(file, dataset, index=(3, 3, 3)):
        file[dataset][index] = np.nan

    def resealed(path, change, *arguments):
        with h5py.File(path, "r+") as file:
            change(file, *arguments)
            write_record(file, read_record(file))

    change_value(here / "changed_ics.h5", "linear_density")
    whole = (here / "ics.h5").read_bytes()
    (here / "torn_ics.h5").write_bytes(whole[: len(whole) // 2])
    resealed(here / "nan_ics.h5", spoil, "linear_density")
    resealed(save_map("nan.h5"), spoil, "map")
    resealed(save_map("without_map.h5"), h5py.File.__delitem__, "map")
    resealed(save_map("newer.h5"), lambda file: file.attrs.modify("format_version", 99))
    with h5py.File(here / "foreign.h5", "w") as file:
        file["Coordinates"] = np.ones((64, 3))

    for name, redshift in (("particles.h5", 2.0), ("particles_z3.h5", 3.0)):
        rows = [(0, where.astype(np.float32))]
        header = ParticlesHeader(box, lattice, redshift, cosmology)
        write_particles(here / name, header, rows, rows, record)

    whole = (here / "particles.h5").read_bytes()
    (here / "torn_particles.h5").write_bytes(whole[: len(whole) // 2])
    for name in ("nan_particles.h5", "no_velocities.h5", "changed_particles.h5"):
        (here / name).write_bytes(whole)
    change_value(here / "changed_particles.h5", "PartType1/Coordinates", (3, 1), 0.5)
    resealed(here / "nan_particles.h5", spoil, "PartType1/Coordinates", (3, 1))
    resealed(here / "no_velocities.h5", h5py.File.__delitem__, "PartType1/Velocities")

    validity = Validity((1.25, 1.25, 1.25), 64 / 512, 2.0, cosmology, {})
    save_fit(here / "dm.json", "dark-matter", validity)
    save_fit(here / "stars.json", "stellar-mass", validity)
    save_fit(here / "hydrogen.json", "neutral-hydrogen", validity)
    save_fit(here / "without_target.json", "dark-matter", validity, target={})
    save_fit(here / "without_alpha.json", "dark-matter", validity, parameters={"layers": [{}]})
    for name, change in {
        "other_cells.json": {"cell_size": (1.0,) * 3},
        "other_redshift.json": {"redshift": 3.0},
        "other_steps.json": {"step_scheme": {"steps": 20}},
    }.items():
        save_fit(here / name, "dark-matter", dataclasses.replace(validity, **change))
    fit = dict.fromkeys(("quantity", "redshift", "layers", "parameters", "loss", "history"), 0)
    for name in ("fit.json", "edited.json", "truncated.json"):
        write_document(here / name, fit)
    whole = (here / "fit.json").read_text()
    (here / "edited.json").write_text(whole.replace('"layers": 0', '"layers": 2'))
    (here / "truncated.json").write_text(whole[:-20])
    write_edited_fits(here)
    (here / "here").mkdir()
    (here / "words.txt").write_text("neither numbers\nnor anything else\n" * 20)
    (here / "bytes.bin").write_bytes(generator.bytes(5000))
    k = np.geomspace(1e-4, 1e2, 50)
    for name, table in {
        "negative.txt": np.c_[k, -1 / k],
        "short.txt": np.c_[k, 1 / k][20:25],
        "one_column.txt": k,
        "unsorted.txt": np.c_[k, 1 / k][::-1],
        "nan.txt": np.c_[k, np.where(k > 1, np.nan, 1 / k)],
        "empty.txt": np.empty(0),
        "three_columns.txt": np.ones((4, 3)),
        "nan_positions.txt": np.full((3, 2), np.nan),
    }.items():
        np.savetxt(here / name, table)
    (here / "pk.txt").write_text("".join(f"{k} {1 / k}\n" for k in np.geomspace(1e-4, 1e2, 50)))
    write_snapshots(here, generator)
    columns = {"k": np.ones(3), "P": np.ones(3), "modes": np.ones(3)}
    write_spectrum(here / "spectrum.csv", columns, {})
    said = (here / "spectrum.csv").read_text()
    (here / "edited.csv").write_text(said.replace("1.0", "2.0", 1))


def change_value(path, name, index=(3, 3, 3), factor=2.0):
    """Multiply one value of a dataset by a factor."""
    with h5py.File(path, "r+") as file:
        dataset = file[name]
        assert isinstance(dataset, h5py.Dataset)
        dataset[index] *= factor


def write_edited_fits(here):
    """Fits, most of them of dark matter, as a careless hand leaves them."""
    whole, stars, hydrogen = (
        json.loads((here / f"{name}.json").read_text()) for name in ("dm", "stars", "hydrogen")
    )
    (layer,) = whole["parameters"]["layers"]
    for name, changes in {
        "text_for_alpha": {"parameters": {"layers": [{**layer, "alpha": "big"}]}},
        "list_for_alpha": {"parameters": {"layers": [{**layer, "alpha": [1, 2]}]}},
        "no_parameters": {"parameters": None},
        "two_layers": {"layers": 2},
        "negative_mean": {"target": {**whole["target"], "mean": -1.0}},
        "text_for_redshift": {"setting": {**whole["setting"], "redshift": "two"}},
        "list_for_cosmology": {"setting": {**whole["setting"], "cosmology": [0.3]}},
        "of_dust": {"quantity": "dust"},
        "edited_stars": {"quantity": "stellar-mass"},
        "text_for_shift": {**hydrogen, "shift": "x"},
        "nan_for_shift": {**hydrogen, "shift": float("nan")},
        "newer": {"format_version": 99},
        "broken_prerequisite": {"dark_matter_fit": {"format_version": 1, "sha256": "x"}},
        "no_knots": {"parameters": []},
        "knot_without_redshift": {"parameters": [whole["parameters"]]},
        "number_for_ensemble": {"ensemble": 3},
        "text_for_members": {"ensemble": {"members": "x"}},
        "member_without_parameters": {"ensemble": {"members": [{}, {}]}},
        "one_end_of_redshifts": {"setting": {**whole["setting"], "redshift": [5]}},
        "three_ends_of_redshifts": {"setting": {**whole["setting"], "redshift": [5, 3, 2]}},
        "mean_without_number": {"target": {**whole["target"], "mean": [{"redshift": 2.0}]}},
        "no_mean": {"target": {**whole["target"], "mean": []}},
        "number_for_prerequisite": {**stars, "dark_matter_fit": 3},
        "number_for_units": {"target": {**whole["target"], "units": 5}},
        "edited_prerequisite": {"dark_matter_fit": {**whole, "layers": 7}},
    }.items():
        (here / f"{name}.json").write_text(json.dumps({**whole, **changes}))


def write_snapshots(here, generator):
    """Gadget files of 40 particles of gas and as many of dark matter, whole and otherwise."""
    where = generator.random((2, 40, 3)).astype(np.float64) * 1e4

    def save(name, positions=where[0], dark_matter=where[1], masses=None, **changes):
        number = np.array([40, len(dark_matter), 0, 0, 0, 0])
        attributes = gadget_attributes(
            Redshift=2.0, NumPart_ThisFile=number, NumPart_Total=number, NumFilesPerSnapshot=1
        )
        attributes |= changes
        with h5py.File(here / name, "w") as file:
            kept = {name: value for name, value in attributes.items() if value is not None}
            file.create_group("Header").attrs.update(kept)
            for kind, coordinates in enumerate((positions, dark_matter)):
                file[f"PartType{kind}/Coordinates"] = coordinates
                # Those of omega_b and of the rest of omega_m in 10 Mpc/h.
                total = 27.7536627e3 * (0.0482, 0.308 - 0.0482)[kind]
                own = np.full(number[kind], total / number[kind]) if number[kind] else np.ones(0)
                file[f"PartType{kind}/Masses"] = own if masses is None else masses

    save("snap.hdf5")
    save("scalar.hdf5")
    with h5py.File(here / "scalar.hdf5", "r+") as file:
        del file["PartType0/Masses"]
        file["PartType0/Masses"] = 1.0
    save("no_units.hdf5", UnitLength_in_cm=None)
    save("no_baryons.hdf5", OmegaBaryon=None)
    save("curved.hdf5", OmegaLambda=0.6)
    save("short.hdf5", where[0, 1:])
    save("lost.hdf5", NumPart_Total=np.array([41, 40, 0, 0, 0, 0]))
    save("uneven.hdf5", where[0] * [1, 1, 0.8], BoxSize=[1e4, 1e4, 9e3])
    save("outside.hdf5", np.where(where[0] == where[0, 7, 1], 3.5e4, where[0]))
    save("nan.hdf5", np.where(where[0] == where[0, 7, 1], np.nan, where[0]))
    save("negative_mass.hdf5", masses=-np.ones(40))
    cube = np.array([0, 8, 0, 0, 0, 0])
    save("cube.hdf5", dark_matter=where[1, :8], NumPart_ThisFile=cube, NumPart_Total=cube)
    total = 2 * np.array([40, 40, 0, 0, 0, 0])
    for number, redshift in enumerate((2.0, 1.0)):
        save(f"times.{number}.hdf5", Redshift=redshift, NumFilesPerSnapshot=2, NumPart_Total=total)
    for number in (0, 2):
        save(f"part.{number}.hdf5", NumFilesPerSnapshot=3)
    whole = (here / "snap.hdf5").read_bytes()
    (here / "torn_snap.hdf5").write_bytes(whole[: len(whole) // 2])
    (here / "uvb.txt").write_text("0 1e-12 1e-12 1e-12\n1 1e-12 1e-12 1e-12\n")
