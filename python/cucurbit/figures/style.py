"""The common look of the figures: colour-blind-safe lines, quiet axes, plain numbers."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib
import matplotlib.style
import numpy
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogFormatterMathtext, MaxNLocator, NullFormatter, NullLocator

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.typing import LineStyleType

    from cucurbit.hints import Look

# Okabe and Ito's palette: distinct under the common colour deficiencies.
_BLUE, _VERMILION, _GREEN, _PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
COLOURS = (_BLUE, _VERMILION, _GREEN, _PURPLE, "#E69F00", "#56B4E9", "#000000", "#999999")
MARKERS = "os^DvP*X"
LINES: tuple[LineStyleType, ...] = (
    "-", (0, (5, 1.5)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)), (0, (9, 2)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 3)),
    (0, (9, 2, 1, 2)))
# Every colour with every marker, neighbours unlike in both; lines of one colour differ in their dashes too.
_LOOKS: list[tuple[str, str, LineStyleType]] = [
    (colour, MARKERS[(place + turn) % len(MARKERS)], LINES[turn])
    for turn in range(len(LINES)) for place, colour in enumerate(COLOURS)]

# Arms of the papers, and parts of a variance: label, colour, marker.
_ARMS = {
    "standard": ("standard (true labels)", _BLUE, "o"),
    "optimal_surrogate": ("optimal surrogate", _VERMILION, "s"),
    "mask": ("0–1 mask", _GREEN, "^"),
    "target": ("target (surrogate’s labels)", _VERMILION, "s"),
    "surrogate": ("surrogate", _PURPLE, "D"),
    "weak": ("weak teacher", _PURPLE, "D"),
    "w2s": ("strong student on its labels", _VERMILION, "s"),
    "baseline": ("strong baseline (n true labels)", _BLUE, "o"),
    "ceiling": ("strong ceiling (n + N true labels)", _GREEN, "^"),
    "variance_inherited": ("inherited, on $V_s ∩ V_w$", _BLUE, "o"),
    "variance_discrepancy": ("discrepancy, on $V_w \\setminus V_s$", _VERMILION, "s"),
    "variance_bias_driven": ("driven by the teacher’s bias", _GREEN, "^"),
}

# Sizes of text are relative to font.size, so that a style that sets it changes them all.
_SETTINGS = {
    "font.size": 9, "figure.titlesize": "medium", "axes.titlesize": "medium", "axes.labelsize": "medium",
    "legend.fontsize": "medium", "xtick.labelsize": "small", "ytick.labelsize": "small", "axes.spines.top": False,
    "axes.spines.right": False, "axes.linewidth": 0.8, "legend.frameon": False, "pdf.fonttype": 42,
    "savefig.dpi": 200, "svg.hashsalt": "cucurbit",
    # So long that a legend's line shows its dashes on both sides of its marker.
    "legend.handlelength": 2.8,
    # No axis is above a panel, which matplotlib would otherwise look for, at length, to place a title.
    "axes.titley": 1.0,
}


class ArmStyle:
    """Label, colour, marker and line style of one line."""

    def __init__(self, label: str, colour: str, marker: str, line: LineStyleType = "-") -> None:
        self.label, self.colour, self.marker = label, colour, marker
        self.line: LineStyleType = line

    def handle(self) -> Line2D:
        """What a legend shows of it."""
        return Line2D([], [], color=self.colour, marker=self.marker, linestyle=self.line, markersize=4.5,
                      linewidth=1.3, label=self.label)


def arm_styles(arms: Sequence[str], *, own: bool = False) -> dict[str, ArmStyle]:
    """A style for each arm, in the order given: the papers' arms fixed, others in turn, no two alike. Arms of the
    user's own, whatever their names, are none of the papers'.

    Raises ValueError where there are more arms than can be told apart.
    """
    if len(arms) > len(_LOOKS):
        raise ValueError(f"{len(arms)} lines in a panel cannot be told apart, {len(_LOOKS)} can: give each value of a "
                         "parameter a panel (panels), or draw some rows of the table")
    papers = {} if own else _ARMS
    fixed = {papers[arm][1:] for arm in arms if arm in papers}
    colours = {colour for colour, _ in fixed}
    free = [look for look in _LOOKS if look[:2] not in fixed]
    spare = iter(sorted(free, key=lambda look: (LINES.index(look[2]), look[0] in colours)))
    styles, taken = {}, set()
    for arm in arms:
        label, colour, marker = papers.get(arm, (arm if own else arm.replace("stage_", "stage "), "", ""))
        line: LineStyleType = "-"
        if not colour or (colour, marker) in taken:
            colour, marker, line = next(spare)
        taken.add((colour, marker))
        styles[arm] = ArmStyle(label, colour, marker, line)
    return styles


def line_styles(arms: Sequence[str], values: Sequence[str], *,
                own: bool = False) -> tuple[dict[tuple[str, str | None], ArmStyle], list[ArmStyle]]:
    """Styles of lines by (arm, value), and those that a legend shows. own: see arm_styles.

    Of several arms colours tell the values, markers and dashes the arms; (arm, None) is what all values share. Raises
    ValueError where there are more of either than can be told apart.
    """
    if not values:
        styles = arm_styles(arms, own=own)
        return {(arm, None): style for arm, style in styles.items()}, list(styles.values())
    if len(arms) == 1:
        styles = arm_styles(values)
        return {(arms[0], value): style for value, style in styles.items()}, list(styles.values())
    if len(values) > len(COLOURS) or len(arms) > len(MARKERS):
        raise ValueError(f"{len(arms) * len(values)} lines in a panel, of {len(arms)} arms and {len(values)} values, "
                         f"cannot be told apart: {len(MARKERS)} arms and {len(COLOURS)} values can; give the arms or "
                         "a parameter panels, or draw some rows of the table")
    labels = {arm: style.label for arm, style in arm_styles(arms, own=own).items()}
    looks: dict[tuple[str, str | None], ArmStyle] = {
        (arm, value): ArmStyle(f"{labels[arm]}, {value}", colour, marker, line)
        for arm, marker, line in zip(arms, MARKERS, LINES) for value, colour in zip(values, COLOURS)}
    shown = [ArmStyle(labels[arm], "0.3", marker, line) for arm, marker, line in zip(arms, MARKERS, LINES)]
    looks |= {(arm, None): style for arm, style in zip(arms, shown)}
    return looks, shown + [ArmStyle(value, colour, "none") for value, colour in zip(values, COLOURS)]


def pale_of(colour: str) -> tuple[float, ...]:
    """The colour mixed with white."""
    return tuple(0.4 * part + 0.6 for part in to_rgb(colour))


@contextlib.contextmanager
def settings(style: Look | None = None) -> Iterator[None]:
    """The common settings, whatever the caller's own are, and a matplotlib style, by file or name, on top."""
    look: dict[Any, Any] = {**matplotlib.rcParamsDefault, **_SETTINGS}
    with matplotlib.rc_context(look):
        if style is not None:
            matplotlib.style.use(style)
        yield


# What a figure may hold besides lines and full markers, by the label of what is drawn.
_ALSO = {
    "_dash": ("dash: theory without a neighbour", {"marker": "_", "markersize": 9, "markeredgewidth": 1.3,
                                                   "linestyle": "none"}),
    "_pale": ("pale: too few trials for an interval", {"marker": "o", "markersize": 4.5, "linestyle": "none",
                                                       "markeredgewidth": 0.4, "markerfacecolor": "0.75"}),
    "_median": ("open: median, 5–95 % of trials", {"marker": "o", "markersize": 4, "markerfacecolor": "white",
                                                   "linewidth": 0.9}),
    "_crossed": ("crossed: trials of less than full rank", {"marker": "x", "markersize": 5, "linestyle": "none"}),
}


def legend_of(styles: Iterable[ArmStyle], grid: Sequence[Axes], *, extra: Sequence[Artist] = (),
              line: str = "theory") -> list[Artist]:
    """A legend's handles: the lines' styles, what lines and markers mean as far as the panels of the grid have any,
    and extra handles."""
    drawn = {artist.get_label() for axes in grid for artist in axes.get_lines() if numpy.size(artist.get_xdata())}
    handles = [style.handle() for style in styles]
    if "_theory" in drawn:
        handles.append(Line2D([], [], color="0.3", linewidth=1.3, label=f"line: {line}"))
    if "_mean" in drawn:
        handles.append(Line2D([], [], color="0.3", linestyle="none", marker="o", markersize=4,
                              label="marker: simulation, 95 % interval"))
    also = [Line2D([], [], color="0.3", label=label, **look) for name, (label, look) in _ALSO.items() if name in drawn]
    return [*handles, *also, *extra]


def number(value: float | str) -> str:
    """A parameter's value as text: whole numbers up to ten million in full, else six digits; a run's name as it is."""
    if isinstance(value, str):
        return value
    text = f"{value:.0f}" if abs(value) < 1e7 and value == round(value) else f"{value:g}"
    return text.replace("-", "−")


def plain_log_ticks(axis: Axis) -> None:
    """Labels such as 0.2 and 50 on a logarithmic axis that spans few decades, at even steps within a factor of 5,
    powers of ten on others."""
    low, high = axis.get_view_interval()
    few = high <= 300 * low
    if high <= 5 * low:
        axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(_number) if few else LogFormatterMathtext())
    axis.set_minor_formatter(FuncFormatter(_two_or_five) if few else NullFormatter())


def _number(value: float, _position: int) -> str:
    return f"{value:g}"


def _two_or_five(value: float, _position: int) -> str:
    leading = round(value / 10.0 ** math.floor(math.log10(value) + 1e-9), 6)
    return f"{value:g}" if leading in (2, 5) else ""
