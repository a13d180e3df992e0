# SPDX-License-Identifier: GPL-3.0-or-later
"""The estimate against what runs take, and what it says of a plan."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import h5py
import pytest
import yaml

from jerald_tools.cli.estimate import main
from jerald_tools.errors import BadInput
from jerald_tools.estimate import cost as cost_module
from jerald_tools.estimate.cost import STAGES, cost, ghost_planes, require_room, warnings
from jerald_tools.estimate.problem import (
    QUANTITIES,
    Problem,
    coefficients,
    fit_sizes,
    problem_of,
)
from jerald_tools.estimate.words import duration, size

ROOT = Path(__file__).parents[2]
BINARIES = Path(sys.executable).parent
LARGE = Problem(particles=512, mesh=1024, box_size=213)
ON_CARD = dataclasses.replace(LARGE, device="gpu")


def said(capsys, *arguments):
    """Status, output and errors of the command."""
    with pytest.raises(SystemExit) as ended:
        main.main([str(argument) for argument in arguments])
    shown = capsys.readouterr()
    return ended.value.code, shown.out, shown.err


def test_memory_is_what_commands_record(tmp_path):
    ics, particles = tmp_path / "ics.h5", tmp_path / "particles.h5"
    sizes = "--mesh 64 --particles 32 --box-size 13.33"
    power = ROOT / "data" / "linear_power.txt"
    lines = {
        "generate-ics": f"generate-ics --seed 1 {sizes} --power {power} -o {ics}",
        "run-fastpm": f"run-fastpm {ics} --redshift 2 -o {particles}",
    }
    problem = Problem(particles=32, mesh=64, box_size=13.33)
    for stage, path in zip(lines, (ics, particles), strict=True):
        command, *arguments = lines[stage].split()
        subprocess.run([BINARIES / command, *arguments, "-q", "--threads", "1"], check=True)
        with h5py.File(path) as file:
            record = file["provenance"]
            assert isinstance(record, h5py.Dataset)
            found = json.loads(record[0])["peak_memory_bytes"]
        # What a process holds before any mesh differs between machines by a sixth.
        assert found == pytest.approx(cost(stage, problem).memory, rel=0.5)
        assert path.stat().st_size == pytest.approx(cost(stage, problem).files, rel=0.25)


@pytest.mark.parametrize("stage", STAGES)
def test_costs_go_with_the_size(stage):
    one, many = (cost(stage, dataclasses.replace(LARGE, ranks=ranks)) for ranks in (4, 32))
    assert many.memory < one.memory / 2
    assert many.seconds < one.seconds / 2
    assert many.files == one.files
    threads = cost(stage, dataclasses.replace(LARGE, ranks=4, threads=4))
    assert one.seconds / 4 < threads.seconds < one.seconds
    assert threads.memory == one.memory
    double = cost(stage, dataclasses.replace(LARGE, ranks=4, precision="double"))
    assert one.memory < double.memory < 2 * one.memory


@pytest.mark.parametrize("stage", ["fit-dm", "fit-stellar", "fit-hi"])
@pytest.mark.parametrize("more", ["layers", "simulations", "starts", "evaluations"])
def test_a_greater_fit_takes_longer(stage, more):
    problem = dataclasses.replace(LARGE, evaluations=50)
    greater = {
        "layers": dict.fromkeys(QUANTITIES, 3),
        "simulations": 2,
        "starts": 5,
        "evaluations": 90,
    }
    larger = dataclasses.replace(problem, **{more: greater[more]})
    assert cost(stage, larger).seconds > cost(stage, problem).seconds


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_fits_are_counted_as_they_are(quantity):
    from jerald_tools.fitting.search import SCREENING
    from jerald_tools.fitting.search_space import ravel_parameters
    from jerald_tools.quantities import quantity_named

    assert cost_module.SCREENING == SCREENING
    size = fit_sizes()[quantity]
    for layers in (0, 1, 2):
        number = len(ravel_parameters(quantity_named(quantity).original_parameters(layers)))
        assert number == size.transform + size.layer * layers


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_files_of_fits_have_the_size_of_the_shipped_ones(quantity):
    shipped = [path.stat().st_size for path in (ROOT / "data" / "fits").glob(f"{quantity}_z*.json")]
    estimated = cost(fit_sizes()[quantity].stage, LARGE).files
    assert len(shipped) == 3
    assert shipped == pytest.approx([estimated] * 3, rel=0.25)


def test_models_on_a_finer_mesh_cost_what_its_cells_cost():
    """One particle a cell of the model in both; maps and their spectra are smaller."""
    fine = dataclasses.replace(LARGE, map_mesh=256, refine={**LARGE.refine, "stellar-mass": 2})
    for stage in ("fit-stellar", "paint stellar-mass"):
        assert cost(stage, fine).memory == cost(stage, LARGE).memory
        assert cost(stage, fine).seconds == pytest.approx(cost(stage, LARGE).seconds, rel=0.05)
    assert cost("paint stellar-mass", fine).files == cost("paint stellar-mass", LARGE).files / 8
    assert cost("powerspec", fine).memory < cost("powerspec", LARGE).memory / 2


@pytest.mark.parametrize("stage", STAGES)
def test_every_coefficient_is_of_a_load(stage):
    """A load without a coefficient costs nothing, so a name with a mistake would be free."""
    load = STAGES[stage](LARGE)
    loads = {"bytes": set().union(*load.held), "seconds": {*load.done, *load.done_alone}}
    for kind, names in loads.items():
        assert set(coefficients("cpu")[stage][kind]) == names
        for device in ("gpu", "gpu-jax"):
            assert set(coefficients(device)[stage][kind]) <= names


@pytest.mark.parametrize(
    ("device", "step", "dark_matter", "hydrogen"),
    [("gpu", 84, 84.1, 156.3), ("gpu-jax", 232, 312, 540)],
)
def test_the_card_holds_what_was_measured_on_it(device, step, dark_matter, hydrogen):
    """Bytes a cell of one particle each: a step, one layer of dark matter, two of hydrogen."""
    equal = Problem(particles=512, mesh=512, box_size=213, device=device)
    force = dataclasses.replace(equal, mesh=1)
    dark = dataclasses.replace(equal, layers=dict.fromkeys(QUANTITIES, 1))
    measured = {
        cost("run-fastpm", force).card_memory: step,
        cost("fit-dm", dark).card_memory: dark_matter,
        cost("fit-hi", equal).card_memory: hydrogen,
    }
    for found, bytes_a_cell in measured.items():
        assert found == pytest.approx(bytes_a_cell * 512**3, rel=5e-3)


@pytest.mark.parametrize("stage", STAGES)
def test_a_job_on_a_card_grows_with_its_size(stage):
    small = dataclasses.replace(ON_CARD, particles=256, mesh=512)
    assert cost(stage, ON_CARD).card_memory == pytest.approx(8 * cost(stage, small).card_memory)
    double = dataclasses.replace(ON_CARD, precision="double")
    assert cost(stage, double).card_memory == 2 * cost(stage, ON_CARD).card_memory
    assert cost(stage, ON_CARD).memory == cost(stage, LARGE).memory
    assert cost(stage, LARGE).card_memory == 0
    assert cost(stage, ON_CARD).files == cost(stage, LARGE).files


def test_steps_on_a_card_take_less_time():
    many = dataclasses.replace(LARGE, steps=1000)
    on_card = dataclasses.replace(many, device="gpu")
    assert cost("run-fastpm", on_card).seconds < cost("run-fastpm", many).seconds / 10


def test_what_estimate_says_is_what_is_refused(capsys):
    needed = cost("run-fastpm", ON_CARD).card_memory
    require_room("run-fastpm", ON_CARD, "NVIDIA H200", limit=int(needed) + 1)
    with pytest.raises(BadInput) as refused:
        require_room("run-fastpm", ON_CARD, "NVIDIA H200", limit=int(needed) - 1)
    _, output, _ = said(capsys, "--particles", 512, "--box-size", 213, "--device", "gpu")
    (row,) = (line for line in output.splitlines() if line.startswith("run-fastpm"))
    assert f" {size(needed)} " in row
    assert str(refused.value).startswith(f"the job needs {size(needed)} of a GPU, and NVIDIA H200")


def test_the_command_knows_a_card(capsys, tmp_path):
    status, output, _ = said(capsys, ROOT / "config.yaml", "--device", "gpu")
    assert status == 0
    assert "single precision, one GPU;" in output
    assert "memory of the card" in output
    assert all(stage in output for stage in STAGES)
    assert "NVIDIA" in output.splitlines()[-1]
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({**config, "device": "gpu"}))
    assert said(capsys, path) == (0, output, "")
    status, _, errors = said(capsys, path, "--ranks", "1,2")
    assert (status, errors) == (
        2,
        "estimate: error: --device gpu: one GPU has one rank; leave out --ranks\n",
    )
    assert "memory a rank" in said(capsys, path, "--device", "cpu", "--ranks", "1,2")[1]
    path.write_text(yaml.safe_dump({**config, "device": "tpu"}))
    assert said(capsys, path)[2] == (
        f"estimate: error: {path}: device: 'tpu' is none of cpu, gpu\n"
    )


def test_ranks_without_planes_and_with_too_many_ghosts_are_warned_of():
    assert warnings(LARGE) == []
    assert warnings(dataclasses.replace(LARGE, ranks=32)) == []
    thin = dataclasses.replace(LARGE, ranks=128)
    assert f"{ghost_planes(thin)} ghost planes of a rank outnumber its own 4" in warnings(thin)[0]
    (uneven,) = warnings(Problem(particles=6, mesh=8, box_size=10, ranks=4))[:1]
    assert "6 planes, at most 2 a rank: 1 would hold none" in uneven
    lines = warnings(dataclasses.replace(LARGE, ranks=600))
    assert "the maps have 512 planes: 88 ranks would hold none; take at most 512" in lines[0]


def test_the_command_reads_a_config_and_options_change_it(capsys):
    status, output, _ = said(capsys, ROOT / "config.yaml", "--ranks", 2)
    assert status == 0
    assert "96^3 particles in 20 Mpc/h, initial conditions on 192^3 nodes" in output
    assert all(stage in output for stage in STAGES)
    assert "\nwarning: 2 ranks" not in output
    _, changed, _ = said(capsys, ROOT / "config.yaml", "--particles", 64, "--ranks", "1,2,4,64")
    assert "64^3 particles in 20 Mpc/h" in changed
    assert "nodes, maps on 48^3, models on up to 96^3,\n" in output
    _, refined, _ = said(capsys, ROOT / "config.yaml", "--map-mesh", 32, "--refine", 3)
    assert "nodes, maps on 32^3, models on up to 96^3,\n" in refined
    assert "4 rank(s)" in changed
    assert "warning: 64 ranks, but the maps have 48 planes" in changed


def test_the_command_does_without_a_config(capsys):
    status, output, _ = said(capsys, "--particles", 512, "--box-size", 213, "--threads", 8)
    assert status == 0
    assert "initial conditions on 1024^3 nodes" in output
    assert "single precision, 8 thread(s) a rank" in output


def test_the_configuration_says_the_same_as_options():
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["fits"][4] |= {"layers": 3, "refine": 3}
    layers = {"dark-matter": 2, "stellar-mass": 3, "neutral-hydrogen": 1}
    refine = {"dark-matter": 1, "stellar-mass": 3, "neutral-hydrogen": 2}
    problem = Problem(
        *(96, 192, 20),
        ranks=3,
        layers=layers,
        map_mesh=48,
        refine=refine,
        simulations=3,
        # Two seeds: the members without each of them together cost what one fit to all boxes costs.
        members=1,
    )
    assert problem_of(config, ranks=3) == problem
    config["optimisation"]["members"] = 6
    assert problem_of(config, ranks=3) == dataclasses.replace(problem, members=6)
    shipped = {"quantity": "stellar-mass", "redshift": 3, "fit": "shipped.json"}
    config["fits"][4] = shipped
    del config["maps"]
    assert problem_of(config).layers["stellar-mass"] == 1
    assert problem_of(config).map_nodes == 96


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (None, "cannot be read as YAML"),
        ("[", "cannot be read as YAML"),
        ("fits: []", "the key initial_conditions is missing"),
        ("12", "is not a config.yaml of the workflow"),
    ],
)
def test_a_bad_config_is_one_line(tmp_path, capsys, content, line):
    path = tmp_path / "config.yaml"
    if content is not None:
        path.write_text(content)
    status, output, errors = said(capsys, path)
    assert (status, output) == (2, "")
    assert errors.startswith(f"estimate: error: {path}: {line}")
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("section", "key", "value", "line"),
    [
        ("initial_conditions", "particles", "48", "'48' is not a whole number from 1 on"),
        ("initial_conditions", "particles", 0, "0 is not a whole number from 1 on"),
        ("initial_conditions", "mesh", 96.5, "96.5 is not a whole number from 1 on"),
        ("initial_conditions", "box_size", 0, "0 is not a positive length in Mpc/h"),
        ("initial_conditions", "box_size", "20", "'20' is not a positive length in Mpc/h"),
        ("initial_conditions", "box_size", None, "None is not a positive length in Mpc/h"),
        ("initial_conditions", "box_size", -1, "-1 is not a positive length in Mpc/h"),
        ("fastpm", "steps", None, "None is not a whole number from 1 on"),
        ("fastpm", "force_mesh_factor", True, "True is not a whole number from 1 on"),
        ("optimisation", "starts", [4], "[4] is not a whole number from 1 on"),
        ("optimisation", "evaluations", -1, "-1 is not a whole number from 1 on"),
        ("optimisation", "members", None, "None is not a whole number from 0 on"),
    ],
)
def test_a_value_that_cannot_be_is_one_line(tmp_path, capsys, section, key, value, line):
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config[section][key] = value
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    assert said(capsys, path) == (2, "", f"estimate: error: {path}: {section}.{key}: {line}\n")


@pytest.mark.parametrize(
    ("table", "row", "line"),
    [
        ("fits", {"quantity": "gas"}, "fits[0].quantity: 'gas' is none of dark-matter, "),
        ("fits", {"layers": "2"}, "fits[0].layers: '2' is not a whole number from 0 on"),
        (
            "simulations",
            {"role": "predict"},
            "simulations: the number of rows with role: train: 0 ",
        ),
    ],
)
def test_a_row_that_cannot_be_is_one_line(tmp_path, capsys, table, row, line):
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["simulations"] = config["simulations"][:1]
    config["optimisation"]["members"] = 6
    config[table][0].update(row)
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    status, output, errors = said(capsys, path)
    assert (status, output) == (2, "")
    assert errors.startswith(f"estimate: error: {path}: {line}")
    assert errors.count("\n") == 1


def test_fits_that_are_files_need_no_simulation_to_train_on(tmp_path, capsys):
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["simulations"] = [row for row in config["simulations"] if row["role"] != "train"]
    config["fits"] = [{**row, "fit": "some.json"} for row in config["fits"]]
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    status, output, errors = said(capsys, path)
    assert (status, errors) == (0, "")
    assert "run-fastpm" in output


@pytest.mark.parametrize(
    "arguments", [[], ["--particles", 8], ["--ranks", "1,x"], ["--ranks", "0"], ["--threads", 0]]
)
def test_bad_options_are_one_line(capsys, arguments):
    status, _, errors = said(capsys, *arguments)
    assert status == 2
    assert errors.startswith("estimate: error: ")
    assert errors.count("\n") == 1


def test_it_needs_neither_jax_nor_numpy():
    code = """
import sys
from jerald_tools.cli.estimate import main
from jerald_tools.errors import BadInput
main.main(["config.yaml", "--ranks", "1,2"], standalone_mode=False)
assert not {"jax", "numpy", "mpi4py"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)


def test_numbers_in_words():
    assert [size(number) for number in (5e3, 3.21e7, 1.24e9, 2.5e12)] == [
        *("5 kB", "32 MB", "1.2 GB", "2.5 TB")
    ]
    assert [duration(seconds) for seconds in (3, 600, 9000)] == ["3 s", "10 min", "2.5 h"]
