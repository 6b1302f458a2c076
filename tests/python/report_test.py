"""A page about runs that the program made: what it says is what the table says."""

import base64
import csv
import io
import os
import re
import subprocess
import tempfile
import unittest
import unittest.mock
from html.parser import HTMLParser
from pathlib import Path

from needs import need

need("numpy", "pandas", "matplotlib", "jinja2")

import cucurbit
from cucurbit import pages

STUDY = """\
schema = 1  # <small> & quick
study = { name = "small", kind = "model_shift", seed = 7 }
population = { p = 40, spectrum = { kind = "power_law", exponent = 1.5 }, signal = { kind = "power_law", exponent = 1.5 } }
target = { n = [8, 16, 40, 60], noise_std = [0.0, 0.2], arms = ["standard", "mask"] }
precision = { trials = 400 }
"""


# Of one point, drawn soon.
ONE = ("--set", "target.n=8", "--set", "target.noise_std=0.2", "--set", 'target.arms=["standard"]')


class Page(HTMLParser):
    """A page's tables as lists of rows, their columns of numbers, its text, its embedded files, its links to places in
    itself, and whether every tag was closed."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.numeric, self.files, self.links, self.places, self.said, self.open, self.widths, self.titles = (
            [] for _ in range(9))
        self.feed(text)
        self.said = " ".join("".join(self.said).split())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        links = [attributes[name] for name in ("src", "srcset", "href") if name in attributes]
        self.files += [link for link in links if link[0] != "#"]
        self.links += [link[1:] for link in links if link[0] == "#"]
        self.places += [attributes["id"]] if "id" in attributes else []
        if tag not in ("meta", "img", "source"):
            self.open.append(tag)
        if tag == "svg":
            self.widths.append(attributes["width"])
        elif tag == "table":
            self.tables.append([])
            self.numeric.append([int(name[1:]) - 1 for name in attributes.get("class", "").split()])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if self.open[-2:] == ["g", "title"]:
            self.titles.append(data)
        elif self.open and self.open[-1] != "style":
            self.said.append(data)
        if set(self.open) & {"td", "th"}:
            self.tables[-1][-1][-1] += data


def contents(link):
    return base64.b64decode(link.split(";base64,")[1])


class Report(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "study.toml").write_text(STUDY)

    def program(self, *arguments, code=0):
        done = subprocess.run([os.environ["CUCURBIT"], *arguments], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout

    def page(self, *folders):
        text = cucurbit.report([self.folder / name for name in folders], self.folder / "page.html").read_text()
        page = Page(text)
        self.assertEqual(page.open, [])
        # Nothing is fetched from anywhere.
        self.assertTrue(all(link.startswith("data:") for link in page.files), page.files)
        self.assertNotRegex(text, r"<script|@import|url\((?!#)")
        self.assertEqual(len(page.places), len(set(page.places)))
        self.assertLessEqual({*page.links, *re.findall(r'(?:xlink:href="#|url\(#)([^")]+)', text)}, {*page.places})
        for number in {place for table in page.numeric for place in table}:
            self.assertIn(f".r{number + 1} :nth-child({number + 1})", text.partition(" { text-align: right; }")[0])
        return page

    def test_says_what_the_table_says(self):
        self.program("run", "study.toml", "-o", "out", "--threads", "1")
        page = self.page("out")
        verdicts = cucurbit.compare(self.folder / "out")
        confirmed = (verdicts["verdict"] == "confirmed").sum()
        self.assertEqual(confirmed, 4)  # the others are too small for asymptotics
        self.assertIn("<small> & quick", page.said)
        self.assertIn("400 trials, complete", page.said)
        self.assertIn(f"{confirmed} rows confirmed, 0 failed, {len(verdicts) - confirmed} without verdict", page.said)
        self.assertIn("No trial failed. Everywhere p = 40.", page.said)
        self.assertEqual(page.widths, ["489.6pt", "280.8pt"])  # two panels, and 390 pixels
        [table] = (contents(link) for link in page.files)
        self.assertEqual(page.links, [])
        self.assertEqual(table.decode(), self.program("export", "out", "--format", "csv"))
        talk = subprocess.run([os.environ["CUCURBIT"], "compare", "out"], cwd=self.folder, capture_output=True,
                              text=True, check=True).stderr
        [noticed] = re.findall("this run would notice .* in all", talk)
        self.assertIn(noticed.replace("this", "This", 1) + ".", page.said)
        flags, nearest, rows, machines = page.tables
        counts = cucurbit.load(self.folder / "out").query("n_trials > 0")["flags"].str.split().explode().value_counts()
        self.assertEqual({row[0]: int(row[1]) for row in flags[1:]}, counts[counts.index.isin(pages._FLAGS)].to_dict())
        self.assertLessEqual({"near_interpolation", "zero_risk"}, {row[0] for row in flags})
        self.assertIn("noticeable_gap", nearest[0])
        self.assertEqual(len(nearest), 5)
        exported = [row for row in csv.DictReader(io.StringIO(table.decode())) if row["estimate"]]
        # A pointer on a marker is told what stands there.
        for row in exported:
            if row["arm"] == "mask" and row["n"] in ("8", "16") and row["estimand"] == "excess_risk":
                low, high = (f"{float(row[name]):.5g}" for name in ("ci95_low", "ci95_high"))
                said = (f"0–1 mask\nsamples n {row['n']}: {float(row['estimate']):.5g}\n"
                        f"95 % interval {low} to {high}")
                self.assertEqual(page.titles.count(said), 2, said)
        self.assertEqual(len(rows) - 1, len(exported))
        for row, wanted in zip(rows[1:], exported, strict=True):
            cells = dict(zip(rows[0], row, strict=True))
            for name in ("n", "noise_std", "estimate", "std_err", "theory", "z"):
                self.assertEqual(cells[name], f"{float(wanted[name]):.5g}" if wanted[name] else "", wanted)
            self.assertEqual(cells["flags"], wanted["flags"])
        # Columns of numbers are to the right, as digits are compared, and no others.
        for columns, wanted in zip(page.numeric, (
                ["rows"], {*nearest[0]} - {"arm", "estimand", "flags", "verdict"},
                {*rows[0]} - {"arm", "estimand", "theory_kind", "flags", "verdict", "reason"}, ["trials", "workers"])):
            self.assertEqual({page.tables[page.numeric.index(columns)][0][place] for place in columns}, {*wanted})
        facts = dict(zip(*machines, strict=True))
        self.assertEqual((facts["ended"], facts["trials"], facts["workers"]), ("complete", "400", "1"))
        self.assertTrue(facts["command"].endswith("cucurbit run study.toml -o out --threads 1"))
        self.assertIn('target = { n = [8, 16, 40, 60]', page.said)

    def test_rows_that_theory_refuses_come_first(self):
        self.program("run", "study.toml", "-o", "out")
        # Planted: the first verdict of all; and compare's own exit code where theory fails.
        planting = self.folder / "planting"
        planting.write_text(f"""#!/bin/sh
            [ "$1" = compare ] || exec "{os.environ["CUCURBIT"]}" "$@"
            "{os.environ["CUCURBIT"]}" "$@" | sed "0,/,confirmed,/s//,failed,/"
            exit 4""")
        planting.chmod(0o755)
        with unittest.mock.patch.dict(os.environ, {"CUCURBIT": str(planting)}):
            page = self.page("out")
        self.assertIn("3 rows confirmed, 1 failed", page.said)
        first, second = (dict(zip(page.tables[1][0], row, strict=True)) for row in page.tables[1][1:3])
        self.assertEqual([first[name] for name in ("verdict", "arm", "n")], ["failed", "standard", "60"])
        self.assertEqual(second["verdict"], "confirmed")

    def test_several_runs_and_one_that_was_stopped(self):
        self.program("run", "study.toml", "-o", "one", *ONE)
        self.program("run", "study.toml", "-o", "two", *ONE, "--set", "precision.trials=10000000", "--max-time", "1s",
                     code=75)
        page = self.page("one", "two")
        self.assertEqual(len(page.tables), 5)  # rows and machines, and of the stopped run its flag
        # The contents lead to the runs.
        self.assertEqual(page.links, ["run-1", "run-2"])
        self.assertEqual([place for place in page.places if place.startswith("run-")], page.links)
        self.assertRegex(page.said, r"unfinished: [\d,]+ of 10,000,000 trials")
        self.assertIn("stopped", page.tables[-1][1])

    def test_a_run_that_has_stored_nothing(self):
        process = subprocess.Popen([os.environ["CUCURBIT"], "run", "study.toml", "-o", "out", "--set",
                                    "population.p=4000", "--set", "target.n=3000"], cwd=self.folder,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        store = self.folder / "out" / "study.toml"
        while process.poll() is None and not store.exists():
            pass
        process.kill()
        process.wait()
        page = self.page("out")
        self.assertIn("No trial is stored yet, so there is no figure.", page.said)
        self.assertEqual(len(page.tables), 1)

    def test_the_command_and_its_default_place(self):
        self.program("run", "study.toml", "-o", "out", *ONE)
        self.program("report", "out", "--python", os.sys.executable)
        self.assertIn("confirmed", (self.folder / "out" / "report.html").read_text())
        self.program("report", "out", "out", "--python", os.sys.executable)
        self.assertEqual(len(re.findall("<h1 ", (self.folder / "report.html").read_text())), 2)
        self.program("report", "out", "-o", "mine.html", "--python", os.sys.executable)
        self.assertEqual((self.folder / "mine.html").read_text(), (self.folder / "out" / "report.html").read_text())
        self.program("report", "absent", "--python", os.sys.executable, code=6)


if __name__ == "__main__":
    unittest.main()
