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
from cucurbit.figures.style import COLOURS, save
from cucurbit.figures.subspaces import recovery_figure, split_figure, student_figure
from cucurbit.figures.weights import weights_figure

KINDS = ("risk", "scaling", "gain", "weights", "student", "recovery", "split", "generations",
         "descent", "switch", "features")
_ALONG = ("risk", "recovery")


def kind_of(table):
    """The figure that suits a table.

    Of gradient descent: `switch` where labels switch, else `descent`. Of chains: `generations`. Of
    subspaces: `recovery` where the overlap has four values or more, `split` where n and overlap have one,
    else `student`. Of feature matrices: `features`. Of other studies: `gain` for one-stage curves that reach n > p
    with the standard arm beside others, `scaling` where n spans a factor of 8 and stays below a quarter of the
    largest p, else `risk`, which it is for every kind but gradient descent where a parameter that none of these
    draws along has the most values.
    """
    if "teacher_steps" in table:
        return "switch" if "switch_at" in table else "descent"
    if "n_1" in table:
        # Lines of more settings than there are colours cannot be told apart.
        return "generations" if table[panels.axis_of(table)].nunique() <= len(COLOURS) else "risk"
    if "n_pseudo" in table and "correlation_dimension" not in table:
        return "features" if panels.axis_of(table, first="n_pseudo") in ("n", "n_pseudo") else "risk"
    if "n_pseudo" in table:
        if panels.axis_of(table, first="n_pseudo") not in ("n", "n_pseudo", "correlation_dimension"):
            return "risk"
        overlaps = table["correlation_dimension"].nunique()
        if overlaps >= 4:
            return "recovery"
        return "split" if overlaps == 1 and table["n"].nunique() == 1 else "student"
    if panels.axis_of(table) != "n":
        return "risk"
    n, p = table["n"], table["p"]
    arms = panels.arms(table)
    if "m" not in table and (n > p).any() and "standard" in arms and len(arms) > 1:
        return "gain"
    if n.max() <= p.max() / 4 and n.max() >= 8 * n.min():
        return "scaling"
    return "risk"


def plot(source, output=None, *, kind=None, x=None, coordinates=None, n=None):
    """Draws a run folder, a table file or a DataFrame and returns the matplotlib Figure.

    kind: one of KINDS, by default what kind_of says. x: the parameter that the figures `risk` and `recovery` are
    drawn along, also `p/n` and `overlap`; by default the one with the most values. The risk figure of a one-stage run
    folder begins with the surrogates' weights (coordinates: their table, see cucurbit.theory) at the sample size
    nearest to n, by default to 0.4 p. output: a .png or .pdf file; without suffix, both are written.
    """
    table = source if isinstance(source, pandas.DataFrame) else tables.load(source)
    kind = kind or (kind_of(table) if x is None else "risk")
    if x is not None and (kind not in _ALONG or "teacher_steps" in table):
        raise ValueError(f"x chooses the axis of the figures {' and '.join(_ALONG)}, not of "
                         + ("gradient descent" if "teacher_steps" in table else kind))
    if coordinates is None and x in (None, "n") and _has_weights(source, table, kind):
        coordinates = tables.theory(source, coordinates=True)
    figure = _draw(table, kind, coordinates, n, x)
    if output is not None:
        save(figure, output)
    return figure


def _has_weights(source, table, kind):
    folder = not isinstance(source, pandas.DataFrame) and Path(source).is_dir()
    if not folder or kind not in ("risk", "weights") or not {"p", "n"} <= set(table) or {"m", "weak_d"} & set(table):
        return False
    return kind == "weights" or panels.axis_of(table) == "n"


def _draw(table, kind, coordinates, n, x):
    if kind == "risk":
        return risk_figure(table, coordinates, n, x)
    if kind == "recovery":
        return recovery_figure(table, x)
    simple = {"scaling": scaling_figure, "gain": gain_figure, "student": student_figure, "split": split_figure,
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
