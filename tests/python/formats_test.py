"""Figures as PGFPlots and as Vega-Lite hold what is drawn, and TeX and Vega take them."""

import json
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from needs import need

need("numpy", "pandas", "matplotlib")

import numpy
import synthetic

import cucurbit
from cucurbit.figures import marks, save

DOCUMENT = r"""\documentclass{article}
\usepackage{pgfplots}
\usepgfplotslibrary{groupplots}
\pgfplotsset{compat=1.17}
\begin{document}
\input{figure.tex}
\end{document}
"""


def drawn(page):
    """Points of each panel's curves and ends of its bars."""
    return [{*_points(panel.curves, "x", "y"), *_points(panel.bars, "x", "low"), *_points(panel.bars, "x", "high")}
            for panel in marks.pictures(page)]


def _points(parts, *names):
    points = {point for part in parts for point in zip(*(getattr(part, name).tolist() for name in names))}
    return {point for point in points if numpy.isfinite(point).all()}


def layers_of(spec):
    """Panels of a Vega-Lite specification, each as its layers."""
    for line in spec["vconcat"]:
        for panel in line.get("hconcat", ()):
            yield next(part for part in panel.get("vconcat", [panel]) if "title" in part)["layer"]


class Formats(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_vega_lite_has_the_points(self):
        for table in (synthetic.crossing(), synthetic.descent()):
            figure = cucurbit.plot(table, self.folder / "figure.vl.json")
            names = ["figure.vl.json", *(f"figure-{place}.vl.json" for place in range(2, len(figure.pages) + 1))]
            for name, page in zip(names, figure.pages, strict=True):
                spec = json.loads((self.folder / name).read_text(), parse_constant=self.fail)
                panels = []
                for layers in layers_of(spec):
                    rows = [row for layer in layers for row in layer["data"]["values"]]
                    panels.append({(row["x"], row[y]) for row in rows for y in ("y", "low", "high")
                                   if row.get("x") is not None and row.get(y) is not None})
                self.assertEqual(panels, drawn(page))

    def test_another_suffix_is_refused_with_all_there_are(self):
        with self.assertRaisesRegex(ValueError, r"o\.vl: no figure's suffix; allowed: \.png, \.pdf, \.svg, \.tex \(PGFPlots\), "
                                    r"\.vl\.json \(Vega-Lite\), .*\.eps"):
            cucurbit.plot(synthetic.crossing(), self.folder / "o.vl")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_marker_tells_its_curve(self):
        cucurbit.plot(synthetic.crossing(), self.folder / "figure.vl.json")
        told = {layer["transform"][0]["calculate"] for layers in layers_of(json.loads(
            (self.folder / "figure.vl.json").read_text())) for layer in layers if "transform" in layer}
        self.assertEqual(told, {'"standard (true labels)"', '"optimal surrogate"', '"0–1 mask"'})

    def test_pgfplots_has_the_points(self):
        figure = cucurbit.plot(synthetic.crossing(), self.folder / "figure.tex")
        text = (self.folder / "figure.tex").read_text()
        self.assertTrue(text.isascii())
        panels = []
        for panel in text.split("\\nextgroupplot")[1:]:
            rows = re.findall(r"^(\S+) (\S+)$", panel, re.M)
            points = {tuple(map(float, row)) for row in rows}
            panels.append({point for point in points if numpy.isfinite(point).all()})
        self.assertEqual(panels, drawn(figure))

    def test_names_are_text_in_tex(self):
        frame = synthetic.graph()
        figure = cucurbit.plot(frame)
        figure.axes[0].set_title("50 % of a_b & {c} #1 \\d, σ₂, $d_{s∧w}$", loc="left")
        save(figure, self.folder / "figure.tex")
        self.assertIn(r"50 \% of a\_b \& \{c\} \#1 \textbackslash{}d, \ensuremath{\sigma }\ensuremath{_{2}}, $d_{s\wedge w}$",
                      (self.folder / "figure.tex").read_text())
        self.compiles()

    def test_tex_compiles(self):
        for table in (synthetic.crossing(), synthetic.descent()):
            cucurbit.plot(table, self.folder / "figure.tex")
            self.compiles()

    def compiles(self):
        if not shutil.which("pdflatex"):
            self.skipTest("there is no pdflatex")
        (self.folder / "document.tex").write_text(DOCUMENT)
        done = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "document.tex"], cwd=self.folder,
                              capture_output=True, text=True, errors="replace")
        self.assertEqual(done.returncode, 0, done.stdout[-2000:])
        self.assertNotIn("Missing character", done.stdout)

    def test_vega_lite_is_drawn(self):
        try:
            import vl_convert
        except ModuleNotFoundError:
            self.skipTest("there is no vl_convert")
        for table in (synthetic.crossing(), synthetic.descent()):
            cucurbit.plot(table, self.folder / "figure.vl.json")
            image = vl_convert.vegalite_to_svg((self.folder / "figure.vl.json").read_text())
            self.assertIn("</svg>", image)


if __name__ == "__main__":
    unittest.main()
