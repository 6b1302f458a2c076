"""A study in a notebook, in a kernel as Jupyter starts it: the bar, what cells show, and the stop button."""

import tempfile
import unittest

from needs import need

need("numpy", "pandas", "matplotlib", "xarray", "tqdm", "nbclient", "ipykernel", "ipywidgets")

import nbclient
import nbformat

# What a user's script of many lines is to become.
CELLS = ("""\
import cucurbit as cb, numpy as np
from matplotlib.figure import Figure
beta, ax = np.linspace(1, 0, 500), dict(zip("ab", Figure().subplots(1, 2)))
study = cb.Study("model_shift", p=500, spectrum=cb.power_law(2.0), signal=cb.power_law(1.5),
                 n=range(20, 481, 20), noise_std=[0, 0.2], trials=1024, seed=1,
                 arms=["standard", "optimal_surrogate", cb.surrogate("mine", beta)])
study.plan()
""", """\
run = study.run("runs/mine", device="auto")
""", """\
run
""", """\
ax = run.plot(x="n", hue="arm", ax=ax)
gap = run.trials("excess_risk").sel(arm="mine") - run.trials("excess_risk").sel(arm="standard")
rng, truth, lam = np.random.default_rng(1), np.ones(500), np.arange(1.0, 501.0) ** -2
X, Y = rng.standard_normal((8, 200, 300)), rng.standard_normal((8, 200, 2))
W = cb.minnorm(X, Y, n=[50, 100, 200])
risk = cb.target_risk(lam, truth, n=200, noise_std=0.2, surrogate=beta)
gap.shape, [len(axes.lines) > 6 for axes in ax.axes], W.coefficients.shape, np.unique(W.rank).tolist(), bool(risk.value > 0)
""", """\
import os, signal, threading
long = cb.Study("model_shift", p=200, spectrum=cb.power_law(2.0), signal=cb.power_law(1.5), n=100, noise_std=0.2,
                arms=["standard"], trials=10**7)
threading.Timer(3, os.kill, (os.getpid(), signal.SIGINT)).start()  # what the stop button does
try:
    long.run("runs/long")
except KeyboardInterrupt as interrupt:
    print("stopped with", interrupt.__cause__.exit_code)
""")


class Notebook(unittest.TestCase):
    def test_a_study(self):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
        with tempfile.TemporaryDirectory() as folder:
            nbclient.NotebookClient(notebook, timeout=240, resources={"metadata": {"path": folder}}).execute()
        plan, running, run, gap, stopped = (cell.outputs for cell in notebook.cells)
        self.assertIn("<table", plan[0]["data"]["text/html"])
        for outputs in (running, stopped):
            bars = [output for output in outputs if output.output_type == "display_data"]
            self.assertEqual(len(bars), 1)
            self.assertIn("application/vnd.jupyter.widget-view+json", bars[0]["data"])
        said = "".join(output.get("text", "") for output in running)
        self.assertIn("cucurbit: complete: runs/mine", said)
        self.assertNotIn("trials_done", said)
        self.assertIn("1,024 of 1,024 trials", run[0]["data"]["text/html"])
        self.assertIn("data:image/svg+xml;base64,", run[0]["data"]["text/html"])
        self.assertEqual(gap[0]["data"]["text/plain"], "((1, 24, 2, 1024), [True, True], (8, 3, 300, 2), [50, 100, 200], True)")
        said = "".join(output.get("text", "") for output in stopped)
        self.assertRegex(said, r"stopped after [\d,]+ of 10,000,000 trials; the same command continues")
        self.assertIn("stopped with 75\n", said)


if __name__ == "__main__":
    unittest.main()
