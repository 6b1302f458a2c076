"""Figures of the papers' settings, drawn from a table."""

from pathlib import Path

import pandas

from cucurbit import table as tables
from cucurbit.figures import panels
from cucurbit.figures.descent import descent_figure, switch_figure
from cucurbit.figures.features import features_figure
from cucurbit.figures.gain import gain_figure
from cucurbit.figures.generations import generations_figure
from cucurbit.figures.risk import risk_figure
from cucurbit.figures.scaling import scaling_figure
from cucurbit.figures.style import save
from cucurbit.figures.subspaces import recovery_figure, split_figure, student_figure
from cucurbit.figures.weights import weights_figure

KINDS = ("risk", "scaling", "gain", "weights", "student", "recovery", "split", "generations",
         "descent", "switch", "features")


def kind_of(table):
    """The figure that suits a table.

    Of gradient descent: `switch` where labels switch, else `descent`. Of chains: `generations`. Of
    subspaces: `recovery` where the overlap has four values or more, `split` where n and overlap have one,
    else `student`. Of feature matrices: `features`. Of other studies: `gain` for one-stage curves that reach n > p with the standard arm
    beside others, `scaling` where n spans a factor of 8 and stays below a quarter of the largest p, else
    `risk`.
    """
    if "teacher_steps" in table:
        return "switch" if "switch_at" in table else "descent"
    if "n_1" in table:
        return "generations"
    if "n_pseudo" in table and "correlation_dimension" not in table:
        return "features"
    if "n_pseudo" in table:
        overlaps = table["correlation_dimension"].nunique()
        if overlaps >= 4:
            return "recovery"
        return "split" if overlaps == 1 and table["n"].nunique() == 1 else "student"
    n, p = table["n"], table["p"]
    arms = panels.arms(table)
    if "m" not in table and (n > p).any() and "standard" in arms and len(arms) > 1:
        return "gain"
    if n.max() <= p.max() / 4 and n.max() >= 8 * n.min():
        return "scaling"
    return "risk"


def plot(source, output=None, *, kind=None, coordinates=None, n=None):
    """Draws a run folder, a table file or a DataFrame and returns the matplotlib Figure.

    kind: one of KINDS, by default what kind_of says. The risk figure of a one-stage run folder begins
    with the surrogates' weights (coordinates: their table, see cucurbit.theory) at the sample size
    nearest to n, by default to 0.4 p. output: a .png or .pdf file; without suffix, both are written.
    """
    table = source if isinstance(source, pandas.DataFrame) else tables.load(source)
    kind = kind or kind_of(table)
    if coordinates is None and _has_weights(source, table, kind):
        coordinates = tables.theory(source, coordinates=True)
    figure = _draw(table, kind, coordinates, n)
    if output is not None:
        save(figure, output)
    return figure


def _has_weights(source, table, kind):
    folder = not isinstance(source, pandas.DataFrame) and Path(source).is_dir()
    return folder and kind in ("risk", "weights") and "m" not in table


def _draw(table, kind, coordinates, n):
    if kind == "risk":
        return risk_figure(table, coordinates, n)
    simple = {"scaling": scaling_figure, "gain": gain_figure, "student": student_figure,
              "recovery": recovery_figure, "split": split_figure,
              "generations": generations_figure, "descent": descent_figure, "switch": switch_figure,
              "features": features_figure}
    if kind in simple:
        return simple[kind](table)
    if kind == "weights":
        if coordinates is None:
            raise ValueError("the weights figure needs the coordinates table: cucurbit.theory(..., "
                             "coordinates=True)")
        return weights_figure(coordinates, n)
    raise ValueError(f"no figure of kind {kind!r}; there are {', '.join(KINDS)}")
