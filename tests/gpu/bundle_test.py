"""A bundle of this build, packed by ./gpu --bundle and run in a root that holds glibc, libstdc++ and nothing else of
ours. BUILD is the build folder; it must be of the CPU engine alone, since CUDA's libraries are not in a bundle."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import bare_root  # noqa: E402

SOURCE = Path(__file__).parents[2]
STEPS = "environment,devices,doctor,plan_small"


class Bundle(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = Path(cls.temporary.name)
        cls.file = cls.folder / "bundle.tar.xz"
        subprocess.run([SOURCE / "gpu", "--bundle", cls.file, "--build", os.environ["BUILD"]], check=True)

    def test_it_is_small(self):
        self.assertLess(self.file.stat().st_size, 30 * 2**20)

    def test_from_runs_it_here(self):
        subprocess.run([SOURCE / "gpu", "--from", self.file, "--cpu-only", "--only", "devices,doctor", "-o", "here"],
                       check=True, cwd=self.folder)
        self.assertIn("6 checks good", (self.folder / "here" / "summary.txt").read_text())

    def test_it_runs_in_a_bare_root(self):
        why_not = bare_root.why_not()
        if why_not:
            self.skipTest(why_not)
        root = self.folder / "root"
        bare_root.make(root)
        self.assertEqual(list(root.rglob("libopenblas*")) + list(root.rglob("libfmt*")), [])
        (root / "root" / self.file.name).write_bytes(self.file.read_bytes())
        done = bare_root.run(root, f"cd /root && tar xf bundle.tar.xz && bundle/gpu --cpu-only --only {STEPS}", timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("doctor     6 checks good\n", done.stdout)
        self.assertIn("4 steps in", done.stdout)
        self.assertNotIn("\n!", done.stdout)
        self.assertTrue((root / "root" / "gpu-report" / "index.html").exists())
        refused = bare_root.run(root, "cd /root && bundle/gpu", timeout=60)
        self.assertEqual(refused.returncode, 5, refused.stderr)
        # Without the wrapper, too: the programs find their libraries by themselves.
        direct = bare_root.run(root, "/root/bundle/bin/cucurbit --version", timeout=60)
        self.assertIn("cucurbit 0.1.0", direct.stdout, direct.stderr)


if __name__ == "__main__":
    unittest.main()
