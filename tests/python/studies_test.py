"""Studies as Python objects: the files that they write, what is wrong with them, and graphs of fits."""

import contextlib
import io
import tempfile
import tomllib
import unittest
from pathlib import Path

from needs import need

need("numpy", "pandas")

import numpy

import cucurbit as cb
from cucurbit import program

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))
POPULATION = {"p": 40, "spectrum": cb.power_law(1.5), "signal": cb.power_law(1.5)}


def small(**changed):
    return cb.Study("model_shift", **{**POPULATION, "n": [8, 16], "noise_std": 0.2, "arms": ["standard"], "trials": 10,
                                      **changed})


class InFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def bytes_of(self, command, path):
        return program.output_of(command, path, "--format", "csv")


class Files(InFolder):
    def test_every_example_comes_back_as_the_same_study(self):
        self.assertGreater(len(EXAMPLES), 10)
        for path in EXAMPLES:
            with self.subTest(path.name):
                study = cb.Study.from_file(path)
                copy = self.folder / path.name
                study.to_toml(copy)
                self.assertEqual(cb.Study.from_file(copy), study)
                self.assertEqual(cb.Study.from_file(copy).check(), study.check())
                self.assertEqual(self.bytes_of("theory", copy), self.bytes_of("theory", path))
                # Two trials suffice: a folder refuses to be continued by any other study.
                about = tomllib.loads(path.read_text())["precision"]
                fewer = {"trials": 2, **{key: about[key] for key in ("label_noise", "sampler") if key in about}}
                runs = self.folder / path.stem, self.folder / f"{path.stem}-again"
                for file, run in ((path, runs[0]), (copy, runs[0]), (copy, runs[1])):
                    program.run(file, run, set={"precision": fewer}, quiet=True)
                self.assertEqual(self.bytes_of("export", runs[0]), self.bytes_of("export", runs[1]))

    def test_keywords_are_the_examples_file(self):
        study = cb.Study("model_shift", name="ildiz2025-figure1", seed=20250401, p=500, spectrum=cb.power_law(2.0),
                         signal=cb.power_law(1.5), n={"range": [20, 480, 20]}, noise_std=[0.0, 0.2], trials=1024,
                         arms=["standard", "optimal_surrogate", "mask"], label_noise="integrate")
        self.assertEqual(study, cb.Study.from_file(EXAMPLES[0].with_name("ildiz2025_figure1.toml")))
        chain = cb.Study("chain", name="self-distillation", seed=20250511, p=200, spectrum=cb.power_law(1.0),
                         signal=cb.power_law(1.5), trials=1024,
                         stage=[{"n": [60, 120], "noise_std": 0.5, "penalty": [0.0, 3.0]},
                                {"n": [60, 1000], "noise_std": 0.0, "penalty": [0.0, 3.0, 30.0]}])
        self.assertEqual(chain, cb.Study.from_file(EXAMPLES[0].with_name("self_distillation.toml")))

    def test_numbers_and_arrays_of_numpy(self):
        plain = small(n=[8, 12, 16], noise_std=[0.0, 0.5], seed=3)
        self.assertEqual(plain, small(n=range(8, 17, 4), noise_std=numpy.array([0.0, 0.5]), seed=numpy.int64(3)))
        self.assertEqual(plain, small(n=numpy.arange(8, 17, 4), noise_std=(numpy.float32(0.0), 0.5), seed=3))
        listed = small(spectrum=1.0 / numpy.arange(1, 41), signal=[1.0] * 40)
        self.assertEqual(cb.Study.from_file(self.written(listed)), listed)
        self.assertEqual(listed.check()["kind"], "model_shift")

    def written(self, study):
        study.to_toml(self.folder / "study.toml")
        return self.folder / "study.toml"

    def test_arrays_in_the_place_of_files(self):
        beta = numpy.linspace(1.0, 0.0, 40)
        study = small(arms=["standard", cb.surrogate("mine", beta)])
        beta[:] = 0.0  # the study has a copy
        self.assertIn("mine", set(study.theory()["arm"]))
        run = study.run(self.folder / "run", quiet=True)
        again = cb.Study.from_file(self.written(study))
        self.assertEqual(again, study)
        again.run(self.folder / "run", quiet=True)
        again.run(self.folder / "other", quiet=True)
        self.assertEqual(self.bytes_of("export", run.folder), self.bytes_of("export", self.folder / "other"))
        self.assertNotEqual(study, small(arms=["standard", cb.surrogate("mine", beta)]))
        features = cb.Study("features", n=20, trials=4, strong={"n_pseudo": 60}, features={
            "weak": numpy.random.default_rng(1).normal(size=(200, 5)), "labels": numpy.arange(200.0),
            "strong": numpy.random.default_rng(2).normal(size=(200, 8)), "task": "regression", "test": 50, "tau": 0.0})
        self.assertEqual(set(features.run(self.folder / "features", quiet=True).table["arm"]) - {""},
                         {"weak", "w2s", "baseline", "ceiling"})
        linear = cb.Study("chain", **POPULATION, trials=4, stage=[
            {"n": 30, "noise_std": 0.1, "features": {"kind": "file", "file": numpy.eye(20, 40)}}])
        self.assertEqual(linear.run(self.folder / "chain", quiet=True).status()["trials_done"].sum(), 4)

    def test_files_of_a_study_are_found_from_anywhere(self):
        numpy.save(self.folder / "truth.npy", numpy.ones(40))
        study = small(signal={"kind": "file", "path": str(self.folder / "truth.npy")})
        file = self.folder / "study.toml"
        file.write_text(study.to_toml().replace(str(self.folder / "truth.npy"), "truth.npy"))
        read = cb.Study.from_file(file)
        self.assertEqual(read, study)
        self.assertEqual(small(signal={"kind": "file", "path": self.folder / "truth.npy"}), study)
        file.unlink()
        self.assertEqual(read.check()["name"], "model-shift")

    def test_an_array_that_runs_do_not_copy(self):
        features = numpy.zeros((1 << 13, 1 << 13))  # 512 MiB, of which no page is touched
        study = cb.Study("features", n=20, trials=4, strong={"n_pseudo": 60}, features={
            "weak": features[:4, :4], "strong": features[:4, :4], "labels": numpy.zeros(4)})
        study._tree["features"]["weak"] = features
        with self.assertRaisesRegex(ValueError, "features.weak has 512 MiB.*give the file's path"):
            study.run(self.folder / "run")
        self.assertFalse((self.folder / "run").exists())


class Faults(InFolder):
    def test_all_faults_of_a_file(self):
        file = self.folder / "study.toml"
        file.write_text(small().to_toml().replace("seed = 1", "seed = -1").replace("n = [8", "n = [0"))
        study = cb.Study.from_file(file)
        for call in (study.check, study.plan, study.theory, lambda: study.run(self.folder / "run"),
                     lambda: cb.run(file, self.folder / "run")):
            with self.assertRaises(cb.StudyError) as caught, contextlib.redirect_stderr(io.StringIO()):
                call()
            error = caught.exception
            self.assertEqual((error.file, error.line, error.column, error.exit_code), (str(file), 6, 8, 2))
            self.assertEqual(error.allowed, "a whole number from 0 to 9223372036854775807")
            self.assertEqual([fault.line for fault in error.faults], [6, 14])
            self.assertEqual(str(error).splitlines()[1], f"{file}:14:6: target.n: element 1: 0 is not allowed; "
                                                         "allowed: a whole number from 1 to 1000000000")
        self.assertFalse((self.folder / "run").exists())

    def test_a_study_without_a_file_means_its_text(self):
        study = small(arms=["standard", "standrad"])
        with self.assertRaises(cb.StudyError) as caught:
            study.check()
        lines = study.to_toml().splitlines()
        self.assertEqual(caught.exception.file, "study.toml")
        self.assertEqual(lines[caught.exception.line - 1][caught.exception.column - 1:], '"standrad"]')
        self.assertEqual(caught.exception.allowed,
                         "standard, optimal_surrogate, mask, { name = …, surrogate_file = … }")

    def test_files_that_are_no_study(self):
        for text, where in (("a = = 2", 1), ("[study]\nname = 'a'\n", 1), ("schema = 1\nstudy = 3\n", 2)):
            (self.folder / "study.toml").write_text(text)
            with self.assertRaises(cb.StudyError) as caught:
                cb.Study.from_file(self.folder / "study.toml")
            self.assertEqual(caught.exception.line, where, text)
        with self.assertRaises(FileNotFoundError):
            cb.Study.from_file(self.folder / "absent.toml")

    def test_an_edit_after_reading_does_not_change_a_study(self):
        small().to_toml(self.folder / "study.toml")
        study = cb.Study.from_file(self.folder / "study.toml")
        small(trials=20).to_toml(self.folder / "study.toml")
        self.assertIn("10 trials", study.check()["precision"])

    def test_a_remark_is_a_warning(self):
        features = numpy.random.default_rng(1).normal(size=(200, 5))
        study = cb.Study("features", n=20, trials=4, strong={"n_pseudo": 60}, features={
            "weak": features + 100, "strong": features, "labels": features[:, 0], "task": "regression", "test": 50})
        with self.assertWarnsRegex(UserWarning, "^features.weak: .*subtract the mean"):
            study.check()

    def test_keywords_without_a_place(self):
        with self.assertRaisesRegex(TypeError, "no keywords of a chain: each stage has its own"):
            cb.Study("chain", **POPULATION, n=10)
        with self.assertRaisesRegex(cb.StudyError, "did you mean 'model_shift'"):
            cb.Study("modelshift", **POPULATION, n=10).check()
        with self.assertRaisesRegex(TypeError, "noise.*not a table"):
            small(noise=0.1)
        with self.assertRaisesRegex(TypeError, "n of .target. given twice"):
            small(target={"n": 8})
        with self.assertRaisesRegex(ValueError, "None"):
            small(target={"penalty": [None]})
        with self.assertRaisesRegex(cb.StudyError, "did you mean 'target'"):
            small(taget={"n": 8}).check()

    def test_text_of_a_study(self):
        self.assertEqual(repr(small(seed=3)), "Study('model_shift', name='model-shift', seed=3)")
        page = small(name="a", spectrum=numpy.ones(40))._repr_html_()
        self.assertIn("name = &quot;a&quot;", page)
        self.assertLess(max(map(len, page.splitlines())), 200)


class Graphs(InFolder):
    def test_the_example_from_objects(self):
        left = cb.Rows("left", n=40, noise_std=[0.5, 1.0, 2.0])
        shared, right = (cb.Rows(name, n=count, noise_std=0.5) for name, count in (("shared", 20), ("right", 40)))
        first = cb.Fit("first", [left, shared], penalty=1.0)
        second = cb.Fit("second", [shared, right], penalty=1.0)
        w = numpy.array([0.0, 0.25, 0.5, 0.75, 1.0])
        student = cb.Fit("student", cb.Rows("fresh", n=1000), labels=w * first + (1 - w) * second)
        pooled = cb.Fit("pooled", [left, shared, right], penalty=1.0)
        study = cb.Study.graph(student, pooled, name="two-teachers", seed=20251102, p=100, trials=500,
                               spectrum=cb.power_law(1.0), signal=cb.power_law(1.5), misfit=[(first, second)],
                               gain=[(student, second), (student, pooled)])
        self.assertEqual(study, cb.Study.from_file(EXAMPLES[0].with_name("two_teachers.toml")))

    def test_risks_of_another_domain(self):
        fit = cb.Fit("a", cb.Rows("real", n=60), penalty=1.0)
        here = cb.Study.graph(fit, **POPULATION, trials=4)
        there = cb.Study.graph(fit, **POPULATION, trials=4, test={"spectrum": numpy.zeros(40) + 3, "rotation": 7})
        self.assertEqual(tomllib.loads(there.to_toml())["test"]["rotation"], 7)
        self.assertNotEqual(*(float(study.theory()["theory"].iloc[0]) for study in (here, there)))

    def test_integrated_label_noise_and_moments(self):
        real = cb.Rows("real", n=[10, 60], noise_std=0.5)
        study = cb.Study.graph(cb.Fit("fit", real), **POPULATION, rel_std_err=0.1, max_trials=1024, label_noise="integrate",
                               keep="moments")
        self.assertEqual(tomllib.loads(study.to_toml())["precision"],
                         {"rel_std_err": 0.1, "max_trials": 1024, "label_noise": "integrate", "keep": "moments"})
        self.assertIn("excess_risk", set(study.run(self.folder / "run", quiet=True).table["estimand"]))
        with self.assertRaisesRegex(cb.StudyError, "label_noise.*fit 'fit'"):
            cb.Study.graph(cb.Fit("fit", real, penalty=1.0), **POPULATION, trials=64, label_noise="integrate").check()

    def test_labels_are_arithmetic(self):
        real, other = cb.Rows("real", n=60, noise_std=0.5), cb.Rows("other", n=30)
        teacher = cb.Fit("teacher", real)
        for labels, table in (
                (teacher, "teacher"), (1.0 * teacher, "teacher"), (real.observed, "observed"),
                (0.6 * teacher + 0.4 * real.observed, {"teacher": 0.6, "rest": "observed"}),
                (teacher * 2 - cb.truth, {"teacher": 2, "rest": "truth"}),
                (0.5 * (teacher + cb.truth) + 0.25 * teacher, {"teacher": 0.75, "truth": 0.5}),
                (numpy.float64(0.5) * teacher, {"teacher": 0.5}), ([0.5, 1.0] * teacher, {"teacher": [0.5, 1.0]}),
                (0.1 * cb.truth + 0.2 * real.observed + 0.7 * teacher,
                 {"truth": 0.1, "observed": 0.2, "rest": "teacher"}),
                (sum([teacher, cb.truth]) / 2, {"teacher": 0.5, "rest": "truth"}),
                ([0.5, 1.5] * teacher + cb.truth, {"teacher": [0.5, 1.5], "truth": 1}),
                ([0.5, 1.5] * teacher + [0.5, -0.5] * cb.truth, {"teacher": [0.5, 1.5], "rest": "truth"}),
                ([0.5, 1.0] * teacher + [0.1, 0.2] * cb.truth, {"teacher": [0.5, 1.0], "truth": [0.1, 0.2]}),
                (0.5 * teacher + [0.1, 0.2] * cb.truth + [0.4, 0.3] * real.observed,
                 {"teacher": 0.5, "truth": [0.1, 0.2], "rest": "observed"})):
            self.assertEqual(labels.table("fit.student.labels"), table)
            cb.Study.graph(cb.Fit("student", real, labels=labels), **POPULATION, trials=4).check()
        cb.Study.graph(cb.Fit("best", real, penalty="optimal"), **POPULATION, trials=4).check()
        both = cb.Fit("both", [real, other], labels_on={other: teacher}, keep=[10, 20])
        study = cb.Study.graph(both, **POPULATION, trials=4, pgr={"weak": teacher, "strong": both, "ceiling": teacher})
        self.assertEqual(tomllib.loads(study.to_toml())["fit"]["both"],
                         {"rows": ["real", "other"], "keep": [10, 20], "labels_on": {"other": "teacher"}})
        w = numpy.array([0.2, 0.3])
        three = w * teacher + w * cb.truth + (1 - 2 * w) * real.observed
        on = cb.Study.graph(cb.Fit("both", [real, other], labels_on={real: three}), **POPULATION, trials=4)
        self.assertEqual(tomllib.loads(on.to_toml())["fit"]["both"]["labels_on"]["real"], {
            "teacher": [0.2, 0.3], "truth": {"with": "fit.both.labels_on.real.teacher", "values": [0.2, 0.3]},
            "rest": "observed"})
        self.assertIn("2 points", on.check()["extent"])
        with self.assertRaisesRegex(ValueError, "add the weights first"):
            (w * teacher + teacher).table("fit.student.labels")
        for weight in ("0.5", {"linspace": [0, 1], "count": 5}):
            with self.assertRaises(TypeError):
                weight * teacher
        with self.assertRaisesRegex(ValueError, "multiply the grids first"):
            w * (w * teacher)

    def test_flows_and_random_features(self):
        real = cb.Rows("real", n=30, noise_std=0.5)
        network = cb.Fit("network", real, time=[10.0, 100.0], features=cb.random_features([5, 60], "relu", seed=1))
        study = cb.Study.graph(network, **POPULATION, trials=4)
        self.assertEqual(tomllib.loads(study.to_toml())["fit"]["network"]["features"]["count"], [5, 60])
        table = study.theory()
        self.assertEqual(set(table["theory_kind"]), {"approximation"})
        self.assertEqual(list(table["count_network"].unique()), [5, 60])
        own = cb.Fit("own", real, penalty=0.1, features=cb.own_features("w.npy", 4, "sign"))
        self.assertEqual(tomllib.loads(cb.Study.graph(own, **POPULATION, trials=4).to_toml())["fit"]["own"]["features"],
                         {"kind": "file", "activation": "sign", "file": str(Path("w.npy").resolve()), "count": 4})

    def test_rows_of_another_domain_with_weights(self):
        real = cb.Rows("real", n=20, noise_std=0.5)
        other = cb.Rows("other", n=30, spectrum=cb.power_law(0.5), signal=cb.uniform(2.0))
        pooled = cb.Fit("pooled", [real, other], row_weights={other: [0.1, 1.0]}, penalty=0.1)
        study = cb.Study.graph(pooled, **POPULATION, trials=4)
        written = tomllib.loads(study.to_toml())
        self.assertEqual(written["fit"]["pooled"]["row_weights"], {"other": [0.1, 1.0]})
        self.assertEqual(written["rows"]["other"]["signal"], {"kind": "uniform", "norm": 2.0})
        risks = study.theory()["theory"]
        self.assertEqual(len(risks), 2)
        self.assertNotAlmostEqual(risks[0], risks[1])

    def test_the_law_chooses_a_weight_and_explains(self):
        real = cb.Rows("real", n=[30, 60], noise_std=0.5)
        teacher = cb.Fit("teacher", real, penalty=0.1)
        mixture = cb.optimal_mixture(teacher, real.observed)
        student = cb.Fit("student", real, labels=mixture, penalty=0.1)
        hard = cb.Fit("hard", cb.Rows("fresh", n=20, distribution="uniform"), labels=student, link="sign")
        study = cb.Study.graph(hard, **POPULATION, trials=4, excess_risk=[student], output_variance=[student],
                               in_sample_risk=[student], error_rate=[hard], agreement=[(hard, student)])
        self.assertEqual(tomllib.loads(study.to_toml())["fit"]["student"]["labels"],
                         {"teacher": "optimal", "rest": "observed"})
        table = study.theory()
        self.assertEqual(set(table["estimand"]), {"excess_risk", "output_variance", "in_sample_risk", "error_rate",
                                                  "agreement_student"})
        self.assertEqual(table["weight_student_teacher"].nunique(), 2)
        parts = study.explain(n_real=60)
        self.assertEqual(set(parts["n_real"]), {60})
        self.assertEqual(list(parts["cause"].unique()), ["bias", "sampling", "noise_std_real"])
        risk = table[(table["n_real"] == 60) & (table["arm"] == "student") & (table["estimand"] == "excess_risk")]
        self.assertAlmostEqual(parts.loc[parts["arm"] == "student", "value"].sum(), risk["theory"].item())
        self.assertEqual(list(study.explain(bands=True, n_real=30)["last"].unique()), [10, 40])
        for use in (lambda: 2 * mixture, lambda: mixture + teacher, lambda: teacher + mixture, lambda: mixture / 2):
            with self.assertRaises(TypeError):
                use()

    def test_names_that_clash(self):
        real = cb.Rows("real", n=60)
        with self.assertRaisesRegex(ValueError, "two groups of rows have the name 'real'"):
            cb.Study.graph(cb.Fit("a", real), cb.Fit("b", cb.Rows("real", n=60)), **POPULATION, trials=4)
        with self.assertRaisesRegex(ValueError, "two fits have the name 'a'"):
            cb.Study.graph(cb.Fit("a", real), cb.Fit("a", real), **POPULATION, trials=4)
        other = cb.Rows("other", n=60)
        for wrong in (lambda: cb.Fit("b", real, labels=other.observed),
                      lambda: cb.Fit("b", [real, other], labels=real.observed),
                      lambda: cb.Fit("b", [real, other], labels_on={other: real.observed})):
            with self.assertRaisesRegex(ValueError, "cb.observed is every row's own"):
                wrong()
        union = cb.Fit("b", [real, other], labels=0.5 * cb.Fit("a", real) + 0.5 * cb.observed)
        self.assertEqual(union.labels.table("fit.b.labels"), {"a": 0.5, "rest": "observed"})
        for wrong in (lambda: cb.Fit("b", "real"), lambda: cb.Fit("b", real, labels="a")):
            with self.assertRaises(TypeError):
                wrong()
        # Names of rows and fits are no keys of a study's other tables.
        path = cb.Rows("path", n=60, spectrum=numpy.ones(40))
        signal = cb.Fit("signal", path)
        named = cb.Fit("file", path, labels=[0.5, 1.0] * signal, labels_on={path: signal})
        study = cb.Study.graph(named, **POPULATION, trials=4)
        study.to_toml(self.folder / "study.toml")
        self.assertEqual(cb.Study.from_file(self.folder / "study.toml"), study)
        self.assertIn("labels = { signal = [0.5, 1.0] }", study.to_toml())
        study.check()


if __name__ == "__main__":
    unittest.main()
