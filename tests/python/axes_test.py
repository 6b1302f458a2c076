"""Figures along any parameter, and what they say of values that they cannot show."""

import unittest

from needs import need

need("numpy", "pandas", "matplotlib")

import numpy
import pandas
import synthetic
from drawn import altered, drawn_as, legend, means, notes

import cucurbit
from cucurbit import figures
from cucurbit.figures import panels
from cucurbit.figures.style import arm_styles


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
        table = synthetic.by_p()
        self.assertEqual(figures.kind_of(table), "risk")
        [axes] = self.check(table, ("dimension p", 1))
        rows = panels.risks(table, "standard", x="p")
        self.assertEqual(means(axes)[0], list(zip(rows["p"], rows["estimate"])))
        self.assertLessEqual(set(zip(rows["p"], rows["theory"])), drawn_as(axes, "_theory"))
        self.assertIn("n = p", [text.get_text() for text in axes.texts])
        self.check(synthetic.by_p(noises=(0.1, 0.5)), ("dimension p", 2))

    def test_p_over_n_runs_along_what_varies_most(self):
        [axes] = self.check(synthetic.by_p(), ("p/n", 1), x="p/n")
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


if __name__ == "__main__":
    unittest.main()
