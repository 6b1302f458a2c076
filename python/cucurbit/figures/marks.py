"""What the panels of a page show, as numbers and text: for writers that draw it in other languages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from matplotlib.typing import ColorType

    from cucurbit.hints import Array


@dataclass
class Curve:
    """A line, markers, or both. Lengths are points; a width of 0 is no line, no marker is the empty text."""

    name: str
    x: Array
    y: Array
    colour: str
    width: float
    dashes: list[float]
    marker: str
    size: float
    face: str
    edge: str


@dataclass
class Bars:
    """Vertical bars."""

    x: Array
    low: Array
    high: Array
    colour: str
    width: float


@dataclass
class Scale:
    """An axis of a panel: linear, log, or symlog with a linear piece up to `linear`, and the ticks that have a label.
    place tells how far along a value is."""

    kind: str
    low: float
    high: float
    ticks: dict[float, str]
    label: str
    linear: float
    place: Callable[[Any], Any]


@dataclass
class Note:
    """A text, and where its middle is in shares of the panel's width and height."""

    text: str
    x: float
    y: float
    colour: str


@dataclass
class Picture:
    """A panel, with its place in lines and columns of panels and its size in inches; legend: its own."""

    title: str
    row: int
    column: int
    width: float
    height: float
    x: Scale
    y: Scale
    curves: list[Curve]
    bars: list[Bars]
    notes: list[Note]
    legend: list[Curve]


def pictures(page: Figure) -> list[Picture]:
    """The panels of a page."""
    page.draw_without_rendering()
    return [_picture(axes) for axes in page.axes]


def legend(page: Figure) -> list[Curve]:
    """What the legend of a page tells, each with its name."""
    return [entry for box in page.legends for entry in _told(box.legend_handles, box.get_texts())]


def plain(text: str) -> str:
    """What matplotlib writes, formulas between dollar signs, as plain text."""
    for part, word in (("\\mathdefault", ""), ("\\setminus", "∖"), ("$", ""), ("{", ""), ("}", "")):
        text = text.replace(part, word)
    return text


def _picture(axes: Axes) -> Picture:
    place, box, own = axes.get_subplotspec(), axes.get_window_extent(), axes.get_legend()
    x, y = _scale(axes.xaxis, axes.get_xscale()), _scale(axes.yaxis, axes.get_yscale())
    notes = [_note(axes, text) for text in axes.texts]
    # Below the axis they continue what stands there.
    x.label = "\n".join([x.label, *(note.text for note in notes if note.y < 0)])
    return Picture(axes.get_title(loc="left") or axes.get_title(), place.rowspan.start if place else 0,
                   place.colspan.start if place else 0, box.width / axes.figure.dpi, box.height / axes.figure.dpi, x, y,
                   [_curve(line, _numbers(axes, line)) for line in axes.get_lines() if _is_seen(line)],
                   [_bars(part) for part in axes.collections if isinstance(part, LineCollection)],
                   [note for note in notes if note.y >= 0],
                   _told(own.legend_handles, own.get_texts()) if own else [])


def _is_seen(line: Line2D) -> bool:
    return bool(numpy.isfinite(numpy.asarray(line.get_xydata(), float)).all(axis=-1).any())


def _numbers(axes: Axes, line: Line2D) -> Array:
    """The points of a line; a guide, whose ends are shares of the panel, ends at the limits."""
    x, y = numpy.asarray(line.get_xydata(), float).T
    if line.get_transform() == axes.get_yaxis_transform():
        x = numpy.array(axes.get_xlim())
    elif line.get_transform() == axes.get_xaxis_transform():
        y = numpy.array(axes.get_ylim())
    return numpy.column_stack([x, y])


def _curve(line: Line2D, points: Array, name: str = "") -> Curve:
    drawn = line.get_linestyle() not in ("None", "none", "", " ")
    marker = str(line.get_marker())
    return Curve(name or line.get_gid() or "", points[:, 0], points[:, 1], to_hex(line.get_color()),
                 line.get_linewidth() if drawn else 0.0,
                 [float(length) for length in getattr(line, "_dash_pattern")[1] or ()] if drawn else [],
                 "" if marker in ("None", "none", "", " ") else marker, line.get_markersize(),
                 _paint(line.get_markerfacecolor()), _paint(line.get_markeredgecolor()))


def _paint(colour: ColorType) -> str:
    return "none" if isinstance(colour, str) and colour == "none" else to_hex(colour)


def _bars(drawn: LineCollection) -> Bars:
    ends = numpy.asarray(drawn.get_segments(), float).reshape(-1, 2, 2)
    width = float(numpy.ravel(drawn.get_linewidth())[0])
    return Bars(ends[:, 0, 0], ends[:, 0, 1], ends[:, 1, 1], to_hex(numpy.asarray(drawn.get_edgecolor())[0]), width)


def _scale(axis: Axis, kind: str) -> Scale:
    low, high = sorted(axis.get_view_interval())
    ticks = {place: label.get_text() for minor in (False, True)
             for place, label in zip(axis.get_ticklocs(minor=minor), axis.get_ticklabels(minor=minor))
             if label.get_text() and low <= place <= high}
    transform = axis.get_transform()
    return Scale(kind, low, high, dict(sorted(ticks.items())), axis.get_label_text(), getattr(transform, "linthresh", 0.0),
                 transform.transform)


def _note(axes: Axes, text: Text) -> Note:
    box = text.get_window_extent()
    x, y = axes.transAxes.inverted().transform(((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2))
    return Note(text.get_text(), x, y, to_hex(text.get_color()))


def _told(handles: list[Artist | None], texts: list[Text]) -> list[Curve]:
    """Lines and markers of a legend; of a curve with bars, its line."""
    return [_curve(handle, numpy.empty((0, 2)), text.get_text().replace("\n", " "))
            for handle, text in zip(handles, texts) if isinstance(handle, Line2D)]
