"""Excess risk of a chain's stages, one after another."""

from matplotlib.ticker import MaxNLocator

from cucurbit.figures import panels
from cucurbit.figures.style import arm_styles, legend_below, new_figure, styled

_COLUMNS = 3


@styled
def generations_figure(table):
    """Risk against the stage: a line for each value of the last parameter that varies, a panel for each
    value of the others."""
    names = panels.varying(table, besides=())
    table = table[table["estimand"].str.startswith("excess_risk")].copy()
    table["stage"] = table["arm"].str.removeprefix("stage_").astype(int)
    line = names[-1] if names else None
    values = sorted(table[line].unique()) if line else [None]
    label = {value: panels.title({line: value}) if line else "chain" for value in values}
    styles = arm_styles(list(label.values()))
    parts = panels.split(table.drop(columns="stage"), besides=(line,))
    columns = min(len(parts), _COLUMNS)
    lines = -(-len(parts) // columns)
    figure = new_figure(columns, lines)
    panels.name(figure, table.drop(columns="stage"))
    grid = [figure.add_subplot(lines, columns, place + 1) for place in range(len(parts))]
    for axes, (title, rows) in zip(grid, parts):
        rows = table.loc[rows.index]
        for value in values:
            curve = rows[rows[line] == value] if line else rows
            panels.draw_series(axes, curve, "excess_risk", styles[label[value]], x="stage")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        panels.choose_risk_scale(axes)
        axes.set_title(title, fontsize=8)
        axes.set_xlabel("stage")
        axes.set_ylabel("excess risk")
    panels.letter(grid)
    legend_below(figure, styles)
    return figure
