"""Faults at every place: kills, errors and short writes at the k-th call on the store, the k-th allocation that fails,
folders that go away, and mutated stores. Whatever happens, the program ends with a documented code and a message, and
a run that is continued has the table of one that nothing disturbed. SWEEP=whole kills at each call on the
store and strikes many times as many other places."""

import ctypes
import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
from program import LONG_FEATURES, ProgramTest, feature_files  # noqa: E402

SHIM = os.environ["SHIM"]
WHOLE = os.environ.get("SWEEP") == "whole"
if os.access("/dev/shm", os.W_OK):
    tempfile.tempdir = "/dev/shm"  # the faults are made here: no need to wait for a disk

# Rounds of a precision are committed one by one: many writes and several transactions within moments.
STUDY = """\
schema = 1
study = { name = "small", kind = "model_shift", seed = 7 }
precision = { rel_std_err = 0.001, max_trials = 8000 }

[population]
p = [6, 9]
spectrum = { kind = "power_law", exponent = 1.5 }
signal = { kind = "power_law", exponent = 1.5 }

[target]
n = [4, 12]
noise_std = [0.0, 0.2]
arms = ["standard", "optimal_surrogate"]
"""
TWO_ROUNDS = STUDY.replace("8000", "600")
FEW_TRIALS = STUDY.replace("rel_std_err = 0.001, max_trials = 8000", "trials = 130")

RUN = ("run", "study.toml", "-o", "faulty", "--threads", "1")


def places(count, whole, fast, shift=0):
    """Up to count: every whole-th in the whole sweep; else every fast-th, which ones depending on count and shift."""
    return range(1, count + 1, whole) if WHOLE else range(1 + (count + shift) % min(fast, count), count + 1, fast)


class Sweep(ProgramTest):
    STUDY = STUDY
    tables = {}

    def setUp(self):
        super().setUp()
        self.write("study.toml", self.STUDY)
        self.tried = 0
        if self.STUDY not in self.tables:
            self.call("run", "study.toml", "-o", "undisturbed")
            self.tables[self.STUDY] = self.table("undisturbed")
        self.expected = self.tables[self.STUDY]

    def tearDown(self):
        print(f"{self.id()}: {self.tried} faults", file=sys.stderr)

    def begin(self, calls, at, act, lasting=False, command=RUN, **options):
        self.tried += 1
        if command == RUN:
            shutil.rmtree(self.folder / "faulty", ignore_errors=True)
        return self.start(*command, env={
            "LD_PRELOAD": SHIM, "FAULT_FOLDER": "faulty", "FAULT_CALLS": calls, "FAULT_AT": str(at), "FAULT_ACT": str(act),
            "FAULT_LASTING": "1" if lasting else "", "FAULT_COUNT": str(self.folder / "count")}, **options)

    def end(self, process):
        """Exit code, stdout, stderr; within a time in which nothing hangs."""
        try:
            out, err = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        return process.returncode, out.decode(errors="replace"), err.decode(errors="replace")

    def with_fault(self, *arguments, **options):
        return self.end(self.begin(*arguments, **options))

    def count(self, calls, **options):
        """How many such calls a command makes that nothing disturbs."""
        code, _, err = self.with_fault(calls, 0, 0, **options)
        self.tried -= 1
        self.assertEqual(code, 0, err)
        return int((self.folder / "count").read_text())

    def continues(self, directory="faulty"):
        self.call("run", "study.toml", "-o", directory)
        self.assertEqual(self.table(directory), self.expected)
        shutil.rmtree(self.folder / directory)

    def assert_said(self, code, err, codes):
        """The code is one of these and, where it is no success, one line says what is wrong with which file."""
        self.assertIn(code, codes, err)
        lines = [line for line in err.splitlines() if line.startswith("cucurbit: error: ")]
        self.assertEqual(len(lines), 0 if code == 0 else 1, err)
        if code == 6:
            self.assertIn("faulty", lines[0])


class Kills(Sweep):
    def test_a_run_killed_at_any_call_continues_to_the_same_table(self):
        for calls, whole, fast in (("write", 1, 23), ("sync", 1, 7), ("truncate", 1, 5), ("open", 1, 5),
                                   ("rename", 1, 1)):
            count = self.count(calls)
            if calls == "write":
                self.assertGreaterEqual(count, 300)
            for at in places(count, whole, fast):
                act = "tear" if calls == "write" and at % 2 else "kill"
                with self.subTest(calls=calls, at=at, act=act):
                    code, _, err = self.with_fault(calls, at, act)
                    self.assertEqual(code, -signal.SIGKILL, err)
                    self.continues()


class RandomKills(ProgramTest):
    """Of every kind of study, at any time: 1,001 in the whole sweep."""

    KINDS = {
        "model_shift": ("ildiz2025_figure1", "population.p=120", "target.n=[20, 60, 110]", "precision.trials=600"),
        "two_stage": ("ildiz2025_two_stage", "population.p=60", "surrogate.m=[20, 40]", "target.n=[20, 50]",
                      "precision.trials=600"),
        "weak_to_strong": ("dong2025_recovery", "precision.trials=400"),
        "chain": ("self_distillation", "population.p=50", "precision.trials=300"),
        "graph": ("two_teachers", "precision.trials=100"),
        "gradient_descent": ("nagarajan2023_eigen_progress", "precision.trials=130"),
        "features": (None, "precision.trials=200"),
    }

    def test_a_run_killed_at_any_time_continues_to_the_same_table(self):
        generator = random.Random(16)
        for kind, (preset, *edits) in self.KINDS.items():
            with self.subTest(kind=kind):
                if preset:
                    self.call("init", "--preset", preset, "-o", f"{kind}.toml")
                else:
                    self.write_bytes(feature_files())
                    self.write(f"{kind}.toml", LONG_FEATURES)
                self.kill(kind, [word for edit in edits for word in ("--set", edit)], 143 if WHOLE else 4, generator)

    def kill(self, kind, edits, kills, generator):
        begun = time.monotonic()
        self.call("run", f"{kind}.toml", "-o", f"{kind}-whole", *edits)
        whole, expected = time.monotonic() - begun, self.table(f"{kind}-whole")
        landed = 0
        while landed < kills:
            process = self.start("run", f"{kind}.toml", "-o", kind, *edits, "--threads", generator.choice((1, 2)))
            try:
                process.communicate(timeout=generator.random() * whole)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
            landed += process.returncode == -signal.SIGKILL
            if process.returncode == 0:
                self.assertEqual(self.table(kind), expected)
                shutil.rmtree(self.folder / kind)
            else:
                self.assertEqual(process.returncode, -signal.SIGKILL)
        self.call("run", f"{kind}.toml", "-o", kind, *edits)
        self.assertEqual(self.table(kind), expected)
        self.call("verify", kind)
        print(f"{self.id()}: {landed} kills of {kind}", file=sys.stderr)


class Errors(Sweep):
    STUDY = TWO_ROUNDS

    def test_a_call_that_fails_ends_the_run_by_a_message_and_loses_nothing(self):
        for calls, whole, fast in (("write", 3, 29), ("sync", 1, 13), ("truncate", 1, 5), ("open", 1, 7),
                                   ("rename", 1, 1)):
            count = self.count(calls)
            ended = 0
            for number, error in enumerate((errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS)):
                for at in places(count, whole, fast, number):
                    for lasting in (False, True):
                        with self.subTest(calls=calls, at=at, error=errno.errorcode[error], lasting=lasting):
                            code, _, err = self.with_fault(calls, at, error, lasting)
                            self.assert_said(code, err, (0, 6))
                            self.continues()
                            ended += code == 6
            # A log that cannot be joined to its store when all is done stays, which loses nothing.
            self.assertGreater(ended, 0, calls)

    def test_short_and_interrupted_writes_are_finished(self):
        for at in places(self.count("write"), 3, 29):
            for act, lasting in (("short", False), ("short", True), (errno.EINTR, False)):
                with self.subTest(at=at, act=act, lasting=lasting):
                    code, _, err = self.with_fault("write", at, act, lasting)
                    self.assert_said(code, err, (0,))
                    self.assertEqual(self.table("faulty"), self.expected)

    def test_a_disk_that_fills_up_in_the_middle_of_a_write(self):
        ended = 0
        for at in places(self.count("write"), 3, 29):
            with self.subTest(at=at):
                code, _, err = self.with_fault("write", at, "full")
                self.assert_said(code, err, (0, 6))
                self.continues()
                ended += code == 6
        self.assertGreater(ended, 0)


class Allocations(Sweep):
    STUDY = FEW_TRIALS

    def sweep(self, command, whole, fast, then):
        for at in places(self.count("alloc", command=command), whole, fast):
            for lasting in (False, True):
                with self.subTest(command=command[0], at=at, lasting=lasting):
                    code, out, err = self.with_fault("alloc", at, errno.ENOMEM, lasting, command=command)
                    self.assert_said(code, err, (0, 5, 6))
                    then(code, out)

    def test_a_run_says_what_it_lacks_and_continues(self):
        self.sweep(RUN, 41, 997, lambda code, out: self.continues())

    def test_an_export_is_the_whole_table_or_says_that_it_is_none(self):
        def whole_or_part(code, out):
            self.assertTrue(self.expected.startswith(out), out)
            self.assertTrue(code != 0 or out == self.expected, out)

        self.call("run", "study.toml", "-o", "faulty")
        self.sweep(("export", "faulty"), 19, 997, whole_or_part)

    def test_a_verification_agrees_or_is_not_made(self):
        self.call("run", "study.toml", "-o", "faulty")
        self.sweep(("verify", "faulty"), 19, 997, lambda code, out: self.assertEqual("agree" in out, code == 0))


def heed_permissions():
    """In a child of root, which may write anywhere otherwise: drops CAP_DAC_OVERRIDE from what it can have."""
    ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)


class Folders(Sweep):
    STUDY = TWO_ROUNDS

    def stopped(self, at, **options):
        """A run that waits before its call number at."""
        process = self.begin("write,sync,open,rename", at, "stop", **options)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        return process

    def go_on(self, process):
        process.send_signal(signal.SIGCONT)
        return self.end(process)

    def sweep(self, then):
        for at in places(self.count("write,sync,open,rename"), 7, 37):
            with self.subTest(at=at):
                then(at)

    def test_one_that_is_removed(self):
        def remove(at):
            process = self.stopped(at)
            shutil.rmtree(self.folder / "faulty")
            code, _, err = self.go_on(process)
            self.assert_said(code, err, (6,))
            self.continues()

        self.sweep(remove)

    def test_one_that_is_moved(self):
        def move(at):
            process = self.stopped(at)
            (self.folder / "faulty").rename(self.folder / "moved")
            code, _, err = self.go_on(process)
            self.assert_said(code, err, (6,))
            self.assertFalse((self.folder / "faulty").exists())
            self.continues("moved")

        self.sweep(move)

    def test_one_in_whose_place_another_run_is_put(self):
        self.write("other.toml", self.STUDY.replace("600", "500"))
        self.call("run", "other.toml", "-o", "other")
        def replace(at):
            process = self.stopped(at)
            (self.folder / "faulty").rename(self.folder / "moved")
            shutil.copytree(self.folder / "other", self.folder / "faulty")
            code, _, err = self.go_on(process)
            self.assert_said(code, err, (0, 6))
            if code == 0:  # everything was committed before, or is in the new place
                tables = [self.end(self.start("export", directory))[1] for directory in ("moved", "faulty")]
                self.assertIn(self.expected, tables)
            self.call("verify", "faulty")
            self.continues("moved")
            self.continues()

        self.sweep(replace)

    def test_one_that_becomes_read_only(self):
        def protect(at):
            process = self.stopped(at, preexec_fn=heed_permissions)
            folder = self.folder / "faulty"
            for path in (*folder.iterdir(), folder):
                path.chmod(0o555)
            code, _, err = self.go_on(process)
            for path in (folder, *folder.iterdir()):
                path.chmod(0o755)
            self.assert_said(code, err, (0, 6))
            self.continues()

        self.sweep(protect)

    def test_two_writers(self):
        def write_too(at):
            process = self.stopped(at)
            second = self.end(self.start(*RUN))
            first = self.go_on(process)
            for code, _, err in (first, second):
                self.assert_said(code, err, (0, 6))
            self.assertIn(0, (first[0], second[0]), (first, second))
            if 0 != second[0]:
                self.assertIn("another run writes to this folder", second[2])
            self.continues()

        self.sweep(write_too)


class Mutations(Sweep):
    STUDY = FEW_TRIALS

    def mutated(self, generator, good):
        """The bytes with one of them, a block or a page changed; half of the places hold something."""
        bad = bytearray(good)
        at = generator.randrange(len(bad))
        while generator.random() < 0.8 and bad[at] == 0:
            at = generator.randrange(len(bad))
        kind = generator.choice(("bit", "byte", "block", "zeros", "elsewhere", "cut"))
        size = generator.choice((2, 8, 64, 512, 4096, 16384))
        if kind == "bit":
            bad[at] ^= 1 << generator.randrange(8)
        elif kind == "byte":
            bad[at] = generator.randrange(256)
        elif kind == "block":
            bad[at:at + size] = generator.randbytes(len(bad[at:at + size]))
        elif kind == "zeros":
            bad[at:at + size] = bytes(len(bad[at:at + size]))
        elif kind == "elsewhere":  # as a disk that mixes up its sectors
            at -= at % size
            other = generator.randrange(len(bad) // size) * size
            bad[at:at + size] = bad[other:other + len(bad[at:at + size])]
        else:
            del bad[at:]
        return kind, at, bytes(bad)

    def test_a_mutated_store_has_the_right_table_or_is_refused(self):
        self.call("run", "study.toml", "-o", "faulty")
        file = self.folder / "faulty" / "store.sqlite"
        good = file.read_bytes()
        generator = random.Random(16)
        refused = reported = 0
        for number in range(2000 if WHOLE else 60):
            kind, at, bad = self.mutated(generator, good)
            with self.subTest(number=number, kind=kind, at=at):
                self.tried += 1
                file.write_bytes(bad)
                code, out, err = self.end(self.start("export", "faulty"))
                self.assert_said(code, err, (0, 6))
                self.assertEqual(out, self.expected if code == 0 else "")
                verified, _, err = self.end(self.start("verify", "faulty"))
                self.assert_said(verified, err, (0, 4, 6))
                refused += code != 0
                reported += verified != 0
                self.assertLessEqual(code != 0, verified != 0, "refused, and verify knows nothing of it")
                if number % 10 == 0:  # going on does no more harm
                    code, _, err = self.end(self.start("run", "study.toml", "-o", "faulty"))
                    self.assert_said(code, err, (0, 2, 6))
                    if code == 0:
                        self.assertEqual(self.table("faulty"), self.expected)
                for path in file.parent.glob("store.sqlite-*"):
                    path.unlink()
        print(f"{self.tried} mutated stores: {refused} refused, {reported} reported by verify", file=sys.stderr)
        self.assertGreater(refused, self.tried // 4)


if __name__ == "__main__":
    unittest.main()
