"""Weak to strong in subspaces (Dong et al. 2025): risks, PGR and OPR, and the student's variance."""

import numpy

from cucurbit.figures import panels
from cucurbit.figures.style import arm_styles, legend_below, new_figure, plain_log_ticks, styled

_COLUMNS = 3
_PARTS = ("variance_inherited", "variance_discrepancy", "variance_bias_driven")


def of(table, estimand, arm=None):
    rows = table[table["estimand"] == estimand]
    return rows if arm is None else rows[rows["arm"] == arm]


def grid_of(count, columns):
    lines = -(-count // columns)
    figure = new_figure(columns, lines)
    return figure, [figure.add_subplot(lines, columns, place + 1) for place in range(count)]


def logarithmic(axes, *, both=True):
    axes.set_xscale("log")
    plain_log_ticks(axes.xaxis)
    if both:
        axes.set_yscale("log")
        plain_log_ticks(axes.yaxis)
    panels.finish(axes)


@styled
def student_figure(table):
    """Excess risk of the four arms against n_pseudo: one panel for each n, overlap, …"""
    parts = panels.split(table, besides=("n_pseudo",))
    figure, grid = grid_of(len(parts), min(len(parts), _COLUMNS))
    panels.name(figure, table)
    styles = arm_styles(panels.arms(table))
    for axes, (title, rows) in zip(grid, parts):
        for arm, style in styles.items():
            panels.draw_arm(axes, rows, arm, style, x="n_pseudo")
        logarithmic(axes)
        axes.set_title(title)
        axes.set_xlabel("pseudo-labels N")
        axes.set_ylabel("excess risk")
    panels.letter(grid)
    legend_below(figure, styles)
    return figure


@styled
def recovery_figure(table, x=None):
    """PGR and OPR against x (see panels.along), by default the parameter with the most values, a line for each
    n (against n: for each n_pseudo): one row of panels for each setting of the others."""
    table, x, besides = panels.along(table, x or panels.axis_of(table, first="correlation_dimension"))
    line = "n_pseudo" if x in ("n", "p/n") else "n"
    parts = panels.split(table, besides=(*besides, line))
    figure, grid = grid_of(2 * len(parts), 2)
    panels.name(figure, table)
    styles = arm_styles([panels.title({line: value}) for value in sorted(table[line].unique())])
    for place, (title, rows) in enumerate(parts):
        for axes, estimand, name, even in (
                (grid[2 * place], "pgr", "performance gap recovery", 1.0),
                (grid[2 * place + 1], "opr", "outperforming ratio", 1.0)):
            for value, curve in rows[rows["arm"] == "w2s"].groupby(line):
                panels.draw_series(axes, curve, estimand, styles[panels.title({line: value})], x=x)
            axes.axhline(even, color="0.6", linewidth=0.8, linestyle=":", zorder=1)
            axes.set_title(title)
            panels.scale_axis(axes, x, rows[x])
            axes.set_xlabel(panels.label(x))
            axes.set_ylabel(name)
        grid[2 * place + 1].set_yscale("log")
        plain_log_ticks(grid[2 * place + 1].yaxis)
        for axes in grid[2 * place:2 * place + 2]:
            panels.finish(axes)
    panels.letter(grid)
    legend_below(figure, styles)
    return figure


@styled
def split_figure(table):
    """Parts of the student's variance against d_s/(N − d_s − 1) on logarithmic axes: one panel for each
    strong_d, n, …; points without that law (N < d_s + 2) are left out."""
    factor = table["strong_d"] / (table["n_pseudo"] - table["strong_d"] - 1.0)
    table = table.assign(factor=factor)[factor > 0]
    parts = panels.split(table.drop(columns="factor"), besides=("n_pseudo",))
    figure, grid = grid_of(len(parts), min(len(parts), _COLUMNS))
    panels.name(figure, table.drop(columns="factor"))
    styles = arm_styles(list(_PARTS))
    for axes, (title, rows) in zip(grid, parts):
        rows = table.loc[rows.index]
        for part, style in styles.items():
            if (of(rows, part)["theory"] > 0).any():
                panels.draw_series(axes, rows[rows["arm"] == "w2s"], part, style, x="factor")
        logarithmic(axes)
        axes.set_title(title)
        axes.set_xlabel("$d_s/(N − d_s − 1)$")
        axes.set_ylabel("part of the student’s variance")
    panels.letter(grid)
    legend_below(figure, styles)
    return figure
