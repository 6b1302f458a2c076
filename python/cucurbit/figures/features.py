"""Weak to strong on feature matrices (Dong et al. 2025): predicted against measured errors, PGR and OPR."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy

from cucurbit.figures import panels
from cucurbit.figures.page import Drawing, Panel
from cucurbit.figures.style import arm_styles, legend_of, plain_log_ticks
from cucurbit.figures.subspaces import RATIOS, even, logarithmic, of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

    from cucurbit.figures.style import ArmStyle

_SIZES = {"n_pseudo": "n", "n": "n_pseudo"}


def _measured(table: DataFrame) -> DataFrame:
    """Test errors that have both a prediction and a mean with a variance."""
    rows = of(table, "test_error")
    return rows[panels.has_mean(rows) & numpy.isfinite(rows["theory"]) & numpy.isfinite(rows["estimate"])]


def _agreement(axes: Axes, table: DataFrame, styles: Mapping[str, ArmStyle]) -> None:
    """Measured against predicted test errors, all arms and sizes."""
    rows = _measured(table)
    for arm, style in styles.items():
        panels.draw_means(axes, rows[rows["arm"] == arm], style, against="theory")
    values = rows[["theory", "estimate"]].to_numpy()
    if len(values):
        ends = [values.min() / 1.1, values.max() * 1.1]
        axes.plot(ends, ends, color="0.6", linewidth=0.8, linestyle=":", zorder=1)
        logarithmic(axes)
    axes.set_xlabel("predicted test error")
    axes.set_ylabel("measured test error")


def _ratio(axes: Axes, table: DataFrame, estimand: str, against: str) -> None:
    """PGR or OPR against one sample size, a line for each value of the other."""
    curves = panels.parts(table[table["arm"] == "w2s"], [_SIZES[against]])
    styles = arm_styles([text for text, _ in curves])
    for text, rows in curves:
        panels.draw_series(axes, rows, estimand, styles[text], x=against)
        handle = styles[text].handle()
        axes.plot([], [], color=handle.get_color(), marker=handle.get_marker(), linestyle=styles[text].line,
                  markersize=3.6, label=text)
    even(axes)
    logarithmic(axes, both=False)
    axes.set_xlabel(panels.label(against))
    axes.set_ylabel(RATIOS[estimand])


def _errors(axes: Axes, rows: DataFrame, styles: Mapping[str, ArmStyle], against: str) -> None:
    for arm, style in styles.items():
        panels.draw_arm(axes, rows, arm, style, x=against)
    axes.set_xscale("log")
    plain_log_ticks(axes.xaxis)
    panels.choose_risk_scale(axes)
    axes.set_xlabel(panels.label(against))
    axes.set_ylabel("test error")


def features_drawing(table: DataFrame) -> Drawing:
    """Measured against predicted test errors; PGR and OPR against N and n, wherever these vary; test
    errors of all arms against N, one panel for each n (against n where N has one value). Studies of
    several penalties have all of these for each."""
    styles = arm_styles(list(of(table, "test_error")["arm"].unique()))
    varying = [size for size in _SIZES if table[size].nunique() > 1] or ["n_pseudo"]
    drawn = []

    def add(title: str, function: Callable[..., None], *arguments: object) -> None:
        drawn.append(Panel(title, lambda axes: function(axes, *arguments)))

    for title, part in panels.split(table, besides=("n", "n_pseudo")):
        add(title, _agreement, part, styles)
        for size in varying:
            for estimand in RATIOS:
                add(title, _ratio, part, estimand, size)
        against = "n_pseudo" if "n_pseudo" in varying else "n"
        for name, rows in panels.split(part, besides=(against,)):
            add(", ".join(filter(None, (title, name))), _errors, rows, styles, against)
    return Drawing(drawn, panels.fixed(table), lambda grid: legend_of(styles.values(), grid, line=panels.law_of(table)))
