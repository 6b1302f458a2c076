"""Splits a table into the panels of a figure and draws one arm's curve."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy
from matplotlib.text import Annotation

from cucurbit.figures.style import COLOURS, MARKERS, arm_styles, number, pale_of, plain_log_ticks
from cucurbit.kinds import study_of
from cucurbit.table import parameters, tied

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from pandas import DataFrame, Series

    from cucurbit.figures.style import ArmStyle
    from cucurbit.hints import Array, Chosen, Parts

_NAMES = {"noise_std": "noise σ", "surrogate_noise_std": "surrogate noise σ", "weak_d": "weak d",
          "strong_d": "strong d", "correlation_dimension": "overlap $d_{s∧w}$", "n_pseudo": "N", "flip": "flips",
          "teacher_steps": "teacher’s steps T", "student_steps": "student’s steps t", "switch_at": "switch at step"}
_LINEAR = ("n", "p", "correlation_dimension")
_LABELS = {"n": "samples n", "p": "dimension p", "m": "surrogate’s samples m", "n_pseudo": "pseudo-labels N",
           "correlation_dimension": "correlation dimension $d_{s∧w}$", "p/n": "p/n"}
_LONGEST_HEADING = 8
# A graph's parameters, of its rows and fits. A weight's two names can be told apart where neither has a `_`.
_OF_A_GRAPH = [(re.compile(pattern), text) for pattern, text in (
    (r"n_(\d*[^\W\d]\w*)", r"n (\1)"), (r"noise_std_(\d*[^\W\d]\w*)", r"noise σ (\1)"),
    (r"penalty_(\d*[^\W\d]\w*)", r"penalty μ of \1"), (r"keep_(\w+)", r"coordinates kept by \1"),
    (r"count_(\w+)", r"features of \1"),
    (r"time_(\w+)", r"time of \1’s flow"),
    (r"row_weight_([^_]+)_([^_]+)", r"weight of \2’s rows in \1"),
    (r"weight_(\w+)_(observed|truth)", r"weight of \2 in \1’s labels"),
    (r"weight_([^_]+)_([^_]+)", r"weight of \2 in \1’s labels"))]


def varying(table: DataFrame, *, besides: Sequence[str] = ("n",)) -> list[str]:
    """Parameter columns with more than one value, other than those named."""
    return [name for name in parameters(table)
            if name not in besides and table[name].nunique() > 1]


def untied(table: DataFrame, named: Sequence[Chosen] = ()) -> DataFrame:
    """A graph's table without the parameters that the others tell already: tied grids, and optimal numbers. named:
    what a figure names, which stays."""
    return table.drop(columns=tied(table, keep={part for each in named for part in _listed(each)}))


def fixed(table: DataFrame) -> str:
    """Parameter columns with one value, as text: "p = 500, noise σ = 0.2". What has the same in all stages of a chain
    comes last, once. So does what has the same in three or more rows or fits of a graph, whose heading leaves out weights
    of labels where there are many numbers: the study and the table say them."""
    values = {name: table[name].dropna().iloc[0] for name in parameters(table) if table[name].nunique() == 1}
    if own_arms(table):
        return _fixed_of_a_graph(values)
    stages, same = {}, {}
    for stem, _, stage in (name.rpartition("_") for name in parameters(table)):
        if stage.isdigit():
            stages.setdefault(stem, []).append(f"{stem}_{stage}")
    for stem, names in stages.items():
        if len(names) > 1 and set(names) <= set(values) and len({values[name] for name in names}) == 1:
            same[stem] = values[names[0]]
            values = {name: value for name, value in values.items() if name not in names}
    return ", ".join(filter(None, (title(values), f"in every stage {title(same)}" if same else "")))


def _fixed_of_a_graph(values: dict[str, Any]) -> str:
    shared = []
    for stem, said in (("noise_std", "noise σ"), ("penalty", "penalty μ")):
        names = [name for name in values if name.startswith(f"{stem}_")]
        if len(names) > 2 and len({values[name] for name in names}) == 1:
            shared.append(f"every {said} = {number(values[names[0]])}")
            values = {name: value for name, value in values.items() if name not in names}
    if len(values) > _LONGEST_HEADING:
        values = {name: value for name, value in values.items() if not name.startswith("weight_")}
    return ", ".join(filter(None, (title(values), *shared)))


def split(table: DataFrame, *, besides: Sequence[str] = ("n",)) -> Parts:
    """The rows of each panel, by everything that varies besides the parameters named: see parts."""
    return parts(table, varying(table, besides=besides))


def parts(table: DataFrame, names: Sequence[str]) -> Parts:
    """The rows for each setting of these parameters, `arm` among them: a list of (title, rows), in which the first
    parameter changes fastest and the arm slowest."""
    if "arm" in names:
        others = [name for name in names if name != "arm"]
        labels = {arm: style.label for arm, style in arm_styles(arms(table), own=own_arms(table)).items()}
        return [(f"{labels[arm]}, {text}" if text else labels[arm], rows) for arm in labels
                for text, rows in parts(table[table["arm"] == arm], others)]
    if not names:
        return [("", table)]
    return [(title(dict(zip(names, values[::-1]))), rows)
            for values, rows in table.groupby(list(names)[::-1])]


def columns(table: DataFrame, names: Sequence[str]) -> int:
    """How many panels of parts(table, names) make a line, so that the settings of the first parameter fill whole lines
    where there is a second."""
    counts = [table[name].nunique() for name in names if name != "arm"]
    return 2 if len(names) > 1 and counts and counts[0] % 3 and counts[0] % 2 == 0 else 3


def title(values: Mapping[str, Any]) -> str:
    """Parameter values as text: {"m": 150, "noise_std": 0.2} gives "m = 150, noise σ = 0.2"."""
    return ", ".join(f"{_name(name)} = {number(value)}" for name, value in values.items())


def _name(parameter: str) -> str:
    """As text: a chain's "noise_std_2" is "noise σ₂", a graph's "n_real" is "n (real)"."""
    if "/" in parameter:
        return "/".join(map(_name, parameter.split("/")))
    for pattern, text in () if parameter in _NAMES else _OF_A_GRAPH:
        if pattern.fullmatch(parameter):
            return pattern.sub(text, parameter)
    stem, _, stage = parameter.rpartition("_")
    if not stage.isdigit():
        return _NAMES.get(parameter, parameter)
    return _NAMES.get(stem, stem) + stage.translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def axis_of(table: DataFrame, *, first: str = "n") -> str:
    """The parameter with the most values, `first` where it is one and none has more; then sizes, weights and penalties
    of a graph or chain come before others."""
    numbers = [name for name in parameters(table) if name != "run"]
    return max(numbers, key=lambda name: (table[name].nunique(), name == first, name.startswith(("n_", "count_")),
                                                    name.startswith("weight_"), name.startswith(("penalty_", "time_"))))


def arrange(table: DataFrame, x: str | None, hue: Chosen, panel: Chosen, *, first: str = "n", lines: Sequence[str] = (),
            several: Sequence[str] = ()) -> tuple[DataFrame, str, list[str], list[str]]:
    """What runs along the x axis, what colours tell and what has a panel each: a table with x's column, x, and the
    names of the others in two lists.

    x: a parameter, `p/n`, `overlap` (the correlation dimension), or a chain's parameter without its stage where it
    varies in one stage only; by default the parameter with the most values, `first` where none has more. hue, panel:
    such names, but for `p/n`, and `arm` where there are `several`, as lists or as text with commas between; where
    neither is said, colours tell `lines` and all others have panels; where one is, it leaves the others to the other.
    Raises ValueError where a name is none of these, where it has one value, or is named twice.
    """
    names = varying(table, besides=())
    free = names + (["arm"] if len(several) > 1 else [])
    if x:
        table, x, taken = _axis(table, x, names)
    else:
        x = axis_of(table, first=first)
        taken = [x]
    hues, own = ([_varying_of(name, free, role) for name in _listed(said)]
                 for said, role in ((hue, "hue"), (panel, "panels")))
    named = [*taken, *hues, *own]
    for name in named:
        if named.count(name) > 1:
            raise ValueError(f"{name} is named twice: x, hue and panels take different ones of {', '.join(free)}")
    left = [name for name in names if name not in named]
    if hue is None:
        hues = [name for name in lines if name in names and name not in named]
        left = [name for name in left if name not in hues]
    if panel is None:
        own = left
    elif hue is None:
        hues = hues + left
    elif left:
        raise ValueError(f"neither hue nor panels name what varies too, {', '.join(left)}: name it, or draw some rows "
                         "of the table")
    return table, x, hues, own


def lines_of(table: DataFrame, x: str | None, arms: Sequence[str]) -> list[str]:
    """Of a graph whose panels would be more than a line of them: the parameter with the most values that colours can
    tell, in a list."""
    counts = {name: table[name].nunique() for name in varying(table, besides=(x or axis_of(table),))}
    told = [name for name, count in counts.items() if count <= len(COLOURS)]
    if math.prod(counts.values()) <= 3 or len(arms) > len(MARKERS):
        return []
    return sorted(told, key=lambda name: counts[name])[-1:]


def _listed(said: Chosen) -> list[str]:
    return [name.strip() for name in said.split(",")] if isinstance(said, str) else list(said or ())


def _axis(table: DataFrame, x: str, names: Sequence[str]) -> tuple[DataFrame, str, list[str]]:
    """The table with the column of that axis, the column's name and the parameters that run along it."""
    if x == "p/n" and {"p", "n"} <= set(parameters(table)) and {"p", "n"} & set(names):
        table = table.assign(**{x: table["p"] / table["n"]})
        return table, x, [min(("n", "p"), key=lambda name: (-table[name].nunique(), name))]
    name = _varying_of(x, names, "axis")
    return table, name, [name]


def _varying_of(said: str, names: Sequence[str], role: str) -> str:
    """The one of these names that is meant."""
    name = "correlation_dimension" if said == "overlap" else said
    stages = [column for column in names if column.rpartition("_")[0] == name and column.rpartition("_")[2].isdigit()]
    if name not in names and len(stages) == 1:
        [name] = stages
    if name not in names:
        raise ValueError(f"no {role} {said!r}: the parameters that vary are {', '.join(names) or 'none'}")
    return name


def label(x: str) -> str:
    """What an axis along a parameter is called."""
    return _LABELS.get(x) or _name(x)


def scale_axis(axes: Axes, x: str, values: Series[float]) -> None:
    """A logarithmic axis for values over a factor of 10, with a linear piece for zeros; n, p, overlaps and weights
    are linear."""
    positive = values[values > 0]
    if (x in _LINEAR or x.startswith("weight_") or not len(positive) or positive.max() < 10 * positive.min()
            or (values < 0).any()):
        return
    if len(positive) == len(values):
        axes.set_xscale("log")
        plain_log_ticks(axes.xaxis)
    else:
        axes.set_xscale("symlog", linthresh=positive.min())
        axes.set_xlim(left=-0.2 * positive.min())


def risk_of(table: DataFrame) -> str:
    """The estimand that the arms of a table are compared by."""
    names = table["estimand"].unique()
    return next((name for name in ("excess_risk", "test_error") if name in names), names[0])


def measured(table: DataFrame, y: str) -> DataFrame:
    """The rows of one estimand, with those of its quantiles."""
    names = [y, *(f"{y}_{quantile}" for quantile in ("q05", "median", "q95"))]
    rows = table[table["estimand"].isin(names)]
    if not (rows["estimand"] == y).any():
        raise ValueError(f"no estimand {y!r}; the table has {', '.join(table['estimand'].unique())}")
    return rows


def law_of(table: DataFrame) -> str:
    """What a legend calls the predictions: of the test errors of files there is no theory but an approximation."""
    return "approximation" if risk_of(table) == "test_error" else "theory"


def risks(table: DataFrame, arm: str, *, x: str = "n") -> DataFrame:
    """The risk rows of one arm in ascending x."""
    chosen = (table["arm"] == arm) & (table["estimand"] == risk_of(table))
    return table[chosen].sort_values(x)


def arms(table: DataFrame) -> list[str]:
    """Arms that have a risk, in the table's order."""
    return list(table.loc[(table["estimand"] == risk_of(table)) & (table["arm"] != ""), "arm"].unique())


def own_arms(table: DataFrame) -> bool:
    """Whether the arms have names of the user's own, as a graph's fits do."""
    return study_of(table) == "graph"


def level(rows: DataFrame, names: Sequence[str] = ()) -> bool:
    """Whether the rows of one arm that have the same values of these parameters say the same, up to rounding."""
    kept = rows.groupby(list(names) or numpy.zeros(len(rows)))[["estimate", "theory"]]
    return numpy.allclose(kept.max(), kept.min(), rtol=1e-9, atol=0.0, equal_nan=True)


def once(rows: DataFrame, x: str, share: float) -> DataFrame:
    """Rows of one arm, level along x, with the estimate in one place only, at this share of them: one marker on a
    line."""
    known = rows["estimate"].notna()
    places = numpy.sort(rows.loc[known if known.any() else known.index, x].unique())
    here = rows[x] == places[int(share * len(places))]
    return rows.assign(estimate=rows["estimate"].where(here), n_trials=rows["n_trials"].where(here, 0))


def flagged(rows: DataFrame, *names: str) -> Array:
    """Which rows have one of these flags."""
    return rows["flags"].str.split().apply(lambda flags: not set(names).isdisjoint(flags)).to_numpy(dtype=bool)


def has_mean(rows: DataFrame) -> Array:
    """Rows whose estimate stands for a mean: not those within 3 of interpolation or that one trial decides, of
    which the quantiles are drawn."""
    return ~flagged(rows, "near_interpolation", "heavy_tail")


def draw_series(axes: Axes, table: DataFrame, estimand: str, style: ArmStyle, *, x: str = "n") -> None:
    """One arm's theory as a line, means as markers with 95 % intervals, quantiles as open markers."""
    rows = table[table["estimand"] == estimand].sort_values(x)
    mean = has_mean(rows)
    axes.plot(rows[x], rows["theory"], color=style.colour, linestyle=style.line, linewidth=1.3, zorder=2,
              label="_theory", gid=style.label)
    draw_means(axes, rows[mean], style, against=x)
    medians = draw_medians(axes, table, estimand, style, against=x)
    absent = rows[(rows["n_trials"] > 0) & ~(mean & numpy.isfinite(rows["estimate"])) & ~rows[x].isin(medians)]
    axes.plot(absent[x], numpy.full(len(absent), numpy.nan), label="_absent")


def draw_arm(axes: Axes, table: DataFrame, arm: str, style: ArmStyle, *, x: str = "n") -> None:
    """The risk of one arm."""
    draw_series(axes, table[table["arm"] == arm], risk_of(table), style, x=x)


def draw_means(axes: Axes, rows: DataFrame, style: ArmStyle, *, against: str = "n") -> None:
    """Markers with error bars over [ci95_low, ci95_high]: pale without bars where the table has no interval,
    crossed where trials had less than full rank."""
    rows = rows[numpy.isfinite(rows["estimate"])]
    bare = rows["ci95_low"].isna()
    for part, pale in ((rows[~bare], False), (rows[bare], True)):
        if pale and part.empty:
            continue
        # An interval corrected for skewness may lie to one side of its mean.
        bars = numpy.maximum(0, [part["estimate"] - part["ci95_low"], part["ci95_high"] - part["estimate"]])
        look = ({"markersize": 4.2, "markerfacecolor": pale_of(style.colour), "markeredgecolor": style.colour} if pale
                else {"markersize": 3.6, "markeredgecolor": "white"})
        drawn = axes.errorbar(part[against], part["estimate"], yerr=numpy.nan_to_num(bars), color=style.colour,
                              marker=style.marker, linestyle="none", elinewidth=0.9, markeredgewidth=0.4, zorder=3,
                              **look)
        drawn.lines[0].set(label="_pale" if pale else "_mean", gid=style.label)
    deficient = rows[flagged(rows, "rank_deficient")]
    if len(deficient):
        axes.plot(deficient[against], deficient["estimate"], linestyle="none", marker="x", markersize=5,
                  markeredgewidth=0.8, color="0.15", zorder=4, label="_crossed", gid=style.label)


def draw_medians(axes: Axes, rows: DataFrame, estimand: str, style: ArmStyle, *, against: str = "n") -> Series[float]:
    """Open markers with bars from the 5 % to the 95 % quantile, where the table has quantiles; returns where."""
    middle = rows[rows["estimand"] == f"{estimand}_median"].sort_values(against)
    if len(middle):
        axes.plot(middle[against], middle["estimate"], linestyle="none", marker=style.marker, markersize=3.6,
                  markerfacecolor="white", markeredgecolor=style.colour, zorder=3, label="_median", gid=style.label)
        low, high = (rows[rows["estimand"] == f"{estimand}_{name}"].sort_values(against) for name in ("q05", "q95"))
        if len(low) == len(high):
            axes.vlines(low[against], low["estimate"], high["estimate"], color=style.colour, linewidth=0.9, zorder=2)
    return middle[against]


def mark_interpolation(axes: Axes, rows: DataFrame, x: str = "n") -> None:
    """A thin vertical line at n = p where curves over n, p or p/n cross it at one place; of subspaces and chains there
    is none."""
    if "weak_d" in rows or "p" not in rows or "n" not in rows:
        return
    places = {"n": rows["p"].unique(), "p": rows["n"].unique(), "p/n": [1.0]}.get(x, ())
    if len(places) == 1 and rows[x].min() < places[0] < rows[x].max():
        axes.axvline(places[0], color="0.6", linewidth=0.8, linestyle=":", zorder=1)
        axes.annotate("n = p", (places[0], 0.0), xycoords=("data", "axes fraction"), xytext=(3, 4),
                      textcoords="offset points", color="0.4", fontsize="small", gid="_guide")


def drawn(axes: Axes) -> list[Line2D]:
    """The lines of a panel that show values: all but guides, which have no label, and those that only note where
    there are none."""
    return [line for line in axes.get_lines() if not str(line.get_label()).startswith(("_child", "_absent"))
            and numpy.isfinite(numpy.asarray(line.get_ydata(), float)).any()]


def choose_risk_scale(*grid: Axes) -> None:
    """The same scale and limits for all panels: logarithmic where what is drawn as lines and markers spans more
    than a factor of 6. Finishes them."""
    values = numpy.concatenate([numpy.empty(0), *(numpy.asarray(line.get_ydata(), float)
                                                       for axes in grid for line in drawn(axes))])
    values = values[numpy.isfinite(values) & (values > 0)]
    limits = [limit for axes in grid for limit in axes.get_ylim()]
    span = values.max() / values.min() if len(values) else 1.0
    if span > 6:
        # Bars over quantiles may leave the panel: they span decades at n = p.
        limits = [values.min() / max(1.25, span ** 0.05), values.max() * max(1.25, span ** 0.05)]
    for axes in grid:
        if span > 6:
            axes.set_yscale("log")
        axes.set_ylim(min(limits), max(limits))
        if span > 6:
            plain_log_ticks(axes.yaxis)
        finish(axes)


def finish(axes: Axes) -> None:
    """What depends on the scales: lines of theory break where an axis cannot show it and a value without a
    neighbour becomes a dash; below the x axis stands where means are not drawn, and why."""
    logarithmic = axes.get_yscale() == "log"
    for line in [line for line in axes.get_lines() if line.get_label() == "_theory"]:
        x, values = numpy.asarray(line.get_xydata()).T
        known = numpy.isfinite(values) & ((values > 0) | (not logarithmic))
        line.set_ydata(numpy.where(known, values, numpy.nan))
        alone = known & ~numpy.append(known[1:], False) & ~numpy.append(False, known[:-1])
        if alone.any():
            axes.plot(x[alone], values[alone], color=line.get_color(), linestyle="none", marker="_", markersize=11,
                      markeredgewidth=1.3, zorder=2, label="_dash", gid=line.get_gid())
    drawn = [line.get_xydata() for line in axes.get_lines() if line.get_label() in ("_mean", "_pale", "_median")]
    x, y = numpy.concatenate([numpy.empty((0, 2)), *drawn]).T
    absent = [line.get_xdata() for line in axes.get_lines() if line.get_label() == "_absent"]
    said = [f"{what} at {_range(places)}{why}" for what, places, why in (
        ("0", x[(y == 0) & logarithmic], ": not on a log axis"),
        ("below 0", x[(y < 0) & logarithmic], ": not on a log axis"),
        ("no mean", numpy.concatenate([numpy.empty(0), *absent]), "")) if len(places)]
    if said:
        axes.annotate("\n".join(said), (0.5, 0.0), xycoords=axes.xaxis.label, xytext=(0, -1),
                      textcoords="offset points", ha="center", va="top", fontsize="x-small", color="0.35")
    for text in axes.texts:
        if isinstance(text, Annotation) and text.get_gid() == "_guide":
            _clear(axes, text)


def _clear(axes: Axes, text: Annotation) -> None:
    """Moves the name of a guide to that end and side of it where the fewest lines run through it."""
    axes.get_xlim()  # sets the limits, which matplotlib leaves for later
    axes.get_ylim()
    within = axes.transData - axes.transAxes
    curves = [within.transform(line.get_xydata()) for line in drawn(axes) if numpy.size(line.get_xdata()) > 1]
    steps = numpy.linspace(0, 1, 50)
    x, y = (numpy.concatenate([numpy.interp(numpy.arange(len(curve) - 1)[:, None] + steps, range(len(curve)),
                                            curve[:, k]).ravel() for curve in curves] or [numpy.empty(0)])
            for k in (0, 1))
    guide = within.transform((text.xy[0], axes.get_ylim()[0]))[0]
    crowds = {}
    for end in (0, 1):
        for side in (1, -1):
            # The name takes about a quarter of a panel's width and an eighth of its height.
            inside = (0 < side * (x - guide)) & (side * (x - guide) < 0.25) & (abs(y - end) < 0.125)
            crowds[end, side] = inside.sum() + 1000 * (not 0 <= guide + 0.25 * side <= 1)
    end, side = min(crowds, key=lambda place: crowds[place])
    text.xy, text.xyann = (text.xy[0], end), (3 * side, 4 - 8 * end)
    text.set(ha="left" if side > 0 else "right", va="top" if end else "baseline")


def _range(values: Array) -> str:
    low, high = numpy.min(values), numpy.max(values)
    return number(low) if low == high else f"{number(low)} … {number(high)}"
