"""Weak to strong in subspaces (Dong et al. 2025): risks, PGR and OPR, and the student's variance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cucurbit.figures import panels
from cucurbit.figures.page import Drawing, Panel
from cucurbit.figures.style import arm_styles, legend_of, line_styles, plain_log_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

    from cucurbit.figures.style import ArmStyle
    from cucurbit.hints import Chosen

_PARTS = ("variance_inherited", "variance_discrepancy", "variance_bias_driven")
RATIOS = {"pgr": "performance gap recovery", "opr": "outperforming ratio"}


def of(table: DataFrame, estimand: str, arm: str | None = None) -> DataFrame:
    rows = table[table["estimand"] == estimand]
    return rows if arm is None else rows[rows["arm"] == arm]


def logarithmic(axes: Axes, *, both: bool = True) -> None:
    axes.set_xscale("log")
    plain_log_ticks(axes.xaxis)
    if both:
        axes.set_yscale("log")
        plain_log_ticks(axes.yaxis)
    panels.finish(axes)


def even(axes: Axes) -> None:
    """A guide where a ratio is 1."""
    axes.axhline(1.0, color="0.6", linewidth=0.8, linestyle=":", zorder=1)


def _risks(axes: Axes, rows: DataFrame, styles: Mapping[str, ArmStyle]) -> None:
    for arm, style in styles.items():
        panels.draw_arm(axes, rows, arm, style, x="n_pseudo")
    logarithmic(axes)
    axes.set_xlabel("pseudo-labels N")
    axes.set_ylabel("excess risk")


def student_drawing(table: DataFrame) -> Drawing:
    """Excess risk of the four arms against n_pseudo: one panel for each n, overlap, …"""
    styles = arm_styles(panels.arms(table))
    drawn = [Panel(text, lambda axes, rows=rows: _risks(axes, rows, styles))
             for text, rows in panels.split(table, besides=("n_pseudo",))]
    return Drawing(drawn, panels.fixed(table), lambda grid: legend_of(styles.values(), grid),
                   columns=panels.columns(table, panels.varying(table, besides=("n_pseudo",))))


def _ratio(axes: Axes, rows: DataFrame, estimand: str, x: str, hue: Sequence[str],
           styles: Mapping[str | None, ArmStyle]) -> None:
    for text, curve in panels.parts(rows, hue):
        panels.draw_series(axes, curve, estimand, styles[text or None], x=x)
    even(axes)
    panels.scale_axis(axes, x, rows[x])
    axes.set_xlabel(panels.label(x))
    axes.set_ylabel(RATIOS[estimand])
    if estimand == "opr":
        axes.set_yscale("log")
        plain_log_ticks(axes.yaxis)
    panels.finish(axes)


def recovery_drawing(table: DataFrame, *, x: str | None = None, hue: Chosen = None, panel: Chosen = None) -> Drawing:
    """PGR and OPR, two panels for each setting, with x, lines and panels as panels.arrange says; where nothing is
    said, lines are those of n (against n: of n_pseudo). Of a graph, PGR alone."""
    law, own, ratios = panels.law_of(table), panels.own_arms(table), RATIOS
    student = "w2s"
    if own:
        recovered = of(table, "pgr")
        if recovered.empty:
            raise ValueError("the figure recovery needs the estimand pgr: this table has none")
        student, ratios = recovered["arm"].iloc[0], ["pgr"]
    table = table[table["arm"] == student]
    table = panels.untied(table, (x, hue, panel)) if own else table
    first = "correlation_dimension" if "correlation_dimension" in table else "n_pseudo"
    against = x or panels.axis_of(table, first=first)
    lines = ["n_pseudo" if against in ("n", "p/n") else "n"]
    if own and hue is None and panel is None:
        lines = panels.lines_of(table, against, [student])
    table, along, colours, apart = panels.arrange(table, against, hue, panel, lines=lines)
    values = [text for text, _ in panels.parts(table, colours)] if colours else []
    looks, shown = line_styles([student], values, own=own)
    styles = {value: style for (_, value), style in looks.items()}
    drawn = [Panel(text, lambda axes, rows=rows, ratio=ratio: _ratio(axes, rows, ratio, along, colours, styles))
             for text, rows in panels.parts(table, apart) for ratio in ratios]
    return Drawing(drawn, panels.fixed(table), lambda grid: legend_of(shown, grid, line=law), columns=2)


def _variance(axes: Axes, rows: DataFrame, styles: Mapping[str, ArmStyle]) -> None:
    for part, style in styles.items():
        if (of(rows, part)["theory"] > 0).any():
            panels.draw_series(axes, rows[rows["arm"] == "w2s"], part, style, x="factor")
    logarithmic(axes)
    axes.set_xlabel("$d_s/(N − d_s − 1)$")
    axes.set_ylabel("part of the student’s variance")


def split_drawing(table: DataFrame) -> Drawing:
    """Parts of the student's variance against d_s/(N − d_s − 1) on logarithmic axes: one panel for each
    strong_d, n, …; points without that law (N < d_s + 2) are left out."""
    table = table[table["n_pseudo"] > table["strong_d"] + 1]
    factor = table["strong_d"] / (table["n_pseudo"] - table["strong_d"] - 1.0)
    if table.empty:
        raise ValueError("the figure split needs points of n_pseudo > strong_d + 1: this table has none")
    styles = arm_styles(list(_PARTS))
    drawn = [Panel(text, lambda axes, rows=rows: _variance(axes, rows.assign(factor=factor), styles))
             for text, rows in panels.split(table, besides=("n_pseudo",))]
    return Drawing(drawn, panels.fixed(table), lambda grid: legend_of(styles.values(), grid),
                   columns=panels.columns(table, panels.varying(table, besides=("n_pseudo",))))
