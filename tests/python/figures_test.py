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
import pandas
import synthetic
from matplotlib.backends.backend_agg import FigureCanvasAgg

import cucurbit
from cucurbit import __main__ as command_line
from cucurbit import figures
from cucurbit.figures import panels, weights
from cucurbit.figures.style import arm_styles


def inked(path):
    """Share of an image's pixels that are not white."""
    pixels = matplotlib.image.imread(path)[..., :3]
    return float((pixels < 0.97).any(axis=-1).mean())


def means(axes):
    """The error-bar curves of a panel as lists of (n, estimate)."""
    return [list(zip(*container.lines[0].get_data())) for container in axes.containers]


def drawn_as(axes, label):
    """Points of a panel that are drawn as what a label says: _theory, _mean, _pale, _median, _dash, _crossed."""
    return {tuple(point) for line in axes.get_lines() if line.get_label() == label for point in zip(*line.get_data())
            if not numpy.isnan(point[1])}


def notes(axes):
    """What stands below a panel's x axis."""
    return [line for text in axes.texts for line in text.get_text().splitlines() if " at " in line]


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def altered(table, chosen, **values):
    """The table with other values in some rows."""
    table = table.copy()
    for name, value in values.items():
        table.loc[chosen, name] = value
    return table


def cut_off(figure):
    """The figure's legends and title that reach beyond its edges."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    extents = [text.get_window_extent(canvas.get_renderer()) for text in (*figure.legends, figure._suptitle) if text]
    return [extent for extent in extents if extent.x0 < 0 or extent.x1 > figure.bbox.x1]


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


def by_p(sizes=(10, 20, 25, 40, 60), n=30, noises=(0.5,)):
    """Risk against p at fixed n: the textbook's figure."""
    tables = [synthetic.model_shift(p, samples=(n,), noises=noises) for p in sizes]
    return pandas.concat(tables, ignore_index=True)


class Missing(unittest.TestCase):
    """Figures say what is not there, and what the table's flags say."""

    def setUp(self):
        self.table = synthetic.model_shift(noises=(0.2,))
        self.standard = (self.table["arm"] == "standard") & (self.table["estimand"] == "excess_risk")

    def test_a_theory_value_without_neighbours_is_a_dash(self):
        figure = cucurbit.plot(self.table, kind="risk")
        self.assertEqual(drawn_as(figure.axes[0], "_dash"), set())
        self.assertNotIn("dash: theory without a neighbour", legend(figure))
        alone = altered(self.table, self.standard & (self.table["n"] != 20), theory=numpy.inf)
        figure = cucurbit.plot(alone, kind="risk")
        [value] = alone.loc[self.standard & (alone["n"] == 20), "theory"]
        self.assertEqual(drawn_as(figure.axes[0], "_dash"), {(20, value)})
        self.assertIn("dash: theory without a neighbour", legend(figure))
        ends = altered(self.table, self.standard & (self.table["n"] == 10), theory=numpy.nan)
        self.assertEqual({x for x, _ in drawn_as(cucurbit.plot(ends, kind="risk").axes[0], "_dash")}, {5})

    def test_theory_is_drawn_wherever_it_is_finite(self):
        near = altered(self.table, self.standard & (self.table["n"] == 30), flags="near_interpolation")
        [value] = near.loc[self.standard & (near["n"] == 30), "theory"]
        self.assertIn((30, value), drawn_as(cucurbit.plot(near, kind="risk").axes[0], "_theory"))

    def test_zeros_and_negatives_on_a_log_axis_are_told(self):
        zeros = altered(self.table, self.standard & (self.table["n"] >= 40), estimate=0.0, theory=0.0, ci95_low=0.0,
                        ci95_high=0.0)
        wide = altered(zeros, self.standard & (self.table["n"] == 5), estimate=50.0)
        [axes] = cucurbit.plot(wide, kind="risk").axes
        self.assertEqual(axes.get_yscale(), "log")
        self.assertEqual(notes(axes), ["0 at 40 … 50: not on a log axis"])
        # No line plunges to where the axis ends.
        self.assertTrue(all(y > 0 for _, y in drawn_as(axes, "_theory")))
        [axes] = cucurbit.plot(altered(wide, self.standard & (self.table["n"] == 50), estimate=-1.0), kind="risk").axes
        self.assertEqual(notes(axes), ["0 at 40: not on a log axis", "below 0 at 50: not on a log axis"])
        self.assertEqual(notes(cucurbit.plot(self.table, kind="risk").axes[0]), [])

    def test_means_of_heavy_tails_give_way_to_quantiles_or_a_note(self):
        at = self.standard & (self.table["n"] == 30)
        heavy = altered(self.table, at, estimate=3e5, std_err=numpy.nan, ci95_low=numpy.nan, ci95_high=numpy.nan,
                        flags="heavy_tail escalated=0.4")
        [axes] = cucurbit.plot(heavy, kind="risk").axes
        self.assertNotIn((30, 3e5), drawn_as(axes, "_mean") | drawn_as(axes, "_pale"))
        self.assertEqual(notes(axes), ["no mean at 30"])
        rows = [altered(heavy[at], at[at].index, estimand=f"excess_risk_{name}", estimate=value, theory=numpy.nan)
                for name, value in (("q05", 0.1), ("median", 0.3), ("q95", 40.0))]
        figure = cucurbit.plot(pandas.concat([heavy, *rows], ignore_index=True), kind="risk")
        self.assertEqual(drawn_as(figure.axes[0], "_median"), {(30, 0.3)})
        self.assertEqual(notes(figure.axes[0]), [])
        self.assertIn("open: median, 5–95 % of trials", legend(figure))

    def test_a_mean_without_an_interval_is_pale(self):
        at = self.standard & (self.table["n"] == 30)
        few = altered(self.table, at, ci95_low=numpy.nan, ci95_high=numpy.nan, flags="few_trials")
        figure = cucurbit.plot(few, kind="risk")
        [value] = few.loc[at, "estimate"]
        self.assertEqual(drawn_as(figure.axes[0], "_pale"), {(30, value)})
        self.assertNotIn((30, value), drawn_as(figure.axes[0], "_mean"))
        self.assertIn("pale: too few trials for an interval", legend(figure))

    def test_rank_deficient_means_are_crossed(self):
        at = self.standard & (self.table["n"] == 30)
        figure = cucurbit.plot(altered(self.table, at, flags="rank_deficient"), kind="risk")
        [value] = self.table.loc[at, "estimate"]
        self.assertEqual(drawn_as(figure.axes[0], "_crossed"), {(30, value)})
        self.assertIn("crossed: trials of less than full rank", legend(figure))

    def test_heavy_tails_along_gradient_descent_are_told(self):
        table = synthetic.descent()
        heavy = (table["estimand"] == "gain") & (table["teacher_steps"] == 10) & (table["flip"] == 0.2)
        quantile = table[table["estimand"] == "teacher_train_margin_1"].assign(estimand="teacher_train_margin_1_q05")
        table = pandas.concat([altered(table, heavy, flags="heavy_tail"), quantile], ignore_index=True)
        axes = cucurbit.plot(table).axes[3]
        self.assertEqual(notes(axes), ["no mean at 10"])
        self.assertEqual([[x for x, _ in curve] for curve in means(axes)], [[1, 10, 100], [1, 100]])

    def test_ratios_without_a_mean_are_told(self):
        table = synthetic.weak_to_strong(overlaps=(1, 5, 10, 20))
        axes = cucurbit.plot(altered(table, (table["estimand"] == "pgr") & (table["n_pseudo"] == 50)
                                     & (table["correlation_dimension"] == 5), estimate=numpy.nan)).axes
        self.assertIn("no mean at 5", [note for panel in axes for note in notes(panel)])

    def test_axes_over_a_narrow_range_have_labels(self):
        near = altered(self.table, self.standard, estimate=0.31, theory=0.33)
        axes = cucurbit.plot(near[self.standard], kind="scaling").axes[0]
        self.assertGreaterEqual(len([label for label in axes.get_yticklabels() if label.get_text()]), 2)


class Axes(unittest.TestCase):
    """Any parameter is an axis; the one with the most values where nothing is said."""

    def check(self, table, lines, *, x=None, **options):
        figure = cucurbit.plot(table, x=x, **options)
        self.assertEqual([axes.get_xlabel() for axes in figure.axes], [lines[0]] * lines[1])
        return figure.axes

    def test_risk_against_p_at_fixed_n_is_one_panel(self):
        table = by_p()
        self.assertEqual(figures.kind_of(table), "risk")
        [axes] = self.check(table, ("dimension p", 1))
        rows = panels.risks(table, "standard", x="p")
        self.assertEqual(means(axes)[0], list(zip(rows["p"], rows["estimate"])))
        self.assertLessEqual(set(zip(rows["p"], rows["theory"])), drawn_as(axes, "_theory"))
        self.assertIn("n = p", [text.get_text() for text in axes.texts])
        self.check(by_p(noises=(0.1, 0.5)), ("dimension p", 2))

    def test_p_over_n_runs_along_what_varies_most(self):
        [axes] = self.check(by_p(), ("p/n", 1), x="p/n")
        self.assertEqual([x for x, _ in means(axes)[0]], [p / 30 for p in (10, 20, 25, 40, 60)])
        [axes] = self.check(synthetic.model_shift(noises=(0.2,)), ("p/n", 1), x="p/n")
        self.assertEqual([x for x, _ in means(axes)[0]], sorted(60 / n for n in (5, 10, 20, 30, 40, 50)))

    def test_the_others_become_panels(self):
        table = synthetic.model_shift()
        self.check(table, ("noise σ", 6), x="noise_std")
        self.check(table, ("samples n", 2), x="n")
        subspaces = synthetic.weak_to_strong()
        self.check(subspaces, ("pseudo-labels N", 4), x="n_pseudo")
        self.check(subspaces, ("correlation dimension $d_{s∧w}$", 8), x="overlap")
        self.check(subspaces, ("pseudo-labels N", 4), x="n_pseudo", kind="recovery")

    def test_recovery_of_one_overlap_runs_along_the_largest_grid(self):
        axes = self.check(synthetic.weak_to_strong(overlaps=(5,)), ("pseudo-labels N", 2), kind="recovery")
        self.assertEqual(len(means(axes[0])), 2)

    def test_many_penalties_are_an_axis(self):
        penalties = (0.0, 0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
        chain = pandas.concat([synthetic.chain().assign(penalty_2=value) for value in penalties], ignore_index=True)
        self.assertEqual(figures.kind_of(chain), "risk")
        axes = self.check(chain, ("penalty₂", 2))
        self.assertEqual(axes[0].get_xscale(), "symlog")
        self.assertEqual({x for x, _ in means(axes[0])[1]}, set(penalties))
        self.check(chain, ("penalty₂", 2), x="penalty")
        features = synthetic.features(samples=(60, 200), penalties=penalties)
        self.assertEqual(figures.kind_of(features), "risk")
        self.assertEqual(self.check(features, ("penalty", 4))[0].get_ylabel(), "test error")

    def test_a_table_of_one_point_has_a_figure(self):
        self.assertEqual(figures.kind_of(synthetic.chain(sizes=(60,))), "generations")
        one = synthetic.model_shift(samples=(10,), noises=(0.2,))
        self.check(one, ("samples n", 1), kind="risk")
        with self.assertRaisesRegex(ValueError, "no axis 'p/n': the parameters that vary are none"):
            cucurbit.plot(one, x="p/n")

    def test_what_is_no_axis_is_refused(self):
        for x, table in (("overlap", synthetic.model_shift()), ("p", synthetic.model_shift()),
                         ("penalty", synthetic.chain())):
            with self.assertRaisesRegex(ValueError, f"no axis '{x}': the parameters that vary are n"):
                cucurbit.plot(table, x=x)
        with self.assertRaisesRegex(ValueError, "risk and recovery, not of gradient descent"):
            cucurbit.plot(synthetic.descent(), x="n")
        with self.assertRaisesRegex(ValueError, "risk and recovery, not of gain"):
            cucurbit.plot(synthetic.crossing(), kind="gain", x="n")

    def test_no_two_arms_look_alike(self):
        arms = ["weak", "w2s", "baseline", "ceiling", "optimal_surrogate", "mask", *(f"own_{k}" for k in range(50))]
        styles = arm_styles(arms)
        self.assertEqual(len({(style.colour, style.marker) for style in styles.values()}), len(arms))
        self.assertEqual(styles["w2s"].marker, "s")


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
        by_p().to_csv(self.folder / "p.csv", index=False)
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
