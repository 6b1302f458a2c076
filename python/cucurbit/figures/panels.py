"""Splits a table into the panels of a figure and draws one arm's curve."""

import numpy
from matplotlib.lines import Line2D

from cucurbit.table import parameters

_NAMES = {"noise_std": "noise σ", "surrogate_noise_std": "surrogate noise σ", "weak_d": "weak d",
          "strong_d": "strong d", "correlation_dimension": "overlap $d_{s∧w}$", "n_pseudo": "N"}
_FLAG = "near_interpolation"


def varying(table, *, besides=("n",)):
    """Parameter columns with more than one value, other than those named."""
    return [name for name in parameters(table)
            if name not in besides and table[name].nunique() > 1]


def fixed(table):
    """Parameter columns with one value, as text: "p = 500, noise σ = 0.2"."""
    return title({name: table[name].iloc[0] for name in parameters(table)
                  if table[name].nunique() == 1})


def split(table, *, besides=("n",)):
    """The rows of each panel, by everything that varies besides the parameters named: a list of (title,
    rows), in which the first such parameter changes fastest."""
    names = varying(table, besides=besides)
    if not names:
        return [("", table)]
    return [(title(dict(zip(names, values[::-1]))), rows)
            for values, rows in table.groupby(names[::-1])]


def title(values):
    """Parameter values as text: {"m": 150, "noise_std": 0.2} gives "m = 150, noise σ = 0.2"."""
    return ", ".join(f"{_name(name)} = {value:g}" for name, value in values.items())


def _name(parameter):
    """As text: a chain's "noise_std_2" is "noise σ₂"."""
    stem, _, stage = parameter.rpartition("_")
    if not stage.isdigit():
        return _NAMES.get(parameter, parameter)
    return _NAMES.get(stem, stem) + stage.translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def risks(table, arm):
    """The excess-risk rows of one arm in ascending n."""
    chosen = (table["arm"] == arm) & (table["estimand"] == "excess_risk")
    return table[chosen].sort_values("n")


def arms(table):
    """Arms that have an excess risk, in the table's order."""
    return list(table.loc[(table["estimand"] == "excess_risk") & (table["arm"] != ""), "arm"].unique())


def draw_arm(axes, table, arm, style):
    """Theory as a line, simulation as markers with 95 % intervals; where the mean does not exist or
    has no variance (n within 3 of p) the median as an open marker."""
    rows = risks(table, arm)
    near = rows["flags"].str.split().apply(lambda flags: _FLAG in flags).to_numpy(dtype=bool)
    draw_theory(axes, rows["n"], rows["theory"].where(~near), style)
    draw_means(axes, rows[~near], style)
    draw_medians(axes, table[(table["arm"] == arm)], style)


def draw_theory(axes, n, values, style):
    """A line that breaks where theory has no finite value."""
    finite = numpy.where(numpy.isfinite(values), values, numpy.nan)
    if numpy.isfinite(finite).any():
        axes.plot(n, finite, color=style.colour, linewidth=1.3, zorder=2)


def draw_means(axes, rows, style, *, against="n"):
    """Markers with error bars over [ci95_low, ci95_high]."""
    rows = rows[numpy.isfinite(rows["estimate"])]
    bars = numpy.array([rows["estimate"] - rows["ci95_low"], rows["ci95_high"] - rows["estimate"]])
    axes.errorbar(rows[against], rows["estimate"], yerr=numpy.nan_to_num(bars),
                  color=style.colour, marker=style.marker, markersize=3.6, linestyle="none",
                  elinewidth=0.9, markeredgecolor="white", markeredgewidth=0.4, zorder=3)


def draw_medians(axes, rows, style):
    """Open markers with bars from the 5 % to the 95 % quantile, where the table has quantiles."""
    middle, low, high = (rows[rows["estimand"] == f"excess_risk_{name}"].set_index("n")["estimate"]
                         for name in ("median", "q05", "q95"))
    axes.plot(middle.index, middle, linestyle="none", marker=style.marker, markersize=3.6,
              markerfacecolor="white", markeredgecolor=style.colour, zorder=3)
    axes.vlines(low.index, low, high.reindex(low.index), color=style.colour, linewidth=0.9, zorder=2)


def median_handles(table):
    """What an open marker means, for the legend of a table that has quantiles."""
    if not (table["estimand"] == "excess_risk_median").any():
        return []
    return [Line2D([], [], color="0.3", linewidth=0.9, marker="o", markersize=4,
                   markerfacecolor="white", label="open: median, 5–95 % of trials")]


def mark_interpolation(axes, rows):
    """A thin vertical line at n = p where the curve crosses it."""
    p, n = rows["p"].iloc[0], rows["n"]
    if n.min() < p < n.max():
        axes.axvline(p, color="0.6", linewidth=0.8, linestyle=":", zorder=1)
        axes.annotate("n = p", (p, 0.0), xycoords=("data", "axes fraction"), xytext=(3, 4),
                      textcoords="offset points", color="0.4", fontsize=7.5)


def choose_risk_scale(axes):
    """A logarithmic axis where the risks drawn as lines and markers span more than a factor of 6."""
    values = numpy.concatenate([numpy.asarray(line.get_ydata(), float) for line in axes.get_lines()])
    values = values[numpy.isfinite(values) & (values > 0)]
    if not len(values):
        return
    # Bars over quantiles may leave the panel: they span decades at n = p.
    if values.max() > 6 * values.min():
        axes.set_yscale("log")
        axes.set_ylim(values.min() / 1.25, values.max() * 1.25)


def letter(grid):
    """(a), (b), … before the titles, where there is more than one panel."""
    for place, axes in enumerate(grid if len(grid) > 1 else []):
        axes.set_title(f"({chr(ord('a') + place)}) {axes.get_title()}".strip(), loc="left")
        axes.set_title("")
