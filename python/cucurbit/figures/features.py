"""Weak to strong on feature matrices (Dong et al. 2025): predicted against measured errors, PGR and OPR."""

import numpy

from cucurbit.figures import panels
from cucurbit.figures.style import COLOURS, MARKERS, ArmStyle, arm_styles, legend_below, plain_log_ticks, styled
from cucurbit.figures.subspaces import grid_of, logarithmic, of

_COLUMNS = 3
_RATIOS = {"pgr": "performance gap recovery", "opr": "outperforming ratio"}
_SIZES = {"n_pseudo": ("pseudo-labels N", "n"), "n": ("labels n", "n_pseudo")}


def _measured(table):
    """Test errors that have both a prediction and a mean with a variance."""
    rows = of(table, "test_error")
    return rows[panels.has_mean(rows) & numpy.isfinite(rows["theory"]) & numpy.isfinite(rows["estimate"])]


def _agreement(axes, table, styles):
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


def _curve_styles(sizes, name):
    """Colours and markers of the lines of a panel, which its own legend explains."""
    return {size: ArmStyle(f"{name} = {size:g}", COLOURS[k % len(COLOURS)], MARKERS[k % len(MARKERS)])
            for k, size in enumerate(sizes)}


def _ratio(axes, table, estimand, against):
    """PGR or OPR against one sample size, a line for each value of the other."""
    label, other = _SIZES[against]
    styles = _curve_styles(sorted(table[other].unique()), {"n": "n", "n_pseudo": "N"}[other])
    for size, rows in table[table["arm"] == "w2s"].groupby(other):
        panels.draw_series(axes, rows, estimand, styles[size], x=against)
    axes.axhline(1.0, color="0.6", linewidth=0.8, linestyle=":", zorder=1)
    logarithmic(axes, both=False)
    axes.set_xlabel(label)
    axes.set_ylabel(_RATIOS[estimand])
    axes.legend(handles=[axes.plot([], [], color=style.colour, marker=style.marker, markersize=3.6,
                                   label=style.label)[0] for style in styles.values()],
                fontsize=6.5, loc="best")


def _errors(axes, rows, styles, against):
    for arm, style in styles.items():
        panels.draw_arm(axes, rows, arm, style, x=against)
    axes.set_xscale("log")
    plain_log_ticks(axes.xaxis)
    panels.choose_risk_scale(axes)
    axes.set_xlabel(_SIZES[against][0])
    axes.set_ylabel("test error")


@styled
def features_figure(table):
    """Measured against predicted test errors; PGR and OPR against N and n, wherever these vary; test
    errors of all arms against N, one panel for each n (against n where N has one value). Studies of
    several penalties have all of these for each."""
    styles = arm_styles(list(of(table, "test_error")["arm"].unique()))
    varying = [size for size in _SIZES if table[size].nunique() > 1] or ["n_pseudo"]
    drawn = []
    for title, part in panels.split(table, besides=("n", "n_pseudo")):
        drawn.append((title, _agreement, (part, styles)))
        drawn += [(title, _ratio, (part, estimand, size)) for size in varying for estimand in _RATIOS]
        besides = ("n_pseudo",) if "n_pseudo" in varying else ("n",)
        drawn += [(f"{title}, {name}".strip(", "), _errors, (rows, styles, besides[0]))
                  for name, rows in panels.split(part, besides=besides)]
    figure, grid = grid_of(len(drawn), min(len(drawn), _COLUMNS))
    panels.name(figure, table)
    for axes, (title, function, arguments) in zip(grid, drawn):
        function(axes, *arguments)
        axes.set_title(title)
    panels.letter(grid)
    legend_below(figure, styles, line="approximation")
    return figure
