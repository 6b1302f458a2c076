"""Risk against a parameter: one panel for each setting of the others (Ildiz et al. 2025, Figure 1b)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cucurbit.figures import panels, weights
from cucurbit.figures.page import Drawing, Panel
from cucurbit.figures.style import legend_of, line_styles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

    from cucurbit.hints import Chosen, Styles

def draw(axes: Axes, rows: DataFrame, styles: Styles, x: str = "n", hue: Sequence[str] = ()) -> None:
    """A line for each style, by arm and setting of the parameters in hue; an arm that does not depend on them is drawn
    once, and one that does not depend on x has one marker."""
    shared = [arm for arm in panels.arms(rows) if hue and (arm, None) in styles
              and panels.level(panels.risks(rows, arm, x=x), [x])]
    for place, (value, part) in enumerate(panels.parts(rows, hue)):
        level = [arm for arm in panels.arms(part) if panels.level(panels.risks(part, arm, x=x))]
        for arm in panels.arms(part):
            if arm in shared and place > 0:
                continue
            # Lines that lie on each other have their markers beside each other.
            curve = part[part["arm"] == arm]
            if arm in level:
                curve = panels.once(curve, x, (level.index(arm) + 1) / (len(level) + 1))
            panels.draw_arm(axes, curve, arm, styles[arm, None if arm in shared else value or None], x=x)
    panels.scale_axis(axes, x, rows[x])
    panels.mark_interpolation(axes, rows, x)
    axes.set_xlabel(panels.label(x))
    axes.set_ylabel(panels.risk_of(rows).replace("_", " "))


def risk_drawing(table: DataFrame, *, x: str | None = None, hue: Chosen = None, panel: Chosen = None,
                 coordinates: DataFrame | None = None, n: int | None = None) -> Drawing:
    """Risk against x, with lines and panels as panels.arrange says, after the surrogates' weights where their table is
    given and x is n."""
    arms, own = panels.arms(table), panels.own_arms(table)
    table = panels.untied(table, (x, hue, panel)) if own else table
    lines = panels.lines_of(table, x, arms) if own and hue is None and panel is None else []
    table, along, colours, apart = panels.arrange(table, x, hue, panel, lines=lines, several=arms)
    colours = [name for name in colours if name != "arm"]
    # Arms that have panels, or that are one, share the looks of lines.
    alone = len(arms) == 1 or "arm" in apart
    values = [text for text, _ in panels.parts(table, colours)] if colours else []
    styles, shown = line_styles(arms[:1] if alone else arms, values, own=own)
    if alone:
        styles = {(arm, value): style for (_, value), style in styles.items() for arm in arms}
    drawn = [Panel(text, lambda axes, rows=rows: draw(axes, rows, styles, along, colours), alike=True)
             for text, rows in panels.parts(table, apart)]
    heading = panels.fixed(table)
    if len(arms) == 1 and colours:
        heading = f"{heading}, {line_styles(arms, [], own=own)[1][0].label}"
    surrogates = weights.columns(coordinates, arms) if coordinates is not None and along == "n" and not colours else []
    if coordinates is not None and surrogates:
        chosen = weights.at_samples(coordinates, n)
        looks = {arm: styles[arm, None] for arm in surrogates}
        drawn.insert(0, Panel(weights.title(chosen), lambda axes: weights.draw(axes, chosen, looks)))
    extra = [weights.truth()] if surrogates else []
    return Drawing(drawn, heading, lambda grid: legend_of(shown, grid, extra=extra, line=panels.law_of(table)),
                   columns=3 if surrogates else panels.columns(table, apart))
