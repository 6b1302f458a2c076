"""Python in the documentation runs as it stands there."""

import contextlib
import io
import os
import re
import tempfile
import textwrap
import unittest
from pathlib import Path

from needs import need

need("numpy", "pandas", "matplotlib", "pyarrow", "jinja2", "polars", "xarray")

import matplotlib.figure
import numpy

import cucurbit as cb

ROOT = Path(__file__).parents[2]
# What a user's script of many lines is to become.
SHORT = """
import cucurbit as cb, numpy as np
study = cb.Study("model_shift", p=500, spectrum=cb.power_law(2.0), signal=cb.power_law(1.5),
                 n=range(20, 481, 20), noise_std=[0, 0.2], trials=1024, seed=1,
                 arms=["standard", "optimal_surrogate", cb.surrogate("mine", beta)])
study.plan()
run = study.run("runs/mine", device="auto")
ax = run.plot(x="n", hue="arm", ax=ax)
gap = run.trials("excess_risk").sel(arm="mine") - run.trials("excess_risk").sel(arm="standard")
"""


def blocks(page):
    """The indented blocks of a page, each with its first line's number."""
    for match in re.finditer(r"^ {4}.*\n(?:(?:\n+(?= {4}))? {4}.*\n)*", page, re.M):
        yield page.count("\n", 0, match.start()) + 1, textwrap.dedent(match[0])


class Docs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)
        for stream in (contextlib.redirect_stdout, contextlib.redirect_stderr):
            self.enterContext(stream(io.StringIO()))

    def run_blocks(self, name, chosen):
        page, names = (ROOT / name).read_text(), {}
        there = [(line, text) for line, text in blocks(page) if chosen(text)]
        for line, text in there:
            exec(compile("\n" * (line - 1) + text, name, "exec"), names)
        return len(there), names

    def test_the_page(self):
        count, names = self.run_blocks("docs/python.md", lambda text: not text.startswith("pip install"))
        self.assertGreater(count, 8)
        self.assertEqual(names["gap"].dims, ("p", "n", "noise_std", "trial"))
        self.assertEqual({path.name for path in Path().iterdir()},
                         {"mine.toml", "mine.target.arms.3.surrogate_file.npy", "runs", "figure.pdf", "figure.png",
                          "page.html", "table.parquet"})

    def test_the_readme(self):
        cb.Study("model_shift", p=40, spectrum=cb.power_law(1.5), signal=cb.power_law(1.5), n=10, noise_std=0.0,
                 arms=["standard"], trials=10).to_toml("study.toml")
        count, names = self.run_blocks("README.md", lambda text: text.startswith("import cucurbit"))
        self.assertEqual((count, len(names["table"].query("estimand == 'excess_risk'"))), (1, 1))

    def test_few_lines_for_a_study(self):
        panels = matplotlib.figure.Figure().subplots(1, 2)
        names = {"beta": numpy.linspace(1, 0, 500), "ax": dict(zip("ab", panels))}
        exec(SHORT, names)
        self.assertIs(names["ax"], panels[0].figure)
        self.assertEqual(names["gap"].shape, (1, 24, 2, 1024))
        self.assertTrue(bool((names["gap"].std("trial") > 0).all()))
        self.assertGreater(min(len(axes.lines) for axes in panels), 6)


if __name__ == "__main__":
    unittest.main()
