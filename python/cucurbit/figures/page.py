"""Lays a figure's panels out on pages, and writes them."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import matplotlib
import numpy
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure, SubFigure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.text import Text

from cucurbit.figures import panels, tex, vega
from cucurbit.figures.style import settings
from cucurbit.files import replaced

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from cucurbit.hints import AnyPath, Look, Size

_PANELS_OF_A_PAGE = 6
# Inches: the least width of a panel, and what its y axis takes of it.
_NARROWEST, _Y_AXIS = 2.0, 0.6
# Inches: a panel's axes that are lower or narrower show nothing.
_SMALLEST = 0.8


class Panel(NamedTuple):
    """One panel of a figure: its title, a function that draws it on axes, and whether its y axis has the scale, the
    limits and the name of all that are `alike`.

    What draw gives a label that does not begin with `_` gets a legend above the panel.
    """
    title: str
    draw: Callable[[Axes], None]
    alike: bool = False


@dataclass
class Drawing:
    """What a figure shows, on whatever paper.

    heading: what holds for all panels, its parts after commas. legend: a function of some panels' axes that gives the
    handles of the legend below them. columns: panels in a line; width and height: inches of one.
    """
    panels: list[Panel]
    heading: str
    legend: Callable[[Sequence[Axes]], Sequence[Artist]]
    columns: int = 3
    width: float = 2.9
    height: float = 2.7


class Page(Figure):
    """A page of a figure, which a notebook shows as an image; a Figure that pyplot has not made it would only name.

    pages: all pages of the figure, in order. kind: the figure's kind. look: the matplotlib style on top of ours.
    """

    pages: Sequence[Page] = ()
    kind: str | None = None
    look: Look | None = None

    def _repr_png_(self) -> bytes:
        return _written(self, "png")


def letter(place: int) -> str:
    """a, b, … z, aa, ab, … for 0, 1, …"""
    text = ""
    while place >= 0:
        place, digit = divmod(place, 26)
        text, place = chr(ord("a") + digit) + text, place - 1
    return text


def pages_of(drawing: Drawing, size: Size | None = None) -> list[Page]:
    """The pages of a figure, six panels on each but the last.

    size: inches of a page, (width, height); either may be None. Raises ValueError where there is nothing to draw.
    """
    width, height = size or (None, None)
    columns = min(len(drawing.panels), drawing.columns)
    if len(drawing.panels) == 4 and columns == 3:
        columns = 2  # two lines of two, not of three and one
    if width:
        columns = max(1, min(columns, int(width / _NARROWEST)))
    width = width or max(drawing.width * columns, 4.2)
    pages, grid = [], []
    for first in range(0, len(drawing.panels), _PANELS_OF_A_PAGE):
        shown = len(drawing.panels[first:first + _PANELS_OF_A_PAGE])
        pages.append(Page(figsize=(width, drawing.height), layout="constrained"))
        grid.append([pages[-1].add_subplot(-(-shown // columns), columns, place + 1) for place in range(shown)])
    _draw(drawing.panels, [axes for part in grid for axes in part])
    for place, (page, part) in enumerate(zip(pages, grid)):
        page.pages, ruler, first = pages, _Ruler(page), place * _PANELS_OF_A_PAGE
        shown = drawing.panels[first:first + len(part)]
        _name_once(shown, part, columns)
        above = [_label(axes, panel.title, letter(first + k) if len(drawing.panels) > 1 else None,
                        width / columns - _Y_AXIS, ruler) for k, (panel, axes) in enumerate(zip(shown, part))]
        around = _surround(page, drawing, part, f"page {place + 1} of {len(pages)}" if len(pages) > 1 else "", ruler)
        # So high that panels are as high under long titles and over long legends as elsewhere.
        page.set_figheight(height or around + sum(drawing.height + max(above[line:line + columns])
                                                  for line in range(0, len(part), columns)))
    return pages


def draw_into(drawing: Drawing, ax: Axes | dict[str, Axes]) -> Figure:
    """Draws panels into axes of the caller's own: one, for a figure of one panel, else a dictionary of axes by the
    panels' letters. Raises ValueError where a panel has no axes to choose, or an axes no panel."""
    letters = [letter(place) for place in range(len(drawing.panels))]
    if not isinstance(ax, dict) and len(letters) > 1:
        raise ValueError(f"the figure has {len(letters)} panels, (a) to ({letters[-1]}), and ax is one: name one by "
                         "its letter, ax={'a': axes}, or draw some rows of the table")
    chosen = ax if isinstance(ax, dict) else {"a": ax}
    for name in chosen:
        if name not in letters:
            raise ValueError(f"no panel {name!r} for ax: the figure has (a) to ({letters[-1]})")
    shown, grid = [drawing.panels[letters.index(name)] for name in chosen], list(chosen.values())
    _draw(shown, grid)
    for panel, axes in zip(shown, grid):
        inches = axes.get_window_extent().width / axes.figure.dpi
        title = ", ".join(filter(None, (drawing.heading, panel.title)))
        axes.set_title(_Ruler(axes.figure).wrapped(title, inches, matplotlib.rcParams["axes.titlesize"]))
        axes.legend(handles=[*_told(axes)[0], *drawing.legend([axes])], fontsize="small")
    return cast("Figure", grid[0].figure)


def _draw(shown: Sequence[Panel], grid: Sequence[Axes]) -> None:
    for panel, axes in zip(shown, grid):
        panel.draw(axes)
    alike = [axes for panel, axes in zip(shown, grid) if panel.alike and panels.drawn(axes)]
    if alike:
        panels.choose_risk_scale(*alike)
    empty = [axes for axes in grid if not panels.drawn(axes)]
    if len(empty) == len(grid):
        raise ValueError("there is nothing to draw: the table has neither means nor predictions of it")
    for axes in empty:
        axes.annotate("no values", (0.5, 0.5), xycoords="axes fraction", ha="center", color="0.35")


def _name_once(shown: Sequence[Panel], part: Sequence[Axes], columns: int) -> None:
    """Panels that are alike have the name of their y axis at the left end of a line only."""
    for place, (panel, axes) in reversed(list(enumerate(zip(shown, part)))):
        if panel.alike and place % columns and axes.get_ylabel() == part[place - 1].get_ylabel():
            axes.set_ylabel("")


def _told(axes: Axes) -> tuple[list[Artist], list[str]]:
    """Handles and labels of what a panel's own legend tells: curves with bars, then others."""
    told = sorted(zip(*axes.get_legend_handles_labels()), key=lambda entry: isinstance(entry[0], Line2D))
    return [handle for handle, _ in told], [label for _, label in told]


def _label(axes: Axes, title: str, name: str | None, inches: float, ruler: _Ruler) -> float:
    """A panel's title with its letter, and above the axes, where it hides nothing, what tells the panel's lines;
    returns how many inches this takes beyond one line."""
    handles, labels = _told(axes)
    pad, size = matplotlib.rcParams["axes.titlepad"], matplotlib.rcParams["axes.titlesize"]
    key = 0.0
    if handles:
        legend = axes.legend(handles, [ruler.wrapped(label, inches - 0.4, "small") for label in labels],
                             fontsize="small", loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.1,
                             borderpad=0.2, ncols=ruler.columns(labels, inches, "small", spacing=1.2),
                             columnspacing=1.2, handlelength=1.6, handletextpad=0.5, labelspacing=0.3)
        key = ruler.height(legend)
    title = ruler.wrapped(f"({name}) {title}".strip() if name else title, inches, size)
    axes.set_title(title, loc="left" if name else "center", pad=pad + 72 * key)
    return key + ruler.height(Text(text=title, fontsize=size, figure=axes.figure)) - ruler.line(size)


def _surround(page: Page, drawing: Drawing, part: Sequence[Axes], said: str, ruler: _Ruler) -> float:
    """The heading above the panels of a page and the legend below; returns their height in inches."""
    inches, size = page.get_figwidth() - 0.2, matplotlib.rcParams["legend.fontsize"]
    heading = ", ".join(filter(None, (drawing.heading, said)))
    surrounding = []
    if heading:
        surrounding.append(page.suptitle(ruler.wrapped(heading, inches, matplotlib.rcParams["figure.titlesize"])))
    handles = drawing.legend(part)
    if handles:
        labels = [ruler.wrapped(str(handle.get_label()), inches - 0.6, size) for handle in handles]
        surrounding.append(page.legend(handles, labels, loc="outside lower center",
                                       ncols=ruler.columns(labels, inches, size)))
    return sum(ruler.height(artist) for artist in surrounding)


class _Ruler:
    """Measures a page's text in inches."""

    def __init__(self, page: Figure | SubFigure) -> None:
        self._page, self._renderer = page, RendererAgg(100, 100, page.dpi)

    def width(self, text: str, size: float | str) -> float:
        artist = Text(text=text, fontsize=size, figure=self._page)
        return artist.get_window_extent(self._renderer).width / self._page.dpi

    @staticmethod
    def _em(size: float | str) -> float:
        return FontProperties(size=size).get_size_in_points() / 72

    def line(self, size: float | str) -> float:
        """The height of a line of text."""
        return self.height(Text(text="(a)", fontsize=size, figure=self._page))

    def height(self, artist: Artist) -> float:
        """Of what lies on the page."""
        return artist.get_window_extent(self._renderer).height / self._page.dpi

    def wrapped(self, text: str, inches: float, size: float | str) -> str:
        """The text in lines that are no wider, broken after commas, else at spaces, else anywhere."""
        if len(text) * self._em(size) <= inches:  # no letter is wider
            return text
        lines = []
        for part in re.split(r"(?<=,) ", text):
            for piece in [part] if self.width(part, size) <= inches else self._pieces(part, inches, size):
                if lines and self.width(f"{lines[-1]} {piece}", size) <= inches:
                    lines[-1] += f" {piece}"
                else:
                    lines.append(piece)
        return "\n".join(lines)

    def _pieces(self, part: str, inches: float, size: float | str) -> Iterator[str]:
        for word in re.findall(r"(?:\$[^$]*\$| = |\S)+", part):
            while "$" not in word and len(word) > 1 and self.width(word, size) > inches:
                fit = next(count for count in range(len(word) - 1, 0, -1)
                           if count == 1 or self.width(word[:count], size) <= inches)
                yield word[:fit]
                word = word[fit:]
            yield word

    def columns(self, labels: Sequence[str], inches: float, size: float | str, *, spacing: float | None = None) -> int:
        """As many columns of a legend as fit: one is as wide as its longest label."""
        em = self._em(size)
        rc = matplotlib.rcParams
        handle, pad = em * (rc["legend.handlelength"] + rc["legend.handletextpad"]), em * rc["legend.borderpad"]
        gap = em * rc["legend.columnspacing"] if spacing is None else spacing * em
        widths = [max(self.width(line, size) for line in label.split("\n")) for label in labels]
        for columns in range(len(labels), 1, -1):
            parts = [max(part) + handle for part in numpy.array_split(widths, columns)]
            if sum(parts) + gap * (columns - 1) + 2 * pad <= inches:
                return columns
        return 1


def check_fit(page: Figure) -> None:
    """Raises ValueError where a page has no room for its panels and text."""
    width, height = page.get_size_inches()
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="constrained_layout not applied")
        try:
            page.draw_without_rendering()
            extent = page.get_tightbbox()  # in inches, of all that is drawn
            fits = min(extent.x0, extent.y0, width - extent.x1, height - extent.y1) > -0.01
            panels_of_page = [axes.get_window_extent() for axes in page.axes]
            fits &= min(min(box.width, box.height) for box in panels_of_page) > _SMALLEST * page.dpi
        except UserWarning:
            fits = False
    if not fits:
        raise ValueError(f"{width:g}x{height:g} inches are too few for the figure’s panels and text")


def _written(page: Page, form: str) -> bytes:
    """A page as the bytes of an image, the same bytes each time."""
    image = io.BytesIO()
    with settings(page.look):
        page.savefig(image, format=form, metadata={"Date": None} if form == "svg" else None)
    return image.getvalue()


def svg(page: Page) -> bytes:
    """A page as the bytes of an SVG image."""
    return _written(page, "svg")


def save(figure: Figure, output: AnyPath) -> list[Path]:
    """Writes all pages of a figure as the suffix says: into one .pdf, and else as NAME.png, NAME-2.png, …; .tex is
    PGFPlots, .json (as in NAME.vl.json) Vega-Lite; without a suffix as .png and .pdf. Returns the files' paths."""
    path, pages = Path(output), getattr(figure, "pages", None) or [figure]
    written = []
    forms = [".png", ".pdf", ".svg", ".tex", ".json",
             *(f".{form}" for form in FigureCanvasBase.get_supported_filetypes() if form not in ("png", "pdf", "svg"))]
    if path.suffix and path.suffix.lower() not in forms:
        named = ", ".join(forms).replace(".tex, .json", ".tex (PGFPlots), .vl.json (Vega-Lite)")
        raise ValueError(f"{path}: no figure's suffix; allowed: {named}")
    for target in [path] if path.suffix else [path.with_suffix(".png"), path.with_suffix(".pdf")]:
        parts = [pages] if target.suffix.lower() == ".pdf" else [[page] for page in pages]
        form = ".vl.json" if target.name.endswith(".vl.json") else target.suffix
        for place, part in enumerate(parts):
            written.append(target if place == 0 else target.with_name(f"{target.name.removesuffix(form)}-{place + 1}{form}"))
            with replaced(written[-1]) as fresh, settings(getattr(figure, "look", None)):
                _save(part, fresh)
    return written


def _save(part: Sequence[Figure], path: Path) -> None:
    writer = {".tex": tex.text_of, ".json": vega.text_of}.get(path.suffix.lower())
    if writer:
        path.write_text(writer(part[0]), encoding="utf-8")
    elif path.suffix.lower() == ".pdf":
        with PdfPages(path, metadata={"CreationDate": None}) as file:
            for page in part:
                file.savefig(page)
    else:
        part[0].savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
