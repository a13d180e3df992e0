# SPDX-License-Identifier: GPL-3.0-or-later
"""Time and memory of an optimisation step against the number of ranks (figure 2 of the paper)."""

import dataclasses

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, MaxNLocator, NullLocator

from jerald_tools.analysis.figures.style import CURVE_COLOURS, new_figure, plain_logarithmic_ticks

# In the paper, the time of the original code falls as the number of ranks W to this power.
PAPER_SLOPE = -0.7


@dataclasses.dataclass(frozen=True)
class MeasuredStep:
    """Time and memory of one optimisation step on a number of ranks.

    Attributes:
        title: describes the step; the same for all points of a figure.
        ranks: processes that shared the mesh.
        seconds: wall-clock time of the step.
        rank_bytes: peak memory of the largest rank, above the process without arrays.
    """

    title: str
    ranks: int
    seconds: float
    rank_bytes: float


def plot_scaling(steps: list[MeasuredStep]) -> Figure:
    """Wall-clock time and memory of a rank against ranks, beside W^-1 and the paper's W^-0.7.

    The lines begin at the smallest number of ranks that was measured.

    Args:
        steps: in any order, one for each number of ranks.
    """
    steps = sorted(steps, key=lambda step: step.ranks)
    ranks = np.array([step.ranks for step in steps])
    seconds = np.array([step.seconds for step in steps])
    gibibytes = np.array([step.rank_bytes for step in steps]) / 2**30
    figure = new_figure(7.0, 3.2)
    left, right = figure.subplots(1, 2)
    for axes, values, label in (
        (left, seconds, "wall-clock time of a step [s]"),
        (right, gibibytes, "memory of a rank [GiB]"),
    ):
        axes.loglog(ranks, values, "o-", color=CURVE_COLOURS[0], label="measured")
        axes.loglog(ranks, values[0] * ranks[0] / ranks, ":", color="0.3", label="$W^{-1}$")
        axes.set_xlabel("ranks $W$")
        axes.set_ylabel(label)
    slope = (ranks / ranks[0]) ** PAPER_SLOPE
    left.loglog(ranks, seconds[0] * slope, "--", color=CURVE_COLOURS[1], label="$W^{-0.7}$")
    left.legend()
    for axes in (left, right):
        axes.set_xticks(ranks, [str(number) for number in ranks])
        axes.xaxis.set_minor_locator(NullLocator())
        least, most = axes.get_ylim()
        if most > 10 * least:
            plain_logarithmic_ticks(axes.yaxis)
        else:
            # Such a narrow range has at most one power of ten in it.
            axes.yaxis.set_major_locator(MaxNLocator(5))
            axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))
            axes.yaxis.set_minor_locator(NullLocator())
    figure.suptitle(steps[0].title, fontsize=9)
    return figure
