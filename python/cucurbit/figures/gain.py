"""Risk, and risk relative to the standard target, for curves that reach or cross n = p."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cucurbit.figures import panels, risk
from cucurbit.figures.page import Drawing, Panel
from cucurbit.figures.style import legend_of, line_styles
from cucurbit.table import parameters

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

    from cucurbit.hints import Styles


def relative_risk(rows: DataFrame, arm: str) -> DataFrame:
    """An arm's estimate and theory over those of the standard target at the same points, with the flags of both."""
    both = panels.risks(rows, arm).merge(panels.risks(rows, "standard"), on=parameters(rows),
                                         suffixes=("", "_standard"))
    return both.assign(estimate=both["estimate"] / both["estimate_standard"],
                       theory=both["theory"] / both["theory_standard"],
                       flags=both["flags"] + " " + both["flags_standard"])


def _risks(axes: Axes, rows: DataFrame, styles: Styles) -> None:
    risk.draw(axes, rows, styles)
    panels.choose_risk_scale(axes)


def draw(axes: Axes, rows: DataFrame, styles: Styles) -> None:
    """Ratios of means; without bars, since the table does not hold the arms' covariance."""
    for arm in panels.arms(rows):
        ratio, style = relative_risk(rows, arm), styles[arm, None]
        axes.plot(ratio["n"], ratio["theory"], color=style.colour, linestyle=style.line, linewidth=1.3, zorder=2,
                  label="_theory", gid=style.label)
        far = panels.has_mean(ratio)
        axes.plot(ratio["n"][far], ratio["estimate"][far], linestyle="none", color=style.colour, marker=style.marker,
                  markersize=3.6, markeredgecolor="white", markeredgewidth=0.4, label="_ratio", gid=style.label)
    panels.mark_interpolation(axes, rows)
    axes.set_xlabel("samples n")
    axes.set_ylabel("risk relative to standard")
    panels.choose_risk_scale(axes)


def gain_drawing(table: DataFrame) -> Drawing:
    """Two panels for each setting that varies besides n: risk, relative risk."""
    arms = panels.arms(table)
    if "standard" not in arms:
        raise ValueError(f"the figure gain needs the arm standard: this table has {', '.join(arms) or 'no arm'}")
    styles, shown = line_styles(arms, [])
    drawn = [Panel(text, lambda axes, rows=rows, function=function: function(axes, rows, styles))
             for text, rows in panels.split(table) for function in (_risks, draw)]
    return Drawing(drawn, panels.fixed(table), lambda grid: legend_of(shown, grid), columns=2, width=3.4)
