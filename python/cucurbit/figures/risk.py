"""Risk against a parameter: one panel for each setting of the others (Ildiz et al. 2025, Figure 1b)."""

from matplotlib.lines import Line2D

from cucurbit.figures import panels, weights
from cucurbit.figures.style import arm_styles, legend_below, new_figure, styled

_COLUMNS = 3
_TRUTH = arm_styles(["standard"])["standard"]
_NAMES = {"excess_risk": "excess risk", "test_error": "test error"}


def draw(axes, rows, styles, x="n"):
    """All arms of one panel."""
    for arm in panels.arms(rows):
        panels.draw_arm(axes, rows, arm, styles[arm], x=x)
    panels.scale_axis(axes, x, rows[x])
    axes.set_xlabel(panels.label(x))


@styled
def risk_figure(table, coordinates=None, n=None, x=None):
    """Risk against x (see panels.along), by default the parameter with the most values, after the surrogates'
    weights where their table is given."""
    table, x, besides = panels.along(table, x) if x else (table, panels.axis_of(table), [panels.axis_of(table)])
    parts = panels.split(table, besides=besides)
    lead = 0 if coordinates is None or coordinates.empty else 1
    columns = min(lead + len(parts), _COLUMNS)
    lines = -(-(lead + len(parts)) // columns)
    figure = new_figure(columns, lines)
    grid = [figure.add_subplot(lines, columns, place + 1) for place in range(lead + len(parts))]
    if lead:
        weights.draw(grid[0], weights.at_samples(coordinates, n))
    panels.name(figure, table)
    styles = arm_styles(panels.arms(table))
    for place, (axes, (title, rows)) in enumerate(zip(grid[lead:], parts)):
        draw(axes, rows, styles, x)
        axes.set_title(title)
        if place == 0 or (place + lead) % columns == 0:
            axes.set_ylabel(_NAMES[panels.risk_of(table)])
    panels.choose_risk_scale(*grid[lead:])
    for axes, (_, rows) in zip(grid[lead:], parts):
        panels.mark_interpolation(axes, rows, x)
    panels.letter(grid)
    truth = Line2D([], [], color=_TRUTH.colour, linestyle="--", linewidth=1.3, label="truth’s weight")
    legend_below(figure, styles, [truth] if lead else [])
    return figure
