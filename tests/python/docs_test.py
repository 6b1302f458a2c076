"""What the documentation shows works as it stands there: Python, studies, commands."""

import contextlib
import copy
import csv
import functools
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
import tomllib
import unittest
from pathlib import Path

from needs import need

need("numpy", "pandas", "matplotlib", "pyarrow", "jinja2", "polars", "xarray")

import numpy

import cucurbit as cb
from cucurbit import toml

ROOT = Path(__file__).parents[2]


def blocks(page):
    """The indented blocks of a page, each with its first line's number."""
    for match in re.finditer(r"^ {4}.*\n(?:(?:\n+(?= {4}))? {4}.*\n)*", page, re.M):
        yield page.count("\n", 0, match.start()) + 1, textwrap.dedent(match[0])


PAGES = ["README.md", "CONTRIBUTING.md", *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md")))]
KINDS = sorted((ROOT / "docs/kinds").glob("*.md"))
EXAMPLES = ROOT / "examples"
# What a part of a study on the page of studies stands in.
POPULATION = ("population = { p = 400, spectrum = { kind = 'power_law', exponent = 1.0 }, "
              "signal = { kind = 'power_law', exponent = 1.5 } }")


def told(*words):
    return subprocess.run([os.environ["CUCURBIT"], *words], capture_output=True, text=True)


def tables_of(value, place=()):
    """The places of all tables in a study, itself among them."""
    if isinstance(value, dict):
        yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from tables_of(item, (*place, key))


def keys_of(tree, place):
    """The keys that the program allows in a table of a study, as it says where it finds another."""
    tree = copy.deepcopy(tree)
    table = functools.reduce(lambda value, key: value[key], place, tree)
    table["no_such_key"] = 1
    Path("study.toml").write_text(toml.document_text(tree))
    said = told("check", "study.toml").stderr
    allowed = re.findall(r"\w+", (re.search("no_such_key: unknown key; allowed here: (.*)", said) or [said, ""])[1])
    return {*allowed} - {*tree.get("rows", ()), *tree.get("fit", ())}  # names of the study's own


def with_few_features(tree):
    """A study whose random features are so few that to check it takes no time."""
    for fit in tree.get("fit", {}).values():
        if "features" in fit:
            fit["features"]["count"] = 2
    return tree


def columns_of(tree):
    """The parameters and the estimands of a study's table."""
    Path("study.toml").write_text(toml.document_text(tree))
    if tree["study"]["kind"] == "gradient_descent":  # of which theory has no rows
        told("run", "study.toml", "--set", "precision.trials=1", "--quiet", "-o", "out")
        table = told("export", "out").stdout
        shutil.rmtree("out")
    else:
        table = told("theory", "study.toml", "--format", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(table)))
    return set(list(rows[0])[:list(rows[0]).index("arm")]), {row["estimand"] for row in rows}


def named(page, name):
    """Whether a page has this name, or a pattern of it such as n_ROWS or projection_k, in quotes as code."""
    for word in re.findall("`([A-Za-z0-9_/]+)`", page):
        parts = ["[A-Za-z0-9_]+" if re.fullmatch("[A-Z]+|[bk]", part) else r"\d+" if part.isdigit() else re.escape(part)
                 for part in re.split("([_/])", word)]
        if re.fullmatch("".join(parts), name):
            return True
    return False


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
                         {"mine.toml", "mine.target.arms.3.surrogate_file.npy", "runs", "figure.pdf", "figure.png", "both.png",
                          "page.html", "live.html", "table.parquet"})

    def test_the_readme(self):
        cb.Study("model_shift", p=40, spectrum=cb.power_law(1.5), signal=cb.power_law(1.5), n=10, noise_std=0.0,
                 arms=["standard"], trials=10).to_toml("study.toml")
        count, names = self.run_blocks("README.md", lambda text: text.startswith("import cucurbit"))
        self.assertEqual((count, len(names["table"].query("estimand == 'excess_risk'"))), (1, 1))

    def studies_of(self, page):
        """The studies that a page shows, parts of one completed, each with its first line's number and its text."""
        generator = numpy.random.default_rng(1)
        for name, values in (("scattering_weak", generator.standard_normal((5000, 20))), ("b", generator.standard_normal(400)),
                             ("scattering_labels", generator.integers(0, 3, 5000)),
                             ("scattering_strong", generator.standard_normal((5000, 40)))):
            numpy.save(f"{name}.npy", values.astype(float))
        for line, text in blocks(page.read_text()):
            around = [] if text.startswith("schema") else [
                f"schema = 1\nstudy = {{ name = 'part', kind = '{page.stem}', seed = 1 }}\nprecision = {{ trials = 4 }}"]
            if around and not re.search(r"^\[(population|data|features)\]", text, re.M):
                around.append(POPULATION)
            yield line, "\n".join([*around, text])

    def test_the_studies(self):
        for page in (ROOT / "docs/studies.md", *KINDS):
            count = 0
            for line, text in self.studies_of(page):
                Path("study.toml").write_text(text)
                done = told("check", "study.toml")
                self.assertEqual(done.returncode, 0, f"{page}:{line}: {done.stderr}")
                count += 1
            self.assertEqual(count, 1, page)
        Path("study.toml").write_text(text.replace(f'"{page.stem}"', '"no such kind"').replace(f"'{page.stem}'", "'no such kind'"))
        known = told("check", "study.toml").stderr.partition("allowed: ")[2]
        self.assertEqual(sorted(re.findall("[a-z_]+", known)), [page.stem for page in KINDS])

    def test_a_page_of_a_kind_has_all_keys_and_columns(self):
        common = (ROOT / "docs/studies.md").read_text()
        for page in KINDS:
            text, keys = page.read_text(), set()
            examples = [path.read_text() for path in sorted(EXAMPLES.glob("*.toml")) if f'kind = "{page.stem}"' in path.read_text()]
            shown = [study for _, study in self.studies_of(page)]
            for study in examples + shown:
                tree = with_few_features(tomllib.loads(study))
                keys = keys.union(*(keys_of(tree, place) for place in tables_of(tree)))
                if study in shown and examples:
                    continue
                names, estimands = columns_of(tree)
                for name in names | estimands:
                    self.assertTrue(named(text, name), f"{page}: no column or estimand {name}")
            self.assertGreater(len(keys), 10)
            for key in keys:
                self.assertRegex(text + common, rf"[`\[{{ ]{key}\b", f"{page}: no key {key}")
        for path in EXAMPLES.glob("*.toml"):
            kind = tomllib.loads(path.read_text())["study"]["kind"]
            self.assertIn(f"`{path.stem}`", (ROOT / f"docs/kinds/{kind}.md").read_text())

    def test_the_commands_of_the_readme(self):
        texts = [text for _, text in blocks((ROOT / "README.md").read_text())]
        [begin] = [text for text in texts if text.startswith("pip install")]
        [use] = [text for text in texts if text.startswith("cucurbit plan")]
        text = begin.partition("\n")[2] + use  # scripts/wheel_check.sh installs a wheel
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


if __name__ == "__main__":
    unittest.main()
