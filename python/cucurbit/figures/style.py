"""The common look of the figures: colour-blind-safe arms, quiet axes, legend outside the data."""

import io
import itertools
import math
from pathlib import Path

import matplotlib
import numpy
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogFormatterMathtext, MaxNLocator, NullFormatter, NullLocator

from cucurbit.files import replaced

# Okabe and Ito's palette: distinct under the common colour deficiencies.
_BLUE, _VERMILION, _GREEN, _PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
_SPARE = ("#E69F00", "#56B4E9", "#000000", "#999999")

COLOURS = (_BLUE, _VERMILION, _GREEN, _PURPLE, *_SPARE)
MARKERS = "osD^vP*X"
# Every colour with every marker, neighbours unlike in both.
_LOOKS = [(colour, MARKERS[(place + turn) % len(MARKERS)]) for turn in range(len(MARKERS))
          for place, colour in enumerate(COLOURS)]

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

_SETTINGS = {
    "font.size": 9, "axes.titlesize": 9, "axes.labelsize": 9, "legend.fontsize": 8.5,
    "xtick.labelsize": 8, "ytick.labelsize": 8, "axes.spines.top": False,
    "axes.spines.right": False, "axes.linewidth": 0.8, "legend.frameon": False,
    "pdf.fonttype": 42, "savefig.dpi": 200,
}


# Inches: line, marker and space of a legend's entry, and a letter of that size on average.
_LEGEND_HANDLE, _LEGEND_LETTER = 0.65, 0.058


class ArmStyle:
    """Label, colour and marker of one arm."""

    def __init__(self, label, colour, marker):
        self.label, self.colour, self.marker = label, colour, marker


def arm_styles(arms):
    """A style for each arm, in the order given: the papers' arms fixed, others in turn, no two alike."""
    styles, fixed = {}, {_ARMS[arm][1:] for arm in arms if arm in _ARMS}
    colours = {colour for colour, _ in fixed}
    spare = itertools.cycle(sorted((look for look in _LOOKS if look not in fixed), key=lambda look: look[0] in colours))
    taken = set()
    for arm in arms:
        label, *look = _ARMS.get(arm, (arm.replace("stage_", "stage "), None, None))
        if look[0] is None or tuple(look) in taken:
            look = next(spare)
        taken.add(tuple(look))
        styles[arm] = ArmStyle(label, *look)
    return styles


def pale_of(colour):
    """The colour mixed with white."""
    return tuple(0.4 * part + 0.6 for part in to_rgb(colour))


def styled(function):
    """Draws with the common settings, whatever the caller's own are."""

    def wrapper(*arguments, **options):
        with matplotlib.rc_context({**matplotlib.rcParamsDefault, **_SETTINGS}):
            return function(*arguments, **options)

    wrapper.__doc__, wrapper.__name__ = function.__doc__, function.__name__
    return wrapper


def new_figure(columns, rows=1, *, width=2.9, height=2.7):
    """An empty figure for a grid of panels; no global state, no display needed."""
    return Figure(figsize=(max(width * columns, 4.2), height * rows + 0.5), layout="constrained")


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


def legend_below(figure, styles, extra=(), line="theory"):
    """One legend under all panels: the arms, what lines and markers mean as far as any are drawn, and extra
    handles."""
    drawn = {artist.get_label() for axes in figure.axes for artist in axes.get_lines()
             if len(artist.get_xdata())}
    also = [Line2D([], [], color="0.3", label=label, **look) for name, (label, look) in _ALSO.items() if name in drawn]
    handles = [Line2D([], [], color=style.colour, marker=style.marker, markersize=4.5, linewidth=1.3,
                      label=style.label) for style in styles.values()]
    handles += [Line2D([], [], color="0.3", linewidth=1.3, label=f"line: {line}"),
                Line2D([], [], color="0.3", linestyle="none", marker="o", markersize=4,
                       label="marker: simulation, 95 % interval"), *also, *extra]
    figure.legend(handles=handles, loc="outside lower center",
                  ncols=_columns_that_fit([handle.get_label() for handle in handles], figure.get_figwidth()))


def _columns_that_fit(labels, width):
    """As many columns of a legend as so many inches hold: a column is as wide as its longest label."""
    for columns in range(min(len(labels), int(width / 1.75)), 1, -1):
        parts = [len(max(part, key=len)) for part in numpy.array_split(labels, columns)]
        if sum(_LEGEND_HANDLE + _LEGEND_LETTER * letters for letters in parts) <= width:
            return columns
    return 1


def plain_log_ticks(axis):
    """Labels such as 0.2 and 50 on a logarithmic axis that spans few decades, at even steps within a factor of 5,
    powers of ten on others."""
    low, high = axis.get_view_interval()
    few = high <= 300 * low
    if high <= 5 * low:
        axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(_number) if few else LogFormatterMathtext())
    axis.set_minor_formatter(FuncFormatter(_two_or_five) if few else NullFormatter())


def _number(value, _position):
    return f"{value:g}"


def _two_or_five(value, _position):
    leading = round(value / 10.0 ** math.floor(math.log10(value) + 1e-9), 6)
    return f"{value:g}" if leading in (2, 5) else ""


@styled
def svg(figure):
    """The figure as the bytes of an SVG image, the same bytes each time."""
    image = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "cucurbit"}):
        figure.savefig(image, format="svg", metadata={"Date": None})
    return image.getvalue()


@styled
def save(figure, output):
    """Writes the figure as the suffix says (.png, .pdf, …); without a suffix as .png and .pdf."""
    path = Path(output)
    targets = [path] if path.suffix else [path.with_suffix(".png"), path.with_suffix(".pdf")]
    for target in targets:
        with replaced(target) as fresh:
            figure.savefig(fresh, metadata={"CreationDate": None} if target.suffix == ".pdf" else None)
    return targets
