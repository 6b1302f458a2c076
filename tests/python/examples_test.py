"""The example on scikit-learn's digits: its features are made, and a few trials run as its comment says."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from needs import need

need("numpy", "sklearn", "pandas")

import pandas

EXAMPLES = Path(__file__).parents[2] / "examples" / "features"


class Digits(unittest.TestCase):
    def test_says_what_its_comment_says(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, EXAMPLES / "make.py", "digits", "-o", folder], check=True,
                           capture_output=True)
            shutil.copy(EXAMPLES / "dong2025_digits.toml", folder)
            subprocess.run([os.environ["CUCURBIT"], "run", "dong2025_digits.toml", "-o", "run", "--set",
                            "precision.trials=20"], cwd=folder, check=True, capture_output=True)
            exported = subprocess.run([os.environ["CUCURBIT"], "export", "run", "--format", "csv"], cwd=folder,
                                      check=True, capture_output=True).stdout
            (Path(folder) / "table.csv").write_bytes(exported)
            table = pandas.read_csv(Path(folder) / "table.csv")
        facts = table[table["arm"].isna()].groupby("estimand")["theory"].first()
        self.assertEqual([facts["weak_dimension"], facts["strong_dimension"]], [10, 107])
        self.assertAlmostEqual(facts["correlation_dimension"], 9.69, places=2)
        student = table[(table["arm"] == "w2s") & (table["estimand"] == "test_error") & (table["n"] == 300)
                        & (table["n_pseudo"] == 900)].iloc[0]
        self.assertAlmostEqual(student["theory"], 0.5435, places=4)
        self.assertLess(abs(student["estimate"] - 0.5463), 4 * student["std_err"])


if __name__ == "__main__":
    unittest.main()
