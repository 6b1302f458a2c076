"""Excess risk of a chain's stages, one after another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.ticker import FixedLocator, MaxNLocator

from cucurbit.figures import panels
from cucurbit.figures.page import Drawing, Panel
from cucurbit.figures.style import legend_of, line_styles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

    from cucurbit.hints import Styles


def _draw(axes: Axes, rows: DataFrame, names: Sequence[str], styles: Styles) -> None:
    rows = rows.assign(stage=rows["arm"].str.removeprefix("stage_").astype(int))
    for text, curve in panels.parts(rows, names):
        panels.draw_series(axes, curve, "excess_risk", styles["chain", text or None], x="stage")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True) if rows["stage"].max() > 1 else FixedLocator([1]))
    panels.choose_risk_scale(axes)
    axes.set_xlabel("stage")
    axes.set_ylabel("excess risk")


def generations_drawing(table: DataFrame) -> Drawing:
    """Risk against the stage: a line for each value of the last parameter that varies, a panel for each setting of
    the others."""
    line = panels.varying(table, besides=())[-1:]
    table = table[table["estimand"].str.startswith("excess_risk")]
    styles, shown = line_styles(["chain"], [text for text, _ in panels.parts(table, line)] if line else [])
    drawn = [Panel(text, lambda axes, rows=rows: _draw(axes, rows, line, styles))
             for text, rows in panels.split(table, besides=line)]
    return Drawing(drawn, panels.fixed(table), lambda grid: legend_of(shown, grid),
                   columns=panels.columns(table, panels.varying(table, besides=line)))
