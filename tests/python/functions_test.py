"""Labels and measures that are functions in Python."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import unittest
import unittest.mock
from pathlib import Path

from needs import need

need("numpy", "pandas")

import numpy as np

import cucurbit as cb

SMALL = {"p": 24, "spectrum": cb.power_law(1.0), "signal": cb.power_law(1.5), "seed": 5}


def same(rows, labels):
    return labels


def length(coefficients):
    return np.linalg.norm(coefficients, axis=1)


def study(function=None, version=1, trials=96, **more):
    """Students of a teacher and of observations, on rows that are fewer and more than coordinates."""
    real = cb.Rows("real", n=[10, 24, 60], noise_std=0.5)
    fresh = cb.Rows("fresh", n=40, distribution="laplace")
    teacher = cb.Fit("teacher", real, penalty=[0.5, 1.0], labels=given("observed_", function, version, cb.observed))
    student = cb.Fit("student", [real, fresh], row_weights={fresh: 0.5},
                     labels=given("mixed", function, version, 0.6 * teacher + 0.4 * cb.observed))
    heir = cb.Fit("heir", fresh, labels=student)
    return cb.Study.graph(heir, name="mine", trials=trials, misfit=[(heir, teacher)], output_variance=[student],
                          sampler="direct", **SMALL, **more)


def given(name, function, version, labels):
    return cb.labels(name, version, function, of=labels) if function else labels


def one(function, trials=96, **more):
    """A single fit with labels of this function."""
    real = cb.Rows("real", n=[10, 60], noise_std=0.5)
    return cb.Study.graph(cb.Fit("mine", real, labels=cb.labels("own", 1, function), penalty=0.1), trials=trials, **SMALL, **more)


def told(*words):
    return subprocess.run([os.environ["CUCURBIT"], *map(str, words)], capture_output=True, text=True)


def simulated(folder):
    """What the trials say of a run, as the program prints it."""
    lines = told("export", folder).stdout.splitlines()
    keep = [name for name in lines[0].split(",") if name not in ("theory", "theory_kind", "z", "flags")]
    rows = [dict(zip(lines[0].split(","), line.split(","))) for line in lines[1:]]
    return [[row[name] for name in keep] for row in rows]


class Functions(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)
        self.enterContext(contextlib.redirect_stderr(io.StringIO()))

    def test_built_in_labels_by_a_function_give_the_built_in_values(self):
        study().run("built_in", quiet=True)
        for threads in (1, 3):
            study(same).run(f"own{threads}", threads=threads, quiet=True)
            self.assertEqual(simulated(f"own{threads}"), simulated("built_in"))
            self.assertEqual(told("export", "--trials", f"own{threads}").stdout, told("export", "--trials", "built_in").stdout)
        self.assertEqual(len(simulated("built_in")), 30)
        for name, function in (("built_in_precise", None), ("own_precise", same)):
            study(function, trials=None, rel_std_err=0.03, max_trials=700).run(name, quiet=True)
        self.assertEqual(simulated("built_in_precise"), simulated("own_precise"))
        # A law of labels that nobody knows is none, nor of what learns from them.
        self.assertEqual(set(cb.Run("own1").table["theory_kind"]), {"none"})
        self.assertIn("deterministic_equivalent", set(cb.Run("built_in").table["theory_kind"]))

    def test_a_function_sees_the_rows_that_are_fitted(self):
        weights = np.arange(24.0)

        def linear(rows, labels):
            return rows @ weights

        real = cb.Rows("real", n=60, noise_std=0.5)
        found = []

        def coefficients(of):
            found.append(of)
            return np.abs(of - weights).max(axis=1)

        own = cb.Fit("own", real, labels=cb.labels("linear", 1, linear))
        noisy = cb.Fit("noisy", real, labels=cb.labels("linear", 1, linear), noise_std=0.1)
        run = cb.Study.graph(own, noisy, trials=70, measures=[cb.measure("error", 1, coefficients, own, noisy)], **SMALL).run(
            "out", quiet=True)
        errors = run.trials().query("estimand == 'error'")
        self.assertLess(errors.query("arm == 'own'")["value"].max(), 1e-9)
        self.assertEqual(len(errors), 140)
        self.assertTrue((errors.query("arm == 'noisy'")["value"] > 1e-3).all())
        self.assertEqual({one.shape[1] for one in found}, {24})

    def test_a_measure_is_a_measure(self):
        real = cb.Rows("real", n=[10, 60], noise_std=0.5)
        fit, other = cb.Fit("fit", real), cb.Fit("wide", real, features=cb.random_features(7, "relu", 1))
        spectrum, truth = np.arange(1.0, 25.0) ** -1, np.arange(1.0, 25.0) ** -0.25

        def risk(coefficients):
            return ((coefficients - truth) ** 2 * spectrum).sum(axis=1)

        widths = []
        measures = [cb.measure("risk", 1, risk, fit), cb.measure("sum", 1, lambda b: widths.append(b.shape[1]) or b.sum(axis=1), other)]
        run = cb.Study.graph(fit, other, trials=64, measures=measures, **SMALL).run("out", quiet=True)
        trials = run.trials().query("arm == 'fit'").set_index(["n_real", "trial"])
        np.testing.assert_allclose(trials.query("estimand == 'risk'")["value"], trials.query("estimand == 'excess_risk'")["value"], rtol=1e-9)
        self.assertEqual(set(widths), {7})

    def test_a_run_is_continued_and_extended(self):
        stop = []

        def slow(rows, labels):
            if len(stop) == 60:
                raise InterruptedError("not now")
            stop.append(0)
            return labels

        with self.assertRaises(InterruptedError):
            one(slow, trials=2000).run("out", threads=1, quiet=True)
        done = cb.Run("out").status()["trials_done"].sum()
        self.assertGreater(done, 0)
        self.assertLess(done, 2000)
        one(same, trials=2000).run("out", quiet=True)
        one(same, trials=2000).run("whole", quiet=True)
        self.assertEqual(simulated("out"), simulated("whole"))
        calls = []
        one(lambda rows, labels: calls.append(len(rows)) or labels, trials=2064).run("out", quiet=True)
        self.assertLess(sum(calls), 4 * 64 + 10)

    def test_another_version_is_another_study(self):
        study(same).run("out", quiet=True)
        with self.assertRaisesRegex(cb.ProgramError, "'labels_of_teacher=observed_:version_1' in the folder, "
                                                     "'labels_of_teacher=observed_:version_2' in this study"):
            study(same, version=2).run("out", quiet=True)
        with self.assertRaisesRegex(cb.ProgramError, "nothing in this study"):
            study().run("out", quiet=True)

    def test_another_version_of_a_measure_is_measured_anew(self):
        fit = cb.Fit("fit", cb.Rows("real", n=30))
        for version, factor in ((1, 1.0), (2, 2.0)):
            measure = cb.measure("length", version, lambda b, f=factor: f * length(b), fit)
            table = cb.Study.graph(fit, trials=64, measures=[measure], **SMALL).run("out", quiet=True).table
            means = table.query("estimand == 'length'")["estimate"]
            self.assertEqual(len(means), 1)
            if version == 1:
                first = means.iloc[0]
        self.assertAlmostEqual(means.iloc[0], 2 * first)

    def test_the_program_shows_but_does_not_run_it(self):
        study(same).run("out", quiet=True)
        study(same).to_toml("study.toml")
        for words in (("run", "study.toml"), ("run", "out", "-o", "out"), ("extend", "out", "--trials", "200"),
                      ("replay", "out", "--trial", "1"), ("bench", "study.toml", "--devices", "cpu")):
            done = told(*words)
            self.assertEqual(done.returncode, 2, f"{words}: {done.stderr}")
            self.assertRegex(done.stderr, r"study.toml:\d+:\d+: labels 'observed_' of version 1 is a function in Python, where alone")
        self.assertFalse(Path("runs").exists())
        self.assertIn("functions in Python are called", told("plan", "study.toml").stderr)
        for words in (("check", "study.toml"), ("theory", "study.toml"), ("compare", "out"), ("verify", "out"), ("status", "out")):
            self.assertEqual(told(*words).returncode, 0, words)
        for words in (("run", "study.toml", "--device", "cuda"), ("plan", "study.toml", "--device", "cuda")):
            done = told(*words)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("which is called with rows of the CPU; allowed: device cpu", done.stderr)
        with self.assertRaisesRegex(ValueError, "device 'cuda' is not allowed: .* allowed: 'cpu'"):
            study(same).run("card", device="cuda")
        self.assertFalse(Path("card").exists())
        with self.assertRaisesRegex(cb.StudyError, "where alone the study can be run"):
            cb.Study.from_file("study.toml").run("out", quiet=True)
        self.assertEqual(cb.Study.from_file("study.toml"), study(same))

    def test_what_a_function_raises_is_raised(self):
        def thrown(rows, labels):
            return labels / int("zero")

        for threads in (1, 2):
            try:
                one(thrown).run("out", threads=threads, quiet=True)
            except ValueError as error:
                said = "".join(traceback.format_exception(error))
            self.assertRegex(said, r"(?s)in thrown\n.*invalid literal.*raised in labels 'own' of version 1")
        one(same).run("out", quiet=True)
        one(same).run("whole", quiet=True)
        self.assertEqual(simulated("out"), simulated("whole"))

    def test_wrong_values_are_refused(self):
        random = np.random.default_rng(1)
        for function, error, text in (
                (lambda rows, labels: labels[0], ValueError, r"gave an array of shape \(\d+,\): allowed is shape \(\d+, \d+\), a label for each row"),
                (lambda rows, labels: labels[:, :, None], ValueError, "allowed is shape"),
                (lambda rows, labels: None, TypeError, "gave NoneType: allowed is an array of real numbers of shape"),
                (lambda rows, labels: labels + 0j, TypeError, "gave an array of complex128"),
                (lambda rows, labels: labels.astype(str), TypeError, "gave an array of <U"),
                (lambda rows, labels: labels.astype(object), TypeError, "gave an array of object"),
                (lambda rows, labels: np.ma.masked_less(labels, 0), TypeError, "gave a masked array"),
                (lambda rows, labels: np.where(np.arange(labels.shape[1]) == 4, np.nan, labels), ValueError,
                 r"gave nan for trial 1 of \d+, row 5: allowed are finite numbers"),
                (lambda rows, labels: np.log(-np.abs(labels) * 0), ValueError, "gave -inf for trial 1"),
                (lambda rows, labels: labels - labels.mean(), ValueError, "must depend on that trial alone"),
                (lambda rows, labels: labels + random.standard_normal(labels.shape), ValueError, "no random numbers")):
            with self.assertRaisesRegex(error, "labels 'own' of version 1 .*" + text), np.errstate(all="ignore"):
                one(function).run("out", quiet=True)
        for function, error, text in ((lambda b: b, ValueError, r"allowed is shape \(\d+,\), a number for each trial"),
                                      (lambda b: "long", TypeError, "gave an array of <U4"),
                                      (lambda b: np.full(len(b), np.nan), ValueError, r"gave nan for trial 1 of \d+: allowed"),
                                      (lambda b: np.where(np.arange(len(b)) == 0, np.inf, 1.0), ValueError, "gave inf for trial 1")):
            fit = cb.Fit("fit", cb.Rows("real", n=30))
            with self.assertRaisesRegex(error, "measure 'length' of version 1 .*" + text):
                cb.Study.graph(fit, trials=64, measures=[cb.measure("length", 1, function, fit)], **SMALL).run("other", quiet=True)

    def test_threads_are_a_number_of_them(self):
        for threads in (-1, 0, 4097, 2.5, "2"):
            with self.assertRaisesRegex(ValueError, f"threads {threads!r} is not allowed; allowed: a whole number from 1 to 4096"):
                one(same).run("out", threads=threads, quiet=True)

    def test_numbers_of_other_types_are_numbers(self):
        for name, function in (("float", lambda rows, labels: np.sign(labels)), ("int", lambda rows, labels: np.sign(labels).astype(np.int8)),
                               ("float32", lambda rows, labels: np.sign(labels).astype(np.float32))):
            one(function).run(name, quiet=True)
            self.assertEqual(simulated(name), simulated("float"))

    def test_a_function_may_change_and_keep_what_it_is_given(self):
        kept = []

        def greedy(rows, labels):
            kept.append((rows, rows.copy()))
            made = labels.copy()
            labels[...] = np.nan
            return made

        one(greedy).run("greedy", quiet=True)
        one(same).run("same", quiet=True)
        self.assertEqual(simulated("greedy"), simulated("same"))
        for rows, then in kept:
            np.testing.assert_array_equal(rows, then)

    def test_what_does_not_go_together_is_refused(self):
        real = cb.Rows("real", n=10)
        own = cb.labels("own", 1, same)
        for wrong in (lambda: own + own, lambda: 0.5 * own, lambda: cb.observed + own, lambda: cb.labels("own", 1, same, of=own),
                      lambda: cb.labels("own", 1, 3), lambda: cb.measure("length", 1, 3), lambda: cb.Fit("a", real, labels_on={real: own})):
            self.assertRaises(TypeError, wrong)
        with self.assertRaisesRegex(ValueError, "two functions have the name 'own' and version 1"):
            cb.Study.graph(cb.Fit("a", real, labels=own), cb.Fit("b", real, labels=cb.labels("own", 1, length)), trials=4, **SMALL)
        other = cb.Fit("b", real, labels=cb.labels("own", 2, same))
        with self.assertRaisesRegex(cb.StudyError, "the study has version 1 of this function already"):
            cb.Study.graph(cb.Fit("a", real, labels=own), other, trials=4, **SMALL).run("out")
        with self.assertRaisesRegex(cb.StudyError, "a fit has a link or a function"):
            cb.Study.graph(cb.Fit("a", real, labels=own, link="sign"), trials=4, **SMALL).run("out")
        with self.assertRaisesRegex(cb.StudyError, "'misfit' is a measure of every graph"):
            fit = cb.Fit("a", real)
            cb.Study.graph(fit, trials=4, measures=[cb.measure("misfit_b", 1, length, fit)], **SMALL).run("out")
        with self.assertRaisesRegex(cb.StudyError, "risk has no law"):
            cb.Study.graph(cb.Fit("a", real, labels=own, penalty="optimal"), trials=4, **SMALL).run("out")
        self.assertFalse(Path("out").exists())

    def test_shards_and_time(self):
        for part in ("1/2", "2/2"):
            one(same, trials=256).run(f"part{part[0]}", shard=part, quiet=True)
        self.assertEqual(told("merge", "part1", "part2", "-o", "both").returncode, 0)
        one(same, trials=256).run("whole", quiet=True)
        self.assertEqual(simulated("both"), simulated("whole"))
        with self.assertRaisesRegex(ValueError, "shard 'auto' is not allowed with functions"):
            one(same).run("out", shard="auto")
        with self.assertRaisesRegex(cb.ProgramError, "max_time: .*soon"):
            one(same).run("out", max_time="soon")
        with self.assertRaises(cb.ProgramError) as stopped:
            one(lambda rows, labels: time.sleep(0.1) or labels, trials=100000).run("out", max_time="1s", quiet=True)
        self.assertEqual(stopped.exception.exit_code, 75)

    def test_an_interrupt_stores_what_is_done(self):
        def interrupt():
            time.sleep(1.5)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt).start()
        before = signal.getsignal(signal.SIGINT)
        with self.assertRaises(KeyboardInterrupt):
            one(lambda rows, labels: time.sleep(0.05) or labels, trials=100000).run("out", quiet=True)
        self.assertIs(signal.getsignal(signal.SIGINT), before)
        self.assertGreater(cb.Run("out").status()["trials_done"].sum(), 0)

    def test_a_folder_that_cannot_be_written_is_said(self):
        Path("file").write_text("no folder")
        with self.assertRaises(cb.ProgramError) as failed:
            one(same).run("file", quiet=True)
        self.assertEqual(failed.exception.exit_code, 6)
        self.assertIn("file", failed.exception.message)

    def test_two_runs_at_once(self):
        threads = [threading.Thread(target=lambda k=k: study(same, trials=40).run(f"run{k}", threads=2, quiet=True)) for k in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(simulated("run0"), simulated("run1"))

    def test_progress_is_said(self):
        from cucurbit import functions
        with unittest.mock.patch.object(functions, "_SECONDS_BETWEEN_LINES", 0.0), contextlib.redirect_stderr(io.StringIO()) as err:
            one(lambda rows, labels: time.sleep(0.02) or labels, trials=500).run("out")
        self.assertRegex(err.getvalue(), r"cucurbit: [\d,]+ of 500 trials")


if __name__ == "__main__":
    unittest.main()
