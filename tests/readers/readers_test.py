"""One reader (pandas, numpy, duckdb or gnuplot) opens the exports of a small run and finds in them
what Python's own csv and json modules find, missing values included."""

import csv
import importlib.util
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from needs import leave

_FOLDER = tempfile.TemporaryDirectory()
_FORMATS = {"csv": "t.csv", "jsonl": "t.jsonl", "npy": "t.npy"}


def export(name):
    """The path of the run's export in one format, made once."""
    path = Path(_FOLDER.name) / _FORMATS[name]
    run = Path(_FOLDER.name) / "run"
    program = os.environ["CUCURBIT"]
    if not run.exists():
        study = Path(__file__).with_name("study.toml")
        subprocess.run([program, "run", study, "-o", run], check=True, stdout=subprocess.DEVNULL)
    if not path.exists():
        path.write_bytes(subprocess.run([program, "export", run, "--format", name], check=True,
                                        stdout=subprocess.PIPE).stdout)
    return path


def plain_rows():
    """The CSV export as text, read by nothing but the csv module."""
    with open(export("csv"), newline="") as file:
        return list(csv.DictReader(file))


def number(text):
    return float(text) if text else math.nan


def same(left, right):
    return left == right or (math.isnan(left) and math.isnan(right))


class Reader(unittest.TestCase):
    def check_numbers(self, name, values):
        expected = [number(row[name]) for row in plain_rows()]
        self.assertEqual(len(values), len(expected))
        for value, wanted in zip(values, expected):
            self.assertTrue(same(float(value), wanted), f"{name}: {value} is not {wanted}")

    def test_the_export_covers_the_hard_cases(self):
        rows = plain_rows()
        self.assertTrue(any(row["estimate"] == "" for row in rows))
        self.assertTrue(any(row["arm"] == "" for row in rows))
        self.assertTrue(any("near_interpolation" in row["flags"] for row in rows))
        self.assertTrue(any(row["theory"] == "inf" for row in rows))


class Pandas(Reader):
    def test_csv(self):
        import pandas
        frame = pandas.read_csv(export("csv"))
        self.assertEqual(frame["n"].dtype.kind, "i")
        for name in ("n", "noise_std"):
            self.check_numbers(name, frame[name])
        for name in ("estimate", "theory", "z"):
            wanted = [number(row[name]) for row in plain_rows()]
            for value, exact in zip(frame[name], wanted):
                self.assertTrue(same(value, exact) or abs(value / exact - 1) < 1e-15)

    def test_json_lines(self):
        import pandas
        frame = pandas.read_json(export("jsonl"), lines=True)
        self.assertEqual(list(frame.columns), list(plain_rows()[0]))
        self.assertEqual(len(frame), len(plain_rows()))
        with open(export("jsonl")) as file:
            estimates = [json.loads(line)["estimate"] for line in file]
        self.check_numbers("estimate", [math.nan if value is None else value for value in estimates])

    def test_cucurbit_load_gives_back_every_bit(self):
        import cucurbit
        frame = cucurbit.load(Path(_FOLDER.name) / "run")
        for name in ("n", "noise_std", "estimate", "std_err", "ci95_low", "theory", "z"):
            self.check_numbers(name, frame[name])
        self.assertEqual(list(frame["flags"]), [row["flags"] for row in plain_rows()])


class Numpy(Reader):
    def test_npy(self):
        import numpy
        array = numpy.load(export("npy"), allow_pickle=False)
        self.assertEqual(list(array.dtype.names), list(plain_rows()[0]))
        for name in ("n", "noise_std", "estimate", "ci95_high", "n_trials", "theory", "z"):
            self.check_numbers(name, array[name])
        for name in ("arm", "estimand", "theory_kind", "flags"):
            self.assertEqual(list(array[name]), [row[name] for row in plain_rows()])


class Duckdb(Reader):
    def query(self, text, *columns):
        import duckdb
        return duckdb.sql(text).fetchall()

    def test_csv(self):
        rows = self.query(f"SELECT n, noise_std, estimate, theory FROM '{export('csv')}'")
        for place, name in enumerate(("n", "noise_std", "estimate", "theory")):
            self.check_numbers(name, [math.nan if row[place] is None else row[place] for row in rows])

    def test_aggregate_ignores_missing_estimates(self):
        [(count,)] = self.query(f"SELECT count(estimate) FROM '{export('csv')}'")
        self.assertEqual(count, sum(row["estimate"] != "" for row in plain_rows()))


class Gnuplot(Reader):
    def test_csv_statistics(self):
        script = f"""
            set datafile separator comma
            stats '{export("csv")}' using (strcol("estimand") eq "excess_risk" ? column("estimate") : NaN) \\
                nooutput name 'risk'
            set print '-'
            print sprintf("%d %.15g", risk_records, risk_sum)
        """
        script = script.replace("set datafile separator comma",
                                "set datafile separator comma\nset datafile columnheaders")
        done = subprocess.run(["gnuplot"], input=script, text=True, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        records, total = done.stdout.split()
        risks = [number(row["estimate"]) for row in plain_rows()
                 if row["estimand"] == "excess_risk" and row["estimate"]]
        self.assertEqual(int(records), len(risks))
        self.assertAlmostEqual(float(total), sum(risks), delta=1e-12 * sum(risks))


def absent(reader):
    if reader == "gnuplot":
        return shutil.which("gnuplot") is None
    return importlib.util.find_spec(reader) is None


if __name__ == "__main__":
    chosen = sys.argv.pop(1)
    if absent(chosen):
        leave(f"{chosen} is not installed")
    case = {"pandas": Pandas, "numpy": Numpy, "duckdb": Duckdb, "gnuplot": Gnuplot}[chosen]
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(case)
    sys.exit(not unittest.TextTestRunner().run(suite).wasSuccessful())
