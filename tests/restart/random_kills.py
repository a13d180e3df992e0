# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill runs again and again at random moments, and compare what comes out: `make test-kills`.

Fits, FastPM and a small workflow are killed with all their ranks and jobs, started again by the
same command, killed again, and in the end left alone. What they leave must be that of a run that
nothing disturbed, bit for bit, with no file more and none less.
"""

import argparse
import dataclasses
import itertools
import random
import resource
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import yaml
from killing import Command, answers_taken_up, command_line, contents, recorded
from small_universe import save_particles, save_target

from jerald_tools.io.grids import MapFile, MapHeader, write_map
from jerald_tools.io.record import this_run

ROOT = Path(__file__).parents[2]

# So many kills at most before a run is left to end.
KILLS_IN_A_ROW = 4

FIT = ("fit-stellar", "particles.h5", "--target", "stellar-mass.h5", "--precision", "double",
       "--starts", "2", "--layers", "1", "--evaluations", "60", "-o", "fit.json")  # fmt: skip
FIT_OVER_RANKS = ("fit-dm", "particles.h5", "--target", "dark-matter.h5", "--loss", "paper",
                  "--starts", "1", "--evaluations", "30", "-o", "fit.json")  # fmt: skip
ICS = ("generate-ics", "--seed", "7", "--box-size", "12", "--power", ROOT / "data/linear_power.txt")
FASTPM = ("run-fastpm", "ics.h5", "--redshift", "3", "--redshift", "2", "--steps", "20",
          "--checkpoint", "state", "-o", "particles_z{redshift}.h5")  # fmt: skip
WORKFLOW = ("snakemake", "--cores", "2", "--nocolor",
            "results/train/maps/dark-matter_z2.00.h5",
            "results/train/spectra/all/dark-matter_z2.00.csv")  # fmt: skip


def prepare_fit(folder: Path) -> None:
    save_particles(folder / "particles.h5")
    for quantity in ("dark-matter", "stellar-mass"):
        save_target(folder / f"{quantity}.h5", quantity)


def prepare_fastpm(folder: Path) -> None:
    Command(folder, [*map(str, ICS), "--mesh", "64", "--particles", "64", "-o", "ics.h5"]).succeed()


def prepare_workflow(folder: Path) -> None:
    """The project's workflow on 16^3, whose reference follows its own particles."""
    for name in ("Snakefile", "workflow", "profiles", "data"):
        (folder / name).symlink_to(ROOT / name)
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    row = {"name": "train", "seed": 7, "role": "train", "redshifts": [2], "reference": "reference"}
    config["simulations"] = [row]
    del config["over_redshifts"]
    config["initial_conditions"].update(box_size=7, particles=16, mesh=32)
    config["maps"] = {"mesh": 16, "refine": 1}
    config["fits"] = [fit | {"layers": 1} for fit in config["fits"] if fit["redshift"] == 2]
    config["optimisation"].update(evaluations=15, starts=1, members=2)
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    (folder / "reference").mkdir()
    particles = "results/train/particles_z2.00.h5"
    Command(folder, ["snakemake", "--cores", "2", particles]).succeed()
    Command(folder, ["paint", particles, "-o", "density.h5"]).succeed()
    with MapFile(folder / "density.h5") as file:
        density, header = file.read().astype(np.float64), file.header
    for quantity, units, values in (
        ("dark-matter", "1 + delta", density**0.95),
        ("stellar-mass", "1e10 Msun/h per cell", 3e-3 * np.maximum(density**1.3 - 0.5, 0)),
        ("neutral-hydrogen", "cm^-3 (proper)", 4e-8 * density**0.8),
    ):
        target = MapHeader(
            quantity, units, "test", header.box_size, header.mesh, 2.0, header.cosmology
        )
        name = folder / f"reference/{quantity}_z2.00.h5"
        write_map(name, target, [(0, values)], this_run(arguments=["test"]))
    (folder / "density.h5").unlink()
    for name in ("results", ".snakemake"):
        shutil.rmtree(folder / name)


@dataclasses.dataclass(frozen=True)
class Case:
    """What is killed, and how often."""

    name: str
    prepare: Callable[[Path], None]
    ranks: int
    command: tuple
    kills: int

    @property
    def arguments(self) -> list[str]:
        """The command line."""
        return command_line(self.ranks, *self.command)


CASES = [
    Case("fit", prepare_fit, 1, FIT, 4),
    Case("fit-over-ranks", prepare_fit, 3, FIT_OVER_RANKS, 4),
    Case("FastPM", prepare_fastpm, 1, FASTPM, 3),
    Case("FastPM", prepare_fastpm, 3, FASTPM, 3),
    Case("workflow", prepare_workflow, 1, WORKFLOW, 6),
]


def try_case(case: Case, workshop: Path, seed: int) -> None:
    """Kill so many runs of a case, a few in a row, and compare what each row left in the end."""
    fresh, undisturbed = workshop / "fresh", workshop / "undisturbed"
    fresh.mkdir()
    case.prepare(fresh)
    shutil.copytree(fresh, undisturbed, symlinks=True)
    began = cpu_seconds()
    Command(undisturbed, case.arguments).succeed()
    duration = cpu_seconds() - began
    expected = contents(undisturbed)
    print(f"{case.name} on {case.ranks} rank(s): {duration:.1f} CPU s undisturbed", flush=True)

    killed = 0
    for number in itertools.count(1):
        if killed >= case.kills:
            break
        name = f"{seed}-{case.name}-{case.ranks}-{number}"
        moments = random.Random(name)
        folder = workshop / "disturbed"
        shutil.copytree(fresh, folder, symlinks=True)
        notes, kept = [], 0
        for _ in range(min(KILLS_IN_A_ROW, case.kills - killed)):
            moment = moments.uniform(0.2, 1.0) * duration
            run = Command(folder, case.arguments)
            run.work(moment)
            if not run.kill() or contents(folder).keys() == expected.keys():
                break  # too late: it had all its files already
            killed += 1
            kept = check_journal(folder, run, kept)
            left = sorted(contents(folder).keys() - contents(fresh).keys())
            notes.append(
                f"{moment:.1f} CPU s, leaving {', '.join(left) or 'nothing'} ({kept} answers)"
            )
        if contents(folder).keys() != expected.keys():
            last = Command(folder, case.arguments)
            last.succeed()
            check_journal(folder, last, kept)
        found = contents(folder)
        assert found.keys() == expected.keys(), (name, found.keys() ^ expected.keys())
        different = [path for path in expected if found[path] != expected[path]]
        assert not different, (name, different)
        print(f"  seed {name}: equal after {len(notes)} kill(s)", *notes, sep="\n    ", flush=True)
        shutil.rmtree(folder)
    stale = [path for path in (workshop / "wisdom").iterdir() if path.suffix != ".wisdom"]
    assert not stale, stale


def cpu_seconds() -> float:
    """Used by all commands that have ended: unlike time, the same on a busy machine."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def check_journal(folder: Path, run: Command, kept: int) -> int:
    """See that a fit took up all that was recorded before; how much is recorded now."""
    taken_up = answers_taken_up(run.said())
    # A run may be killed before it says that it goes on.
    assert taken_up in (0, kept), (taken_up, kept)
    recorded_now = recorded(folder / "fit.json.journal")
    assert recorded_now >= kept or (folder / "fit.json").exists(), (recorded_now, kept)
    return recorded_now


def main() -> None:
    """Try all cases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    parser.add_argument("--only", help="the cases of this name")
    options = parser.parse_args()
    chosen = [case for case in CASES if options.only in (None, case.name)]
    for case in chosen:
        with tempfile.TemporaryDirectory() as workshop:
            try_case(case, Path(workshop), options.seed)
    print(f"{sum(case.kills for case in chosen)} kills, nothing lost")


if __name__ == "__main__":
    main()
