"""The site of the documentation: it is built without a warning, needs no network, has every public name, and its
notebooks run."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from needs import leave, need

need("numpy", "pandas", "matplotlib", "pyarrow", "jinja2", "xarray", "tqdm", "sphinx", "myst_nb", "breathe")
if shutil.which("doxygen") is None:
    leave("there is no doxygen")

import cucurbit as cb

ROOT = Path(__file__).parents[2]


def text_of(cell):
    """What a notebook's cell shows, as text."""
    shown = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell["outputs"]]
    return "".join("".join(text) for text in shown)


class Site(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)

    def test_the_site(self):
        done = subprocess.run([sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", ROOT / "docs",
                               "-d", "read", ROOT, "site"], capture_output=True, text=True)
        # What a kernel says of how it is talked to is no warning of the site's.
        said = [line for line in done.stderr.splitlines() if not line.startswith("[IPKernelApp]")]
        self.assertEqual((done.returncode, said), (0, []))
        pages = {str(path.relative_to("site").with_suffix("")): path.read_text() for path in Path("site").rglob("*.html")}
        sources = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "docs").rglob("*.ipynb")]
        self.assertLessEqual({str(path.relative_to(ROOT).with_suffix("")) for path in sources}, set(pages))
        # It needs no network.
        for name, text in pages.items():
            self.assertEqual(re.findall(r'<(?:script|img|link)[^>]*(?:src|href)="[a-z]*:?//[^"]*"', text), [], name)
        self.check_api(pages)
        self.check_notebooks(pages)

    def check_api(self, pages):
        """All public names have their place, with a text."""
        for name in cb.__all__:
            entry = re.search(f'id="cucurbit.{name}".*?</dt>\\s*<dd>(.*?)</dd>', pages["docs/api/python"], re.S)
            self.assertRegex(entry[1] if entry else "", "<p>", name)
        for header in (ROOT / "include/cucurbit").glob("*.hpp"):
            self.assertIn(f"cucurbit/{header.name}", pages["docs/api/cpp"])
        self.assertIn("Singular values up to rcond times the largest count as zero", pages["docs/api/cpp"])

    def check_notebooks(self, pages):
        """Each was run as it stands in the repository, and says what its text says of it."""
        outputs = {}
        for path in (ROOT / "docs/notebooks").glob("*.ipynb"):
            kept = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
            self.assertTrue(all(not cell["outputs"] and cell["execution_count"] is None for cell in kept), path)
            done = json.loads((Path("jupyter_execute/docs/notebooks") / path.name).read_text())["cells"]
            done = [cell for cell in done if cell["cell_type"] == "code"]
            self.assertEqual([cell["source"] for cell in done], [cell["source"] for cell in kept])
            outputs[path.stem] = [text_of(cell) for cell in done]
            self.assertIn(f'href="docs/notebooks/{path.stem}.html"', pages["README"])
        quick, own, activations, cluster = (outputs[name] for name in (
            "quick_start", "own_teacher_and_features", "weak_to_strong_from_activations", "cluster"))
        self.assertIn("target.n: element 2: 0 is not allowed; allowed: a whole number from 1", quick[1])
        self.assertEqual({name: pages[f"docs/notebooks/{name}"].count("<img ") for name in outputs},
                         {"quick_start": 1, "own_teacher_and_features": 3, "weak_to_strong_from_activations": 1, "cluster": 1})
        self.assertRegex(quick[6], r"confirmed +36\n")
        self.assertNotIn("failed", quick[6])
        self.assertIn("cucurbit: complete: runs/first", quick[4])
        self.assertNotIn("trials/s", quick[4])
        self.assertRegex(quick[8], r"noise_std +0.075695 +0.075695")
        self.assertIn("True", own[-1])
        self.assertIn("'truncated'", own[-2])
        self.assertIn("(6000, 40), (6000, 12)", activations[0])
        self.assertIn("sbatch --parsable", cluster[1])
        self.assertIn("640 trials missing", cluster[3])
        self.assertEqual(cluster[5], "True")


if __name__ == "__main__":
    unittest.main()
