"""cucurbit.load, run and theory: files, missing values, and how the program is called."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from needs import need

need("numpy", "pandas", "pyarrow")

import numpy
import pandas
import synthetic

import cucurbit
from cucurbit import program

_STAND_IN = """#!/usr/bin/env python3
import json, os, sys
with open(os.environ["CALLS"], "a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
if "refused" in sys.argv:
    print("study.toml:3:1: unknown key", file=sys.stderr)
    sys.exit(2)
if sys.argv[1] in ("export", "theory"):
    sys.stdout.write(open(os.environ["TABLE"]).read())
"""


def numpy_table(table):
    """The structured array that the program's NPY export holds."""
    kinds = {name: (f"<U{max(1, table[name].str.len().max())}" if table[name].dtype.kind in "OTU"
                    else table[name].dtype.str) for name in table.columns}
    array = numpy.zeros(len(table), dtype=[(name, kind) for name, kind in kinds.items()])
    for name in table.columns:
        array[name] = table[name].to_numpy(dtype=array.dtype[name])
    return array


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.table = synthetic.crossing()

    def check(self, loaded):
        pandas.testing.assert_frame_equal(loaded, self.table, check_exact=True, check_dtype=False)

    def test_csv_gives_back_every_bit(self):
        self.table.to_csv(self.folder / "t.csv", index=False)
        self.check(cucurbit.load(self.folder / "t.csv"))

    def test_npy(self):
        numpy.save(self.folder / "t.npy", numpy_table(self.table))
        self.check(cucurbit.load(str(self.folder / "t.npy")))

    def test_parquet_through_write_parquet(self):
        self.table.to_csv(self.folder / "t.csv", index=False)
        cucurbit.write_parquet(self.folder / "t.csv", self.folder / "t.parquet")
        self.check(cucurbit.load(self.folder / "t.parquet"))

    def test_missing_numbers_are_nan_and_missing_text_is_empty(self):
        self.table.to_csv(self.folder / "t.csv", index=False)
        loaded = cucurbit.load(self.folder / "t.csv")
        theory_only = loaded[loaded["estimand"] == "xi"]
        self.assertGreater(len(theory_only), 0)
        self.assertTrue(theory_only["estimate"].isna().all())
        self.assertTrue((theory_only["arm"] == "").all())
        self.assertEqual(loaded["n"].dtype.kind, "i")
        self.assertTrue(numpy.isinf(loaded["theory"]).any())

    def test_columns_are_typed_by_what_they_are(self):
        text = ("p,n_1,noise_std_1,penalty_1,arm,estimand,trial,value,status,rung,rank_deficit\n"
                "5,9,0,1,stage_1,excess_risk,0,2,ok,1,0\n5,9,0,1,stage_1,excess_risk,1,,not_finite,4,2\n")
        (self.folder / "t.csv").write_text(text)
        cucurbit.write_parquet(self.folder / "t.csv", self.folder / "t.parquet", trials=True)
        for name in ("t.csv", "t.parquet"):
            kinds = cucurbit.trials(self.folder / name).dtypes.map(lambda kind: kind.kind).to_dict()
            self.assertEqual({name for name, kind in kinds.items() if kind == "i"},
                             {"p", "n_1", "trial", "rung", "rank_deficit"})
            self.assertEqual({name for name, kind in kinds.items() if kind == "f"},
                             {"noise_std_1", "penalty_1", "value"})

    def test_sizes_of_a_graph_are_whole(self):
        (self.folder / "t.csv").write_text("p,n_real,noise_std_real,penalty_a,keep_a,weight_a_truth,arm,estimand\n"
                                           "5,9,1,1,3,1,a,excess_risk\n")
        kinds = cucurbit.load(self.folder / "t.csv").dtypes.map(lambda kind: kind.kind)
        self.assertEqual("".join(kinds), "iiffifOO")

    def test_an_arm_called_NA_is_text(self):
        self.table["arm"] = self.table["arm"].replace("mask", "NA")
        self.table.to_csv(self.folder / "t.csv", index=False)
        self.assertIn("NA", set(cucurbit.load(self.folder / "t.csv")["arm"]))

    def test_parameters_are_the_leading_columns(self):
        self.assertEqual(cucurbit.parameters(self.table), ["p", "n", "noise_std"])
        self.assertEqual(cucurbit.parameters(synthetic.coordinates(10, (4,))), ["p", "n"])

    def test_what_is_no_table_is_refused(self):
        with self.assertRaises(FileNotFoundError):
            cucurbit.load(self.folder / "absent")
        (self.folder / "t.txt").write_text("p,n\n")
        with self.assertRaisesRegex(ValueError, "t.txt"):
            cucurbit.load(self.folder / "t.txt")


class Calls(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        stand_in = self.folder / "stand-in"
        stand_in.write_text(_STAND_IN)
        stand_in.chmod(stand_in.stat().st_mode | stat.S_IXUSR)
        self.table = synthetic.model_shift(samples=(10, 20))
        self.table.to_csv(self.folder / "t.csv", index=False)
        self.calls = self.folder / "calls"
        settings = {"CUCURBIT": str(stand_in), "CALLS": str(self.calls), "TABLE": str(self.folder / "t.csv")}
        patch = mock.patch.dict(os.environ, settings)
        patch.start()
        self.addCleanup(patch.stop)

    def called(self):
        return [json.loads(line) for line in self.calls.read_text().splitlines()]

    def test_a_folder_is_exported(self):
        pandas.testing.assert_frame_equal(cucurbit.load(self.folder), self.table, check_exact=True,
                                          check_dtype=False)
        self.assertEqual(self.called(), [["export", str(self.folder), "--format", "csv"]])

    def test_quantiles_are_asked_for(self):
        cucurbit.load(self.folder, quantiles=(0.05, 0.5))
        cucurbit.write_parquet(self.folder, self.folder / "t.parquet", quantiles=[0.25])
        self.assertEqual(self.called(), [["export", str(self.folder), "--quantiles", levels, "--format", "csv"]
                                         for levels in ("0.05,0.5", "0.25")])
        with self.assertRaisesRegex(ValueError, "of a run folder"):
            cucurbit.load(self.folder / "t.csv", quantiles=(0.5,))

    def test_every_trial(self):
        cucurbit.trials(self.folder)
        cucurbit.write_parquet(self.folder, self.folder / "trials.parquet", trials=True)
        self.assertEqual(self.called(), 2 * [["export", str(self.folder), "--trials", "--format", "csv"]])
        pandas.testing.assert_frame_equal(cucurbit.trials(self.folder / "trials.parquet"), self.table,
                                          check_exact=True, check_dtype=False)

    def test_every_trial_by_design(self):
        self.table["trial"] = range(len(self.table))
        self.table.insert(len(self.table.columns) - 1, "design", [12, *[1] * (len(self.table) - 2), 2])
        self.table.to_csv(self.folder / "t.csv", index=False)
        for _ in range(2):
            cucurbit.write_parquet(self.folder / "t.csv", self.folder / "trials", by_design=True)
            self.assertEqual({str(path.relative_to(self.folder)) for path in self.folder.rglob("*.parquet")},
                             {f"trials/design={number}/trials.parquet" for number in (1, 2, 12)})
            # Of a table that had more designs.
            (self.folder / "trials" / "design=7").mkdir(exist_ok=True)
            shutil.copy(self.folder / "trials/design=1/trials.parquet", self.folder / "trials/design=7")
        (self.folder / "trials/design=7/trials.parquet").unlink()
        wanted = self.table.sort_values("design", kind="stable", ignore_index=True)
        pandas.testing.assert_frame_equal(cucurbit.trials(self.folder / "trials"), wanted, check_exact=True,
                                          check_dtype=False)
        whole = pandas.read_parquet(self.folder / "trials").sort_values("trial")  # as any reader of such folders
        self.assertEqual(list(whole["design"].astype(int)), list(self.table["design"]))

    def test_run_passes_options_and_toml_values(self):
        options = {"precision.trials": 256, "target.noise_std": [0.1, 0.2], "study.name": 'a "b"',
                   "target.n": {"range": [5, 20, 5]}}
        cucurbit.run("s.toml", self.folder, set=options, threads=2, max_time="10m")
        self.assertEqual(self.called()[0],
                         ["run", "s.toml", "-o", str(self.folder), "--set", "precision.trials=256",
                          "--set", "target.noise_std=[0.1, 0.2]", "--set", 'study.name="a \\"b\\""',
                          "--set", "target.n={ range = [5, 20, 5] }", "--threads", "2", "--max-time",
                          "10m"])

    def test_theory_asks_for_coordinates(self):
        cucurbit.theory("s.toml", coordinates=True)
        self.assertEqual(self.called(), [["theory", "s.toml", "--coordinates", "--format", "csv"]])

    def test_a_failure_carries_exit_code_and_message(self):
        with self.assertRaisesRegex(cucurbit.ProgramError, "unknown key") as caught:
            cucurbit.theory("refused")
        self.assertEqual(caught.exception.exit_code, 2)

    def test_a_missing_program_is_named(self):
        with mock.patch.dict(os.environ, {"CUCURBIT": str(self.folder / "absent")}):
            with self.assertRaisesRegex(cucurbit.ProgramNotFound, "absent"):
                cucurbit.load(self.folder)

    def test_the_program_is_found_on_the_path(self):
        (self.folder / "cucurbit").symlink_to(self.folder / "stand-in")
        with mock.patch.dict(os.environ, {"PATH": f"{self.folder}:{os.environ['PATH']}"}):
            del os.environ["CUCURBIT"]
            self.assertEqual(program.find_program(), str(self.folder / "cucurbit"))

    def test_the_program_of_a_wheel_goes_before_the_path_and_plots_with_its_python(self):
        package = self.folder / "cucurbit"
        shutil.copytree(Path(cucurbit.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
        (package / "bin").mkdir()
        (package / "bin" / "cucurbit").write_text('#!/bin/sh\necho "$CUCURBIT_PYTHON" "$@"\n')
        (package / "bin" / "cucurbit").chmod(0o755)
        environment = {**os.environ, "PYTHONPATH": str(self.folder)}
        del environment["CUCURBIT"]

        def said(text, **more):
            return subprocess.run([sys.executable, "-c", text, "run", "a b"], check=True, capture_output=True, text=True,
                                  env={**environment, **more}).stdout

        call = "from cucurbit import bundled; bundled.main()"
        self.assertEqual(said(call), f"{sys.executable} run a b\n")
        self.assertEqual(said(call, CUCURBIT_PYTHON="mine"), "mine run a b\n")
        find = "from cucurbit import program; print(program.find_program())"
        self.assertEqual(said(find), f"{package}/bin/cucurbit\n")
        self.assertEqual(said(find, CUCURBIT="/bin/true"), "/bin/true\n")
        # One for cards is taken where it would find NVIDIA's libraries.
        shutil.copytree(package / "bin", package / "cuda" / "bin")
        libraries = self.folder / "nvidia" / "cu13" / "lib"
        libraries.mkdir(parents=True)
        for name in ("libcudart.so.13", "libcublas.so.13", "libcusolver.so.12"):
            (libraries / name).touch()
        self.assertEqual(said(find), f"{package}/cuda/bin/cucurbit\n")
        imports = "import sys, cucurbit.bundled; print({'re', 'typing', 'subprocess'} & set(sys.modules))"
        self.assertEqual(subprocess.run([sys.executable, "-S", "-c", imports], check=True, capture_output=True, text=True,
                                        env=environment).stdout, "set()\n")


if __name__ == "__main__":
    unittest.main()
