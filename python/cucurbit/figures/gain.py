"""Risk, and risk relative to the standard target, for curves that reach or cross n = p."""

import numpy

from cucurbit.figures import panels, risk
from cucurbit.figures.style import arm_styles, legend_below, new_figure, styled
from cucurbit.table import parameters


def relative_risk(rows, arm):
    """An arm's estimate and theory over those of the standard target at the same points."""
    both = panels.risks(rows, arm).merge(panels.risks(rows, "standard"), on=parameters(rows),
                                         suffixes=("", "_standard"))
    return both.assign(estimate=both["estimate"] / both["estimate_standard"],
                       theory=both["theory"] / both["theory_standard"])


def draw(axes, rows, styles):
    """Ratios of means; without bars, since the table does not hold the arms' covariance."""
    for arm in panels.arms(rows):
        ratio = relative_risk(rows, arm)
        axes.plot(ratio["n"], ratio["theory"], color=styles[arm].colour, linewidth=1.3, zorder=2, label="_theory")
        far = panels.has_mean(ratio)
        axes.plot(ratio["n"][far], ratio["estimate"][far], linestyle="none", color=styles[arm].colour,
                  marker=styles[arm].marker, markersize=3.6, markeredgecolor="white",
                  markeredgewidth=0.4)
    panels.mark_interpolation(axes, rows)
    axes.set_xlabel("samples n")
    axes.set_ylabel("risk relative to standard")


@styled
def gain_figure(table):
    """One row of panels for each setting that varies besides n: risk, relative risk."""
    parts = panels.split(table)
    figure = new_figure(2, len(parts), width=3.4)
    panels.name(figure, table)
    styles = arm_styles(panels.arms(table))
    grid = figure.subplots(len(parts), 2, squeeze=False)
    for (left, right), (title, rows) in zip(grid, parts):
        risk.draw(left, rows, styles)
        left.set_ylabel("excess risk")
        panels.choose_risk_scale(left)
        panels.mark_interpolation(left, rows)
        draw(right, rows, styles)
        panels.finish(right)
        left.set_title(title)
        right.set_title(title)
    panels.letter(numpy.ravel(grid))
    legend_below(figure, styles)
    return figure
