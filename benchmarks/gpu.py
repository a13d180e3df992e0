# SPDX-License-Identifier: GPL-3.0-or-later
"""This project on a GPU: right? how fast? how much memory? beside PM++ in one run on one card."""

import dataclasses
import functools
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import click

HERE = pathlib.Path(__file__).resolve()
OURS, PMPP = "ours", "PM++"


@dataclasses.dataclass(frozen=True)
class Limit:
    """What a row should stay within.

    Attributes:
        share: most of the time of another row.
        of: that row, (whose, name).
        bytes: most per cell, or None.
    """

    share: float
    of: tuple[str, str]
    bytes: float | None = None


ORDER = (
    (OURS, "paint"),
    (OURS, "read out a gradient"),
    (OURS, "convolve"),
    (OURS, "PM step"),
    (PMPP, "PM step"),
    (OURS, "2LPT"),
    (PMPP, "2LPT"),
    (OURS, "dark matter, 1 layer"),
    (OURS, "hydrogen, 2 layers"),
)
"""What is measured at the size that is asked for; then the PM step at twice that, ours alone."""

LIMITS = {
    "PM step": Limit(0.70, (PMPP, "PM step"), 90),
    "2LPT": Limit(0.5, (PMPP, "2LPT")),
    "dark matter, 1 layer": Limit(2.1, (PMPP, "PM step"), 140),
    "hydrogen, 2 layers": Limit(2.6, (OURS, "dark matter, 1 layer"), 300),
}

backend_option = click.option(
    "--backend", help="Module of the mesh operations.  [default: as make_mesh chooses]"
)


@click.group()
def main():
    """Check and time this project on JAX's default device."""


@main.command()
@click.argument("path", metavar="FILE")
def save(path):
    """Write the answers of this CPU in double precision, at most 8 MiB, for `check`."""
    import gpu_reference

    backend = gpu_reference.save(path)
    click.echo(f"{path}: {os.path.getsize(path) / 2**20:.1f} MiB, backend {backend}")


@main.command()
@click.argument("path", metavar="FILE")
@backend_option
def check(path, backend):
    """Compare this device, in both precisions, with what `save` wrote; status 1 if one fails."""
    import gpu_reference
    import jax

    errors = {}
    for precision in ("single", "double"):
        used, errors[precision] = gpu_reference.compare(path, precision, backend)
    kind = jax.devices()[0].device_kind
    click.echo(f"{kind}, JAX {jax.__version__}, backend {used}: errors against a CPU's float64\n")
    click.echo("| | limit | single | double | within |\n| --- | --: | --: | --: | --- |")
    all_within = True
    for single, double in zip(errors["single"], errors["double"], strict=True):
        within = max(single.error, double.error) <= single.limit
        all_within = all_within and within
        cells = [f"{value:.1e}" for value in (single.limit, single.error, double.error)]
        click.echo(f"| {' | '.join([single.what, *cells, _word(within)])} |")
    sys.exit(0 if all_within else 1)


@main.command()
@click.argument("particles", metavar="FILE")
@click.option("--threads", type=int, help="Of the command.  [default: all cores]")
@click.option("--json", "path", metavar="FILE", help="Write the result there.")
@click.option("--cpu-json", "cpu", metavar="FILE", help="Compare with what --json wrote on a CPU.")
def fit(particles, threads, path, cpu):
    """Fit dark matter at z = 2 of the bundled reference from particles of run-fastpm.

    Status 1 if a loss is further than a thousandth from the CPU's.
    """
    import gpu_fit

    found = gpu_fit.fit_dark_matter(particles, threads)
    if path:
        pathlib.Path(path).write_text(json.dumps(found, indent=1))
    click.echo(json.dumps(found))
    if not cpu:
        return
    of_cpu = json.loads(pathlib.Path(cpu).read_text())
    click.echo("\n| fit-dm | here | CPU | difference | limit | within |")
    click.echo("| --- | --: | --: | --: | --: | --- |")
    all_within = True
    for name in gpu_fit.LOSSES:
        difference = abs(found[name] / of_cpu[name] - 1)
        within = difference <= gpu_fit.LIMIT
        all_within = all_within and within
        losses = f"{found[name]:.7f} | {of_cpu[name]:.7f} | {difference:.1e} | {gpu_fit.LIMIT:g}"
        click.echo(f"| {name} | {losses} | {_word(within)} |")
    for name in ("seconds", "evaluations"):
        click.echo(f"| {name} | {found[name]:.4g} | {of_cpu[name]:.4g} | | | |")
    sys.exit(0 if all_within else 1)


@main.command()
@click.argument("whose", type=click.Choice([OURS, PMPP]))
@click.argument("name")
@click.option("--size", required=True, type=int)
@click.option("--repeats", required=True, type=int)
@click.option("--tile", required=True)
@backend_option
def measure(whose, name, size, repeats, tile, backend):
    """Measure one thing in this process and print it as a JSON line; `time` calls this."""
    warnings.simplefilter("ignore")
    import jax

    jax.config.update("jax_enable_x64", True)
    if whose == OURS:
        from gpu_work import work_named

        make = functools.partial(work_named, name, size, backend, tile)
    else:
        from gpu_pmpp import work_named

        make = functools.partial(work_named, name, size)
    click.echo(json.dumps(_measured(make, repeats, size**3)))


def _measured(make, repeats: int, cells: int) -> dict:
    """Median seconds of calls after a first one, and the device's peak in bytes a cell."""
    import jax

    device = jax.devices()[0]
    work = make()
    call, arguments, is_chain = work.call, jax.block_until_ready(work.arguments), work.is_chain
    # Nothing else may hold what a chain starts from: it would count as memory of the work.
    del work
    seconds = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        result = jax.block_until_ready(call(*arguments))
        seconds.append(time.perf_counter() - start)
        if is_chain:
            arguments = result
        del result
    peak = (device.memory_stats() or {}).get("peak_bytes_in_use")
    return {
        "ms": 1e3 * statistics.median(seconds[1:]),
        "first_seconds": seconds[0],
        "bytes": peak and peak / cells,
        "device": device.device_kind,
        "jax": jax.__version__,
    }


@main.command("time")
@click.option("--size", default=512, show_default=True, help="Nodes and particles a side.")
@click.option("--repeats", default=7, show_default=True, type=click.IntRange(min=1))
@click.option("--limit-seconds", default=60, show_default=True, help="Of each measurement.")
@click.option("--json", "path", metavar="FILE", help="Write all rows there, after each.")
@backend_option
def time_rows(size, repeats, limit_seconds, path, backend):
    """Print a table of milliseconds and of bytes a cell, ours beside PM++.

    Each measurement is a process of its own. It is printed when it is made, and the table holds
    those that succeeded if others fail.
    """
    wanted = [(*row, size) for row in ORDER] + [(OURS, "PM step", 2 * size)]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        tile = f"{folder}/tile.npz"
        _make_tile(size, tile)
        for whose, name, side in wanted:
            options = ["--size", str(side), "--repeats", str(repeats), "--tile", tile]
            options += ["--backend", backend] if backend else []
            begin = time.perf_counter()
            found = _in_a_process([whose, name, *options], limit_seconds)
            spent = time.perf_counter() - begin
            rows.append({"whose": whose, "name": name, "size": side, "spent": spent, **found})
            click.echo(json.dumps(rows[-1]))
            if path:
                pathlib.Path(path).write_text(json.dumps(rows, indent=1))
    click.echo("")
    click.echo(table(rows, size))


def _make_tile(side: int, path: str) -> None:
    """Write the tile of the inputs; made on the CPU, because the device is for what is measured."""
    import jax

    jax.config.update("jax_platforms", "cpu")
    from gpu_work import make_tile

    make_tile(side, path)


def _in_a_process(arguments: list[str], limit_seconds: float) -> dict:
    """What `measure` prints, or why it failed."""
    command = [sys.executable, str(HERE), "measure", *arguments]
    # Taken as it is needed, not three quarters of the card at once: the peak is what counts.
    environment = os.environ | {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=limit_seconds
        )
    except subprocess.TimeoutExpired:
        return {"failure": f"longer than {limit_seconds} s"}
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    click.echo(done.stderr[-4000:], err=True)
    if "RESOURCE_EXHAUSTED" in done.stderr or done.returncode == -signal.SIGKILL:
        return {"failure": "out of memory"}
    errors = re.findall(r"^[\w.]*(?:Error|Exception|Input): .*", done.stderr, re.MULTILINE)
    return {"failure": errors[-1][:200] if errors else f"ended with {done.returncode}"}


def table(rows: list[dict], size: int) -> str:
    """The measured rows as a Markdown table, with their limits."""
    found = {(row["whose"], row["name"]): row for row in rows if row["size"] == size}
    some = next((row for row in rows if "ms" in row), {})
    lines = [
        f"{some.get('device')}, JAX {some.get('jax')}, single precision, {size}³ particles and "
        "nodes. Milliseconds, peak bytes a cell, seconds of the first call.",
        "",
        "| | ours | bytes | first | PM++ | bytes | first | ratio | of | limits | within |",
        "| --- | --: | --: | --: | --: | --: | --: | --: | --- | --- | --- |",
    ]
    for row in rows:
        if row["whose"] != OURS:
            continue
        if row["size"] != size:
            name = f"{row['name']} at {row['size']}³"
            cells = [name, *_figures(row), "", "", "", "", "", "runs", _word("ms" in row)]
        else:
            theirs = found.get((PMPP, row["name"]))
            cells = [row["name"], *_figures(row), *(_figures(theirs) if theirs else [""] * 3)]
            cells += _judged(row, found)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _figures(row: dict) -> list[str]:
    if "failure" in row:
        return [row["failure"].replace("|", "/"), "", ""]
    peak = "-" if row["bytes"] is None else f"{row['bytes']:.0f}"
    return [f"{row['ms']:.2f}", peak, f"{row['first_seconds']:.1f}"]


def _judged(row: dict, found: dict) -> list[str]:
    """Ratio, of what, the limits and whether the row is within them."""
    limit = LIMITS.get(row["name"])
    if limit is None:
        return [""] * 4
    other = found.get(limit.of, {})
    of = ", ".join(limit.of)
    bounds = f"{limit.share:g}" + (f", {limit.bytes:g} bytes" if limit.bytes else "")
    if "ms" not in row or "ms" not in other:
        return ["", of, bounds, _word(False)]
    ratio = row["ms"] / other["ms"]
    within = ratio <= limit.share
    if limit.bytes:
        # A CPU does not tell its peak.
        within = within and row["bytes"] is not None and row["bytes"] <= limit.bytes
    return [f"{ratio:.2f}", of, bounds, _word(within)]


def _word(within: bool) -> str:
    return "yes" if within else "**no**"


if __name__ == "__main__":
    main()
