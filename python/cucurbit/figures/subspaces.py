"""Weak to strong in subspaces (Dong et al. 2025): risks, PGR and OPR, and the student's variance."""

import numpy

from cucurbit.figures import panels
from cucurbit.figures.style import arm_styles, legend_below, new_figure, plain_log_ticks, styled

_COLUMNS = 3
_PARTS = ("variance_inherited", "variance_discrepancy", "variance_bias_driven")
_NEAR = "near_interpolation"


def of(table, estimand, arm=None):
    rows = table[table["estimand"] == estimand]
    return rows if arm is None else rows[rows["arm"] == arm]


def draw(axes, rows, against, style):
    """Theory as a line, means as markers; nothing where no variance exists."""
    rows = rows[~rows["flags"].str.contains(_NEAR)].sort_values(against)
    panels.draw_theory(axes, rows[against], rows["theory"], style)
    panels.draw_means(axes, rows, style, against=against)


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


@styled
def student_figure(table):
    """Excess risk of the four arms against n_pseudo: one panel for each n, overlap, …"""
    parts = panels.split(table, besides=("n_pseudo",))
    figure, grid = grid_of(len(parts), min(len(parts), _COLUMNS))
    figure.suptitle(panels.fixed(table), fontsize=9)
    styles = arm_styles(panels.arms(table))
    for axes, (title, rows) in zip(grid, parts):
        for arm, style in styles.items():
            draw(axes, of(rows, "excess_risk", arm), "n_pseudo", style)
        logarithmic(axes)
        axes.set_title(title)
        axes.set_xlabel("pseudo-labels N")
        axes.set_ylabel("excess risk")
    panels.letter(grid)
    legend_below(figure, styles)
    return figure


@styled
def recovery_figure(table):
    """PGR and OPR against the correlation dimension, a line for each n: one row of panels for each
    n_pseudo, …"""
    parts = panels.split(table, besides=("n", "correlation_dimension"))
    figure, grid = grid_of(2 * len(parts), 2)
    figure.suptitle(panels.fixed(table), fontsize=9)
    styles = arm_styles([f"n = {n:g}" for n in sorted(table["n"].unique())])
    for place, (title, rows) in enumerate(parts):
        for axes, estimand, name, even in (
                (grid[2 * place], "pgr", "performance gap recovery", 1.0),
                (grid[2 * place + 1], "opr", "outperforming ratio", 1.0)):
            for n, curve in of(rows, estimand).groupby("n"):
                draw(axes, curve, "correlation_dimension", styles[f"n = {n:g}"])
            axes.axhline(even, color="0.6", linewidth=0.8, linestyle=":", zorder=1)
            axes.set_title(title)
            axes.set_xlabel("correlation dimension $d_{s∧w}$")
            axes.set_ylabel(name)
        grid[2 * place + 1].set_yscale("log")
        plain_log_ticks(grid[2 * place + 1].yaxis)
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
    figure.suptitle(panels.fixed(table.drop(columns="factor")), fontsize=9)
    styles = arm_styles(list(_PARTS))
    for axes, (title, rows) in zip(grid, parts):
        rows = table.loc[rows.index]
        for part, style in styles.items():
            drawn = of(rows, part)
            drawn = drawn[drawn["theory"] > 0]
            if len(drawn):
                draw(axes, drawn, "factor", style)
        logarithmic(axes)
        axes.set_title(title)
        axes.set_xlabel("$d_s/(N − d_s − 1)$")
        axes.set_ylabel("part of the student’s variance")
    panels.letter(grid)
    legend_below(figure, styles)
    return figure
