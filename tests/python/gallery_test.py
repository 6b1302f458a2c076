"""Every figure of every example, of a few trials: no text is cut, no two lines look alike, no panel is empty."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from needs import need

need("numpy", "pandas", "matplotlib")

import numpy
from drawn import drawn_as, faults, legend

import cucurbit

EXAMPLES = Path(__file__).parents[2] / "examples"
# Descent takes a thousand steps a trial, and features are decomposed whole.
FEW, MANY = 2, 16


def run(study, out, *settings):
    sets = [word for setting in settings for word in ("--set", setting)]
    subprocess.run([os.environ["CUCURBIT"], "run", study.name, "-o", out, *sets], cwd=study.parent, check=True,
                   capture_output=True)


def save(path, values):
    numpy.save(path, numpy.ascontiguousarray(values, dtype="<f8"))


def stand_in(folder, name):
    """Files in place of those that make.py makes for a study of features or of images: so many rows, few columns."""
    generator = numpy.random.default_rng(1)
    strong = generator.standard_normal((1800 if "digits" in name else 5000, 44)) * 0.95 ** numpy.arange(44)
    classes = (strong[:, :3].argmax(axis=1)).astype(float)
    if name == "nagarajan2023_digits":
        save(folder / "features.npy", strong)
        save(folder / "labels.npy", classes)
        return
    name = name.removeprefix("dong2025_")
    save(folder / f"{name}_weak.npy", strong[:, 5:25] + 0.3 * generator.standard_normal((len(strong), 20)))
    save(folder / f"{name}_strong.npy", strong)
    save(folder / f"{name}_labels.npy", strong[:, :3] if name == "coloured" else classes)


class Figures(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    # First hour, repros 1 (a heading that was cut) and 2 (two arms of one look).
    def test_of_every_example(self):
        examples = sorted(EXAMPLES.glob("**/*.toml"))
        self.assertGreaterEqual(len(examples), 23)
        kinds = set()
        for example in examples:
            with self.subTest(example.stem):
                study = Path(shutil.copy(example, self.folder))
                if example.parent != EXAMPLES:
                    stand_in(self.folder, example.stem)
                slow = example.parent != EXAMPLES or "nagarajan" in example.stem
                run(study, example.stem, f"precision.trials={FEW if slow else MANY}")
                figure = cucurbit.plot(self.folder / example.stem)
                self.assertEqual(faults(figure), [])
                kinds.add(figure.kind)
        self.assertEqual(kinds, {"risk", "scaling", "gain", "student", "recovery", "split", "generations", "descent",
                                 "switch", "features"})

    # First hour, repros 3 (weights in the file's order) and 5 (weights of no arm, and none of one's own).
    def test_of_a_spectrum_and_a_surrogate_in_files(self):
        generator = numpy.random.default_rng(2)
        spectrum, mine = generator.permutation(numpy.arange(1.0, 31) ** -2), generator.uniform(0.5, 2.0, 30)
        save(self.folder / "s.npy", spectrum)
        (self.folder / "b.csv").write_text("mine\n" + "".join(f"{value!r}\n" for value in mine.tolist()))
        study = self.folder / "files.toml"
        study.write_text("""schema = 1
study = { name = "files", kind = "model_shift", seed = 7 }
population = { p = 30, spectrum = { kind = "file", path = "s.npy" }, signal = { kind = "power_law", exponent = 1.5 } }
target = { n = [6, 12, 20], noise_std = 0.2, arms = ["standard", { name = "mine", surrogate_file = "b.csv" }] }
precision = { trials = 16 }
""")
        run(study, "run")
        figure = cucurbit.plot(self.folder / "run")
        self.assertEqual(faults(figure), [])
        self.assertEqual(legend(figure)[:2], ["standard (true labels)", "mine"])
        self.assertEqual(legend(figure)[-1], "truth’s weight")
        truth = cucurbit.theory(self.folder / "run", coordinates=True)["truth"].to_numpy()[:30]
        order = numpy.argsort(-spectrum)
        self.assertEqual(drawn_as(figure.axes[0], "_weight"),
                         set(zip(range(1, 31), (mine / truth)[order])))
        # A run of no surrogate has no weights to show.
        run(study, "standard", 'target.arms=["standard"]')
        self.assertEqual(len(cucurbit.plot(self.folder / "standard").axes), 1)


if __name__ == "__main__":
    unittest.main()
