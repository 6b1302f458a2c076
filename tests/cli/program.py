"""Runs the program under test in an empty folder of its own."""

import os
import random
import signal
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

PROGRAM = os.environ["CUCURBIT"]

COMMANDS = ["init", "check", "plan", "theory", "explain", "run", "submit", "status", "extend", "merge", "export", "compare",
            "plot", "report", "replay", "verify", "devices", "doctor", "bench", "completion", "cite"]

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

# Longer than any machine takes until it is stopped.
LONG_STUDY = STUDY.replace('"small"', '"long"').replace("p = 40", "p = 200") \
                  .replace("n = [8, 16, 60]", "n = [60, 120, 180]") \
                  .replace("trials = 130", "trials = 1000000")

# Fits on shared rows, with tied grids and optimal numbers.
LONG_GRAPH = """\
schema = 1
study = { name = "graph", kind = "graph", seed = 5 }
precision = { trials = 300 }

[population]
p = [30, 60]
spectrum = { kind = "power_law", exponent = 1.0 }
signal = { kind = "power_law", exponent = 1.5 }

[rows.real]
n = { per = "p", ratio = [0.4, 1.5] }
noise_std = 0.5

[rows.fresh]
n = 100

[fit.teacher]
rows = "real"
penalty = [0.1, 1.0]

[fit.student]
rows = ["real", "fresh"]
penalty = "optimal"
labels = { teacher = [0.5, 1.5], rest = "observed" }

[measure]
misfit = [["student", "teacher"]]
gain = [["student", "teacher"]]
"""

# Descents of many steps: long enough to be interrupted, short enough to be finished.
LONG_DESCENT = """\
schema = 1
study = { name = "descent", kind = "gradient_descent", seed = 9 }
teacher = { loss = "cross_entropy", steps = [20, 120], step_fraction = 1.0, batch = 16 }
student = { steps = [30, 160], step_fraction = 1.0, momentum = 0.5 }
precision = { trials = 150 }

[data]
p = 60
n = 50
test = 40
spectrum = { kind = "power_law", exponent = 1.0 }
signal = { kind = "power_law", exponent = 1.5 }
labels = { kind = "softmax", classes = 3, strength = 4.0, flip = [0.0, 0.4] }
"""


# Heads on features, whose files feature_files makes, likewise.
LONG_FEATURES = """\
schema = 1
study = { name = "features", kind = "features", seed = 11 }
weak = { n = [30, 60] }
strong = { n_pseudo = [40, 150], surrogates = ["mask"] }
heads = { penalty = [0.0, 2.0] }
precision = { trials = 200 }

[features]
weak = "weak.npy"
strong = "strong.npy"
labels = "labels.npy"
task = "classification"
test = 100
"""


def npy(rows):
    """The bytes of a .npy file with these rows of numbers."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({len(rows)}, {len(rows[0])}), }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header \
        + b"".join(struct.pack(f"<{len(row)}d", *row) for row in rows)


def feature_files(samples=400, weak=24, strong=36, classes=4):
    """Files of LONG_FEATURES by name: both see parts of the same normals, whose first few decide the class."""
    generator = random.Random(3)
    normals = [[generator.gauss(0.0, 1.0) for _ in range(weak + strong)] for _ in range(samples)]
    return {"weak.npy": npy([row[:weak] for row in normals]),
            "strong.npy": npy([row[weak // 2:weak // 2 + strong] for row in normals]),
            "labels.npy": npy([[float(max(range(classes), key=row[weak // 2:].__getitem__))] for row in normals])}


class ProgramTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.study = self.write("study.toml", STUDY)

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return name

    def write_bytes(self, files):
        for name, contents in files.items():
            (self.folder / name).write_bytes(contents)

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
