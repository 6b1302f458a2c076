"""Type hints: every function has them, and basedpyright agrees with them and with how they are used."""

import ast
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from needs import need

need("basedpyright", "matplotlib", "pandas", "polars", "pyarrow", "tqdm", "xarray")

PYTHON = Path(__file__).parents[2] / "python"
USE = """\
import numpy as np
import cucurbit as cb

real = cb.Rows("real", n=[60, 150], noise_std=0.5)
teacher = cb.Fit("teacher", real, penalty=np.array([0.1, 1.0]))
student = cb.Fit("student", real, labels=0.6 * teacher + 0.4 * real.observed)
mean = cb.Fit("mean", real, labels=(teacher + student) / 2 - 0.1 * cb.truth)
study = cb.Study.graph(student, mean, p=100, spectrum=cb.power_law(1.0), signal=np.ones(100), trials=10,
                       misfit=[(student, teacher)])
clipped = cb.labels("clipped", 1, lambda rows, labels: np.clip(labels + rows[..., 0], -1, 1), of=teacher)
pupil = cb.Fit("pupil", real, labels=clipped)
length = cb.measure("length", 1, lambda coefficients: np.linalg.norm(coefficients, axis=1), pupil, student)
cb.Study.graph(pupil, p=100, spectrum=cb.power_law(1.0), signal=np.ones(100), trials=10, measures=[length])
chain = cb.Study("chain", p=40, spectrum=cb.isotropic(), signal=cb.uniform(), trials=10, stage=[{"n": 60}])
run = study.run("out", device="cpu")
gap = run.trials("excess_risk").sel(arm="student") - run.trials("excess_risk").sel(arm="teacher")
rows: int = len(run.trials()[["arm", "value"]]) + run.to_polars().height + run.to_arrow().num_rows
cb.plot(run.folder, hue=["arm", "p"])
cb.Study("model_shift", n=range(20, 481, 20), noise_std=(0, np.float64(0.2)), seed=1, arms=["standard"])
"""
# A mistake in every line.
MISUSE = """\
cb.Study("modelshift", p=40)
study.run("out", device=0)
cb.Fit("heir", real, labels="0.6" * teacher)
cb.Fit("heir", real, labels=real)
cb.labels("clipped", 1, lambda rows: rows[..., 0])
run.trials().sel(arm="student")
rows = run.table
"""


def complaints(*paths):
    """What basedpyright says of these files, as (file, line, message)."""
    done = subprocess.run([sys.executable, "-m", "basedpyright", "--project", PYTHON, "--pythonpath", sys.executable,
                           "--outputjson", *paths], capture_output=True, text=True, cwd=PYTHON)
    found = json.loads(done.stdout)["generalDiagnostics"]
    return [(Path(one["file"]).name, one["range"]["start"]["line"] + 1, one["message"]) for one in found]


class Types(unittest.TestCase):
    def test_every_function_says_what_it_takes_and_gives(self):
        for path in sorted((PYTHON / "cucurbit").rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef):
                    arguments = node.args
                    taken = [*arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
                    bare = [one.arg for one in taken if one and not one.annotation and one.arg not in ("self", "cls")]
                    self.assertEqual((bare, node.returns is None), ([], False), f"{path}:{node.lineno}: {node.name}")
        self.assertTrue((PYTHON / "cucurbit" / "py.typed").exists())

    def test_the_package(self):
        self.assertEqual(complaints("cucurbit"), [])

    def test_its_use(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "use.py"
            file.write_text(USE + MISUSE)
            first = len(USE.splitlines()) + 1
            self.assertEqual(sorted({line for _, line, _ in complaints(file)}),
                             list(range(first, first + len(MISUSE.splitlines()))))


if __name__ == "__main__":
    unittest.main()
