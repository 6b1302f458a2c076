"""Every kind of figure from synthetic tables: drawn from the numbers in the table, and of other studies' tables
refused."""

import contextlib
import io
import re
import tempfile
import unittest
from pathlib import Path

from needs import need

need("numpy", "pandas", "matplotlib")

import matplotlib.image
import numpy
import pandas
import synthetic
from drawn import altered, drawn_as, faults, inked, means, titles

import cucurbit
from cucurbit import __main__ as command_line
from cucurbit import figures
from cucurbit.figures import panels, weights
from cucurbit.kinds import KINDS


class Panels(unittest.TestCase):
    """Which panels the figures have; that they look as they should is checked of the examples' figures."""

    def panels(self, table, **options):
        figure = cucurbit.plot(table, **options)
        return [axes for page in figure.pages for axes in page.axes]

    def test_figure_1_has_weights_and_one_panel_a_noise_level(self):
        figure = cucurbit.plot(synthetic.model_shift(), coordinates=synthetic.coordinates())
        self.assertEqual(titles(figure), ["(a) weights at n = 24, p = 60", "(b) noise σ = 0", "(c) noise σ = 0.2"])

    def test_subspaces_have_a_panel_for_each_overlap_and_n(self):
        drawn = self.panels(synthetic.weak_to_strong())
        self.assertEqual([axes.get_xlabel() for axes in drawn], ["pseudo-labels N"] * 4)
        # The student's point within 3 of interpolation has no variance and is left out.
        self.assertEqual([len(curve) for curve in means(drawn[0])], [4, 3, 4, 4])

    def test_recovery_is_drawn_against_the_overlap(self):
        table = synthetic.weak_to_strong(overlaps=(1, 5, 10, 20))
        self.assertEqual(figures.kind_of(table), "recovery")
        drawn = self.panels(table)
        self.assertEqual(len(drawn), 8)
        rows = table[(table["estimand"] == "opr") & (table["n"] == 60) & (table["n_pseudo"] == 4000)]
        self.assertEqual(means(drawn[7])[0], list(zip(rows["correlation_dimension"], rows["estimate"])))

    def test_chains_are_drawn_stage_by_stage(self):
        table = synthetic.chain()
        self.assertEqual(figures.kind_of(table), "generations")
        rows = table[table["n_1"] == 120]
        self.assertEqual(means(self.panels(table)[0])[1], list(zip([1, 2, 3], rows["estimate"])))
        self.assertEqual(panels.fixed(table), "p = 20, n₂ = 80, n₃ = 80, in every stage noise σ = 0.3, penalty = 0")
        self.assertEqual(panels.fixed(synthetic.chain(stages=1, sizes=(60,))),
                         "p = 20, n₁ = 60, noise σ₁ = 0.3, penalty₁ = 0")

    def test_variance_split_is_drawn_against_its_factor(self):
        table = synthetic.weak_to_strong(overlaps=(5,), samples=(120,), strong=(10, 20))
        self.assertEqual(figures.kind_of(table), "split")
        drawn = self.panels(table)
        self.assertEqual(len(drawn), 2)
        curves = means(drawn[1])
        self.assertEqual(len(curves), 2)  # nothing is driven by a bias that there is not
        self.assertAlmostEqual(curves[1][0][0], 20 / (4000 - 21))

    def test_two_stages_have_a_panel_for_each_m(self):
        self.assertEqual(titles(cucurbit.plot(synthetic.two_stage())), ["(a) m = 25", "(b) m = 35"])

    def test_several_runs_are_drawn_together(self):
        flat, steep = synthetic.model_shift(), synthetic.model_shift()
        steep = altered(steep, steep["estimate"].notna(), estimate=1.5 * steep["estimate"])
        with tempfile.TemporaryDirectory() as folder:
            for name, table in (("flat", flat), ("steep", steep)):
                table.to_csv(Path(folder, f"{name}.csv"), index=False)
            files = [Path(folder, f"{name}.csv") for name in ("flat", "steep")]
            both = cucurbit.load(files)
            self.assertEqual(list(both.columns)[:2], ["run", "p"])
            self.assertEqual(both["run"].value_counts().to_dict(), {"flat": len(flat), "steep": len(steep)})
            figure = cucurbit.plot(files)
            with contextlib.redirect_stderr(io.StringIO()):
                command_line.main(["plot", *map(str, files), "-o", str(Path(folder, "figure.svg"))])
            self.assertIn("run = steep", Path(folder, "figure.svg").read_text())
            with self.assertRaisesRegex(ValueError, "flat has the parameters p, n, noise_std, and stages p, m, n, "):
                synthetic.two_stage().to_csv(Path(folder, "stages.csv"), index=False)
                cucurbit.load([files[0], Path(folder, "stages.csv")])
            with self.assertRaisesRegex(ValueError, "several tables are different ones"):
                cucurbit.load(files[:1] * 2)
        self.assertEqual((faults(figure), titles(figure)), ([], ["(a) noise σ = 0", "(b) noise σ = 0.2"]))
        drawn = drawn_as(figure.axes[0], "_mean")
        for table in (flat, steep):
            rows = table[(table["arm"] == "standard") & (table["estimand"] == "excess_risk") & (table["noise_std"] == 0)
                         & table["ci95_low"].notna()]
            self.assertGreater(len(rows), 3)
            self.assertLessEqual(set(zip(rows["n"], rows["estimate"])), drawn)
        self.assertEqual(len(titles(cucurbit.plot(both, hue="arm"))), 4)
        with self.assertRaisesRegex(ValueError, "several runs are of the figures risk and recovery, not of gain"):
            cucurbit.plot(both, kind="gain")

    def test_features_show_agreement_ratios_and_errors(self):
        table = synthetic.features()
        drawn = self.panels(table)
        labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in drawn]
        self.assertEqual(labels[0], ("predicted test error", "measured test error"))
        self.assertEqual(labels[1:5], [(size, ratio) for size in ("pseudo-labels N", "samples n")
                                       for ratio in ("performance gap recovery", "outperforming ratio")])
        self.assertEqual(labels[5:], [("pseudo-labels N", "test error")] * 3)
        # Two weak and two student errors of n = 12 have no variance and are left out.
        agreement = means(drawn[0])
        self.assertEqual([len(curve) for curve in agreement], [4, 4, 6, 6])
        student = table[(table["arm"] == "w2s") & (table["estimand"] == "test_error") & (table["n"] > 12)]
        self.assertEqual(agreement[1], list(zip(student["theory"], student["estimate"])))
        self.assertEqual(len(self.panels(synthetic.features(penalties=(0.0, 1.0)))), 16)
        one = self.panels(table[table["n_pseudo"] == 40])
        self.assertEqual([axes.get_xlabel() for axes in one], ["predicted test error"] + ["samples n"] * 3)

    def test_gradient_descent_says_at_which_steps_and_flips(self):
        figure = cucurbit.plot(synthetic.descent())
        self.assertEqual(titles(figure), [
            "(a) means, flips = 0", "(b) at equal progress on eigenvector 1, teacher’s steps T = 10, flips = 0",
            *(f"({letter}) student’s steps t = 50" for letter in "cdef"),
            *(f"({letter}) {sample} points in bins, flips = 0.2, student’s steps t = 50"
              for letter, sample in (("g", "train"), ("h", "test")))])
        one = cucurbit.plot(synthetic.descent(flips=(0.1,), steps=(50,)))
        self.assertEqual(one._suptitle.get_text(), "p = 40, n = 20, flips = 0.1, student’s steps t = 50, page 1 of 2")
        self.assertEqual(titles(one)[2:4], ["(c)", "(d)"])
        self.assertEqual(titles(cucurbit.plot(synthetic.descent(switches=(0, 3, 50)))),
                         ["(a) flips = 0, student’s steps t = 50", "(b) flips = 0.2, student’s steps t = 50"])

    def test_gradient_descent_without_projections_or_many_noise_levels(self):
        table = synthetic.descent(flips=numpy.linspace(0, 0.4, 9))
        table = table[~table["estimand"].str.startswith("projection")]
        drawn = self.panels(table)
        self.assertEqual(len(drawn), 6)
        self.assertEqual(len(means(drawn[1])), 9)


class Refused(unittest.TestCase):
    """What cannot be drawn is said in the study's words, and nothing is drawn instead."""

    TABLES = {"model_shift": synthetic.model_shift(), "two_stage": synthetic.two_stage(),
              "weak_to_strong": synthetic.weak_to_strong(), "chain": synthetic.chain(),
              "gradient_descent": synthetic.descent(), "switching gradient_descent": synthetic.descent(switches=(0, 3)),
              "features": synthetic.features(), "graph": synthetic.graph()}

    def test_every_figure_of_every_other_study(self):
        for kind, studies in KINDS.items():
            for study, table in self.TABLES.items():
                if study in studies:
                    continue
                with self.subTest(kind=kind, study=study):
                    with self.assertRaises(ValueError) as caught:
                        cucurbit.plot(table, kind=kind)
                    self.assertRegex(str(caught.exception), f"^the figure {kind} needs a table of [a-z_ ,]+: this one "
                                                            f"(lacks [a-z_1]+(, [a-z_1]+)*|is of {study})$")

    # First hour, repro 4: recovery of a model_shift was an empty figure.
    def test_says_what_the_table_lacks(self):
        for kind, study, said in (
                ("recovery", "model_shift", "weak_to_strong, features or graph: this one lacks n_pseudo, strong_d"),
                ("split", "features", "weak_to_strong: this one lacks strong_d"),
                ("switch", "gradient_descent", "switching gradient_descent: this one lacks switch_at"),
                ("gain", "weak_to_strong", "model_shift or two_stage: this one is of weak_to_strong"),
                ("generations", "two_stage", "chain: this one lacks n_1"),
                ("gain", "graph", "model_shift or two_stage: this one lacks n")):
            with self.assertRaisesRegex(ValueError, f"^the figure {kind} needs a table of {said}$"):
                cucurbit.plot(self.TABLES[study], kind=kind)

    def test_tables_of_the_right_study_without_what_is_drawn(self):
        two_stage = self.TABLES["two_stage"]
        subspaces = self.TABLES["weak_to_strong"]
        for said, kind, table in (
                ("the figure gain needs the arm standard: this table has surrogate, target", "gain",
                 two_stage[two_stage["arm"] != "standard"]),
                ("the figure scaling needs several n: this table has one", "scaling", two_stage[two_stage["n"] == 20]),
                ("the figure split needs points of n_pseudo > strong_d \\+ 1: this table has none", "split",
                 subspaces[subspaces["n_pseudo"] == 21]),
                ("the figure recovery needs the estimand pgr: this table has none", "recovery",
                 self.TABLES["graph"].query("estimand != 'pgr'")),
                ("there is nothing to draw", "recovery", subspaces[subspaces["estimand"] == "excess_risk"]),
                ("the figure weights needs a run folder, or the table", "weights", self.TABLES["model_shift"])):
            with self.assertRaisesRegex(ValueError, said):
                cucurbit.plot(table, kind=kind)

    def test_unknown_kind_is_refused(self):
        with self.assertRaisesRegex(ValueError, "no figure of kind 'pie'; there are risk, scaling"):
            cucurbit.plot(synthetic.model_shift(), kind="pie")


class Contents(unittest.TestCase):
    def test_kind_follows_from_the_table(self):
        self.assertEqual(figures.kind_of(synthetic.model_shift()), "risk")
        self.assertEqual(figures.kind_of(synthetic.two_stage()), "risk")
        self.assertEqual(figures.kind_of(synthetic.crossing()), "gain")
        self.assertEqual(figures.kind_of(synthetic.descent()), "descent")
        self.assertEqual(figures.kind_of(synthetic.descent(switches=(0, 3))), "switch")
        scaling = synthetic.model_shift(2000, 1.5, 2.0, (16, 128), (0.0,))
        self.assertEqual(figures.kind_of(scaling), "scaling")

    def test_markers_are_the_estimates_and_lines_the_theory(self):
        table = synthetic.model_shift(noises=(0.2,))
        axes = cucurbit.plot(table).axes[0]
        for place, arm in enumerate(("standard", "optimal_surrogate", "mask")):
            rows = panels.risks(table, arm)
            self.assertEqual(means(axes)[place], list(zip(rows["n"], rows["estimate"])))
        lines = [line for line in axes.get_lines() if line.get_linestyle() == "-"]
        theory = panels.risks(table, "standard")["theory"]
        self.assertTrue(any(numpy.array_equal(line.get_ydata(), theory) for line in lines))

    def test_a_flagged_mean_is_not_drawn_but_its_median_is(self):
        table = synthetic.crossing()
        axes = cucurbit.plot(table, kind="risk").axes[0]
        drawn = [tuple(point) for line in axes.get_lines() for point in zip(*line.get_data())]
        self.assertNotIn((40, 321.0), drawn)
        self.assertIn((40, 9.0), drawn)

    def test_weights_at_the_nearest_sample_size(self):
        table = synthetic.coordinates(60, (20, 24, 40))
        self.assertEqual(set(weights.at_samples(table)["n"]), {24})
        self.assertEqual(set(weights.at_samples(table, 39)["n"]), {40})
        # Of several dimensions, the first.
        both = pandas.concat([table, synthetic.coordinates(80, (20, 24, 40))])
        self.assertEqual(len(weights.at_samples(both)), 60)

    def test_weights_are_drawn_by_eigenvalue(self):
        table = synthetic.coordinates()
        [axes] = cucurbit.plot(synthetic.model_shift(), kind="weights", n=40, coordinates=table).axes
        self.assertIn("n = 40", axes.get_title())
        [shuffled] = cucurbit.plot(synthetic.model_shift(), kind="weights", n=40,
                                   coordinates=table.sample(frac=1.0, random_state=1)).axes
        self.assertEqual(drawn_as(axes, "_weight"), drawn_as(shuffled, "_weight"))
        optimal = table[table["n"] == 40]
        self.assertIn((60, (optimal["optimal_surrogate"] / optimal["truth"]).iloc[-1]), drawn_as(axes, "_weight"))

    def test_no_surrogate_looks_like_the_truth(self):
        table = synthetic.coordinates().assign(mine=lambda rows: rows["truth"] * 2)
        [axes] = cucurbit.plot(synthetic.model_shift(), kind="weights", coordinates=table).axes
        colours = [line.get_color() for line in axes.get_lines()]
        self.assertEqual(len(set(colours)), 4)

    def test_weights_far_from_the_truths_leave_room_for_the_others(self):
        table = synthetic.coordinates().assign(mine=lambda rows: rows["truth"] * 2)
        [axes] = cucurbit.plot(synthetic.model_shift(), kind="weights", coordinates=table).axes
        self.assertEqual(axes.get_yscale(), "linear")
        table.loc[table["index"] == 7, "mine"] *= -150
        figure = cucurbit.plot(synthetic.model_shift(), kind="weights", coordinates=table)
        [axes] = figure.axes
        self.assertEqual(axes.get_yscale(), "symlog")
        self.assertEqual([text.get_text() for text in axes.get_yticklabels()], ["−100", "−10", "−1", "0", "1"])
        self.assertEqual(faults(figure), [])

    def test_teachers_stopped_at_held_out_samples_are_stars(self):
        table = synthetic.descent()
        self.assertEqual(drawn_as(cucurbit.plot(table).axes[2], "_early"), set())
        row = table[(table["arm"] == "student") & (table["estimand"] == "accuracy") & (table["flip"] == 0.2)].iloc[:1]
        early = [row.assign(arm=arm, estimand=estimand, estimate=value, teacher_steps=numpy.nan, student_steps=step)
                 for arm, estimand, value, step in (
                     ("early_teacher", "accuracy", 0.6, numpy.nan), ("early_teacher", "stopped_at", 20.0, numpy.nan),
                     ("early_student", "accuracy", 0.65, 5), ("early_student", "accuracy", 0.7, 50))]
        figure = cucurbit.plot(pandas.concat([table, *early], ignore_index=True))
        self.assertEqual(faults(figure), [])
        self.assertEqual(drawn_as(figure.axes[2], "_early"), {(20.0, 0.6)})
        self.assertEqual(drawn_as(figure.axes[2], "_early_student"), {(20.0, 0.7)})
        told = [text.get_text() for text in figure.axes[2].get_legend().get_texts()]
        self.assertIn("stopped at held-out samples", told)

    def test_gains_are_those_of_the_last_step_by_flip_rate(self):
        table = synthetic.descent()
        axes = cucurbit.plot(table).axes[3]
        self.assertEqual(len(axes.containers), 2)
        for flip, drawn in zip((0.0, 0.2), means(axes)):
            rows = table[(table["estimand"] == "gain") & (table["flip"] == flip) & (table["student_steps"] == 50)]
            self.assertEqual(drawn, list(zip(rows["teacher_steps"], rows["estimate"])))

    def test_slopes_of_a_power_law_are_its_exponent(self):
        table = synthetic.model_shift(2000, 1.5, 2.0, (16, 64, 256), (0.0,))
        risks = table["estimand"] == "excess_risk"
        table.loc[risks, "estimate"] = 3.0 * table.loc[risks, "n"] ** -0.75
        table.loc[risks & (table["n"] == 256), "estimate"] *= 2
        near = cucurbit.fit_slopes(table, n_max=64)
        numpy.testing.assert_allclose(near["slope"], -0.75, rtol=1e-12)
        self.assertTrue((cucurbit.fit_slopes(table)["slope"] > -0.75 + 0.1).all())

    def test_the_relative_risk_of_equal_curves_is_one(self):
        table = synthetic.crossing()
        ratio = figures.gain.relative_risk(table, "optimal_surrogate")
        numpy.testing.assert_allclose(ratio.loc[ratio["n"] > 40, "theory"], 1.0, rtol=1e-12)
        self.assertLess(ratio.loc[ratio["n"] == 10, "theory"].item(), 0.9)

    def test_a_risk_relative_to_one_without_a_mean_is_not_drawn(self):
        table = synthetic.crossing()
        at_p = table[(table["arm"] == "mask") & (table["n"] == 36)].assign(n=40)
        axes = cucurbit.plot(pandas.concat([table, at_p], ignore_index=True), kind="gain").axes[1]
        self.assertEqual({n for n, _ in drawn_as(axes, "_ratio")}, {10, 20, 30, 36, 50, 70, 100})

    def test_relative_risks_over_a_wide_range_have_a_logarithmic_axis(self):
        table = synthetic.crossing()
        self.assertEqual(cucurbit.plot(table, kind="gain").axes[1].get_yscale(), "linear")
        wide = altered(table, (table["arm"] == "mask") & (table["n"] == 100), estimate=9.0, theory=9.0)
        self.assertEqual(cucurbit.plot(wide, kind="gain").axes[1].get_yscale(), "log")


class CommandLine(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        synthetic.model_shift(2000, 1.5, 2.0, (16, 64, 256), (0.0,)).to_csv(self.folder / "t.csv",
                                                                          index=False)

    def call(self, *arguments):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            with contextlib.redirect_stderr(io.StringIO()) as talk:
                code = command_line.main([str(argument) for argument in arguments])
        return code, out.getvalue(), talk.getvalue()

    def test_plot_writes_beside_the_table_and_prints_slopes(self):
        code, out, talk = self.call("plot", self.folder / "t.csv")
        self.assertEqual(code, 0)
        self.assertGreater(inked(self.folder / "figure.png"), 0.01)
        self.assertTrue((self.folder / "figure.pdf").read_bytes().startswith(b"%PDF"))
        self.assertIn("figure.png", talk)
        self.assertEqual(out.splitlines()[0], "arm,n_first,n_last,slope,theory_slope")

    def test_the_check_sees_an_empty_image(self):
        matplotlib.image.imsave(self.folder / "empty.png", numpy.ones((50, 50, 3)))
        self.assertEqual(inked(self.folder / "empty.png"), 0.0)

    def test_plot_along_a_parameter(self):
        synthetic.by_p().to_csv(self.folder / "p.csv", index=False)
        code, out, _ = self.call("plot", self.folder / "p.csv", "-o", self.folder / "x.svg", "--x", "p/n", "--panels",
                                 "arm", "--size", "6x3", "--style", "fast")
        self.assertEqual((code, out), (0, ""))
        self.assertIn(b'viewBox="0 0 432 216"', (self.folder / "x.svg").read_bytes())
        table = synthetic.graph()
        rates = table[table["estimand"] == "excess_risk"].assign(estimand="error_rate")
        figure = cucurbit.plot(pandas.concat([table, rates]), y="error_rate")
        self.assertEqual(figure.axes[0].get_ylabel(), "error rate")
        with self.assertRaisesRegex(ValueError, "^no estimand 'agreement'; the table has excess_risk, "):
            cucurbit.plot(table, y="agreement")
        with self.assertRaisesRegex(ValueError, "^y is of the figure risk, not of gain"):
            cucurbit.plot(synthetic.model_shift(), kind="gain", y="excess_risk")
        self.call("plot", self.folder / "p.csv", "-o", self.folder / "x.svg", "--size", "3.3")
        self.assertIn(b'viewBox="0 0 237.6 ', (self.folder / "x.svg").read_bytes())
        for said, *wrong in (("no axis 'm'", "--x", "m"), ("no hue 'm'", "--hue", "m"),
                             ("needs a table of weak_to_strong", "--kind", "recovery"),
                             ("1x1 inches are too few", "--size", "1x1"), ("'pastel'", "--style", "pastel")):
            code, _, talk = self.call("plot", self.folder / "p.csv", "-o", self.folder / "y.png", *wrong)
            self.assertEqual(code, 2)
            self.assertIn(said, talk)
        with contextlib.redirect_stderr(io.StringIO()) as talk, self.assertRaises(SystemExit) as caught:
            command_line.main(["plot", str(self.folder / "p.csv"), "--size", "6x"])
        self.assertEqual(caught.exception.code, 2)
        self.assertIn("'6x' is no size in inches", talk.getvalue())
        self.assertFalse((self.folder / "y.png").exists())

    def test_pages(self):
        synthetic.model_shift(samples=(10, 20), noises=numpy.arange(7.0)).to_csv(self.folder / "w.csv", index=False)
        code, _, talk = self.call("plot", self.folder / "w.csv", "--x", "n")
        self.assertEqual(code, 0)
        self.assertEqual([line.rpartition("/")[2] for line in talk.splitlines()],
                         ["figure.png", "figure-2.png", "figure.pdf"])
        self.assertGreater(inked(self.folder / "figure-2.png"), 0.01)
        self.assertEqual(len(re.findall(rb"/Type /Page\b", (self.folder / "figure.pdf").read_bytes())), 2)

    def test_parquet(self):
        code, _, _ = self.call("parquet", self.folder / "t.csv")
        self.assertEqual(code, 0)
        self.assertEqual(len(cucurbit.load(self.folder / "table.parquet")),
                         len(cucurbit.load(self.folder / "t.csv")))

    def test_an_absent_table_is_a_usage_error(self):
        code, _, talk = self.call("plot", self.folder / "absent.csv")
        self.assertEqual(code, 2)
        self.assertIn("absent.csv", talk)


if __name__ == "__main__":
    unittest.main()
