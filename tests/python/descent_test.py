"""A trial of gradient descent equals a plain NumPy implementation on the same draws: Philox, Box and Muller,
labels, flips, order of minibatches, and a thousand steps."""

import contextlib
import csv
import io
import os
import sqlite3
import subprocess
import tempfile
import unittest
from pathlib import Path

from needs import need

need("numpy")

import numpy

SAMPLES, LABELS, FLIPS, BATCHES, TRUTH = 0, 8, 9, 10, 11
P, N, TEST = 30, 40, 60
STUDY = """schema = 1
study = {{ name = "one", kind = "gradient_descent", seed = 11 }}
data.p = 30
data.n = 40
data.test = 60
data.labels = {labels}
data.spectrum = {{ kind = "power_law", exponent = 1.0 }}
data.signal = {{ kind = "power_law", exponent = 1.5 }}
teacher = {{ loss = "cross_entropy", steps = [20, 1000], {teacher} }}
student = {{ steps = [30, 1000], {student} }}
precision = {{ trials = 1 }}
"""


def philox(key, row, index, stage, purpose, trial):
    """The four words, each an array like row and index broadcast (Salmon et al. 2011)."""
    mask = numpy.uint64(0xFFFFFFFF)
    index, row = numpy.broadcast_arrays(numpy.asarray(index, numpy.uint64), numpy.asarray(row, numpy.uint64))
    high = numpy.uint64(stage << 20 | purpose << 28)
    words = [index, row, numpy.full_like(index, numpy.uint64(trial)), numpy.full_like(index, high)]
    key = [key & 0xFFFFFFFF, key >> 32]
    for _ in range(10):
        first = numpy.uint64(0xD2511F53) * words[0]
        second = numpy.uint64(0xCD9E8D57) * words[2]
        words = [second >> numpy.uint64(32) ^ words[1] ^ numpy.uint64(key[0]), second & mask,
                 first >> numpy.uint64(32) ^ words[3] ^ numpy.uint64(key[1]), first & mask]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return words


def joined(high, low):
    return high << numpy.uint64(32) | low


def normals(key, rows, columns, stage, purpose, trial):
    """[row][column]; columns 16k … 16k+7 are cosines, 16k+8 … 16k+15 the sines of the same words."""
    column = numpy.arange(columns)
    words = philox(key, rows[:, None], column // 16 * 8 + column % 8, stage, purpose, trial)
    first, second = joined(*words[:2]), joined(*words[2:])
    radius = numpy.sqrt(-2 * numpy.log((first | numpy.uint64(1)).astype(float) * 2.0 ** -64))
    angle = 2 * numpy.pi * ((second >> numpy.uint64(10)).astype(float) / 2.0 ** 54 - 0.125)
    return radius * numpy.where(column & 8, numpy.sin(angle), numpy.cos(angle))


def uniforms(key, rows, stage, purpose, trial):
    words = philox(key, rows, 0, stage, purpose, trial)
    return (joined(*words[:2]) >> numpy.uint64(11)).astype(float) * 2.0 ** -53, words[2]


class Problem:
    """Samples and labels of one trial."""

    def __init__(self, key, classes, strength, flip, trial=0):
        self.key, self.classes, self.trial = key, classes, trial
        self.outputs = classes if classes > 2 else 1
        index = numpy.arange(1.0, P + 1)
        self.spectrum = 1 / index
        signal = numpy.sqrt(index ** -1.5 / self.spectrum)
        if classes > 2:
            signal = signal * normals(key, numpy.arange(classes), P, 0, TRUTH, 0)
        signal = numpy.atleast_2d(signal)
        self.truth = (strength * signal / numpy.sqrt((self.spectrum * signal ** 2).sum(1, keepdims=True))).T
        self.x, self.clean = self.draw(N, 0)
        u, word = uniforms(key, numpy.arange(N), 0, FLIPS, trial)
        shift = 1 + (word * numpy.uint64(classes - 1) >> numpy.uint64(32)).astype(int)
        self.y = numpy.where(u < flip, (self.clean + shift) % classes, self.clean)
        self.test, self.test_labels = self.draw(TEST, 2)

    def draw(self, count, stage):
        rows = numpy.arange(count)
        x = normals(self.key, rows, P, stage, SAMPLES, self.trial) * numpy.sqrt(self.spectrum)
        u, _ = uniforms(self.key, rows, stage, LABELS, self.trial)
        if self.outputs == 1:
            return x, (u < predict(x @ self.truth, 1.0)[:, 0]).astype(int)
        cumulative = numpy.cumsum(predict(x @ self.truth, 1.0), axis=1)
        return x, (u[:, None] >= cumulative[:, :-1]).sum(1)

    def one_hot(self):
        return self.y[:, None].astype(float) if self.outputs == 1 else numpy.eye(self.classes)[self.y]


def predict(z, temperature):
    if z.shape[1] == 1:
        return 1 / (1 + numpy.exp(-z / temperature))
    power = numpy.exp((z - z.max(1, keepdims=True)) / temperature)
    return power / power.sum(1, keepdims=True)


def margin(z, label):
    """log p/(1 − p) of a class at each row."""
    if z.shape[1] == 1:
        return numpy.where(label == 1, z[:, 0], -z[:, 0])
    rest = z.copy()
    rest[numpy.arange(len(z)), label] = -numpy.inf
    largest = rest.max(1)
    return z[numpy.arange(len(z)), label] - largest - numpy.log(numpy.exp(rest - largest[:, None]).sum(1))


def predicted(z):
    return (z[:, 0] > 0).astype(int) if z.shape[1] == 1 else z.argmax(1)


def descend(problem, losses, stage, steps, *, fraction, momentum=0.0, batch=None):
    """Weights at the wanted steps. losses: (factor, temperature, targets)."""
    x, size = problem.x, batch or N
    rate = fraction * N / numpy.linalg.svd(x, compute_uv=False)[0] ** 2 / size
    w = numpy.zeros((P, problem.outputs))
    velocity = numpy.zeros_like(w)
    found = {}
    for step in range(max(steps)):
        chosen = numpy.arange(N)
        if batch:
            epoch, place = divmod(step, N // batch)
            order = joined(*philox(problem.key, epoch, numpy.arange(N), stage, BATCHES, problem.trial)[:2]).argsort()
            chosen = order[place * batch:(place + 1) * batch]
        z = x[chosen] @ w
        residual = sum(factor * (predict(z, temperature) - targets[chosen])
                       for factor, temperature, targets in losses)
        velocity = momentum * velocity - rate * x[chosen].T @ residual
        w = w + velocity
        if step + 1 in steps:
            found[step + 1] = w
    return found


def read_run(program, run):
    """A run's estimates by (arm, estimand, teacher_steps, student_steps), and its random key."""
    table = subprocess.run([program, "export", run, "--format", "csv"], check=True, capture_output=True,
                           text=True).stdout
    with contextlib.closing(sqlite3.connect(run / "store.sqlite")) as database:
        [(key,)] = database.execute("SELECT DISTINCT design FROM series")
    rows = csv.DictReader(io.StringIO(table))
    return {(row["arm"], row["estimand"], row["teacher_steps"], row["student_steps"]):
            float(row["estimate"]) for row in rows}, key % 2 ** 64


class AgainstNumpy(unittest.TestCase):
    def simulate(self, **parts):
        """What the program makes of the study's only trial."""
        with tempfile.TemporaryDirectory() as folder:
            study = Path(folder) / "study.toml"
            study.write_text(STUDY.format(**parts))
            program, run = os.environ["CUCURBIT"], Path(folder) / "run"
            subprocess.run([program, "run", study, "-o", run], check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
            return read_run(program, run)

    def check(self, values, arm, estimand, stop, step, expected):
        found = values[arm, estimand, str(stop or ""), str(step or "")]
        self.assertLessEqual(abs(found - expected), 1e-9 * max(1.0, abs(expected)),
                             f"{arm} {estimand} at {stop}, {step}: {found}, not {expected}")

    def check_model(self, values, problem, w, arm, stop, step):
        vectors = numpy.linalg.svd(problem.x, full_matrices=False)[2]
        for k in range(4):
            self.check(values, arm, f"projection_{k + 1}", stop, step, numpy.linalg.norm(vectors[k] @ w))
        z = problem.test @ w
        odds = margin(z, problem.test_labels)
        self.check(values, arm, "cross_entropy", stop, step, numpy.logaddexp(0, -odds).mean())
        hits = predicted(z) == problem.test_labels
        self.check(values, arm, "accuracy", stop, step, hits.mean())
        confidence = 1 / (1 + numpy.exp(-margin(z, predicted(z))))
        bins = numpy.minimum((confidence * 15).astype(int), 14)
        gaps = numpy.bincount(bins, confidence - hits, 15)
        self.check(values, arm, "calibration_error", stop, step, numpy.abs(gaps).sum() / TEST)

    def check_student(self, values, problem, teacher, student, stop, step):
        for sample, x in (("train", problem.x), ("test", problem.test)):
            label = predicted(x @ teacher)
            a, b = margin(x @ teacher, label), margin(x @ student, label)
            slope, intercept = numpy.polyfit(a, b, 1)
            self.check(values, "student", f"margin_slope_{sample}", stop, step, slope)
            self.check(values, "student", f"margin_intercept_{sample}", stop, step, intercept)
            order = a.argsort()[:(len(a) + 3) // 4]
            self.check(values, "student", f"underfit_{sample}", stop, step, (b < a)[order].mean())
            order = a.argsort()[-((len(a) + 3) // 4):]
            self.check(values, "student", f"exceeded_{sample}", stop, step, (b > a)[order].mean())

    def test_logistic_full_batch(self):
        values, key = self.simulate(labels='{ kind = "logistic", strength = 4.0, flip = 0.1 }',
                                    teacher="step_fraction = 1.5", student="step_fraction = 1.5")
        problem = Problem(key, 2, 4.0, 0.1)
        labels = [(1.0, 1.0, problem.one_hot())]
        teachers = descend(problem, labels, 0, (20, 1000), fraction=1.5)
        for step, w in descend(problem, labels, 1, (30, 1000), fraction=1.5).items():
            self.check_model(values, problem, w, "one_hot", None, step)
        for stop, teacher in teachers.items():
            self.check_model(values, problem, teacher, "teacher", stop, None)
            answers = [(1.0, 1.0, predict(problem.x @ teacher, 1.0))]
            for step, w in descend(problem, answers, 1, (30, 1000), fraction=1.5).items():
                self.check_model(values, problem, w, "student", stop, step)
                self.check_student(values, problem, teacher, w, stop, step)

    def test_softmax_with_everything(self):
        values, key = self.simulate(
            labels='{ kind = "softmax", classes = 3, strength = 4.0, flip = 0.2 }',
            teacher="step_fraction = 1.0, batch = 16",
            student='step_fraction = 0.5, momentum = 0.5, batch = 12, temperature = 2.0, '
                    'labels = "mixture", teacher_weight = 0.75')
        problem = Problem(key, 3, 4.0, 0.2)
        labels = (1.0, 1.0, problem.one_hot())
        own = {"fraction": 0.5, "momentum": 0.5, "batch": 12}
        for step, w in descend(problem, [labels], 1, (30, 1000), **own).items():
            self.check_model(values, problem, w, "one_hot", None, step)
        for stop, teacher in descend(problem, [labels], 0, (20, 1000), fraction=1.0, batch=16).items():
            self.check_model(values, problem, teacher, "teacher", stop, None)
            losses = [(0.75 * 2.0, 2.0, predict(problem.x @ teacher, 2.0)), (0.25, *labels[1:])]
            for step, w in descend(problem, losses, 1, (30, 1000), **own).items():
                self.check_model(values, problem, w, "student", stop, step)
                self.check_student(values, problem, teacher, w, stop, step)


if __name__ == "__main__":
    unittest.main()
