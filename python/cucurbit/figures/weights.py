"""The surrogates' weights relative to the truth, coordinate by coordinate (Ildiz et al. 2025, Figure 1a)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator

from cucurbit.figures.page import Drawing, Panel
from cucurbit.figures.style import arm_styles, number, plain_log_ticks

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from pandas import DataFrame

    from cucurbit.figures.style import ArmStyle

# Columns of a table of coordinates that are no arm's weights.
_OTHERS = ("p", "n", "noise_std", "index", "spectrum", "zeta", "truth")
_LOOK = {"linestyle": (0, (4, 3)), "linewidth": 1.3}


# So far from the truth's, weights have a logarithmic axis on both sides of a linear piece about 0.
_FAR = 20.0


def _symmetric(low: float, high: float) -> list[float]:
    """Ticks of such an axis: 0, 1, −1, 10, … as far as there are weights."""
    powers = 10.0 ** numpy.arange(1 + int(numpy.log10(max(abs(low), abs(high)))))
    return [-power for power in powers[::-1] if -power >= low] + [0.0] + [power for power in powers if power <= high]


def at_samples(coordinates: DataFrame, n: int | None = None) -> DataFrame:
    """The rows of the sample size nearest to n (by default 0.4 p), of the first point that has it."""
    rows = coordinates[coordinates["p"] == coordinates["p"].iloc[0]]
    wanted = 0.4 * rows["p"].iloc[0] if n is None else n
    nearest = min(rows["n"].unique(), key=lambda value: abs(value - wanted))
    return rows[rows["n"] == nearest].drop_duplicates(["p", "n", "index"])


def columns(coordinates: DataFrame, arms: Sequence[str] | None = None) -> list[str]:
    """Arms, of those named if any are, whose weights the table has."""
    return [name for name in (coordinates.columns if arms is None else arms)
            if name in coordinates and name not in _OTHERS and numpy.isfinite(coordinates[name]).all()]


def title(rows: DataFrame) -> str:
    return f"weights at n = {number(rows['n'].iloc[0])}, p = {number(rows['p'].iloc[0])}"


def truth() -> Line2D:
    """What a legend shows of the truth."""
    return Line2D([], [], color=arm_styles(["standard"])["standard"].colour, label="truth’s weight", **_LOOK)


def draw(axes: Axes, rows: DataFrame, styles: Mapping[str, ArmStyle]) -> None:
    """Weight over truth of each arm that has a style, against the coordinate's rank by eigenvalue."""
    rows = rows.sort_values("spectrum", ascending=False, kind="stable").assign(
        rank=numpy.arange(1, len(rows) + 1)).query("truth != 0")
    for arm, style in styles.items():
        axes.plot(rows["rank"], rows[arm] / rows["truth"], color=style.colour, linestyle=style.line, linewidth=1.3,
                  label="_weight", gid=style.label)
    axes.axhline(1.0, color=truth().get_color(), **_LOOK)
    axes.set_xscale("log")
    axes.set_xlim(rows["rank"].min(), rows["rank"].max())
    plain_log_ticks(axes.xaxis)
    weights = rows[list(styles)].div(rows["truth"], axis=0).to_numpy()
    if abs(weights).max() > _FAR:
        # Weights of one's own on coordinates that the truth hardly has would flatten all others.
        axes.set_yscale("symlog", linthresh=2.0, linscale=2.0)
        axes.yaxis.set_major_locator(FixedLocator(_symmetric(weights.min(), weights.max())))
        axes.yaxis.set_major_formatter(lambda value, _place: number(value))
    if (weights >= 0).all():
        axes.set_ylim(bottom=-0.05)
    axes.set_xlabel("coordinate (largest eigenvalue first)")
    axes.set_ylabel("weight relative to truth")


def weights_drawing(coordinates: DataFrame, n: int | None = None) -> Drawing:
    """One panel: Figure 1a."""
    rows = at_samples(coordinates, n)
    arms = columns(rows)
    styles = arm_styles(["standard", *arms])  # so that no arm has the colour of the truth
    del styles["standard"]

    def legend(_grid: Sequence[Axes]) -> list[Artist]:
        lines = [style.handle() for style in styles.values()]
        for line in lines:
            line.set_marker("")
        return [*lines, truth()]

    return Drawing([Panel(title(rows), lambda axes: draw(axes, rows, styles))], "", legend, width=4.2)
