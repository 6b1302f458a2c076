"""Excess risk against n: one panel for each noise level and surrogate size (Ildiz et al. 2025, Figure 1b)."""

from matplotlib.lines import Line2D

from cucurbit.figures import panels, weights
from cucurbit.figures.style import arm_styles, legend_below, new_figure, plain_log_ticks, styled

_COLUMNS = 3
_TRUTH = arm_styles(["standard"])["standard"]


def draw(axes, rows, styles):
    """All arms of one panel."""
    for arm in panels.arms(rows):
        panels.draw_arm(axes, rows, arm, styles[arm])
    panels.choose_risk_scale(axes)
    panels.mark_interpolation(axes, rows)
    axes.set_xlabel("samples n")


@styled
def risk_figure(table, coordinates=None, n=None):
    """Risk panels, after the surrogates' weights where their table is given."""
    parts = panels.split(table)
    lead = 0 if coordinates is None or coordinates.empty else 1
    columns = min(lead + len(parts), _COLUMNS)
    lines = -(-(lead + len(parts)) // columns)
    figure = new_figure(columns, lines)
    grid = [figure.add_subplot(lines, columns, place + 1) for place in range(lead + len(parts))]
    if lead:
        weights.draw(grid[0], weights.at_samples(coordinates, n))
    figure.suptitle(panels.fixed(table), fontsize=9)
    styles = arm_styles(panels.arms(table))
    for axes, (title, rows) in zip(grid[lead:], parts):
        draw(axes, rows, styles)
        axes.set_title(title)
    _share_risk_axes(grid[lead:], columns, lead)
    panels.letter(grid)
    truth = Line2D([], [], color=_TRUTH.colour, linestyle="--", linewidth=1.3, label="truth’s weight")
    legend_below(figure, styles, [*panels.median_handles(table), *([truth] if lead else [])])
    return figure


def _share_risk_axes(grid, columns, lead):
    """The same scale and limits for all risk panels, named once a line."""
    logarithmic = any(axes.get_yscale() == "log" for axes in grid)
    for axes in grid:
        axes.set_yscale("log" if logarithmic else "linear")
    limits = [limit for axes in grid for limit in axes.get_ylim()]
    for place, axes in enumerate(grid):
        axes.set_ylim(min(limits), max(limits))
        if logarithmic:
            plain_log_ticks(axes.yaxis)
        if place == 0 or (place + lead) % columns == 0:
            axes.set_ylabel("excess risk")
