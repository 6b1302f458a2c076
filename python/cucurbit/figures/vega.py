"""Pages as Vega-Lite, with their numbers in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy

from cucurbit.figures import marks
from cucurbit.figures.marks import plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cucurbit.figures.marks import Bars, Curve, Note, Picture, Scale
    from cucurbit.hints import Array

_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
_CROSS = "M-1,-1L1,1M1,-1L-1,1"
_SHAPES = {"o": "circle", "s": "square", "^": "triangle-up", "v": "triangle-down", "D": "diamond", "P": "cross",
           "X": _CROSS, "x": _CROSS, "_": "stroke",
           "*": "M0,-1L0.22,-0.31L0.95,-0.31L0.36,0.12L0.59,0.81L0,0.38L-0.59,0.81L-0.36,0.12L-0.95,-0.31L-0.22,-0.31Z"}
# Pixels of an inch and of a point.
_INCH, _POINT = 96, 96 / 72


def text_of(page: Figure) -> str:
    """A page as the text of a .vl.json file."""
    panels, told = marks.pictures(page), marks.legend(page)
    lines = [{"hconcat": [_panel(panel) for panel in panels if panel.row == row]}
             for row in sorted({panel.row for panel in panels})]
    spec: dict[str, Any] = {"$schema": _SCHEMA, "vconcat": [*lines, *([_legend(told)] if told else [])],
                            "config": {"axis": {"grid": False}, "view": {"stroke": None}}}
    if page.get_suptitle():
        spec["title"] = {"text": _lines(page.get_suptitle()), "anchor": "middle"}
    return json.dumps(spec, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _panel(panel: Picture) -> dict[str, Any]:
    drawn: dict[str, Any] = {
        "width": round(panel.width * _INCH), "height": round(panel.height * _INCH),
        "title": {"text": _lines(panel.title), "anchor": "start"},
        "layer": [*(_bars(bars, panel) for bars in panel.bars),
                  *(layer for curve in panel.curves for layer in _curve(curve, panel)),
                  *(_note(note, panel) for note in panel.notes)]}
    return {"vconcat": [_legend(panel.legend), drawn]} if panel.legend else drawn


def _channel(name: str, scale: Scale) -> dict[str, Any]:
    kind = {"type": scale.kind, "domain": [scale.low, scale.high], "zero": False, "nice": False}
    if scale.kind == "symlog":
        kind["constant"] = scale.linear
    if scale.kind != "linear":
        del kind["zero"]
    return {"field": name, "type": "quantitative", "scale": kind, "title": _lines(scale.label) if scale.label else None,
            "axis": {"values": list(scale.ticks)}}


def _values(**columns: Array) -> dict[str, Any]:
    """Rows; what is not finite is null."""
    rows = zip(*(numpy.asarray(column, float).tolist() for column in columns.values()))
    return {"values": [{name: value if numpy.isfinite(value) else None for name, value in zip(columns, row)}
                       for row in rows]}


def _curve(curve: Curve, panel: Picture) -> list[dict[str, Any]]:
    """A layer for its line, and one for its markers, which tell their values."""
    x, y = _channel("x", panel.x), _channel("y", panel.y)
    named = {"transform": [{"calculate": json.dumps(curve.name, ensure_ascii=False), "as": "curve"}]} if curve.name else {}
    tooltip = [{"field": "curve", "type": "nominal"}] if curve.name else []
    tooltip += [{"field": name, "type": "quantitative", "title": _lines(scale.label)[0] or name, "format": ".5g"}
                for name, scale in (("x", panel.x), ("y", panel.y))]
    layers = [{"mark": mark, "encoding": {"x": x, "y": y}} for mark in _line(curve)]
    layers += [{**named, "mark": mark, "encoding": {"x": x, "y": y, "tooltip": tooltip}} for mark in _marker(curve)]
    return [{"data": _values(x=curve.x, y=curve.y), **layer} for layer in layers]


def _line(curve: Curve) -> list[dict[str, Any]]:
    if not curve.width:
        return []
    return [{"type": "line", "color": curve.colour, "strokeWidth": curve.width * _POINT, "clip": True,
             "strokeDash": [length * _POINT for length in curve.dashes], "order": False}]


def _marker(curve: Curve) -> list[dict[str, Any]]:
    if not curve.marker:
        return []
    thin = curve.marker in "Xx_"
    return [{"type": "point", "shape": _SHAPES[curve.marker], "size": (curve.size * _POINT) ** 2, "opacity": 1,
             "clip": True, "fill": None if thin or curve.face == "none" else curve.face,
             "stroke": curve.colour if thin else curve.edge, "strokeWidth": 1.6 if thin else 0.6}]


def _bars(bars: Bars, panel: Picture) -> dict[str, Any]:
    return {"data": _values(x=bars.x, low=bars.low, high=bars.high),
            "mark": {"type": "rule", "color": bars.colour, "strokeWidth": bars.width * _POINT, "clip": True},
            "encoding": {"x": _channel("x", panel.x), "y": _channel("low", panel.y), "y2": {"field": "high"}}}


def _note(note: Note, panel: Picture) -> dict[str, Any]:
    return {"data": {"values": [{}]}, "mark": {"type": "text", "text": _lines(note.text), "color": note.colour},
            "encoding": {"x": {"value": note.x * panel.width * _INCH},
                         "y": {"value": (1 - note.y) * panel.height * _INCH}}}


def _legend(told: Sequence[Curve]) -> dict[str, Any]:
    """A picture of lines, markers and names, one below another."""
    layers = []
    for place, curve in enumerate(told):
        y = {"value": 16 * place + 8}
        for mark in (*_line(curve), *_marker(curve)):
            ends = [15] if mark["type"] == "point" else [0, 30]
            layers.append({"data": {"values": [{"x": end} for end in ends]}, "mark": mark, "encoding": {
                "x": {"field": "x", "type": "quantitative", "axis": None, "scale": {"domain": [0, 300]}}, "y": y}})
        layers.append({"data": {"values": [{}]}, "encoding": {"x": {"value": 38}, "y": y}, "mark": {
            "type": "text", "align": "left", "baseline": "middle", "text": plain(curve.name)}})
    return {"width": 300, "height": 16 * len(told), "layer": layers}


def _lines(text: str) -> list[str]:
    return plain(text).split("\n")
