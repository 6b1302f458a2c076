"""What the documentation shows works as it stands there: Python, studies, commands, links."""

import contextlib
import io
import importlib.util
import os
import re
import shlex
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

from needs import need

need("numpy", "pandas", "matplotlib", "pyarrow", "jinja2", "polars", "xarray")

import numpy

import cucurbit as cb

ROOT = Path(__file__).parents[2]


def blocks(page):
    """The indented blocks of a page, each with its first line's number."""
    for match in re.finditer(r"^ {4}.*\n(?:(?:\n+(?= {4}))? {4}.*\n)*", page, re.M):
        yield page.count("\n", 0, match.start()) + 1, textwrap.dedent(match[0])


PAGES = ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]
# What a part of a study on the page of studies stands in.
POPULATION = ("population = { p = 400, spectrum = { kind = 'power_law', exponent = 1.0 }, "
              "signal = { kind = 'power_law', exponent = 1.5 } }")


def told(*words):
    return subprocess.run([os.environ["CUCURBIT"], *words], capture_output=True, text=True)


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

    def test_the_studies(self):
        generator = numpy.random.default_rng(1)
        for name, values in (("weak", generator.standard_normal((5000, 20))), ("labels", generator.integers(0, 3, 5000)),
                             ("strong", generator.standard_normal((5000, 40)))):
            numpy.save(f"scattering_{name}.npy", values.astype(float))
        page, kinds = (ROOT / "docs/studies.md").read_text(), []
        for line, text in blocks(page):
            kind = re.findall('^## kind = "(.*)"$', "\n".join(page.splitlines()[:line]), re.M)[-1:]
            around = [] if text.startswith("schema") else [
                f"schema = 1\nstudy = {{ name = 'part', kind = '{kind[0]}', seed = 1 }}\nprecision = {{ trials = 4 }}"]
            if around and not re.search(r"^\[(population|data|features)\]", text, re.M):
                around.append(POPULATION)
            Path("study.toml").write_text("\n".join([*around, text]))
            done = told("check", "study.toml")
            self.assertEqual(done.returncode, 0, f"docs/studies.md:{line}: {done.stderr}")
            kinds += kind
        self.assertEqual(kinds, ["weak_to_strong", "chain", "graph", "gradient_descent", "features"])

    def test_the_commands_of_the_readme(self):
        [text] = [text for _, text in blocks((ROOT / "README.md").read_text()) if text.startswith("cucurbit init")]
        (Path("bin")).mkdir()
        # The study as it is has 1024 trials of each point.
        Path("bin/cucurbit").write_text(f'''#!/bin/sh
            [ "$1" = run ] && set -- "$@" --quiet --set precision.trials=16
            exec "{os.environ["CUCURBIT"]}" "$@"''')
        Path("bin/cucurbit").chmod(0o755)
        path = f"{Path('bin').resolve()}:{os.environ['PATH']}"
        done = subprocess.run(["sh", "-e", "-c", text], capture_output=True, text=True,
                              env={**os.environ, "PATH": path, "CUCURBIT_PYTHON": sys.executable})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(all(Path(name).stat().st_size for name in ("table.csv", "figure.png", "page.html")))

    def test_commands_have_their_options(self):
        known, count = {}, 0
        for name in PAGES:
            for first, text in blocks((ROOT / name).read_text()):
                for place, line in enumerate(text.splitlines()):
                    words = shlex.split(re.sub(" +#.*", "", line)) if re.match(r"(mpirun )?cucurbit ", line) else []
                    if not words:
                        continue
                    command, *rest = words[words.index("cucurbit") + 1:]
                    if command not in known:
                        known[command] = told(command, "--help").stdout
                    rest = rest[:rest.index("--")] if "--" in rest else rest
                    for option in [word for word in rest if re.match("-+[a-z]", word)]:
                        self.assertRegex(known[command], rf"(?m)^ *.*(^|[ ,]){option.partition('=')[0]}\b",
                                         f"{name}:{first + place}")
                    count += 1
        self.assertGreater(count, 15)

    @unittest.skipUnless(importlib.util.find_spec("myst_parser"), "there is no myst_parser")
    def test_the_site(self):
        done = subprocess.run([sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", ROOT / "docs",
                               "-d", "read", ROOT, "site"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        pages = {str(path.relative_to("site").with_suffix(".md")) for path in Path("site").rglob("*.html")}
        self.assertLessEqual({*PAGES, "CHANGELOG.md"}, pages)
        # It needs no network.
        for path in Path("site").rglob("*.html"):
            self.assertEqual(re.findall(r'<(?:script|img|link)[^>]*(?:src|href)="[a-z]*:?//[^"]*"', path.read_text()), [], path)


if __name__ == "__main__":
    unittest.main()
