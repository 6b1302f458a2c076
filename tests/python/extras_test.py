"""The package with NumPy alone: what it can do then, and what it says of the rest."""

import subprocess
import sys
import tempfile
import time
import tomllib
import unittest
from pathlib import Path

from needs import need

need("numpy", "pandas", "matplotlib")

import cucurbit
from cucurbit import extras

PACKAGE = Path(cucurbit.__file__).parent
HIDDEN = """
import sys
sys.modules.update(dict.fromkeys({packages!r}))  # None: as if it were not installed
import cucurbit as cb
study = cb.Study("model_shift", p=40, spectrum=cb.power_law(1.5), signal=cb.power_law(1.5), n=[8, 16], noise_std=0.2,
                 arms=["standard"], trials=10)
"""


class Extras(unittest.TestCase):
    def python(self, text, packages=()):
        """What it prints."""
        done = subprocess.run([sys.executable, "-c", HIDDEN.format(packages=tuple(packages)) + text], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_every_extra_is_said_by_its_name(self):
        project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]
        self.assertEqual(project["dependencies"], ["numpy"])
        for package, extra in extras._EXTRAS.items():
            self.assertIn(package, [name.partition(">")[0] for name in project["optional-dependencies"][extra]])

    def test_without_any_extra(self):
        said = self.python("""
print(study.check()["extent"])
run = study.run("out", quiet=True)
print(run)
print(run._repr_html_()[:3])
def named(call):
    try: call()
    except ModuleNotFoundError as error: print(error)
for call in (lambda: run.table, study.theory, study.plan, run.plot, run.report, run.to_xarray, lambda: cb.load,
             lambda: cb.plot, lambda: cb.fit_slopes, lambda: cb.report, lambda: cb.run):
    named(call)
""", extras._EXTRAS).splitlines()
        self.assertEqual(said[0], "1 design, 2 points, 2 series")
        self.assertIn("10 of 10 trials", said[1])
        self.assertEqual(said[2], "<p>")
        self.assertEqual(len(said), 14, said)
        for line in said[3:]:
            self.assertRegex(line, r"^this needs (pandas|matplotlib|jinja2), which the extra cucurbit\[(frames|plots)\]"
                                   r" brings: pip install \1$")

    def test_without_one(self):
        call = """
run = study.run("out", quiet=True)
try: {call}
except ModuleNotFoundError as error: print(error)
"""
        for package, use in (("pandas", "run.table"), ("matplotlib", "run.plot()"), ("jinja2", "run.report()"),
                             ("xarray", "run.trials('excess_risk')"), ("polars", "run.to_polars()"),
                             ("pyarrow", "run.to_arrow()"), ("pyarrow", "cb.write_parquet('out', 't.parquet')")):
            self.assertEqual(self.python(call.format(call=use), [package]),
                             f"this needs {package}, which the extra cucurbit[{extras._EXTRAS[package]}] brings: "
                             f"pip install {package}\n")

    def test_a_command_says_it_in_a_line(self):
        said = self.python("""
from cucurbit.__main__ import main
sys.stderr = sys.stdout
print([main([command, "out"]) for command in ("plot", "report", "slopes", "parquet")])
""", ["pandas"])
        self.assertEqual(said, 4 * "cucurbit: this needs pandas, which the extra cucurbit[frames] brings: pip install "
                               "pandas\n" + "[2, 2, 2, 2]\n")

    def test_an_import_is_quick(self):
        self.assertEqual(self.python("print({'numpy', 'pandas', 'matplotlib'} & set(sys.modules))"), "set()\n")
        start = time.monotonic()
        subprocess.run([sys.executable, "-c", ""], check=True)
        bare = time.monotonic() - start
        start = time.monotonic()
        subprocess.run([sys.executable, "-c", "import cucurbit"], check=True)
        self.assertLess(time.monotonic() - start - bare, 0.5)

    def test_a_missing_module_of_ours_is_no_extra(self):
        with self.assertRaisesRegex(ModuleNotFoundError, "^No module named 'absent_of_all'$"):
            with extras.Extras():
                import absent_of_all  # noqa: F401
        with self.assertRaisesRegex(AttributeError, "no attribute 'absent'"):
            cucurbit.absent
        self.assertEqual([name for name in cucurbit.__all__ if not hasattr(cucurbit, name)], [])
        self.assertLessEqual(set(cucurbit.__all__), set(dir(cucurbit)))


if __name__ == "__main__":
    unittest.main()
