"""Limits on address space, file sizes and the parent's life: the program ends, says why, and keeps what it has."""

import os
import re
import resource
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

from program import LONG_DESCENT, LONG_STUDY, PROGRAM, STUDY, ProgramTest, npy

MIB = 1 << 20


def limited(which, bytes_allowed):
    return lambda: resource.setrlimit(which, (bytes_allowed, bytes_allowed))


class AddressSpace(ProgramTest):
    """OpenBLAS maps 128 MiB a thread and retries for ever where it may not."""

    def setUp(self):
        super().setUp()
        process = self.start("--version", preexec_fn=limited(resource.RLIMIT_AS, 8192 * MIB))
        _, err = process.communicate(timeout=60)
        if b"AddressSanitizer" in err:
            self.skipTest("the sanitizer's shadow does not fit under an address-space limit")

    def test_commands_end(self):
        self.call("run", self.study, "-o", "out")
        for arguments in (["--version"], ["check", self.study], ["export", "out"], ["status", "out"]):
            process = self.start(*arguments, preexec_fn=limited(resource.RLIMIT_AS, 120 * MIB))
            process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0, arguments)

    def test_a_run_computes_or_says_what_it_lacks(self):
        self.write("descent.toml", LONG_DESCENT)
        table = None
        for mebibytes in (100, 200, 280, 400, 700, 1000):
            process = self.start("run", "descent.toml", "-o", f"out{mebibytes}", "--threads", "2", "--set",
                                 "precision.trials=4", preexec_fn=limited(resource.RLIMIT_AS, mebibytes * MIB))
            out, err = process.communicate(timeout=300)
            self.assertIn(process.returncode, (0, 5, 127), (mebibytes, err))
            if process.returncode == 127:  # the system's loader, before the program
                self.assertIn(b"error while loading shared libraries", err)
            elif process.returncode == 5:
                self.assertRegex(err.decode(), "ulimit -v|memory")
            else:
                table = table or out
                self.assertEqual(out, table)
        self.assertEqual(process.returncode, 0)

    def test_one_thread_of_many_cores(self):
        process = self.start("run", self.study, "-o", "out", "--threads", "1")
        process.communicate(timeout=60)
        self.write("long.toml", LONG_STUDY)
        process = self.start("run", "long.toml", "-o", "long", "--threads", "1")
        time.sleep(1)
        with open(f"/proc/{process.pid}/status") as status:
            threads = int(next(line for line in status if line.startswith("Threads:")).split()[1])
        process.kill()
        process.communicate()
        self.assertEqual(threads, 2)  # the main thread and one worker; none of OpenBLAS's own


class PlannedMemory(ProgramTest):
    """What plan says of memory is near a run's peak: measured within 10 %, a third is for other machines' libraries."""

    def peak(self, study):
        """Of a run, in MiB."""
        process = subprocess.Popen([PROGRAM, "run", study, "--threads", "2", "--device", "cpu"], cwd=self.folder,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        return usage.ru_maxrss / 1024

    def test_a_run_takes_what_was_planned(self):
        if b"__asan_init" in Path(PROGRAM).read_bytes():
            self.skipTest("a sanitizer takes memory of its own")
        many_points = STUDY.replace("p = 40", "p = 3").replace("[8, 16, 60]", "{ range = [7, 106, 1] }") \
                           .replace("[0.0, 0.2]", "{ range = [1.0, 500.0, 1.0] }").replace("trials = 130", "trials = 2")
        large_trials = STUDY.replace("p = 40", "p = 1500").replace("[8, 16, 60]", "[400, 800, 1200]") \
                            .replace("trials = 130", "trials = 32")
        many_trials = STUDY.replace("p = 40", "p = 20").replace("[8, 16, 60]", "{ range = [2, 40, 2] }") \
                           .replace("trials = 130", "trials = 30000")
        for name, text, least in (("many", many_points, 80), ("large", large_trials, 80), ("long", many_trials, 30)):
            self.write("study.toml", text.replace('"small"', f'"{name}"'))
            _, err = self.call("plan", "study.toml", "--threads", "2", "--device", "cpu")
            planned = float(re.search(r"about (\d+) MiB of this machine in all", err)[1])
            peak = self.peak("study.toml")
            self.assertGreater(peak, least)
            self.assertTrue(0.75 < planned / peak < 1.33, f"{planned} MiB planned, {peak:.0f} MiB taken")


class FileSize(ProgramTest):
    def test_a_limit_on_file_sizes_is_a_full_disk(self):
        self.write("long.toml", LONG_STUDY)
        process = self.start("run", "long.toml", "-o", "out", "--threads", "1",
                             preexec_fn=limited(resource.RLIMIT_FSIZE, 200_000))
        _, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 6, err)
        self.assertRegex(err.decode(), "store.sqlite: .*(File too large|disk)")
        self.call("verify", "out")
        self.call("run", "out", "--max-time", "0.2s", code=75)

    def test_an_export_that_does_not_fit_leaves_nothing(self):
        self.call("run", self.study, "-o", "out")
        process = self.start("export", "out", "--trials", "-o", "table.csv",
                             preexec_fn=limited(resource.RLIMIT_FSIZE, 1000))
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 6, err)
        self.assertEqual([file.name for file in self.folder.iterdir() if "table" in file.name], [])


class Budget(ProgramTest):
    def test_a_budget_becomes_the_precision_it_reached(self):
        self.write("sizes.toml", STUDY.replace("p = 40", "p = [20, 80, 160]").replace("n = [8, 16, 60]", "n = [8, 12]"))
        start = time.monotonic()
        _, err = self.call("run", "sizes.toml", "-o", "out", "--budget", "1.5s")
        self.assertLess(time.monotonic() - start, 10)
        self.assertIn("as many trials as a budget of 1.5s allows", err)
        self.assertRegex(err, "forecast: a relative standard error of 0.0")
        self.assertRegex(err, "reached: a relative standard error of 0.0")
        self.assertNotIn("incomplete", self.table("out"))
        self.assertNotIn("imprecise", self.table("out"))
        self.assertIn("complete", self.call("status", "out")[1])
        self.call("run", "out/study.toml", "-o", "again")  # without a clock
        self.assertEqual(self.table("again"), self.table("out"))
        large = ("--set", "population.p=1000", "--set", "target.n=[400]")
        self.call("run", "sizes.toml", "-o", "none", "--budget", "0.001", *large, code=75)
        for other in (("--max-time", "1s"), ("--shard", "1/2")):
            self.assertIn("--budget", self.refused("run", "sizes.toml", "--budget", "1s", *other))


class MappedFile(ProgramTest):
    """Files above 256 MiB are mapped, and reading beyond the end of one that has become shorter is a SIGBUS."""

    STUDY = """\
schema = 1
study = { name = "mapped", kind = "features", seed = 1 }
weak = { n = 100 }
strong = { n_pseudo = 100 }
precision = { trials = 1 }
[features]
weak = "weak.npy"
strong = "weak.npy"
labels = "labels.npy"
task = "regression"
test = 100
"""

    def test_a_file_that_shrinks_is_said(self):
        rows, columns = 40_000, 1000
        header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, {columns}), }}\n".encode()
        head = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
        with open(self.folder / "weak.npy", "wb") as file:
            file.write(head)
            file.truncate(len(head) + 8 * rows * columns)
        self.write_bytes({"labels.npy": npy([[1.0]] * rows)})
        process = self.start("run", self.write("mapped.toml", self.STUDY), "-o", "out")
        while "weak.npy" not in Path(f"/proc/{process.pid}/maps").read_text():
            self.assertIsNone(process.poll())
            time.sleep(0.001)
        os.truncate(self.folder / "weak.npy", 4096)
        _, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 6, err)
        self.assertIn("a mapped file, such as a study's features, became shorter", err.decode())


class Parent(ProgramTest):
    def test_a_run_ends_with_the_process_that_it_was_told_of(self):
        self.write("long.toml", LONG_STUDY)
        parent = subprocess.Popen([sys.executable, "-c", f"""
import os, subprocess
os.environ["CUCURBIT_PARENT"] = str(os.getpid())
child = subprocess.Popen([{PROGRAM!r}, "run", "long.toml", "-o", "out", "--threads", "1"], stderr=subprocess.DEVNULL)
print(child.pid, flush=True)
child.wait()
"""], cwd=self.folder, stdout=subprocess.PIPE)
        child = int(parent.stdout.readline())
        while not (self.folder / "out" / "store.lock").exists():
            time.sleep(0.02)
        time.sleep(0.5)
        parent.kill()
        parent.wait()
        parent.stdout.close()
        deadline = time.monotonic() + 60
        # Free again: the same command continues.
        while time.monotonic() < deadline:
            process = self.start("run", "out", "--max-time", "0.1s")
            _, err = process.communicate(timeout=60)
            if process.returncode == 75:
                return
            self.assertIn(f"process {child} ", err.decode())
            time.sleep(0.1)
        os.kill(child, signal.SIGKILL)
        self.fail("the run went on without its parent")

    def test_a_script_between_the_two_is_no_hindrance(self):
        self.call("run", self.study, env={"CUCURBIT_PARENT": str(os.getppid())})


if __name__ == "__main__":
    unittest.main()
