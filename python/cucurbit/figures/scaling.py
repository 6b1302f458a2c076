"""Scaling law: excess risk against n on logarithmic axes, with fitted slopes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy
import pandas

from cucurbit.figures import panels, risk
from cucurbit.figures.page import Drawing, Panel
from cucurbit.figures.style import legend_of, line_styles, plain_log_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame, Series

    from cucurbit.hints import Styles


def fit_slopes(table: DataFrame, *, n_min: float = 0, n_max: float = numpy.inf) -> DataFrame:
    """Least-squares slopes of log(excess risk) against log(n), one row per arm and setting.

    slope is of the simulated means, theory_slope of the predictions at the same n. No standard error:
    points of one curve share their samples.
    """
    rows = []
    names = panels.varying(table)
    for arm in panels.arms(table):
        curves = panels.risks(table, arm)
        for values, curve in (curves.groupby(names) if names else [((), curves)]):
            kept = curve[curve["n"].between(n_min, n_max)]
            rows.append({**dict(zip(names, values)), "arm": arm, "n_first": kept["n"].min(),
                         "n_last": kept["n"].max(), "slope": _slope(kept["n"], kept["estimate"]),
                         "theory_slope": _slope(kept["n"], kept["theory"])})
    return pandas.DataFrame(rows)


def _slope(n: Series[float], risk: Series[float]) -> float:
    usable = numpy.isfinite(risk) & (risk > 0)
    if usable.sum() < 2:
        return numpy.nan
    return numpy.polyfit(numpy.log(n[usable]), numpy.log(risk[usable]), 1)[0]


def draw(axes: Axes, rows: DataFrame, styles: Styles) -> None:
    """All arms of one panel, their slopes written in the empty upper right corner."""
    risk.draw(axes, rows, styles)
    axes.set_xscale("log")
    axes.set_yscale("log")
    plain_log_ticks(axes.xaxis)
    plain_log_ticks(axes.yaxis)
    panels.finish(axes)
    _write_slopes(axes, fit_slopes(rows), styles)


def _write_slopes(axes: Axes, slopes: DataFrame, styles: Styles) -> None:
    for place, (_, fitted) in enumerate(slopes.iterrows()):
        text = f"slope {fitted['slope']:.3f} (theory {fitted['theory_slope']:.3f})"
        axes.annotate(text.replace("-", "−"), (1.0, 1.0), xycoords="axes fraction", ha="right", va="top",
                      xytext=(0, -10 * place), textcoords="offset points", fontsize="small",
                      color=styles[fitted["arm"], None].colour)


def scaling_drawing(table: DataFrame) -> Drawing:
    """One panel for each setting that varies besides n."""
    if table["n"].nunique() < 2:
        raise ValueError("the figure scaling needs several n: this table has one")
    styles, shown = line_styles(panels.arms(table), [])
    drawn = [Panel(text, lambda axes, rows=rows: draw(axes, rows, styles)) for text, rows in panels.split(table)]
    return Drawing(drawn, panels.fixed(table), lambda grid: legend_of(shown, grid), columns=2, width=4.4, height=3.2)
