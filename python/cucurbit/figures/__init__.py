"""Figures of the papers' settings, drawn from a table."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cucurbit.extras import Extras

with Extras():  # of all modules of this folder
    import matplotlib as _  # noqa: F401
    import pandas

from cucurbit import table as tables
from cucurbit.figures import panels
from cucurbit.figures.descent import descent_drawing, switch_drawing
from cucurbit.figures.features import features_drawing
from cucurbit.figures.gain import gain_drawing
from cucurbit.figures.generations import generations_drawing
from cucurbit.figures.page import check_fit, draw_into, pages_of, save
from cucurbit.figures.risk import risk_drawing
from cucurbit.figures.scaling import scaling_drawing
from cucurbit.figures.style import COLOURS, settings
from cucurbit.figures.subspaces import recovery_drawing, split_drawing, student_drawing
from cucurbit.figures.weights import weights_drawing
from cucurbit.kinds import CHOSEN, KINDS, check, study_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from cucurbit.figures.page import Drawing
    from cucurbit.hints import AnyPath, Chosen, Look, Size, Source

_DRAWINGS = {"scaling": scaling_drawing, "gain": gain_drawing, "student": student_drawing, "split": split_drawing,
             "generations": generations_drawing, "descent": descent_drawing, "switch": switch_drawing,
             "features": features_drawing}


def kind_of(table: DataFrame) -> str:
    """The figure that suits a table.

    Of gradient descent: `switch` where labels switch, else `descent`. Of chains: `generations`. Of
    subspaces: `recovery` where the overlap has four values or more, `split` where n and overlap have one,
    else `student`. Of feature matrices: `features`. Of other studies: `gain` for one-stage curves that reach n > p
    with the standard arm beside others, `scaling` where n spans a factor of 8 and stays below a quarter of the
    largest p, else `risk`, which it is for every kind but gradient descent where a parameter that none of these
    draws along has the most values; always of graphs.
    """
    study = study_of(table)
    if study == "gradient_descent":
        return "descent"
    if study == "switching gradient_descent":
        return "switch"
    if study == "chain":
        # Lines of more settings than there are colours are hard to tell apart.
        return "generations" if table[panels.axis_of(table)].nunique() <= len(COLOURS) else "risk"
    if study == "features":
        return "features" if panels.axis_of(table, first="n_pseudo") in ("n", "n_pseudo") else "risk"
    if study == "weak_to_strong":
        if panels.axis_of(table, first="n_pseudo") not in ("n", "n_pseudo", "correlation_dimension"):
            return "risk"
        overlaps = table["correlation_dimension"].nunique()
        if overlaps >= 4:
            return "recovery"
        return "split" if overlaps == 1 and table["n"].nunique() == 1 else "student"
    if study is None or panels.axis_of(table) != "n":
        return "risk"
    n, p = table["n"], table["p"]
    arms = panels.arms(table)
    if "m" not in table and (n > p).any() and "standard" in arms and len(arms) > 1:
        return "gain"
    if n.max() <= p.max() / 4 and n.max() >= 8 * n.min():
        return "scaling"
    return "risk"


def plot(source: Source, output: AnyPath | None = None, *, kind: str | None = None, x: str | None = None,
         y: str | None = None, hue: Chosen = None, panels: Chosen = None, coordinates: DataFrame | None = None,
         n: int | None = None, size: Size | None = None, style: Look | None = None,
         ax: Axes | dict[str, Axes] | None = None) -> Figure:
    """Draws a run folder, a table file or a DataFrame and returns the matplotlib Figure. Several folders or files, or a
    table of several that `load` made, are drawn together: colours tell the runs unless hue or panels say otherwise.

    A figure of more than six panels has several pages: what is returned is the first, and its attribute `pages` the
    list of all of them. A notebook shows the page that is a cell's value.

    output: a .png, .svg, .pdf, .tex (PGFPlots) or .vl.json (Vega-Lite) file; without suffix, .png and .pdf are
    written. Pages are those of one .pdf, or NAME.png, NAME-2.png, …
    kind: one of KINDS, by default what kind_of says, or `risk` where x, y, hue or panels are given.
    y: of the figure `risk`, the estimand that is drawn, instead of excess risk or test error.
    x, hue, panels: of the figures `risk` and `recovery`, what the x axis is, what colours tell in a panel, and what
    has a panel each. x: a parameter, `p/n` or `overlap`; by default the one with the most values. hue, panels: a
    parameter, `overlap` or `arm`, or several with commas between; by default colours tell arms (in `recovery` n) and
    all others have panels, but for the one with the most values of a graph of more than three settings; where one of
    the two is given, the other takes what is left.
    n: the risk figure of a one-stage run folder begins with the surrogates' weights at the sample size nearest to n,
    by default to 0.4 p. coordinates: their table, see cucurbit.theory, where the source is no run folder.
    size: (width, height) of a page in inches; either may be None. style: a matplotlib style, by file or name, on top
    of ours.
    ax: axes of yours to draw a figure of one panel into; of a figure of several, a dictionary of axes by the panels'
    letters. The Figure returned is theirs.

    Raises ValueError where the table lacks what the figure needs, where x, hue or panels name what does not vary or
    one thing twice, where a panel has more lines than can be told apart, and where a page has no room for the text;
    OSError where there is no such style.
    """
    if ax is not None and size is not None:
        raise ValueError("ax has a size of its own: leave size out")
    drawing, kind = drawing_of(source, kind=kind, x=x, y=y, hue=hue, panel=panels, coordinates=coordinates, n=n,
                               weights=ax is None)
    with settings(style):
        if ax is None:
            pages = pages_of(drawing, size)
            for page in pages:
                page.kind, page.look = kind, style
                if size or style:
                    check_fit(page)
            figure = pages[0]
        else:
            figure = draw_into(drawing, ax)
    if output is not None:
        save(figure, output)
    return figure


def drawing_of(source: Source, *, kind: str | None = None, x: str | None = None, y: str | None = None,
               hue: Chosen = None, panel: Chosen = None, coordinates: DataFrame | None = None, n: int | None = None,
               weights: bool = True) -> tuple[Drawing, str]:
    """What `plot` lays out on pages, and the kind of figure that it is. weights: whether a risk figure may begin with
    them."""
    table = source if isinstance(source, pandas.DataFrame) else tables.load(source)
    several = "run" in table and table["run"].nunique() > 1
    if several and hue is None and panel is None:
        hue = "run"
    chosen = {"x": x, "hue": hue, "panel": panel}
    given = any(name is not None for name in chosen.values())
    kind = kind or ("risk" if given or y is not None else kind_of(table))
    if given and (kind not in CHOSEN or "teacher_steps" in table):
        raise ValueError(f"{'several runs' if several else 'x, hue and panels'} are of the figures {' and '.join(CHOSEN)}, not of "
                         + ("gradient descent" if "teacher_steps" in table else kind))
    check(kind, table)
    if y is not None:
        if kind != "risk":
            raise ValueError(f"y is of the figure risk, not of {kind}")
        table, weights = panels.measured(table, y), False
    if coordinates is None and isinstance(source, (str, os.PathLike)) and (weights or kind == "weights"):
        coordinates = _coordinates(Path(source), table, kind, x)
    if kind == "weights":
        if coordinates is None:
            raise ValueError("the figure weights needs a run folder, or the table cucurbit.theory(..., "
                             "coordinates=True)")
        return weights_drawing(coordinates, n), kind
    # Rows are chosen hundreds of times, which takes half as long without what no figure shows and of plain strings.
    table = table.drop(columns=["std_err", "n_failed", "theory_kind", "z"], errors="ignore").astype(
        {name: object for name in ("arm", "estimand", "flags")})
    if kind == "risk":
        return risk_drawing(table, **chosen, coordinates=coordinates, n=n), kind
    if kind == "recovery":
        return recovery_drawing(table, **chosen), kind
    return _DRAWINGS[kind](table), kind


def _coordinates(folder: Path, table: DataFrame, kind: str, x: str | None) -> DataFrame | None:
    """The surrogates' weights where the figure begins with them, or is theirs."""
    if not folder.is_dir() or study_of(table) != "model_shift":
        return None
    if kind == "weights" or kind == "risk" and (x or panels.axis_of(table)) == "n":
        return tables.theory(folder, coordinates=True)
    return None
