# SPDX-License-Identifier: GPL-3.0-or-later
"""A fit of any quantity: from particles and target maps to a fit file, resumable at any moment."""

import dataclasses
import logging
import math
from collections.abc import Mapping

from jerald_tools.errors import BadInput
from jerald_tools.estimate.problem import fit_sizes
from jerald_tools.fitting.amplitude import amplitude_curve
from jerald_tools.fitting.document import fit_content
from jerald_tools.fitting.ensemble import fit_ensemble
from jerald_tools.fitting.fit import Search, fit_parameters
from jerald_tools.fitting.flux_loss import FluxLoss, depth_of_mean_flux
from jerald_tools.fitting.journal import is_journal_of, journal_in
from jerald_tools.fitting.map_statistics import map_quality
from jerald_tools.fitting.objective import verify_evaluation
from jerald_tools.fitting.problem import Task
from jerald_tools.fitting.problem_files import FitFiles, load_problems
from jerald_tools.fitting.regions import Regions
from jerald_tools.fitting.search import start_from_fit, starting_points
from jerald_tools.fitting.statistics_loss import loss_named
from jerald_tools.fitting.subsamples import subsamples_of
from jerald_tools.io.fingerprint import fingerprint
from jerald_tools.io.grids import MapFile
from jerald_tools.io.parallel import read_header
from jerald_tools.io.particles import ParticlesFile
from jerald_tools.mesh.device import on_gpu
from jerald_tools.mesh.ranks import Ranks, on_root, world
from jerald_tools.model.evolution import parameters_at
from jerald_tools.model.fitted_model import FittedModel
from jerald_tools.model.layer_starts import Start
from jerald_tools.model.quantity import Quantity
from jerald_tools.quantities import quantity_named
from jerald_tools.stages.outputs import check_outputs, refuse_inputs
from jerald_tools.stages.progress import Advance, progress
from jerald_tools.stages.provenance import provenance_of
from jerald_tools.stages.room import require_room_for_model
from jerald_tools.stages.run import Run

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class FitOptions:
    """The model to fit, its loss, its first start and the members of its ensemble.

    Attributes:
        layers: displacement layers.
        loss_name: one of :data:`jerald_tools.fitting.LOSSES`; None for the quantity's default.
        smoothing: n of the residual's weight 1 + k^-n (equation (11)); None for no weight.
        spectrum: weight of the power's error in the loss; None for the default.
        mean_flux: of the targets, for the loss "flux"; None for other losses.
        constants: of the quantity's model, by name.
        start: fit file whose parameters are the first start.
        order: of the polynomials in the quantity's variable, for simulations at several redshifts.
        members: further fits to so many halves of the boxes, 2 to 6, or "boxes": with the boxes of
            each white noise left out; None for none.
        verify_ranks: whether to repeat an evaluation on rank 0 alone and compare.
    """

    layers: int = 2
    loss_name: str | None = None
    smoothing: float | None = None
    spectrum: float | None = None
    mean_flux: float | None = None
    constants: Mapping[str, float] = dataclasses.field(default_factory=dict)
    start: str | None = None
    order: int | None = None
    members: int | str | None = None
    verify_ranks: bool = False

    def __post_init__(self):
        if self.smoothing is not None and not 0 < self.smoothing < math.inf:
            raise BadInput(
                f"--smoothing {self.smoothing:g}: give a positive number, the paper's 1 or 0.7"
            )
        if self.spectrum is not None and not 0 <= self.spectrum < math.inf:
            raise BadInput(f"--spectrum {self.spectrum:g}: give a number, at least 0")


def fit(
    run: Run, quantity: str, files: FitFiles, options: FitOptions, search: Search, output: str
) -> None:
    """Fit the parameters of a quantity and write them.

    Until the fit is complete, ``{output}.journal`` lies beside it, from which the same call resumes
    after an interruption, on any number of ranks.

    Args:
        run: how the stage runs.
        quantity: name of the quantity.
        files: of the simulations and of the prerequisites.
        options: what is fitted.
        search: how.
        output: fit to write (JSON).

    Raises:
        BadInput: on every rank, if the files or options do not match.
        RunFailed: on every rank, if no start leads to a map.
        RunStopped: on every rank, after an evaluation, if the process was asked to stop.
    """
    ranks = world()
    wanted = quantity_named(quantity).with_constants(options.constants)
    loss_name = options.loss_name or wanted.default_loss
    _check_flux(loss_name, quantity, options.mean_flux)
    loss = loss_named(loss_name, wanted, options.smoothing, options.spectrum)
    inputs = [*files.all, *([options.start] if options.start else [])]
    refuse_inputs([output], inputs)
    warm = _warm_start(ranks, wanted, options, files.accept_edited)
    _require_room(run, ranks, wanted, files, options.layers)
    with run.stopwatch.stage("reading"):
        problems = load_problems(wanted, files, ranks, run.precision, options.order)
    mesh = problems[0].mesh
    if isinstance(loss, FluxLoss) and options.mean_flux is not None:
        targets = [problem.simulation.target for problem in problems]
        depth = depth_of_mean_flux(ranks, targets, options.mean_flux)
        loss = dataclasses.replace(loss, depth=depth, mean_flux=options.mean_flux)
    subsamples = [] if options.members is None else subsamples_of(problems, options.members)
    simulations = [problem.simulation for problem in problems]
    task = Task(mesh, wanted, simulations, loss, problems[0].validity.cosmology)
    asked = {
        "precision": run.precision,
        **dataclasses.asdict(files),
        **dataclasses.asdict(options),
        **dataclasses.asdict(search),
    }
    del asked["verify_ranks"]
    identity = on_root(ranks, fingerprint, f"fit {quantity}", asked, inputs)
    journal_path = f"{output}.journal"
    # Beside its own journal, an output is what an interruption at the very end of this fit left.
    force = run.force or on_root(ranks, is_journal_of, journal_path, identity)
    check_outputs(ranks, [output], [], force)
    ensemble = None
    with journal_in(journal_path, ranks, identity, run.force) as journal:
        with run.stopwatch.stage("training"):
            starts = starting_points(task, search, options.layers, warm, options.order, journal)
            if options.verify_ranks:
                first = parameters_at(starts[0].parameters, task.simulations[0].redshift)
                run.record_verification(verify_evaluation(problems[0], loss, first))
            with progress(search.evaluations * len(starts), f"fit of {quantity}") as advance:
                found = fit_parameters(task, starts, search, _Reporter(advance), journal)
        if subsamples:
            with run.stopwatch.stage("ensemble"):
                ensemble = fit_ensemble(problems, loss, found, subsamples, search, journal)
    with run.stopwatch.stage("measuring"):
        qualities = [
            map_quality(mesh, predicted, simulation.target)
            for predicted, simulation in zip(found.predicted, task.simulations, strict=True)
        ]
    amplitude = amplitude_curve(task, found.best.parameters)
    content = fit_content(
        problems, (loss_name, loss), search, found, qualities, ensemble, amplitude
    )
    content["provenance"] = provenance_of(run, mesh, inputs).as_dict()
    on_root(ranks, FittedModel(content, output).save, output, force)
    journal.remove()
    logger.info(
        "%s: %s from start %r, loss train %.5g, validation %.5g, test %.5g",
        output,
        quantity,
        found.best.start.name,
        *found.best.losses,
    )


def _require_room(run: Run, ranks: Ranks, quantity: Quantity, files: FitFiles, layers: int) -> None:
    """Refuse a fit that the GPU has no room for, before its files are read whole."""
    size = fit_sizes().get(quantity.name)
    if size is None or not on_gpu():
        return
    lattices = [read_header(ranks, ParticlesFile, path).lattice for path in files.particles]
    target = read_header(ranks, MapFile, files.targets[0])
    require_room_for_model(run, size.stage, lattices, target.mesh, quantity.refine, layers)


def _check_flux(loss_name: str, quantity: str, mean_flux: float | None) -> None:
    """Refuse a mean flux without its loss, and the loss without one."""
    if (loss_name == "flux") != (mean_flux is not None):
        raise BadInput("--loss flux and --mean-flux belong together: give both or neither")
    if loss_name == "flux" and quantity != "neutral-hydrogen":
        raise BadInput(f"--loss flux: {quantity} absorbs no Lyman-alpha: give another loss")


def _warm_start(
    ranks: Ranks, quantity: Quantity, options: FitOptions, accept_edited: bool
) -> Start | None:
    """The parameters of the fit that was named as a start, if any."""
    if options.start is None:
        return None
    path = options.start

    def start() -> Start:
        earlier = FittedModel.load(path, accept_edited)
        earlier.require_quantity(quantity.name)
        return start_from_fit(earlier, options.layers)

    return on_root(ranks, start)


class _Reporter:
    """Turns evaluations into progress over all starts."""

    def __init__(self, advance: Advance):
        self.advance, self.done = advance, 0

    def __call__(self, start_name: str, number: int, losses: Regions) -> None:
        self.done += 1
        self.advance(
            self.done,
            f"{start_name}: train {losses.train:.5g}, validation {losses.validation:.5g}",
        )
