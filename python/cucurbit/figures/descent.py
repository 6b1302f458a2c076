"""Teacher and student along gradient descent (Nagarajan et al. 2023): progress along eigenvectors, gains
against the teacher's stopping time, margins, and labels that switch in mid-training."""

import numpy
from matplotlib.lines import Line2D

from cucurbit.figures import panels
from cucurbit.figures.style import COLOURS, new_figure, plain_log_ticks, styled

_LABELS = {"teacher_steps": "teacher’s steps T", "student_steps": "student’s steps t", "flip": "flips",
           "noise_std": "noise σ", "switch_at": "switch at step"}


def disturbance(table):
    """The parameter that disturbs labels: flip or noise_std."""
    return "flip" if "flip" in table else "noise_std"


def series(table, arm, estimand, **at):
    """Rows of one arm and estimand at these parameters."""
    chosen = (table["arm"] == arm) & (table["estimand"] == estimand)
    for name, value in at.items():
        chosen &= table[name] == value
    return table[chosen]


def some(values, count):
    """Up to `count` of the distinct values, the first and the last among them."""
    values = numpy.unique(values[~numpy.isnan(values)])
    places = numpy.unique(numpy.linspace(0, len(values) - 1, min(count, len(values))).round().astype(int))
    return values[places]


def draw_curve(axes, rows, x, colour, label, marker="o"):
    """Estimates against a parameter with bars over their 95 % intervals, where they stand for a mean."""
    rows = rows.sort_values(x)
    mean = panels.has_mean(rows) & numpy.isfinite(rows["estimate"])
    axes.plot(rows[x][~mean], numpy.full((~mean).sum(), numpy.nan), label="_absent")
    rows = rows[mean]
    bars = numpy.maximum(0, [rows["estimate"] - rows["ci95_low"], rows["ci95_high"] - rows["estimate"]])
    axes.errorbar(rows[x], rows["estimate"], yerr=numpy.nan_to_num(bars),
                  color=colour, marker=marker, markersize=3.2, linewidth=1.1, elinewidth=0.8, label=label)


def finish(axes, x, y):
    axes.set_xscale("log")
    plain_log_ticks(axes.xaxis)
    axes.set_xlabel(_LABELS.get(x, x))
    axes.set_ylabel(y)
    axes.legend(fontsize=7)
    panels.finish(axes)


def last_direction(table):
    names = table["estimand"][table["estimand"].str.fullmatch(r"projection_\d+")]
    return max(int(name.rsplit("_", 1)[1]) for name in names)


def draw_paths(axes, rows):
    """Mean projections on the last measured eigenvector against those on the first: the teacher's path, and
    the students of some stopped teachers."""
    k = last_direction(rows)

    def path(arm, x, **at):
        first, other = (series(rows, arm, f"projection_{i}", **at).sort_values(x) for i in (1, k))
        return first["estimate"], other["estimate"]

    axes.plot(*path("teacher", "teacher_steps"), color="black", linewidth=1.6, label="teacher")
    for colour, stop in zip(COLOURS, some(rows["teacher_steps"].to_numpy(), 4)):
        axes.plot(*path("student", "student_steps", teacher_steps=stop), color=colour, linewidth=1.1,
                  marker="o", markersize=2.6, label=f"student, T = {stop:.4g}")
    axes.set_xscale("log")
    axes.set_yscale("log")
    plain_log_ticks(axes.xaxis)
    plain_log_ticks(axes.yaxis)
    axes.set_xlabel("projection on eigenvector 1")
    axes.set_ylabel(f"projection on eigenvector {k}")
    axes.legend(fontsize=7)


def draw_ratios(axes, rows):
    """Student over teacher at equal progress on the first eigenvector, for a teacher stopped rather early."""
    stop = some(rows["teacher_steps"].to_numpy(), 5)[:2][-1]
    for colour, k in zip(COLOURS, range(2, last_direction(rows) + 1)):
        draw_curve(axes, series(rows, "student", f"projection_ratio_{k}", teacher_steps=stop),
                   "student_steps", colour, f"eigenvector {k}")
    axes.axhline(1.0, color="0.6", linewidth=0.8, linestyle=":")
    finish(axes, "student_steps", "projection, student/teacher")
    axes.set_title(f"at equal progress on eigenvector 1, T = {stop:.4g}")


def draw_gain(axes, table, estimand, y):
    """A gain at the last student's step against the teacher's stopping time, for each disturbance."""
    name, last = disturbance(table), table["student_steps"].max()
    for colour, (value, rows) in zip(COLOURS, table.groupby(name)):
        draw_curve(axes, series(rows, "student", estimand, student_steps=last), "teacher_steps", colour,
                   f"{_LABELS[name]} = {value:g}")
    axes.axhline(0.0, color="0.6", linewidth=0.8, linestyle=":")
    finish(axes, "teacher_steps", y)


def draw_level(axes, table, estimand, y):
    """Teachers against T; students, dashed, at their last step."""
    name, last = disturbance(table), table["student_steps"].max()
    for colour, (value, rows) in zip(COLOURS, table.groupby(name)):
        draw_curve(axes, series(rows, "teacher", estimand), "teacher_steps", colour,
                   f"{_LABELS[name]} = {value:g}")
        student = series(rows, "student", estimand, student_steps=last).sort_values("teacher_steps")
        axes.plot(student["teacher_steps"], student["estimate"], color=colour, linestyle="--",
                  linewidth=1.1)
    finish(axes, "teacher_steps", y)
    axes.set_title("solid: teacher, dashed: its student")


def draw_margins(axes, table, sample):
    """Mean margins of student and teacher in bins of the teacher's margin, for some stopped teachers."""
    rows = table[table[disturbance(table)] == table[disturbance(table)].max()]
    last, ends = rows["student_steps"].max(), []
    for colour, stop in zip(COLOURS, some(rows["teacher_steps"].to_numpy(), 3)):
        teacher, student = (
            rows[rows["estimand"].str.fullmatch(rf"{whose}_{sample}_margin_\d+")
                 & (rows["teacher_steps"] == stop) & (rows["student_steps"] == last)]
            for whose in ("teacher", "student"))
        draw_curve(axes, student.assign(margin=teacher["estimate"].to_numpy()), "margin", colour,
                   f"T = {stop:.4g}")
        ends += [teacher["estimate"].min(), teacher["estimate"].max()]
    axes.plot([min(ends), max(ends)], [min(ends), max(ends)], color="0.6", linewidth=0.8, linestyle=":")
    axes.set_xlabel("teacher’s margin")
    axes.set_ylabel("student’s margin")
    axes.set_title(f"{sample} points, bins by the teacher’s margin")
    axes.legend(fontsize=7)


def draw_switch(axes, rows, estimand, y):
    """The student at its last step against the step at which its labels switch, beside one-hot and teacher."""
    last = rows["student_steps"].max()
    stops = some(rows["teacher_steps"].to_numpy(), 4)
    for colour, stop in zip(COLOURS, stops):
        draw_curve(axes, series(rows, "student", estimand, teacher_steps=stop, student_steps=last),
                   "switch_at", colour, f"student, T = {stop:.4g}")
    [one_hot] = series(rows, "one_hot", estimand, student_steps=last)["estimate"]
    axes.axhline(one_hot, color="black", linewidth=1.0, linestyle="--", label="one-hot labels")
    axes.set_xlabel(_LABELS["switch_at"])
    axes.set_ylabel(y)
    axes.legend(fontsize=7)


@styled
def descent_figure(table):
    """Paths, ratios at equal progress, and both gains; for classes accuracy and calibration too, and margins
    where the table has them. The first two are of the least disturbed labels."""
    name = disturbance(table)
    classes = (table["estimand"] == "accuracy").any()
    calm = table[table[name] == table[name].min()]
    level = ("accuracy", "test accuracy") if classes else ("excess_risk", "excess risk")
    draw = [lambda axes: draw_paths(axes, calm), lambda axes: draw_ratios(axes, calm),
            lambda axes: draw_level(axes, table, *level),
            lambda axes: draw_gain(axes, table, "gain", "gain over one-hot labels"),
            lambda axes: draw_gain(axes, table, "gain_over_teacher", "gain over the teacher")]
    if classes:
        draw.append(lambda axes: draw_level(axes, table, "calibration_error", "calibration error"))
    if table["estimand"].str.contains("_margin_").any():
        draw += [lambda axes: draw_margins(axes, table, "train"),
                 lambda axes: draw_margins(axes, table, "test")]
    return _grid(table, draw)


@styled
def switch_figure(table):
    """One panel for each disturbance: what the student gains by the step at which its labels switch."""
    classes = (table["estimand"] == "accuracy").any()
    level = ("accuracy", "test accuracy") if classes else ("excess_risk", "excess risk")
    parts = list(table.groupby(disturbance(table)))
    figure = _grid(table, [lambda axes, rows=rows: draw_switch(axes, rows, *level) for _, rows in parts])
    for axes, (value, _) in zip(figure.axes, parts):
        axes.set_title(f"{axes.get_title(loc='left')} {_LABELS[disturbance(table)]} = {value:g}".strip(),
                       loc="left")
    return figure


def _grid(table, draw):
    columns = min(3, len(draw))
    lines = -(-len(draw) // columns)
    figure = new_figure(columns, lines, width=3.5, height=2.9)
    fixed = {name: table[name].iloc[0] for name in ("p", "n") if table[name].nunique() == 1}
    trials = Line2D([], [], color="0.3", marker="o", markersize=3.2, linewidth=1.1)
    figure.suptitle(panels.title(fixed), fontsize=9)
    for place, each in enumerate(draw):
        each(figure.add_subplot(lines, columns, place + 1))
    panels.letter(figure.axes)
    figure.legend(handles=[trials], labels=[f"mean of {table['n_trials'].max()} trials, 95 % interval"],
                  loc="outside lower center")
    return figure
