"""The program with its real CUDA engine, where there is no driver: what it says, and how it ends."""

import ctypes
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
from program import PROGRAM, ProgramTest  # noqa: E402


def has_driver():
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


@unittest.skipIf(has_driver(), "this machine has a CUDA driver")
class NoDriver(ProgramTest):
    WHY = "this machine has no NVIDIA driver"

    def test_it_is_the_real_engine(self):
        libraries = subprocess.run(["ldd", PROGRAM], check=True, capture_output=True, text=True)
        for library in ("libcublas", "libcusolver", "libcudart"):
            self.assertIn(library, libraries.stdout)

    def test_only_the_cpu_is_listed(self):
        out, _ = self.call("devices", "--format", "csv")
        self.assertEqual([line.split(",")[0] for line in out.splitlines()], ["device", "cpu"])

    def test_cards_are_refused(self):
        for name in ("cuda", "cuda:0", "cuda:1,0"):
            message = self.refused("run", self.study, "--device", name, code=5)
            self.assertIn("there is cpu", message)
            self.assertIn(self.WHY, message)
            prediction, talk = self.call("plan", self.study, "--device", name)
            self.assertIn("nothing is measured", talk)
            self.assertIn(self.WHY, talk)
            self.assertIn("predicted, never measured", prediction)
        self.assertFalse((self.folder / "runs").exists())

    def test_auto_falls_back_and_says_why(self):
        _, talk = self.call("run", self.study, "--device", "auto")
        self.assertIn(f"device: cpu (no card: {self.WHY})", talk)


if __name__ == "__main__":
    unittest.main()
