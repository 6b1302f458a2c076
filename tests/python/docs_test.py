"""What the documentation shows works as it stands there: Python, studies, C++, commands, jobs of clusters.

Every block of every page is one of these, or a formula, and each kind has a test that takes all blocks of it: a new block is tested or refused.
What would install something, need a card or a cluster, or take hours is tried as far as it goes: its files, options, presets and targets exist.
"""

import ast
import contextlib
import copy
import csv
import functools
import io
import json
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
BUILD = Path(os.environ["CUCURBIT"]).resolve().parents[1]
# What a part of a study on the page of studies stands in.
POPULATION = ("population = { p = 400, spectrum = { kind = 'power_law', exponent = 1.0 }, "
              "signal = { kind = 'power_law', exponent = 1.5 } }")


SCRIPTS = {"./gpu": "scripts/gpu", "bundle/gpu": "scripts/gpu"}
# Blocks that are no code, on the pages that have some.
WITH_FORMULAS = ("docs/theory.md", "docs/design.md")
COMMAND = re.compile(r"(sudo|env|python3|pip|cmake|ctest|ninja|tar|snakemake|mpirun|cucurbit) |\./\w|(scripts|bench|build|bundle|tests)/\S")


def without_comment(line):
    return re.sub("(^| +)#.*", "", line)


def kind_of(name, text):
    """What a block is; "" where it is nothing that a test takes."""
    lines = list(filter(None, map(without_comment, text.splitlines())))
    if text.startswith("find_package("):
        return "c++"
    if re.match("#PBS|executable |apiVersion: ", text):
        return "job"
    if lines and all(map(COMMAND.match, lines)):
        return "commands"
    with contextlib.suppress(tomllib.TOMLDecodeError):
        tomllib.loads(text)
        return "study"
    with contextlib.suppress(SyntaxError):
        ast.parse(text)
        return "python"
    return "formula" if name in WITH_FORMULAS else ""


def all_blocks(kind):
    """(page, line, text) of all blocks of a kind."""
    for name in PAGES:
        for line, text in blocks((ROOT / name).read_text()):
            if kind_of(name, text) == kind:
                yield name, line, text


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

    def run_blocks(self, name):
        names = {}
        there = [(line, text) for page, line, text in all_blocks("python") if page == name]
        for line, text in there:
            exec(compile("\n" * (line - 1) + text, name, "exec"), names)
        return len(there), names

    def test_the_page(self):
        count, names = self.run_blocks("docs/python.md")
        self.assertGreater(count, 8)
        self.assertEqual(names["gap"].dims, ("p", "n", "noise_std", "trial"))
        self.assertEqual({path.name for path in Path().iterdir()},
                         {"mine.toml", "mine.target.arms.3.surrogate_file.npy", "runs", "figure.pdf", "figure.png", "both.png",
                          "page.html", "live.html", "table.parquet"})

    def test_the_readme(self):
        cb.Study("model_shift", p=40, spectrum=cb.power_law(1.5), signal=cb.power_law(1.5), n=10, noise_std=0.0,
                 arms=["standard"], trials=10).to_toml("study.toml")
        count, names = self.run_blocks("README.md")
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

    def test_every_block_is_of_a_kind_that_is_tested(self):
        pages = {}
        for name in PAGES:
            text = (ROOT / name).read_text()
            for line, block in blocks(text):
                kind = kind_of(name, block)
                self.assertTrue(kind, f"{name}:{line}: a block that no test takes")
                pages.setdefault(kind, set()).add(name)
            # test_site builds these.
            for fence in re.findall("^ *```(.+)$", text, re.M):
                self.assertRegex(fence, "^({eval-rst}|{doxygenfile} .*|mermaid)$", name)
        studies = {"docs/studies.md", *(str(page.relative_to(ROOT)) for page in KINDS)}
        self.assertEqual(pages, {"python": {"README.md", "docs/python.md"}, "study": studies, "c++": {"README.md"}, "job": {"docs/clusters.md"},
                                 "formula": {*WITH_FORMULAS}, "commands": pages["commands"]})

    def test_a_block_of_no_kind_is_refused(self):
        for text in ("while true\n", "cucurbit run study.toml\nand so on\n", "R = sum of all\n"):
            self.assertEqual(kind_of("README.md", text), "", text)

    def test_names_in_the_figure_of_folders(self):
        [text] = re.findall(r"```mermaid\n(.*?)```", (ROOT / "docs/design.md").read_text(), re.S)
        names = re.findall(r'\["?(\w+/[\w/.]*)', text)
        self.assertGreater(len(names), 10)
        for name in names:
            self.assertTrue((ROOT / name).exists(), name)

    def test_c_plus_plus(self):
        for name, line, text in all_blocks("c++"):
            cmake, _, code = text.partition("\n\n")
            include = re.match("(#include .*\n)+", code)[0]
            Path("block.cpp").write_text(f"{include}int main() {{\n{code.removeprefix(include)}\n}}\n")
            done = subprocess.run([os.environ.get("CXX", "c++"), "-std=c++20", "-fsyntax-only", "-I", ROOT / "include", "block.cpp"],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, f"{name}:{line}: {done.stderr}")
            # The consumer of the package is built with the same lines.
            consumer = (ROOT / "tests/package/consumer/CMakeLists.txt").read_text()
            for word in re.findall(r"find_package\(cucurbit|cucurbit::cucurbit", cmake):
                self.assertIn(word, consumer)

    def here(self, name, precision):
        """A study of this name in this folder, and a shell's environment in which `cucurbit` is the program, silent."""
        cb.Study("model_shift", name=name, p=20, spectrum=cb.power_law(1.5), signal=cb.power_law(1.5), n=10, noise_std=0.5, arms=["standard"],
                 **precision).to_toml("study.toml")
        Path("bin").mkdir(exist_ok=True)
        Path("bin/cucurbit").write_text(f'''#!/bin/sh
            [ "$1" = run ] && set -- "$@" --quiet
            exec "{os.environ["CUCURBIT"]}" "$@"''')
        Path("bin/cucurbit").chmod(0o755)
        return {**os.environ, "PATH": f"{Path('bin').resolve()}:{os.environ['PATH']}"}

    def shell(self, line, environment, at):
        done = subprocess.run(["sh", "-e", "-c", line], capture_output=True, text=True, env=environment)
        self.assertEqual(done.returncode, 0, f"{at}: {line}: {done.stderr}")
        return done.stdout

    def test_shards_give_the_table_of_the_whole(self):
        count = 0
        for name, first, text in all_blocks("commands"):
            if "--shard 3/8" not in text:
                continue
            precision = {"rel_std_err": 0.02, "max_trials": 4096} if "precision" in text else {"trials": 520}
            environment = self.here("NAME", precision)
            for line in text.splitlines():
                for part in range(1, 9) if "3/8" in line else [3]:
                    self.shell(line.replace("3/8", f"{part}/8"), environment, f"{name}:{first}")
            self.shell("cucurbit run study.toml -o whole", environment, name)
            self.assertEqual(*(self.shell(f"cucurbit export {folder}", environment, name) for folder in ("runs/NAME", "whole")))
            shutil.rmtree("runs")
            shutil.rmtree("whole")
            count += 1
        self.assertEqual(count, 2)

    def test_jobs_of_clusters(self):
        environment = {**self.here("NAME", {"trials": 520}), "JOB_COMPLETION_INDEX": "2"}
        arrays = {"auto": {"LSB_JOBINDEX": "3", "LSB_JOBINDEX_STEP": "1", "LSB_JOBINDEX_END": "8"}, "PBS": {"PBS_ARRAY_INDEX": "3"}}
        count = 0
        for name, first, text in all_blocks("job"):
            lines = [line for line in text.splitlines() if line.startswith("cucurbit ")]
            lines += ["cucurbit " + words.replace("$INT(Part)", "3") for words in re.findall('^arguments += "(.*)"', text, re.M)]
            lines += [words.replace("/runs", ".") for words in re.findall(r"command: \[sh, -c, '(.*)'\]", text)]
            self.assertTrue(lines, f"{name}:{first}: no command")
            for line in lines:
                out = (re.search(r"-o (\S+)", line) or ["", "runs/NAME-3-of-8"])[1]
                self.shell(line, {**environment, **next((array for word, array in arrays.items() if word in line), {})}, f"{name}:{first}")
                self.assertEqual(told("status", out).stdout.count("\n"), 2, line)
                shutil.rmtree(out)
                count += 1
        self.assertEqual(count, 4)

    def test_submitting_and_ranks(self):
        environment, count = self.here("NAME", {"trials": 520}), 0
        for name, first, text in all_blocks("commands"):
            for line in text.splitlines():
                if line.startswith("cucurbit submit --slurm study"):
                    said = self.shell(line.replace("--slurm", "--slurm --print"), environment, f"{name}:{first}")
                    self.assertIn("--time=4:00:00", said)
                    self.assertIn("1-8", said)
                    count += 1
                if line.startswith("mpirun "):
                    for rank in "01":
                        self.shell(line.removeprefix("mpirun "), {**environment, "OMPI_COMM_WORLD_RANK": rank, "OMPI_COMM_WORLD_SIZE": "2"}, name)
                    self.assertTrue(Path("runs/NAME-2-of-2").is_dir())
                    count += 1
        self.assertEqual(count, 3)

    def test_commands_have_what_they_name(self):
        known, count = {}, {}
        for name, first, text in all_blocks("commands"):
            for place, line in enumerate(text.splitlines()):
                for part in re.split(" && |; ", without_comment(line)):
                    if part:
                        command = self.check_command(part.partition(" > ")[0], known, f"{name}:{first + place}")
                        count[command] = count.get(command, 0) + 1
        self.assertGreater(count["cucurbit"], 15)

    def check_command(self, line, known, at):
        """Finds what the first word of a line is, and in it what the others name; returns the word."""
        if packages := re.fullmatch(r"sudo apt-get install \$\((.*)\)", line):
            named = subprocess.run(["sh", "-c", packages[1]], capture_output=True, text=True, cwd=ROOT).stdout.split()
            self.assertTrue(named and all(re.fullmatch("[a-z0-9.+-]+", one) for one in named), at)
            return "sudo"
        words = [word for word in shlex.split(re.sub("^(sudo|mpirun|env -u [A-Z_]+) ", "", line))]
        command, *rest = words
        options = [word.partition("=")[0] for word in rest if re.match("-+[A-Za-z]", word)]
        if command == "cucurbit":
            sub, rest = rest[0], rest[:rest.index("--")] if "--" in rest else rest
            if sub not in known:
                known[sub] = told(sub, "--help").stdout
            for option in [word for word in rest if re.match("-+[a-z]", word)]:
                self.assertRegex(known[sub], rf"(?m)^ *.*(^|[ ,]){option.partition('=')[0]}\b", at)
        elif command == "pip":
            project = tomllib.loads((ROOT / "python/pyproject.toml").read_text())["project"]
            wanted = re.search(r"\[([\w,]+)\]$", rest[-1])
            for extra in wanted[1].split(",") if wanted else ():
                self.assertIn(extra, project["optional-dependencies"], at)
            self.assertTrue(rest[-1].startswith(("./python", f"cucurbit-{cb.__version__}-")), at)
        elif command in ("cmake", "ctest") and "--preset" in rest:
            presets = json.loads((ROOT / "CMakePresets.json").read_text())["configurePresets" if command == "cmake" else "testPresets"]
            self.assertIn(rest[rest.index("--preset") + 1], [preset["name"] for preset in presets], at)
            for option in re.findall(r"-D(CUCURBIT_\w+)", line):
                self.assertIn(f"option({option} ", (ROOT / "cmake/CucurbitOptions.cmake").read_text(), at)
            if "-R" in rest:
                self.a_test_is_called(rest[rest.index("-R") + 1], at)
        elif command == "cmake":
            self.assertEqual(rest[:2], ["--install", "build/cpu"], at)
        elif command == "ninja":
            for target in rest[2:]:
                done = subprocess.run(["ninja", "-C", BUILD, "-t", "query", target], capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, f"{at}: {done.stderr}")
        elif command == "tar":
            self.assertEqual(rest, ["xf", "gpu.tar.xz"], at)
        elif command == "./test":
            text = (ROOT / "test").read_text()
            for option in {*options} - {"-R"}:  # which goes to ctest
                self.assertRegex(text, rf"(^|[^-\w]){option}\b", at)
            if "-R" in rest:
                self.a_test_is_called(rest[rest.index("-R") + 1], at)
        elif command.startswith("build/cpu/bench/"):
            self.assertTrue((ROOT / "bench" / f"{Path(command).name}.cpp").exists(), at)
        else:
            script = rest[1] if command == "snakemake" else rest[0] if command == "python3" else SCRIPTS.get(command, command)
            text = "".join(path.read_text() for path in [ROOT / script, *(ROOT / script).glob("*.py")] if path.is_file())
            self.assertTrue(command in ("python3", "snakemake", "bundle/gpu") or os.access(ROOT / command, os.X_OK), f"{at}: {script}")
            settings = [word.partition("=")[0] for word in rest[rest.index("--config") + 1:]] if "--config" in rest else []
            for word in settings + [option for option in options if command != "snakemake"]:
                self.assertRegex(text, rf"(^|[^-\w]){word}\b", f"{at}: {script}")
        return command

    def a_test_is_called(self, pattern, at):
        """In the build that the program comes from, where it has tests."""
        if (BUILD / "CTestTestfile.cmake").exists():
            said = subprocess.run(["ctest", "--test-dir", BUILD, "-N", "-R", pattern], capture_output=True, text=True).stdout
            self.assertRegex(said, "Total Tests: [1-9]", at)


if __name__ == "__main__":
    unittest.main()
