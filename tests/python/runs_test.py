"""Runs as Python objects: their tables in every form, figures in a notebook, and its bar of progress."""

import contextlib
import io
import sys
import tempfile
import types
import unittest
from pathlib import Path
from unittest import mock

from needs import need

need("numpy", "pandas", "matplotlib", "pyarrow", "jinja2", "polars", "tqdm", "xarray")

import matplotlib.figure
import numpy
import pandas

import cucurbit as cb
from cucurbit import program

STUDY = cb.Study("model_shift", p=40, spectrum=cb.power_law(1.5), signal=cb.power_law(1.5), n=[8, 16, 60],
                 noise_std=[0.0, 0.2], arms=["standard", "optimal_surrogate"], trials=50)


class Results(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.run_of_all = STUDY.run(cls.folder / "run", quiet=True)

    def test_tables_are_those_of_the_functions(self):
        run, folder = cb.Run(str(self.folder / "run")), self.folder / "run"
        for own, other in ((run.table, cb.load(folder)), (run.trials(), cb.trials(folder)),
                           (run.compare(), cb.compare(folder)), (run.theory(), cb.theory(folder)),
                           (run.theory(coordinates=True), cb.theory(folder, coordinates=True))):
            pandas.testing.assert_frame_equal(own, other)
        pandas.testing.assert_frame_equal(STUDY.theory(), cb.theory(folder))
        pandas.testing.assert_frame_equal(STUDY.explain(bands=True), run.explain(bands=True))
        self.assertEqual(run.status()[["trials_done", "trials_wanted"]].to_numpy().tolist(), [[50, 50]])
        plan = STUDY.plan(device="cpu", threads=1)
        self.assertEqual((plan["trials"].tolist(), plan["solver"].tolist()), ([50], ["cholesky"]))
        self.assertEqual(plan["points"].dtype, "int64")
        with self.assertRaisesRegex(FileNotFoundError, "no run in .*absent"):
            cb.Run(self.folder / "absent")

    def test_labelled_arrays(self):
        arrays, table = self.run_of_all.to_xarray(), self.run_of_all.table
        self.assertEqual(dict(arrays.sizes), {"p": 1, "n": 3, "noise_std": 2, "arm": 3, "estimand": 5})
        for row in table.to_dict("records"):
            cell = arrays.sel({name: row[name] for name in ("p", "n", "noise_std", "arm", "estimand")})
            for name in ("estimate", "theory", "z"):
                numpy.testing.assert_equal(float(cell[name]), row[name])
        self.assertEqual((arrays.attrs["kind"], arrays.attrs["seed"], arrays.attrs["study"]),
                         ("model_shift", 1, STUDY.to_toml()))
        self.assertRegex(arrays.attrs["version"], r"^\d+\.\d+\.\d+$")

    def test_differences_are_paired(self):
        risk = self.run_of_all.trials("excess_risk")
        self.assertEqual((risk.name, risk.dims), ("excess_risk", ("p", "n", "noise_std", "arm", "trial")))
        gap = risk.sel(arm="optimal_surrogate") - risk.sel(arm="standard")
        trials = self.run_of_all.trials()
        for n in (8, 16, 60):
            here = trials[(trials["n"] == n) & (trials["noise_std"] == 0.2)].groupby("arm")["value"].mean()
            self.assertAlmostEqual(float(gap.sel(n=n, noise_std=0.2).mean()),
                                   here["optimal_surrogate"] - here["standard"], places=12)
        self.assertLess(float(gap.sel(n=16).std()), float(risk.sel(n=16).std()))
        with self.assertRaisesRegex(ValueError, "no trial has 'risk'; there are excess_risk"):
            self.run_of_all.trials("risk")

    def test_an_arm_without_a_parameter_has_it_everywhere(self):
        chain = cb.Study("chain", p=20, spectrum=cb.power_law(1.0), signal=cb.power_law(1.5), trials=20, stage=[
            {"n": 60, "noise_std": 0.5}, {"n": [10, 60], "noise_std": 0.0}]).run(self.folder / "chain", quiet=True)
        risk = chain.to_xarray()["estimate"].sel(estimand="excess_risk").squeeze(drop=True)
        self.assertEqual(risk.dims, ("n_2", "arm"))
        self.assertEqual(len(set(risk.sel(arm="stage_1").values)), 1)
        self.assertEqual(len(set(risk.sel(arm="stage_2").values)), 2)

    def test_a_tied_parameter_is_a_coordinate(self):
        real = cb.Rows("real", n={"per": "p", "ratio": [1.0, 2.0]}, noise_std=0.1)
        graph = cb.Study.graph(cb.Fit("ridge", real, penalty=[1.0, 2.0]), p=[10, 20], spectrum=cb.power_law(1.0),
                               signal=cb.power_law(1.5), trials=10).run(self.folder / "tied", quiet=True)
        arrays = graph.to_xarray()
        self.assertEqual({name: size for name, size in arrays.sizes.items() if size > 1},
                         {"p": 2, "n_real/p": 2, "penalty_ridge": 2})
        self.assertEqual(arrays["n_real"].dims, ("p", "n_real/p", "penalty_ridge"))
        self.assertEqual(arrays["n_real"].values[..., 0].tolist(), [[10, 20], [20, 40]])
        self.assertEqual((arrays["n_real"].dtype, arrays["n_real/p"].dtype), ("int64", "float64"))
        self.assertFalse(bool(arrays["estimate"].isnull().any()))
        self.assertEqual(graph.trials("excess_risk").squeeze().dims, ("p", "n_real/p", "penalty_ridge", "trial"))

    def test_polars_and_arrow(self):
        table, polars, arrow = self.run_of_all.table, self.run_of_all.to_polars(), self.run_of_all.to_arrow()
        self.assertEqual((polars.columns, arrow.column_names), (list(table), list(table)))
        self.assertEqual(polars["estimate"].null_count(), int(table["estimate"].isna().sum()))
        self.assertEqual(arrow["theory"].to_pylist(), table["theory"].tolist())
        self.assertEqual(polars["n"].to_list(), table["n"].tolist())

    def test_figures(self):
        figure = self.run_of_all.plot(x="n", hue="noise_std", panels="arm")
        self.assertEqual(len(figure.axes), 2)
        axes = matplotlib.figure.Figure().subplots()
        self.assertIs(self.run_of_all.plot(x="n", hue=["noise_std", "arm"], ax=axes), axes.figure)
        self.assertTrue(axes.lines)
        self.run_of_all.plot(self.folder / "figure.svg")
        self.assertGreater((self.folder / "figure.svg").stat().st_size, 10000)
        self.assertEqual(self.run_of_all.report(), self.folder / "run" / "report.html")
        self.assertIn("model-shift", (self.folder / "run" / "report.html").read_text())

    def test_text_and_a_page_for_a_notebook(self):
        said = repr(self.run_of_all)
        self.assertRegex(said, r"run'\): 50 of 50 trials; \d+ rows judged: \d+ confirmed, 0 failed; "
                               r"\d+ without verdict$")
        page = self.run_of_all._repr_html_()
        self.assertIn("50 of 50 trials", page)
        self.assertEqual(page.count("<tr"), 6)
        self.assertIn("data:image/svg+xml;base64,", page)
        gone = {name: None for name in ("matplotlib", "cucurbit.figures", "cucurbit.figures.page")}
        with mock.patch.dict(sys.modules, gone):
            bare = self.run_of_all._repr_html_()
        self.assertIn("<table", bare)
        self.assertNotIn("image/svg", bare)
        study = cb.Study("model_shift", p=400, spectrum=cb.power_law(1.5), signal=cb.power_law(1.5), n=[8, 300],
                         noise_std=0.2, arms=["standard"], trials=10 ** 7)
        with self.assertRaisesRegex(cb.ProgramError, "exit code 75"):
            study.run(self.folder / "begun", max_time="0.01s", quiet=True)
        begun = cb.Run(self.folder / "begun")
        self.assertIn("of 10,000,000 trials", repr(begun))
        self.assertIn("of 10,000,000 trials", begun._repr_html_())
        (self.folder / "begun" / "store.sqlite").unlink()
        self.assertEqual(repr(begun), f"Run({str(self.folder / 'begun')!r})")


class Notebook(unittest.TestCase):
    """A kernel of IPython's, as far as the package looks at it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        kernel = types.SimpleNamespace(get_ipython=lambda: types.SimpleNamespace(kernel=None))
        self.enterContext(mock.patch.dict(sys.modules, {"IPython": kernel}))

    def said(self, **options):
        with contextlib.redirect_stderr(io.StringIO()) as err:
            STUDY.run(self.folder / "run", **options)
        return err.getvalue()

    def test_progress_is_a_bar_of_tqdm(self):
        said = self.said()
        self.assertIn("100%", said)
        self.assertIn("50/50", said)
        self.assertNotIn("trials_done", said)
        self.assertIn("cucurbit: complete: ", said)
        self.assertEqual(said.count("cucurbit: theory: "), 1)
        self.assertEqual(self.said(quiet=True), "")

    def test_plain_lines_without_tqdm(self):
        with mock.patch.dict(sys.modules, {"tqdm": None, "tqdm.auto": None}):
            said = self.said()
        self.assertNotIn("%|", said)
        self.assertNotIn("trials_done", said)
        self.assertIn("cucurbit: complete: ", said)

    def test_a_continued_run_counts_what_is_stored(self):
        bar = program.NotebookBar(mock.Mock())
        shown = bar._tqdm.return_value
        shown.n = 300
        bar.hear('{"trials_done":300,"trials_total":1000,"sec')
        bar._tqdm.assert_not_called()
        with contextlib.redirect_stderr(io.StringIO()) as err:
            bar.hear('onds":0.1,"seconds_left":null}\ncucurbit: so\n{"trials_done":364,"trials_total":1256,')
            bar.hear('"seconds":1,"seconds_left":9.5}\ncucurbit: stopped')
            bar.close()
        self.assertEqual(err.getvalue(), "cucurbit: so\ncucurbit: stopped")
        bar._tqdm.assert_called_once_with(total=1000, initial=300, unit=" trials")
        self.assertEqual((shown.total, shown.update.mock_calls), (1256, [mock.call(0), mock.call(64)]))
        shown.close.assert_called_once_with()


if __name__ == "__main__":
    unittest.main()
