"""Runs the program under test in an empty folder of its own."""

import os
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

PROGRAM = os.environ["CUCURBIT"]

COMMANDS = ["init", "check", "plan", "theory", "run", "status", "extend", "export", "compare", "plot", "replay",
            "verify", "devices", "doctor", "bench", "completion", "cite"]

STUDY = """\
schema = 1

[study]
name = "small"
kind = "model_shift"
seed = 7

[population]
p = 40
spectrum = { kind = "power_law", exponent = 1.5 }
signal = { kind = "power_law", exponent = 1.5 }

[target]
n = [8, 16, 60]
noise_std = [0.0, 0.2]
arms = ["standard", "optimal_surrogate"]

[precision]
trials = 130
"""

# Some seconds on any machine: long enough to be interrupted, short enough to be finished.
LONG_STUDY = STUDY.replace('"small"', '"long"').replace("p = 40", "p = 200") \
                  .replace("n = [8, 16, 60]", "n = [60, 120, 180]") \
                  .replace("trials = 130", "trials = 2000")

# Descents of many steps, likewise.
LONG_DESCENT = """\
schema = 1
study = { name = "descent", kind = "gradient_descent", seed = 9 }
teacher = { loss = "cross_entropy", steps = [30, 300], step_fraction = 1.0, batch = 16 }
student = { steps = [40, 400], step_fraction = 1.0, momentum = 0.5 }
precision = { trials = 150 }

[data]
p = 60
n = 50
test = 40
spectrum = { kind = "power_law", exponent = 1.0 }
signal = { kind = "power_law", exponent = 1.5 }
labels = { kind = "softmax", classes = 3, strength = 4.0, flip = [0.0, 0.4] }
"""


class ProgramTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.study = self.write("study.toml", STUDY)

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return name

    def start(self, *arguments, **options):
        environment = {**os.environ, "LC_ALL": "C.UTF-8", **options.pop("env", {})}
        return subprocess.Popen([PROGRAM, *map(str, arguments)], cwd=self.folder, env=environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, **options)

    def call(self, *arguments, code=0, **options):
        """Exit code as expected; (stdout, stderr) as text."""
        process = self.start(*arguments, **options)
        out, err = (stream.decode() for stream in process.communicate(timeout=600))
        self.assertEqual(process.returncode, code, f"{arguments}\nstdout: {out}\nstderr: {err}")
        return out, err

    def refused(self, *arguments, code=2, **options):
        """The one line that says what is wrong; nothing on stdout."""
        out, err = self.call(*arguments, code=code, **options)
        self.assertEqual(out, "")
        self.assertTrue(err.startswith("cucurbit: error: "), err)
        self.assertEqual(err.count("\n"), 1, err)
        return err

    def table(self, directory):
        return self.call("export", directory, "--format", "csv")[0]


def send(process, *signals):
    for each in signals or (signal.SIGINT,):
        process.send_signal(each)
