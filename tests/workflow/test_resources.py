# SPDX-License-Identifier: GPL-3.0-or-later
"""What jobs ask for: ranks, threads, memory and time, with the Slurm profile and without it."""

import re

import pytest
from dry_runs import ALL_JOBS


def asked_for(workflow, *arguments):
    """What each rule's jobs ask for, by a command without --cores."""
    return workflow.plan(*arguments, cores=()).resources


def test_dry_run_with_the_slurm_profile_on_a_machine_without_slurm(unchanged):
    assert unchanged.plan("--profile", "slurm", cores=()).jobs == ALL_JOBS


def test_jobs_on_the_mesh_ask_slurm_for_ranks_and_memory(unchanged, fresh):
    """The profile as it is typed: no --cores, every fit on the ranks that it names once."""
    small = asked_for(unchanged, "--profile", "slurm")
    on_mesh = {rule for rule in ALL_JOBS if rule.startswith(("fit", "paint", "powerspec", "fast"))}
    assert len(on_mesh) == 6
    for rule in (*on_mesh, "initial_conditions"):
        for asked in small[rule]:
            assert asked["tasks"] == "2"
            assert asked["mpi"].startswith("srun --mpi=pmix ")
            assert asked["mpi"].endswith(" --ntasks=2 --cpus-per-task=1")
            assert int(asked["mem_mb_per_cpu"]) < 2000
            assert 10 < int(asked["runtime"]) < 60
    assert "tasks" not in small["slices"][0]
    fresh.change(lambda config: config["initial_conditions"].update(particles=512, mesh=1024))
    fresh.change(lambda config: config["maps"].update(mesh=512, refine=1))
    large = asked_for(fresh, "--profile", "slurm")
    for rule in (*on_mesh, "initial_conditions"):
        for asked in large[rule]:
            assert int(asked["mem_mb_per_cpu"]) > 2000
    # Those of neutral hydrogen take longest.
    assert max(int(asked["runtime"]) for asked in large["fit"]) > 600


def test_ranks_on_one_machine_need_no_profile(unchanged):
    asked = asked_for(unchanged, "--cores", "1", "--config", "ranks=3")
    assert asked["fastpm"][0]["mpi"] == "mpirun -n 3"
    assert asked_for(unchanged, "--cores", "1")["fastpm"][0]["mpi"] == ""


def test_no_job_asks_for_a_gpu_unless_the_configuration_does(unchanged):
    for options in (("--profile", "slurm"), ("--cores", "1")):
        for rule, jobs in asked_for(unchanged, *options).items():
            for asked in jobs:
                assert "gpu" not in asked
                assert asked.get("device") == ("cpu" if "mpi" in asked else None), rule
    lines = unchanged.plan().commands.values()
    assert all(" --device cpu " in line for line in lines if "fit" in line)


def test_jobs_of_fastpm_fits_and_maps_ask_for_one_gpu(unchanged):
    """And more memory beside it; nothing else changes, and no job runs again for it."""

    def on(device):
        settings = ("ranks=1", "threads=1", f"device={device}", "launcher=srun -n {ranks}")
        return asked_for(unchanged, "--profile", "slurm", "--config", *settings)

    jobs, on_cpu = on("gpu"), on("cpu")
    with_gpu = {rule for rule, each in jobs.items() if any("gpu" in asked for asked in each)}
    assert with_gpu == {"fastpm", "fit", "paint", "paint_members"}
    for rule in with_gpu:
        for asked, before in zip(jobs[rule], on_cpu[rule], strict=True):
            assert (asked["gpu"], asked["tasks"], asked["mpi"]) == ("1", "1", "")
            assert asked["device"] == "gpu"
            more = int(asked["mem_mb_per_cpu"]) - int(before["mem_mb_per_cpu"])
            assert more == pytest.approx(3000, abs=1)
    for rule in set(jobs) - with_gpu:
        assert "gpu" not in jobs[rule][0]
        assert jobs[rule] == on_cpu[rule]
    output = unchanged.plan("--config", "device=gpu", "ranks=1").output
    lines = re.findall(r"^.* --device (\w+) .*$", output, re.M)
    assert lines.count("gpu") == 12 + 9 + 36 + 9


def test_a_fit_to_more_simulations_asks_for_more(unchanged, fresh):
    def memory(workflow):
        fits = asked_for(workflow, "--cores", "1")["fit"]
        return max(int(asked["mem_mb_per_cpu"]) for asked in fits)

    fresh.change(lambda config: config["simulations"][3].update(role="train"))
    assert memory(fresh) > memory(unchanged)


def test_figure_2_is_measured_on_each_number_of_ranks_and_not_part_of_all(fresh):
    fresh.change(lambda config: config["scaling"].update(ranks=[1, 2, 4]))
    assert fresh.jobs("--", "figure2") == {"scaling": 3, "figure2": 1}
    on_slurm = fresh.plan("--profile", "slurm", "--", "figure2")
    assert on_slurm.jobs == {"scaling": 3, "figure2": 1}
    on_ranks = on_slurm.resources["scaling"]
    found = {(asked["tasks"], "srun" in asked["mpi"]) for asked in on_ranks}
    assert found == {("1", False), ("2", True), ("4", True)}
