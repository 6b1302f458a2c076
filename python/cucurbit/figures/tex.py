"""Pages as PGFPlots, with their numbers in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy

from cucurbit.figures import marks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cucurbit.figures.marks import Bars, Curve, Picture, Scale
    from cucurbit.hints import Array

_PREAMBLE = r"""% A figure by cucurbit, for \input in a document that has in its preamble:
%   \usepackage{pgfplots}
%   \usepgfplotslibrary{groupplots}
%   \pgfplotsset{compat=1.17}
"""
_MARKS = {"o": "*", "s": "square*", "^": "triangle*", "v": "triangle*", "D": "diamond*", "P": "+", "X": "x", "x": "x",
          "*": "star", "_": "-"}
_LETTERS = {"σ": r"\sigma ", "μ": r"\mu ", "∧": r"\wedge ", "∩": r"\cap ", "−": "-", "…": r"\dots "}
_LETTERS |= {digit: f"_{{{place}}}" for place, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")}
_SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "’": "'", "–": "--",
            "\n": r"\\", **{letter: "\\" + letter for letter in "&%$#_{}"}}


def text_of(page: Figure) -> str:
    """A page as the text of a .tex file."""
    panels, told = marks.pictures(page), marks.legend(page)
    drawn = "\n".join([*_panels(panels), *_surroundings(panels, told, page.get_suptitle())])
    colours = "".join(f"\\definecolor{{{_colour(colour)}}}{{HTML}}{{{colour[1:].upper()}}}\n"
                      for colour in sorted(set(re.findall("#[0-9a-f]{6}", drawn))))
    drawn = re.sub("#[0-9a-f]{6}", lambda match: _colour(match[0]), drawn)
    return f"{_PREAMBLE}\\begin{{tikzpicture}}\n{colours}{drawn}\n\\end{{tikzpicture}}\n"


def _colour(colour: str) -> str:
    return f"cucurbit{colour[1:]}"


def _panels(panels: Sequence[Picture]) -> Iterator[str]:
    rows, columns = (1 + max(getattr(panel, name) for panel in panels) for name in ("row", "column"))
    told = max(len(panel.legend) for panel in panels)
    yield (f"\\begin{{groupplot}}[group style={{group size={columns} by {rows}, horizontal sep=1.7cm, "
           f"vertical sep={70 + 13 * told}pt}}, scale only axis, scaled ticks=false, unbounded coords=jump, "
           "clip mode=individual, axis lines=left, axis line style={-}, every axis label/.append style={align=center}, "
           "title style={align=center}, tick label style={font=\\small}]")
    for panel in panels:
        above = f", title style={{yshift={13 * len(panel.legend)}pt}}" if panel.legend else ""
        yield (f"\\nextgroupplot[title={{{_text(panel.title)}}}, width={panel.width:.3f}in, "
               f"height={panel.height:.3f}in, {_axis('x', panel.x)}, {_axis('y', panel.y)}{above}]")
        yield from (_bars(bars, panel) for bars in panel.bars)
        for curve in panel.curves:
            yield f"\\addplot[{_look(curve)}] table {{\n{_table(curve.x, curve.y, panel)}}};"
        for note in panel.notes:
            yield (f"\\node[font=\\small, text={note.colour}] at (rel axis cs:{note.x:.3f},{note.y:.3f}) "
                   f"{{{_text(note.text)}}};")
    yield "\\end{groupplot}"


def _surroundings(panels: Sequence[Picture], told: Sequence[Curve], heading: str) -> Iterator[str]:
    """Each panel's own legend above it, that of the page below, and the heading above all."""
    for panel in panels:
        if panel.legend:
            place = f"(group c{panel.column + 1}r{panel.row + 1}.north west)"
            yield _legend(panel.legend, f"anchor=south west, font=\\small] at {place}", 1)
    if told:
        yield _legend(told, "anchor=north, yshift=-6pt] at (current bounding box.south)", 2)
    if heading:
        yield f"\\node[anchor=south, align=center] at (current bounding box.north) {{{_text(heading)}}};"


def _legend(told: Sequence[Curve], where: str, columns: int) -> str:
    cells = [f"\\draw[{_look(curve)}] plot coordinates {{(0,0) (0.35,0) (0.7,0)}}; & "
             f"\\node[anchor=west] {{{_text(curve.name)}}};" for curve in told]
    cells = [cell.replace("(0,0) (0.35,0) (0.7,0)", "(0.35,0)") if "only marks" in cell else cell for cell in cells]
    lines = [" & ".join(cells[place:place + columns]) for place in range(0, len(cells), columns)]
    return f"\\matrix[{where} {{\n" + "".join(f"{line} \\\\\n" for line in lines) + "};"


def _axis(name: str, scale: Scale) -> str:
    """A symlog axis is a linear one of where its values are."""
    ends = _placed(numpy.array([scale.low, scale.high]), scale)
    ticks = ",".join(map(_number, _placed(numpy.array(list(scale.ticks)), scale)))
    labels = ",".join(f"{{{_text(label)}}}" for label in scale.ticks.values())
    return (f"{name}mode={'log' if scale.kind == 'log' else 'linear'}, {name}min={_number(ends[0])}, "
            f"{name}max={_number(ends[1])}, {name}tick={{{ticks}}}, {name}ticklabels={{{labels}}}, "
            f"minor {name} tick num=0, {name}label={{{_text(scale.label)}}}")


def _placed(values: Array, scale: Scale) -> Array:
    return scale.place(values) if scale.kind == "symlog" else values


def _bars(bars: Bars, panel: Picture) -> str:
    gap = numpy.full(len(bars.x), numpy.nan)
    x, y = numpy.repeat(bars.x, 3), numpy.column_stack([bars.low, bars.high, gap]).ravel()
    return f"\\addplot[{bars.colour}, line width={bars.width:g}pt, mark=none] table {{\n{_table(x, y, panel)}}};"


def _look(curve: Curve) -> str:
    """Options of a plot."""
    parts = [curve.colour, f"line width={curve.width:g}pt" if curve.width else "only marks"]
    if curve.dashes:
        steps = " ".join(f"{'off' if place % 2 else 'on'} {length:g}pt" for place, length in enumerate(curve.dashes))
        parts.append(f"dash pattern={steps}")
    if curve.marker:
        inside = "none" if curve.face == "none" else curve.face
        turned = ", rotate=180" if curve.marker == "v" else ""
        outline = curve.colour if curve.marker in "PXx_" else curve.edge
        parts.append(f"mark={_MARKS[curve.marker]}, mark size={curve.size / 2:g}pt, mark options={{solid, "
                     f"line width={1.2 if curve.marker in 'PXx_' else 0.4}pt, fill={inside}, draw={outline}{turned}}}")
    else:
        parts.append("mark=none")
    return ", ".join(parts)


def _table(x: Iterable[float], y: Iterable[float], panel: Picture) -> str:
    points = zip(_placed(numpy.asarray(x), panel.x), _placed(numpy.asarray(y), panel.y))
    return "".join(f"{_number(a)} {_number(b)}\n" for a, b in points)


def _number(value: float) -> str:
    return repr(float(value))


def _text(text: str) -> str:
    """What matplotlib writes, formulas between dollar signs, as TeX."""
    parts = text.split("$") if text.count("$") % 2 == 0 else [text.replace("$", "\\$")]
    return "".join(f"${_formula(part)}$" if place % 2 else "".join(map(_letter, part))
                   for place, part in enumerate(parts))


def _formula(part: str) -> str:
    return "".join(_LETTERS.get(letter, letter) for letter in part.replace("\\mathdefault", ""))


def _letter(letter: str) -> str:
    return f"\\ensuremath{{{_LETTERS[letter]}}}" if letter in _LETTERS else _SPECIAL.get(letter, letter)
