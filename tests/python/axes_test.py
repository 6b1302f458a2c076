"""Figures along any parameter, on pages of any size, and what they say of values that they cannot show."""

import tempfile
import unittest
from pathlib import Path

from needs import need

need("numpy", "pandas", "matplotlib")

import numpy
import pandas
import synthetic
from drawn import altered, drawn_as, faults, inked, legend, means, notes, titles
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

import cucurbit
from cucurbit import figures
from cucurbit.figures import panels
from cucurbit.figures.page import letter, save
from cucurbit.figures.style import LINES, arm_styles


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
        self.assertEqual(faults(cucurbit.plot(near[self.standard], kind="scaling")), [])


class Axes(unittest.TestCase):
    """Any parameter is an axis; the one with the most values where nothing is said."""

    def check(self, table, lines, *, x=None, **options):
        figure = cucurbit.plot(table, x=x, **options)
        drawn = [axes for page in figure.pages for axes in page.axes]
        self.assertEqual([axes.get_xlabel() for axes in drawn], [lines[0]] * lines[1])
        return drawn

    def test_risk_against_p_at_fixed_n_is_one_panel(self):
        table = synthetic.by_p()
        self.assertEqual(figures.kind_of(table), "risk")
        [axes] = self.check(table, ("dimension p", 1))
        rows = panels.risks(table, "standard", x="p")
        self.assertEqual(means(axes)[0], list(zip(rows["p"], rows["estimate"])))
        self.assertLessEqual(set(zip(rows["p"], rows["theory"])), drawn_as(axes, "_theory"))
        self.assertIn("n = p", [text.get_text() for text in axes.texts])
        self.check(synthetic.by_p(noises=(0.1, 0.5)), ("dimension p", 2))

    def test_p_over_n_is_logarithmic_over_a_wide_range(self):
        self.assertEqual(self.check(synthetic.by_p(), ("p/n", 1), x="p/n")[0].get_xscale(), "linear")
        wide = synthetic.by_p(sizes=(6, 20, 60, 200))
        self.assertEqual(self.check(wide, ("p/n", 1), x="p/n")[0].get_xscale(), "log")

    def test_the_name_of_n_equal_p_stands_where_no_line_runs(self):
        for level, end, alignment in ((0.0, 1.0, "left"), (1.0, 0.0, "left")):
            axes = Figure().subplots()
            axes.plot([10, 50], [level, level], label="_theory")
            axes.set_ylim(0, 1)
            panels.mark_interpolation(axes, pandas.DataFrame({"p": [30, 30], "n": [10, 50]}))
            panels.finish(axes)
            [name] = axes.texts
            self.assertEqual((name.xy, name.get_ha()), ((30, end), alignment))

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

    # First hour, repro 4: 28 panels of one point each.
    def test_recovery_of_one_overlap_runs_along_the_largest_grid(self):
        axes = self.check(synthetic.weak_to_strong(overlaps=(5,)), ("pseudo-labels N", 2), kind="recovery")
        self.assertEqual(len(means(axes[0])), 2)

    def test_many_penalties_are_an_axis(self):
        penalties = (0.0, 0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
        chain = pandas.concat([synthetic.chain().assign(penalty_2=value) for value in penalties], ignore_index=True)
        chain["estimate"] *= 1 + chain["penalty_2"] / 100
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
            cucurbit.plot(synthetic.crossing(), kind="gain", hue="n")


class Lines(unittest.TestCase):
    """What colours tell in a panel, and what has a panel each."""

    def check(self, table, shown, told, **options):
        figure = cucurbit.plot(table, **options)
        self.assertEqual(titles(figure), shown)
        self.assertEqual([text for text in legend(figure) if not text.startswith(("line", "marker"))], told)
        return figure

    ARMS = ["surrogate", "target (surrogate’s labels)", "standard (true labels)"]

    def test_colours_tell_a_parameter_and_markers_arms(self):
        table = synthetic.two_stage()
        figure = self.check(table, [""], [*self.ARMS, "m = 25", "m = 35"], hue="m")
        self.assertEqual(faults(figure), [])
        [axes] = figure.axes
        looks = {(line.get_color(), line.get_marker()) for line in axes.get_lines() if line.get_label() == "_mean"}
        self.assertEqual([len({look[k] for look in looks}) for k in (0, 1)], [2, 3])
        rows = panels.risks(table[table["m"] == 35], "target")
        self.assertIn(list(zip(rows["n"], rows["estimate"])), means(axes))

    def test_arms_can_have_panels(self):
        figure = self.check(synthetic.two_stage(), [f"({letter}) {arm}" for letter, arm in zip("abc", self.ARMS)],
                            ["m = 25", "m = 35"], panels="arm")
        self.assertEqual(faults(figure), [])

    def test_a_legends_lines_hold_their_dashes(self):
        figure = cucurbit.plot(synthetic.two_stage(), hue="m")
        width = figure.legends[0].handlelength * figure.legends[0].get_texts()[0].get_fontsize()
        for line in figure.legends[0].get_lines():
            self.assertTrue(all(sum(dashes) * line.get_linewidth() < width for _, dashes in LINES[1:]))

    def test_what_is_unsaid_stays_as_it_is(self):
        table = synthetic.two_stage()
        self.check(table, ["(a) m = 25", "(b) m = 35"], self.ARMS, hue="arm")
        self.check(table, ["(a) m = 25", "(b) m = 35"], self.ARMS, panels=["m"])
        n = [f"({letter}) n = {n}" for letter, n in zip("abcd", (10, 20, 30, 40))]
        self.check(table, n, self.ARMS, x="m")
        self.check(table, n, self.ARMS, x="m", hue="arm", panels="n")

    def test_one_line_of_recovery_is_the_students(self):
        table = synthetic.weak_to_strong(samples=(60,), overlaps=(5,))
        self.check(table, ["(a)", "(b)"], ["strong student on its labels"], kind="recovery")

    def test_predictions_of_test_errors_are_called_an_approximation(self):
        for kind in ("features", "risk", "recovery"):
            figure = cucurbit.plot(synthetic.features(), kind=kind)
            self.assertIn("line: approximation", legend(figure))
            self.assertNotIn("line: theory", legend(figure))

    def test_recovery_too(self):
        table = synthetic.weak_to_strong()
        lines = ["N = 21", "N = 50", "N = 300", "N = 4000"]
        self.check(table, [f"({letter}) n = {n}" for letter, n in zip("abcd", (60, 60, 120, 120))], lines,
                   kind="recovery", x="overlap", hue="n_pseudo")
        self.check(table, [f"({letter}) n = {n}" for letter, n in zip("abcd", (60, 60, 120, 120))], lines,
                   kind="recovery", x="overlap", panels="n")
        pairs = [f"overlap $d_{{s∧w}}$ = {overlap}, n = {n}" for n in (60, 120) for overlap in (2, 10)]
        figure = self.check(table, ["(a)", "(b)"], pairs, kind="recovery", hue="overlap,n")
        self.assertEqual(faults(figure), [])
        with self.assertRaisesRegex(ValueError, "no hue 'arm': the parameters that vary are correlation_dimension, n"):
            cucurbit.plot(table, kind="recovery", hue="arm")

    def test_what_does_not_vary_or_is_named_twice_is_refused(self):
        table = synthetic.model_shift()
        for said, options in (("no hue 'p': the parameters that vary are n, noise_std, arm", {"hue": "p"}),
                              ("no panels 'm': the parameters that vary are n, noise_std, arm", {"panels": "m"}),
                              ("n is named twice: .* n, noise_std, arm", {"x": "n", "hue": "n"}),
                              ("arm is named twice: .* n, noise_std, arm", {"hue": "arm", "panels": "arm"}),
                              ("noise_std is named twice", {"hue": "noise_std,noise_std"})):
            with self.assertRaisesRegex(ValueError, said):
                cucurbit.plot(table, **options)
        with self.assertRaisesRegex(ValueError, "neither hue nor panels name what varies too, noise_std"):
            cucurbit.plot(synthetic.two_stage().assign(noise_std=lambda rows: rows["n"] % 20), x="n", hue="arm",
                          panels="m")

    def test_lines_that_cannot_be_told_apart_are_refused(self):
        with self.assertRaisesRegex(ValueError, "27 lines in a panel, of 3 arms and 9 values, cannot be told apart"):
            cucurbit.plot(synthetic.model_shift(samples=(10, 20), noises=range(9)), x="n", hue="noise_std")
        one = synthetic.model_shift(samples=(10, 20), noises=range(65))
        one = one[one["arm"] == "mask"]
        with self.assertRaisesRegex(ValueError, "65 lines in a panel cannot be told apart, 64 can"):
            cucurbit.plot(one, x="n", hue="noise_std")
        figure = cucurbit.plot(one[one["noise_std"] < 20], x="n", hue="noise_std")
        self.assertEqual(faults(figure), [])
        self.assertEqual(figure._suptitle.get_text(), "p = 60, 0–1 mask")

    # First hour, repro 2.
    def test_no_two_arms_look_alike(self):
        arms = ["weak", "w2s", "baseline", "ceiling", "optimal_surrogate", "mask", *(f"own_{k}" for k in range(50))]
        styles = arm_styles(arms)
        self.assertEqual(len({(style.colour, style.marker) for style in styles.values()}), len(arms))
        self.assertEqual(len({(style.colour, style.line) for style in styles.values()}), len(arms))
        self.assertEqual(styles["w2s"].marker, "s")


class Graphs(unittest.TestCase):
    """Fits of the user's own names on rows of the user's own: what runs where, and in which words."""

    def drawn(self, table, label, **options):
        figure = cucurbit.plot(table, **options)
        self.assertEqual(faults(figure), [])
        axes = [axes for page in figure.pages for axes in page.axes]
        self.assertEqual([panel.get_xlabel() for panel in axes], [label] * len(axes))
        return figure, axes

    def test_the_parameter_with_the_most_values_is_the_axis(self):
        for label, options in (("weight of teacher in student’s labels", {}),
                               ("n (real)", {"sizes": (20, 40, 80, 160)}),
                               ("weight of teacher in student’s labels", {"weights": (0.0, 1.0)}),
                               ("penalty μ of teacher", {"weights": (0.0, 1.0), "penalties": (0.1, 1.0, 10.0)}),
                               ("noise σ (real)", {"noises": (0.1, 0.2, 0.3, 0.4, 0.5)})):
            table = synthetic.graph(**options)
            self.assertEqual(figures.kind_of(table), "risk")
            self.drawn(table, label)

    def test_what_is_tied_is_no_panel_of_its_own(self):
        tables = []
        for p in (40, 80, 160):
            for ratio in (0.5, 2.0):
                n = int(ratio * p)
                table = synthetic.graph(weights=(0.0, 1.0), sizes=(n,)).assign(p=p)
                table.insert(1, "n_real/p", ratio)
                table.insert(3, "n_fresh", n)
                tables.append(table)
        table = pandas.concat(tables, ignore_index=True)
        for x, label, panels, points in (("p", "dimension p", 2 * 2, 3), ("n_real/p", "n (real)/p", 3 * 2, 2),
                                         ("n_real", "n (real)", 3 * 2, 2)):
            _, axes = self.drawn(table, label, x=x, hue="weight_student_teacher")
            self.assertEqual(len(axes), panels)
            self.assertEqual({len(curve) for panel in axes for curve in means(panel)}, {points})
        self.drawn(table, "dimension p")

    def test_weights_are_linear_and_penalties_over_a_decade_logarithmic(self):
        table = synthetic.graph(weights=(0.01, 0.1, 1.0), penalties=(0.3, 3.0))
        scales = [self.drawn(table, label, x=x)[1][0].get_xscale()
                  for x, label in (("weight_student_teacher", "weight of teacher in student’s labels"),
                                   ("penalty_teacher", "penalty μ of teacher"))]
        self.assertEqual(scales, ["linear", "log"])

    def test_a_fit_that_does_not_depend_on_the_axis_has_one_marker(self):
        table = synthetic.graph()
        _, axes = self.drawn(table, "weight of teacher in student’s labels")
        self.assertEqual([[len(curve) for curve in means(panel)] for panel in axes], [[1, 4], [1, 4]])
        [weight], [value] = zip(*means(axes[0])[0])
        rows = table[(table["penalty_teacher"] == 0.3) & (table["arm"] == "teacher")]
        self.assertIn((weight, value), set(zip(rows["weight_student_teacher"], rows["estimate"])))
        self.assertEqual(notes(axes[0]), [])
        # Of two such fits that are alike both markers are seen; points that have no trials yet have no marker.
        twins = pandas.concat([table, table[table["arm"] == "teacher"].assign(arm="twin")], ignore_index=True)
        _, axes = self.drawn(twins, "weight of teacher in student’s labels")
        teacher, _, twin = means(axes[0])
        self.assertNotEqual(teacher[0][0], twin[0][0])
        started = altered(table, table["weight_student_teacher"] != 2.0, estimate=numpy.nan, n_trials=0)
        self.assertEqual([x for x, _ in means(cucurbit.plot(started).axes[0])[0]], [2.0])

    def test_colours_tell_a_parameter_where_there_were_many_panels(self):
        table = synthetic.graph(penalties=(0.3, 1.0, 3.0), noises=(0.5, 1.0))
        figure, axes = self.drawn(table, "weight of teacher in student’s labels")
        self.assertEqual(titles(figure), ["(a) noise σ (real) = 0.5", "(b) noise σ (real) = 1"])
        self.assertEqual(legend(figure)[:5], ["teacher", "student", "penalty μ of teacher = 0.3",
                                              "penalty μ of teacher = 1", "penalty μ of teacher = 3"])
        self.assertEqual(figure._suptitle.get_text(), "p = 100, n (real) = 40")
        _, axes = self.drawn(table, "weight of teacher in student’s labels", panels="penalty_teacher,noise_std_real")
        self.assertEqual(len(axes), 6)

    def test_a_fit_that_does_not_depend_on_the_colours_is_drawn_once(self):
        table = synthetic.graph(penalties=(0.1, 1.0, 10.0))
        figure, [axes] = self.drawn(table, "penalty μ of teacher", x="penalty_teacher", hue="weight_student_teacher")
        self.assertEqual([len(curve) for curve in means(axes)], [3] * 5)
        self.assertIn("weight of teacher in student’s labels = −1", legend(figure))

    def test_names_are_the_users_and_none_of_the_papers(self):
        table = synthetic.graph().replace({"arm": {"teacher": "ceiling", "student": "stage_1"}})
        self.assertEqual(legend(cucurbit.plot(table))[:2], ["ceiling", "stage_1"])
        for name, said in (("n_1", "n₁"), ("n_real_2", "n (real_2)"), ("noise_std_old", "noise σ (old)"),
                           ("penalty_my_fit", "penalty μ of my_fit"), ("keep_student", "coordinates kept by student"),
                           ("weight_my_fit_observed", "weight of observed in my_fit’s labels"),
                           # Is it b of a_b's labels?
                           ("weight_a_b_c", "weight_a_b_c")):
            self.assertEqual(panels.label(name), said)
        numbered = synthetic.graph().rename(columns={"n_real": "n_1", "noise_std_real": "noise_std_1",
                                                     "penalty_teacher": "penalty_1"})
        self.assertEqual(figures.kind_of(numbered), "risk")
        twins = synthetic.graph().rename(columns={"n_real": "n_real_1"})
        twins.insert(1, "n_real_2", 40)
        self.assertEqual(panels.fixed(twins), "p = 100, n (real_2) = 40, n (real_1) = 40, noise σ (real) = 0.5")

    def test_a_heading_says_once_what_many_have(self):
        def heading(**more):
            table = synthetic.graph()
            for name, value in more.items():
                table.insert(1, name, value)
            return panels.fixed(table)

        weights = {"weight_a_b": 1.0, "weight_b_a": -1.0}
        said = heading(noise_std_a=0.5, noise_std_b=0.5, **weights)
        self.assertIn("every noise σ = 0.5", said)
        self.assertIn("weight of b in a’s labels = 1", said)
        self.assertIn("noise σ (b) = 2", heading(noise_std_a=0.5, noise_std_b=2.0))
        said = heading(**{f"n_{name}": 7 for name in "abcdefgh"}, **weights)
        self.assertNotIn("weight", said)
        self.assertIn("n (h) = 7", said)

    def test_recovery_is_of_the_fit_that_has_it(self):
        table = synthetic.graph()
        figure, axes = self.drawn(table, "weight of teacher in student’s labels", kind="recovery")
        self.assertEqual([panel.get_ylabel() for panel in axes], ["performance gap recovery"] * 2)
        self.assertEqual(legend(figure)[0], "student")
        rows = table[(table["estimand"] == "pgr") & (table["penalty_teacher"] == 0.3)]
        self.assertEqual(means(axes[0])[0], list(zip(rows["weight_student_teacher"], rows["estimate"])))


class Pages(unittest.TestCase):
    """Panels on pages, and text that fits."""

    # First hour, repro 4.
    def test_letters_go_on_after_z(self):
        self.assertEqual([letter(place) for place in (0, 25, 26, 51, 52, 701, 702)],
                         ["a", "z", "aa", "az", "ba", "zz", "aaa"])

    def test_six_panels_are_a_page(self):
        for count in (6, 28):
            table = synthetic.model_shift(samples=(10, 20), noises=range(count))
            figure = cucurbit.plot(table[table["arm"] == "mask"], x="n")
            self.assertEqual([len(page.axes) for page in figure.pages], {6: [6], 28: [6, 6, 6, 6, 4]}[count])
        self.assertEqual(titles(figure)[-2:], ["(aa) noise σ = 26", "(ab) noise σ = 27"])
        self.assertEqual([page._suptitle.get_text() for page in figure.pages[::4]],
                         ["p = 60, page 1 of 5", "p = 60, page 5 of 5"])
        figure.pages[1:4] = []
        self.assertEqual(faults(figure), [])

    def test_settings_of_the_first_parameter_fill_lines(self):
        def columns(table, **options):
            return cucurbit.plot(table, **options).axes[0].get_subplotspec().get_gridspec().ncols

        two_stage = synthetic.two_stage(samples=(10, 20))
        both = pandas.concat([two_stage.assign(noise_std=noise) for noise in (0.1, 0.2, 0.3)])
        self.assertEqual(columns(both, x="n", panels="m,noise_std"), 2)
        self.assertEqual(columns(both, x="n", panels="noise_std,m"), 3)
        self.assertEqual(columns(both, x="n", hue="m"), 3)
        self.assertEqual(columns(synthetic.model_shift(samples=(10, 20), noises=range(4)), x="n"), 2)
        self.assertEqual(columns(synthetic.model_shift(samples=(10, 20), noises=range(5)), x="n"), 3)
        self.assertEqual(columns(both, x="n", panels="m,noise_std", size=(3.3, None)), 1)

    def test_long_names_are_broken(self):
        table = synthetic.model_shift(noises=(0.2,))
        table["arm"] = table["arm"].replace("mask", "m" * 64)
        self.assertEqual(faults(cucurbit.plot(table)), [])
        figure = cucurbit.plot(table, panels="arm")
        self.assertEqual(faults(figure), [])
        self.assertEqual(titles(figure)[2].replace(" ", ""), "(c)" + "m" * 64)
        stages = synthetic.chain(stages=12)
        stages[[f"noise_std_{k}" for k in range(1, 13)]] = numpy.linspace(0.1, 0.3, 12).round(3)
        self.assertEqual(faults(cucurbit.plot(stages, size=(3.9, None))), [])

    def test_the_size_is_that_of_a_page(self):
        table = synthetic.model_shift()
        self.assertEqual(cucurbit.plot(table, size=(6, 3)).get_size_inches().tolist(), [6, 3])
        narrow = cucurbit.plot(table, size=(3.9, None))
        self.assertEqual(len({round(axes.get_position().x0, 1) for axes in narrow.axes}), 1)
        with self.assertRaisesRegex(ValueError, "2x1.5 inches are too few"):
            cucurbit.plot(table, size=(2, 1.5))
        # Its text has room there, but leaves a panel half an inch.
        with self.assertRaisesRegex(ValueError, "3.3x2.6 inches are too few"):
            cucurbit.plot(synthetic.weak_to_strong(overlaps=(5,), samples=(60,)), kind="risk", size=(3.3, 2.6))

    def test_styles_lie_on_top_of_ours(self):
        with tempfile.TemporaryDirectory() as folder:
            style = Path(folder) / "mine.mplstyle"
            style.write_text("font.size: 15\naxes.facecolor: 00ff00\nsavefig.dpi: 50\n")
            figure = cucurbit.plot(synthetic.model_shift(), style=style)
            save(figure, Path(folder) / "f.png")
            self.assertGreater(inked(Path(folder) / "f.png"), 0.25)
        self.assertEqual(faults(figure), [])
        self.assertEqual(figure.axes[0].title.get_fontsize(), 15)
        with self.assertRaisesRegex(OSError, "not a valid package style"):
            cucurbit.plot(synthetic.model_shift(), style="nosuch")

    def test_a_notebook_shows_a_page(self):
        self.assertTrue(cucurbit.plot(synthetic.model_shift(samples=(10,)))._repr_png_().startswith(b"\x89PNG"))

    def test_axes_of_the_callers(self):
        table, own = synthetic.model_shift(noises=(0.2,)), Figure(layout="constrained")
        axes = own.subplots()
        self.assertIs(cucurbit.plot(table, ax=axes, coordinates=None), own)
        self.assertEqual(means(axes), means(cucurbit.plot(table).axes[0]))
        self.assertEqual(axes.get_title(), "p = 60, noise σ = 0.2")
        self.assertEqual(faults(own), [])
        descent, own = synthetic.descent(), Figure(figsize=(9, 4), layout="constrained")
        two = own.subplot_mosaic("dc")
        cucurbit.plot(descent, ax=two)
        self.assertEqual(means(two["d"]), means(cucurbit.plot(descent).axes[3]))
        for said, options in (("8 panels, \\(a\\) to \\(h\\), and ax is one: name one by its letter", {"ax": axes}),
                              ("no panel 'i' for ax: the figure has \\(a\\) to \\(h\\)", {"ax": {"i": axes}}),
                              ("leave size out", {"ax": axes, "size": (4, 3)})):
            with self.assertRaisesRegex(ValueError, said):
                cucurbit.plot(descent, **options)

    def test_every_fault_is_seen(self):
        table = synthetic.model_shift(noises=(0.2,), samples=(10, 20, 40))

        def check(said, plant):
            figure = cucurbit.plot(table)
            plant(figure.axes[0])
            found = faults(figure)
            self.assertTrue(found and all(said in fault for fault in found), found)

        def twin(axes):
            lines = [line for line in axes.get_lines() if line.get_label() == "_theory"]
            lines[0].set_color(lines[1].get_color())

        def empty(axes):
            for line in axes.get_lines():
                line.set_label("_absent")

        check("cut: 'so long a title", lambda axes: axes.set_title("so long a title that no page has room for it " * 3))
        check("'samples n' lies on 'upon'", lambda axes: axes.annotate("upon", (0.5, 0.5), xycoords=axes.xaxis.label))
        check("two lines look like", twin)
        check("no values", empty)
        check("no legend tells", lambda axes: axes.plot([10, 20], [0.4, 0.5], color="red", label="_theory"))
        check("no legend tells", lambda axes: axes.plot([10, 20], [0.4, 0.5], color="0.3", marker="h", label="_mean"))
        check("0 labels on the y axis", lambda axes: axes.yaxis.set_major_formatter(NullFormatter()))
        check("1 labels on the x axis", lambda axes: axes.set_xticks([20]))


if __name__ == "__main__":
    unittest.main()
