"""What is drawn on a figure, what is wrong with it, and tables with other values."""

import itertools
import unittest.mock

import matplotlib.image
import numpy
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.text import Text


def inked(path):
    """Share of an image's pixels that are not white."""
    pixels = matplotlib.image.imread(path)[..., :3]
    return float((pixels < 0.97).any(axis=-1).mean())


def means(axes):
    """The error-bar curves of a panel as lists of (n, estimate)."""
    return [list(zip(*container.lines[0].get_data())) for container in axes.containers]


def drawn_as(axes, label):
    """Points of a panel that are drawn as what a label says: _theory, _mean, _pale, _median, _dash, _crossed."""
    return {tuple(point) for line in axes.get_lines() if line.get_label() == label for point in zip(*line.get_data())
            if not numpy.isnan(point[1])}


def notes(axes):
    """What stands below a panel's x axis."""
    return [line for text in axes.texts for line in text.get_text().splitlines() if " at " in line]


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def titles(figure):
    """Of all pages' panels, with lines joined."""
    return [(axes.get_title(loc="left") or axes.get_title()).replace("\n", " ")
            for page in figure.pages for axes in page.axes]


def altered(table, chosen, **values):
    """The table with other values in some rows."""
    table = table.copy()
    for name, value in values.items():
        table.loc[chosen, name] = value
    return table


def faults(figure):
    """What is wrong with a figure's pages, one line each: text that is cut or covers other text, panels without values,
    looks that two lines of a panel share, lines that no legend tells, and axes with fewer than two labels."""
    said = []
    for page in getattr(figure, "pages", None) or [figure]:
        texts = _texts(page)
        said += _cut(page, texts) + _covered(texts)
        for axes in page.axes:
            where = axes.get_title(loc="left") or axes.get_title() or "the panel"
            said += [f"{where}: {fault}" for fault in _of_panel(page, axes, {id(text) for text, _ in texts})]
    return said


def _texts(page):
    """Every text that is drawn on a page, with where it lies."""
    texts, draw = [], Text.draw

    def recorded(text, renderer):
        if text.get_visible() and text.get_text().strip():
            texts.append((text, text.get_window_extent(renderer)))
        draw(text, renderer)

    with unittest.mock.patch.object(Text, "draw", recorded):
        page.draw_without_rendering()
    return texts


def _cut(page, texts):
    return [f"cut: {text.get_text()!r}" for text, box in texts
            if box.x0 < -1 or box.y0 < -1 or box.x1 > page.bbox.x1 + 1 or box.y1 > page.bbox.y1 + 1]


def _covered(texts):
    return [f"{text.get_text()!r} lies on {other.get_text()!r}"
            for (text, box), (other, place) in itertools.combinations(texts, 2)
            if min(box.x1, place.x1) - max(box.x0, place.x0) > 1 and min(box.y1, place.y1) - max(box.y0, place.y0) > 1]


def _of_panel(page, axes, drawn):
    lines = [line for line in axes.get_lines() if not line.get_label().startswith(("_child", "_absent"))
             and numpy.isfinite(numpy.asarray(line.get_ydata(), float)).any()]
    if not lines:
        yield "no values"
    # Lines that say the same of different arms differ; a line and its markers are one arm's.
    looks = [(line.get_label() if line.get_label() in _OF_ONE_ARM else "", _look(line)) for line in lines
             if line.get_label() not in ("_crossed", "_dash", "_pale")]
    yield from (f"two lines look like {look}" for look in set(looks) if looks.count(look) > 1)
    told = [line for box in (*page.legends, axes.get_legend()) if box for line in box.findobj(Line2D)]
    colours, markers = {_colour(line) for line in told}, {"None", *(line.get_marker() for line in told)}
    yield from (f"no legend tells {_look(line)}" for line in lines if line.get_label() != "_crossed"
                and (_colour(line) not in colours or line.get_marker() not in markers))
    for axis in (axes.xaxis, axes.yaxis):
        labels = [label for label in axis.get_ticklabels(which="both") if id(label) in drawn]
        if len(labels) < 2:
            yield f"{len(labels)} labels on the {axis.axis_name} axis"


# What is drawn of one arm beside each other.
_OF_ONE_ARM = ("_theory", "_mean", "_ratio", "_median", "_weight", "_student", "_early",
               "_early_student")


def _colour(line):
    return to_hex(line.get_markeredgecolor() if line.get_label() == "_median" else line.get_color())


def _look(line):
    """Colour, marker and dashes of a line."""
    return _colour(line), line.get_marker(), None if line.get_linestyle() == "None" else line._unscaled_dash_pattern
