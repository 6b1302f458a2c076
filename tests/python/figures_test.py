"""Every kind of figure from synthetic tables: not empty, and drawn from the numbers in the table."""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

from needs import need

need("numpy", "pandas", "matplotlib")

import matplotlib.image
import numpy
import synthetic
from drawn import cut_off, inked, means

import cucurbit
from cucurbit import __main__ as command_line
from cucurbit import figures
from cucurbit.figures import panels, weights


class Images(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def check(self, table, **options):
        figure = cucurbit.plot(table, self.folder / "f.png", **options)
        self.assertGreater(inked(self.folder / "f.png"), 0.01)
        self.assertEqual(cut_off(figure), [])
        return figure

    def test_the_check_sees_an_empty_image(self):
        matplotlib.image.imsave(self.folder / "empty.png", numpy.ones((50, 50, 3)))
        self.assertEqual(inked(self.folder / "empty.png"), 0.0)

    def test_figure_1_has_weights_and_one_panel_a_noise_level(self):
        figure = self.check(synthetic.model_shift(), coordinates=synthetic.coordinates())
        self.assertEqual([axes.get_title(loc="left") for axes in figure.axes],
                         ["(a) weights at n = 24, p = 60", "(b) noise σ = 0", "(c) noise σ = 0.2"])

    def test_subspaces_have_a_panel_for_each_overlap_and_n(self):
        figure = self.check(synthetic.weak_to_strong())
        self.assertEqual(len(figure.axes), 4)
        self.assertEqual({axes.get_xlabel() for axes in figure.axes}, {"pseudo-labels N"})
        # The student's point within 3 of interpolation has no variance and is left out.
        self.assertEqual([len(curve) for curve in means(figure.axes[0])], [4, 3, 4, 4])

    def test_recovery_is_drawn_against_the_overlap(self):
        table = synthetic.weak_to_strong(overlaps=(1, 5, 10, 20))
        figure = self.check(table)
        self.assertEqual(figures.kind_of(table), "recovery")
        self.assertEqual(len(figure.axes), 8)
        rows = table[(table["estimand"] == "opr") & (table["n"] == 60) & (table["n_pseudo"] == 4000)]
        self.assertEqual(means(figure.axes[7])[0],
                         list(zip(rows["correlation_dimension"], rows["estimate"])))

    def test_chains_are_drawn_stage_by_stage(self):
        table = synthetic.chain()
        figure = self.check(table)
        self.assertEqual(figures.kind_of(table), "generations")
        rows = table[table["n_1"] == 120]
        self.assertEqual(means(figure.axes[0])[1], list(zip([1, 2, 3], rows["estimate"])))
        self.assertEqual(panels.fixed(table), "p = 20, noise σ₁ = 0.3, penalty₁ = 0, n₂ = 80, noise σ₂ = 0.3, "
                         "penalty₂ = 0, n₃ = 80, noise σ₃ = 0.3, penalty₃ = 0")

    def test_variance_split_is_drawn_against_its_factor(self):
        table = synthetic.weak_to_strong(overlaps=(5,), samples=(120,), strong=(10, 20))
        figure = self.check(table)
        self.assertEqual(figures.kind_of(table), "split")
        self.assertEqual(len(figure.axes), 2)
        drawn = means(figure.axes[1])
        self.assertEqual(len(drawn), 2)  # nothing is driven by a bias that there is not
        self.assertAlmostEqual(drawn[1][0][0], 20 / (4000 - 21))

    def test_weights_alone(self):
        figure = self.check(synthetic.model_shift(), kind="weights", n=40,
                            coordinates=synthetic.coordinates())
        self.assertIn("n = 40", figure.axes[0].get_title())

    def test_weights_need_coordinates(self):
        with self.assertRaisesRegex(ValueError, "coordinates"):
            cucurbit.plot(synthetic.model_shift(), kind="weights")

    def test_two_stages_have_a_panel_for_each_m(self):
        figure = self.check(synthetic.two_stage())
        self.assertEqual([axes.get_title(loc="left") for axes in figure.axes],
                         ["(a) m = 25", "(b) m = 35"])

    def test_scaling_and_gain(self):
        self.check(synthetic.model_shift(2000, 1.5, 2.0, (16, 32, 64, 128, 256), (0.0,)))
        self.check(synthetic.crossing())

    def test_features_show_agreement_ratios_and_errors(self):
        table = synthetic.features()
        figure = self.check(table)
        labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in figure.axes]
        self.assertEqual(labels[0], ("predicted test error", "measured test error"))
        self.assertEqual(labels[1:5], [(size, ratio) for size in ("pseudo-labels N", "labels n")
                                       for ratio in ("performance gap recovery", "outperforming ratio")])
        self.assertEqual(labels[5:], [("pseudo-labels N", "test error")] * 3)
        # Two weak and two student errors of n = 12 have no variance and are left out.
        agreement = means(figure.axes[0])
        self.assertEqual([len(curve) for curve in agreement], [4, 4, 6, 6])
        student = table[(table["arm"] == "w2s") & (table["estimand"] == "test_error") & (table["n"] > 12)]
        self.assertEqual(agreement[1], list(zip(student["theory"], student["estimate"])))
        self.assertEqual(len(self.check(synthetic.features(penalties=(0.0, 1.0))).axes), 16)
        one = self.check(table[table["n_pseudo"] == 40])
        self.assertEqual([axes.get_xlabel() for axes in one.axes], ["predicted test error"] + ["labels n"] * 3)

    def test_gradient_descent(self):
        titles = [axes.get_title(loc="left") for axes in self.check(synthetic.descent()).axes]
        self.assertEqual(len(titles), 8)
        self.assertEqual(titles[1], "(b) at equal progress on eigenvector 1, T = 10")
        figure = self.check(synthetic.descent(switches=(0, 3, 50)))
        self.assertEqual([axes.get_title(loc="left") for axes in figure.axes],
                         ["(a) flips = 0", "(b) flips = 0.2"])

    def test_png_and_pdf_without_suffix(self):
        cucurbit.plot(synthetic.model_shift(), self.folder / "both")
        self.assertTrue((self.folder / "both.pdf").read_bytes().startswith(b"%PDF"))
        self.assertGreater(inked(self.folder / "both.png"), 0.01)

    def test_unknown_kind_is_refused(self):
        with self.assertRaisesRegex(ValueError, "no figure of kind"):
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

    def test_gains_are_those_of_the_last_step_by_flip_rate(self):
        table = synthetic.descent()
        axes = figures.descent_figure(table).axes[3]
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
        self.assertTrue((self.folder / "figure.pdf").exists())
        self.assertIn("figure.png", talk)
        self.assertEqual(out.splitlines()[0], "arm,n_first,n_last,slope,theory_slope")

    def test_plot_to_a_named_file(self):
        code, _, _ = self.call("plot", self.folder / "t.csv", "-o", self.folder / "x.png", "--kind", "risk")
        self.assertEqual(code, 0)
        self.assertTrue((self.folder / "x.png").exists())
        self.assertFalse((self.folder / "figure.png").exists())

    def test_plot_along_a_parameter(self):
        synthetic.by_p().to_csv(self.folder / "p.csv", index=False)
        code, out, _ = self.call("plot", self.folder / "p.csv", "-o", self.folder / "x.png", "--x", "p/n")
        self.assertEqual((code, out), (0, ""))
        code, _, talk = self.call("plot", self.folder / "p.csv", "-o", self.folder / "y.png", "--x", "m")
        self.assertEqual(code, 2)
        self.assertIn("no axis 'm'", talk)
        self.assertFalse((self.folder / "y.png").exists())

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
