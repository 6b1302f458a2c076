"""Pages as SVG within HTML, where each marker says what it stands for while a pointer rests on it, without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy
from matplotlib.container import ErrorbarContainer

from cucurbit.figures.marks import plain
from cucurbit.figures.page import Page, svg

if TYPE_CHECKING:
    from matplotlib.lines import Line2D

    from cucurbit.hints import Array

_SVG = "http://www.w3.org/2000/svg"
ElementTree.register_namespace("", _SVG)
ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")


def text_of(page: Page, prefix: str) -> str:
    """A page as an element of HTML. prefix: of its ids, so that no other page on that of HTML has the same."""
    curves = [line for axes in page.axes for line in axes.get_lines() if line.get_gid() and line.get_marker() != "None"]
    names = [str(line.get_gid()) for line in curves]
    for place, line in enumerate(curves):
        line.set_gid(f"curve-{place}")
    try:
        root = ElementTree.fromstring(svg(page))
    finally:
        for name, line in zip(names, curves):
            line.set_gid(name)
    groups = {group.attrib.pop("id", ""): group for group in root.iter(f"{{{_SVG}}}g")}
    for place, (name, line) in enumerate(zip(names, curves)):
        _title(groups.get(f"curve-{place}"), name, line, page)
    for metadata in root.findall(f"{{{_SVG}}}metadata"):
        root.remove(metadata)
    return re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}", ElementTree.tostring(root, encoding="unicode"))


def _title(group: ElementTree.Element | None, name: str, line: Line2D, page: Page) -> None:
    """Wraps each marker of a curve in a group with its title. The image has those alone that lie on it."""
    values = numpy.asarray(line.get_xydata(), float)
    said = list(_said(name, line, values))
    places = line.get_transform().transform(values) * 72 / page.dpi
    places[:, 1] = page.get_figheight() * 72 - places[:, 1]
    for parent in list(group.iter()) if group is not None else ():
        for child in [child for child in parent if child.tag == f"{{{_SVG}}}use"]:
            away = numpy.hypot(*(places - [float(child.get(axis, "nan")) for axis in "xy"]).T)
            nearest = int(numpy.nanargmin(away))
            wrapped = ElementTree.Element(f"{{{_SVG}}}g")
            ElementTree.SubElement(wrapped, f"{{{_SVG}}}title").text = said[nearest]
            parent[list(parent).index(child)] = wrapped
            wrapped.append(child)


def _said(name: str, line: Line2D, values: Array) -> Iterator[str]:
    axes = line.axes
    assert axes is not None
    bars = [container.lines[2][0].get_segments() for container in axes.containers
            if isinstance(container, ErrorbarContainer) and container.lines[0] is line]
    along = plain(axes.get_xlabel())
    for place, (x, y) in enumerate(values):
        text = f"{plain(name)}\n{along} {x:.6g}: {y:.5g}"
        if bars and line.get_label() != "_pale":
            low, high = numpy.asarray(bars[0][place])[:, 1]
            text += f"\n95 % interval {low:.5g} to {high:.5g}"
        yield text
