"""Teacher and student along gradient descent (Nagarajan et al. 2023): progress along eigenvectors, gains
against the teacher's stopping time, margins, and labels that switch in mid-training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy
from matplotlib.lines import Line2D

from cucurbit.figures import panels
from cucurbit.figures.page import Drawing, Panel
from cucurbit.figures.style import arm_styles, number, plain_log_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame, Series

    from cucurbit.figures.style import ArmStyle
    from cucurbit.hints import Array


def disturbance(table: DataFrame) -> str:
    """The parameter that disturbs labels: flip or noise_std."""
    return "flip" if "flip" in table else "noise_std"


def series(table: DataFrame, arm: str, estimand: str, **at: float) -> DataFrame:
    """Rows of one arm and estimand at these parameters."""
    chosen = (table["arm"] == arm) & (table["estimand"] == estimand)
    for name, value in at.items():
        chosen &= table[name] == value
    return table[chosen]


def some(values: Array, count: int) -> Array:
    """Up to `count` of the distinct values, the first and the last among them."""
    values = numpy.unique(values[~numpy.isnan(values)])
    places = numpy.unique(numpy.linspace(0, len(values) - 1, min(count, len(values))).round().astype(int))
    return values[places]


def draw_curve(axes: Axes, rows: DataFrame, x: str, style: ArmStyle, *, label: str | None = None,
               line: str | None = None) -> None:
    """Estimates against a parameter with bars over their 95 % intervals, where they stand for a mean."""
    rows = rows.sort_values(x)
    mean = panels.has_mean(rows) & numpy.isfinite(rows["estimate"])
    axes.plot(rows[x][~mean], numpy.full((~mean).sum(), numpy.nan), label="_absent")
    rows = rows[mean]
    bars = numpy.maximum(0, [rows["estimate"] - rows["ci95_low"], rows["ci95_high"] - rows["estimate"]])
    drawn = axes.errorbar(rows[x], rows["estimate"], yerr=numpy.nan_to_num(bars), color=style.colour,
                          marker=style.marker, linestyle=line or style.line, markersize=3.6, linewidth=1.1,
                          elinewidth=0.8, label=label or style.label)
    drawn.lines[0].set_gid(label or style.label)


def finish(axes: Axes, x: str, y: str) -> None:
    axes.set_xscale("log")
    plain_log_ticks(axes.xaxis)
    axes.set_xlabel(panels.label(x))
    axes.set_ylabel(y)
    panels.finish(axes)


def last_direction(table: DataFrame) -> int:
    """The last eigenvector whose projections the table has; 0 where it has none."""
    names = table["estimand"][table["estimand"].str.fullmatch(r"projection_\d+")]
    return max((int(name.rsplit("_", 1)[1]) for name in names), default=0)


def stops(rows: DataFrame, count: int) -> list[tuple[float, ArmStyle]]:
    """The styles of up to `count` of the teacher's stopping times."""
    times = some(rows["teacher_steps"].to_numpy(), count)
    return list(zip(times, arm_styles([f"T = {number(time)}" for time in times]).values()))


def disturbances(table: DataFrame) -> list[tuple[DataFrame, ArmStyle]]:
    """The rows of each disturbance with its style."""
    parts = panels.parts(table, [disturbance(table)])
    return list(zip((rows for _, rows in parts), arm_styles([text for text, _ in parts]).values()))


def draw_paths(axes: Axes, rows: DataFrame) -> None:
    """Mean projections on the last measured eigenvector against those on the first: the teacher's path, and
    the students of some stopped teachers."""
    k = last_direction(rows)

    def path(arm: str, x: str, **at: float) -> tuple[Series[float], Series[float]]:
        first, other = (series(rows, arm, f"projection_{i}", **at).sort_values(x) for i in (1, k))
        return first["estimate"], other["estimate"]

    axes.plot(*path("teacher", "teacher_steps"), color="0.6", linewidth=2.4, label="teacher", gid="teacher")
    for stop, style in stops(rows, 4):
        axes.plot(*path("student", "student_steps", teacher_steps=stop), color=style.colour, linewidth=1.1,
                  marker=style.marker, linestyle=style.line, markersize=3.2, label=f"student, {style.label}",
                  gid=f"student, {style.label}")
    axes.set_xscale("log")
    axes.set_yscale("log")
    plain_log_ticks(axes.xaxis)
    plain_log_ticks(axes.yaxis)
    axes.set_xlabel("projection on eigenvector 1")
    axes.set_ylabel(f"projection on eigenvector {k}")


def draw_ratios(axes: Axes, rows: DataFrame, stop: float) -> None:
    """Student over teacher at equal progress on the first eigenvector, for one stopped teacher."""
    labels = {k: f"eigenvector {k}" for k in range(2, last_direction(rows) + 1)}
    for k, style in zip(labels, arm_styles(list(labels.values())).values()):
        draw_curve(axes, series(rows, "student", f"projection_ratio_{k}", teacher_steps=stop), "student_steps", style)
    axes.axhline(1.0, color="0.6", linewidth=0.8, linestyle=":")
    finish(axes, "student_steps", "projection, student/teacher")


def draw_gain(axes: Axes, table: DataFrame, estimand: str, y: str) -> None:
    """A gain at the last student's step against the teacher's stopping time, for each disturbance."""
    last = table["student_steps"].max()
    for rows, style in disturbances(table):
        draw_curve(axes, series(rows, "student", estimand, student_steps=last), "teacher_steps", style)
    axes.axhline(0.0, color="0.6", linewidth=0.8, linestyle=":")
    finish(axes, "teacher_steps", y)


def _draw_early(axes: Axes, rows: DataFrame, estimand: str, style: ArmStyle) -> None:
    """A star for the teacher that is stopped at held-out samples, where it stops on average, and an open one for its
    student at the last step."""
    stop = series(rows, "early_teacher", "stopped_at")["estimate"]
    student = series(rows, "early_student", estimand, student_steps=rows["student_steps"].max())
    for early, face, label in ((series(rows, "early_teacher", estimand), style.colour, "_early"),
                               (student, "none", "_early_student")):
        axes.plot(stop[:len(early)], early["estimate"], color=style.colour, linestyle="none", marker="*", markersize=9,
                  markerfacecolor=face, markeredgewidth=0.8, zorder=4, label=label,
                  gid=f"{style.label}, stopped at held-out samples")


def draw_level(axes: Axes, table: DataFrame, estimand: str, y: str) -> None:
    """Teachers against T; students, dashed and with open markers on top, at their last step."""
    last = table["student_steps"].max()
    for rows, style in disturbances(table):
        draw_curve(axes, series(rows, "teacher", estimand), "teacher_steps", style)
        student = series(rows, "student", estimand, student_steps=last).sort_values("teacher_steps")
        axes.plot(student["teacher_steps"], student["estimate"], color=style.colour, linestyle="--", linewidth=1.1,
                  marker=style.marker, markersize=5, markerfacecolor="none", markeredgewidth=0.8, zorder=3,
                  label="_student", gid=f"student, {style.label}")
        _draw_early(axes, rows, estimand, style)
    axes.plot([], [], color="0.3", linestyle="--", marker="o", markersize=5, markerfacecolor="none",
              markeredgewidth=0.8, label="its student")
    if (table["arm"] == "early_teacher").any():
        axes.plot([], [], color="0.3", linestyle="none", marker="*", markersize=9, label="stopped at held-out samples")
    finish(axes, "teacher_steps", y)


def draw_margins(axes: Axes, rows: DataFrame, sample: str) -> None:
    """Mean margins of student and teacher in bins of the teacher's margin, for some stopped teachers."""
    last, ends = rows["student_steps"].max(), []
    for stop, style in stops(rows, 3):
        teacher, student = (
            rows[rows["estimand"].str.fullmatch(rf"{whose}_{sample}_margin_\d+")
                 & (rows["teacher_steps"] == stop) & (rows["student_steps"] == last)]
            for whose in ("teacher", "student"))
        draw_curve(axes, student.assign(margin=teacher["estimate"].to_numpy()), "margin", style)
        ends += [teacher["estimate"].min(), teacher["estimate"].max()]
    axes.plot([min(ends), max(ends)], [min(ends), max(ends)], color="0.6", linewidth=0.8, linestyle=":")
    axes.set_xlabel("teacher’s margin")
    axes.set_ylabel("student’s margin")


def draw_switch(axes: Axes, rows: DataFrame, estimand: str, y: str) -> None:
    """The student at its last step against the step at which its labels switch, beside one-hot labels."""
    last = rows["student_steps"].max()
    for stop, style in stops(rows, 4):
        draw_curve(axes, series(rows, "student", estimand, teacher_steps=stop, student_steps=last), "switch_at",
                   style, label=f"student, {style.label}")
    [one_hot] = series(rows, "one_hot", estimand, student_steps=last)["estimate"]
    axes.axhline(one_hot, color="black", linewidth=1.0, linestyle="--", label="one-hot labels")
    axes.set_xlabel(panels.label("switch_at"))
    axes.set_ylabel(y)
    panels.finish(axes)


def _level(table: DataFrame) -> tuple[str, str]:
    classes = (table["estimand"] == "accuracy").any()
    return ("accuracy", "test accuracy") if classes else ("excess_risk", "excess risk")


def _at(table: DataFrame, **values: float) -> str:
    """What of a panel's place its title says: a disturbance that varies, and steps."""
    return panels.title({name: value for name, value in values.items() if table[name].nunique() > 1})


def descent_drawing(table: DataFrame) -> Drawing:
    """Paths, ratios at equal progress, and both gains; for classes accuracy and calibration too, and margins
    where the table has them. The first two are of the least disturbed labels, margins of the most."""
    name, last = disturbance(table), table["student_steps"].max()
    calm, wild = (table[table[name] == extreme] for extreme in (table[name].min(), table[name].max()))
    end = _at(table, student_steps=last)
    drawn = []

    def add(title: Sequence[str], function: Callable[..., None], *arguments: object) -> None:
        drawn.append(Panel(", ".join(filter(None, title)), lambda axes: function(axes, *arguments)))

    if last_direction(table) > 1:
        stop = some(table["teacher_steps"].to_numpy(), 5)[:2][-1]
        where = _at(table, **{name: table[name].min()})
        add(["means", where], draw_paths, calm)
        add(["at equal progress on eigenvector 1", _at(table, teacher_steps=stop), where], draw_ratios, calm, stop)
    add([end], draw_level, table, *_level(table))
    add([end], draw_gain, table, "gain", "gain over one-hot labels")
    add([end], draw_gain, table, "gain_over_teacher", "gain over the teacher")
    if _level(table)[0] == "accuracy":
        add([end], draw_level, table, "calibration_error", "calibration error")
    if table["estimand"].str.contains("_margin_").any():
        for sample in ("train", "test"):
            add([f"{sample} points in bins", _at(table, **{name: table[name].max()}), end], draw_margins, wild, sample)
    return _drawing(table, drawn)


def switch_drawing(table: DataFrame) -> Drawing:
    """One panel for each disturbance: what the student gains by the step at which its labels switch."""
    name, end = disturbance(table), _at(table, student_steps=table["student_steps"].max())
    return _drawing(table, [Panel(", ".join(filter(None, (text, end))),
                                  lambda axes, rows=rows: draw_switch(axes, rows, *_level(table)))
                            for text, rows in panels.parts(table, [name])])


def _drawing(table: DataFrame, drawn: list[Panel]) -> Drawing:
    trials = Line2D([], [], color="0.3", marker="o", markersize=3.6, linewidth=1.1,
                    label=f"mean of {table['n_trials'].max():,} trials, 95 % interval")
    return Drawing(drawn, panels.fixed(table), lambda _grid: [trials], width=3.5)
