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

import cucurbit as cb

ROOT = Path(__file__).parents[2]


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


if __name__ == "__main__":
    unittest.main()
