"""The program as a child of Python: its messages, Ctrl-C, and what remains when Python dies."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from needs import need

need("numpy", "pandas", "matplotlib", "pyarrow")

import numpy

import cucurbit
from cucurbit.files import replaced
from cucurbit.figures import save

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
from terminal import read_terminal

STUDY = """\
schema = 1
study = { name = "small", kind = "model_shift", seed = 7 }
population = { p = 40, spectrum = { kind = "power_law", exponent = 1.5 }, signal = { kind = "power_law", exponent = 1.5 } }
target = { n = [8, 16], noise_std = 0.2, arms = ["standard"] }
precision = { trials = 100 }
"""
LONG = STUDY.replace("p = 40", "p = 200").replace("trials = 100", "trials = 10000000")


class Process(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "study.toml").write_text(STUDY)
        (self.folder / "long.toml").write_text(LONG)

    def python(self, text, **options):
        return subprocess.Popen([sys.executable, "-c", "import cucurbit\n" + text], cwd=self.folder,
                                stdout=subprocess.PIPE, text=True, **{"stderr": subprocess.PIPE, **options})

    def computing(self, text, **options):
        """Python whose run has a folder and is going on."""
        process = self.python(text, **options)
        while not (self.folder / "out" / "study.toml").exists():
            self.assertIsNone(process.poll())
            time.sleep(0.05)
        time.sleep(0.5)
        return process

    def test_an_exception_has_the_programs_message(self):
        with self.assertRaises(cucurbit.ProgramError) as caught:
            cucurbit.run(self.folder / "absent.toml", self.folder / "out")
        self.assertEqual(caught.exception.exit_code, 2)
        self.assertRegex(str(caught.exception), "exit code 2: cucurbit: error: .*absent.toml")
        with self.assertRaisesRegex(cucurbit.ProgramError, "exit code 75: .*stopped .*; the same command continues"):
            cucurbit.run(self.folder / "long.toml", self.folder / "out", max_time="0.3s")

    def test_values_of_numpy_and_ranges(self):
        table = cucurbit.run(self.folder / "study.toml", self.folder / "out",
                             set={"target.n": numpy.arange(4, 7), "precision.trials": numpy.int64(10)})
        self.assertEqual(sorted(table["n"].unique()), [4, 5, 6])
        table = cucurbit.run(self.folder / "study.toml", self.folder / "other", set={"target.n": range(4, 7)})
        self.assertEqual(sorted(table["n"].unique()), [4, 5, 6])
        with self.assertRaisesRegex(ValueError, "None"):
            cucurbit.run(self.folder / "study.toml", self.folder / "none", set={"target.n": None})

    def test_progress_goes_to_stderr_of_python(self):
        process = self.python("cucurbit.run('study.toml', 'out')")
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, err)
        self.assertIn("cucurbit: complete: out", err)
        self.assertNotIn("\x1b", err)
        process = self.python("cucurbit.run('study.toml', 'out', quiet=True)")
        _, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, err), (0, ""))

    def test_a_bar_where_that_is_a_terminal(self):
        process, text = read_terminal(lambda terminal: self.python(
            "cucurbit.run('study.toml', 'out')", stderr=terminal, env={**os.environ, "TERM": "xterm"}))
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)
        self.assertRegex(text, r"\r\[=+\] +100 %  100 of 100 trials")

    def test_an_interrupt_is_a_keyboard_interrupt(self):
        process = self.computing("""
try: cucurbit.run('long.toml', 'out', threads=1)
except Exception as error: print('swallowed', error)
except KeyboardInterrupt as interrupt: print('interrupted', interrupt.__cause__.exit_code)
""")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
        self.assertEqual(out, "interrupted 75\n")
        self.assertIn("the same command continues", err)

    def test_python_that_dies_ends_its_run_and_frees_the_folder(self):
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGHUP):
            process = self.computing("cucurbit.run('long.toml', 'out', threads=1)", stderr=subprocess.DEVNULL)
            holder = int(re.search(r"process (\d+)", (self.folder / "out" / "store.lock").read_text())[1])
            process.send_signal(number)
            process.communicate(timeout=60)
            deadline = time.monotonic() + 60
            while Path(f"/proc/{holder}").exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            self.assertFalse(Path(f"/proc/{holder}").exists(), number)
            with self.assertRaisesRegex(cucurbit.ProgramError, "exit code 75"):
                cucurbit.run(self.folder / "long.toml", self.folder / "out", max_time="0.1s")
            (self.folder / "out" / "study.toml").unlink()

    def test_a_path_that_begins_with_a_dash_is_a_path(self):
        cucurbit.run(self.folder / "study.toml", self.folder / "-o")
        before = os.getcwd()
        os.chdir(self.folder)
        self.addCleanup(os.chdir, before)
        self.assertEqual(len(cucurbit.load("-o")), len(cucurbit.load(self.folder / "-o")))


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_a_file_that_fails_leaves_the_old_one(self):
        target = self.folder / "page.html"
        target.write_text("old")
        with self.assertRaises(RuntimeError), replaced(target) as fresh:
            fresh.write_text("half")
            raise RuntimeError
        self.assertEqual(target.read_text(), "old")
        self.assertEqual(os.listdir(self.folder), ["page.html"])
        with replaced(target) as fresh:
            fresh.write_text("new")
        self.assertEqual(target.read_text(), "new")

    def test_a_link_is_written_through(self):
        (self.folder / "true.html").write_text("old")
        (self.folder / "link.html").symlink_to("true.html")
        with replaced(self.folder / "link.html") as fresh:
            fresh.write_text("new")
        self.assertEqual((self.folder / "true.html").read_text(), "new")
        self.assertTrue((self.folder / "link.html").is_symlink())

    def test_a_runs_own_files_are_refused(self):
        (self.folder / "store.sqlite").write_text("data")
        with self.assertRaisesRegex(ValueError, "belongs to the run"), replaced(self.folder / "store.sqlite"):
            self.fail("nothing is written")
        self.assertEqual((self.folder / "store.sqlite").read_text(), "data")

    def test_figures_appear_whole(self):
        class Figure:
            def savefig(self, file, **_):
                Path(file).write_text("half")
                raise OSError("disk full")
        with self.assertRaises(OSError):
            save(Figure(), self.folder / "figure.png")
        self.assertEqual(os.listdir(self.folder), [])


if __name__ == "__main__":
    unittest.main()
