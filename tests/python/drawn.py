"""What is drawn on a figure, and tables with other values."""

import matplotlib.image
import numpy
from matplotlib.backends.backend_agg import FigureCanvasAgg


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


def altered(table, chosen, **values):
    """The table with other values in some rows."""
    table = table.copy()
    for name, value in values.items():
        table.loc[chosen, name] = value
    return table


def cut_off(figure):
    """The figure's legends and title that reach beyond its edges."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    extents = [text.get_window_extent(canvas.get_renderer()) for text in (*figure.legends, figure._suptitle) if text]
    return [extent for extent in extents if extent.x0 < 0 or extent.x1 > figure.bbox.x1]
