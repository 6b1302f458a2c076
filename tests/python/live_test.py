"""A page that follows a run: what it says before, during and after one, and that it tells a wrong law."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from needs import need

need("numpy", "pandas", "matplotlib", "jinja2")

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

from forged import scale_values

import cucurbit

PROGRAM = os.environ["CUCURBIT"]
STUDY = """\
schema = 1
study = { name = "small", kind = "model_shift", seed = 7 }
population = { p = 40, spectrum = { kind = "power_law", exponent = 1.5 }, signal = { kind = "power_law", exponent = 1.5 } }
target = { n = 60, noise_std = 0.2, arms = ["standard"] }
precision = { trials = 100000000 }
"""
REFRESH = '<meta http-equiv="refresh" content="0.3">'


class Live(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "study.toml").write_text(STUDY)
        self.page = self.folder / "page.html"

    def program(self, *arguments, code=0):
        done = subprocess.run([PROGRAM, *arguments], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr

    def watch(self):
        watching = subprocess.Popen([PROGRAM, "report", "out", "-o", "page.html", "--watch", "--every", "0.3", "--python",
                                     sys.executable], cwd=self.folder, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (watching.kill(), watching.wait(), watching.stderr.close()))
        return watching

    def wait_for(self, text, seconds=60):
        """The page once it has a text."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.page.exists() and text in (page := self.page.read_text()):
                return page
            time.sleep(0.02)
        self.fail(f"the page never said {text!r}: {self.page.read_text() if self.page.exists() else 'no page'}")

    def test_before_during_and_after_a_run(self):
        watching = self.watch()
        self.assertIn("no run yet", self.wait_for(REFRESH))
        broken, ended = [], threading.Event()

        def read_all():
            while not ended.is_set():
                if not self.page.read_text().rstrip().endswith("</html>"):
                    broken.append(self.page.read_text())

        reader = threading.Thread(target=read_all)
        reader.start()
        run = subprocess.Popen([PROGRAM, "run", "study.toml", "-o", "out"], cwd=self.folder, stderr=subprocess.DEVNULL)
        page = self.wait_for("1 rows confirmed")
        run.send_signal(signal.SIGINT)
        self.assertEqual(run.wait(timeout=60), 75)
        self.assertIn(REFRESH, page)
        self.assertRegex(page, r"so far: [\d,]+ of 100,000,000 trials")
        self.assertIn("hold at all looks together", page)
        self.assertIn("<svg", page)
        self.assertNotRegex(page, r"<script|@import|url\((?!#)")
        self.assertEqual(watching.wait(timeout=60), 0, watching.stderr.read())
        ended.set()
        reader.join()
        self.assertEqual(broken, [])
        page = self.page.read_text()
        self.assertNotIn("refresh", page)
        self.assertRegex(page, "unfinished")
        self.assertIn("hold at all looks together", page)  # whoever stopped it may have looked
        # Of a complete run it is the page of any other time.
        done = self.program("extend", "out", "--trials", "100000", "--force")
        self.assertIn("complete", done)
        cucurbit.watch(self.folder / "out", self.page, every=0.3)
        watched = self.page.read_text()
        cucurbit.report(self.folder / "out", self.page)
        self.assertEqual(watched, self.page.read_text())
        self.assertNotIn("all looks", watched)

    def test_a_wrong_law_fails_while_the_run_goes_on(self):
        self.program("run", "study.toml", "-o", "out", "--set", "precision.trials=50000")
        # Planted: values of which the law is no more the mean.
        scale_values(self.folder / "out" / "store.sqlite", 1.2)
        self.assertEqual(list(cucurbit.compare(self.folder / "out", any_time=True)["verdict"])[:1], ["failed"])
        run = subprocess.Popen([PROGRAM, "run", "study.toml", "-o", "out"], cwd=self.folder, stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (run.kill(), run.wait()))
        watching = self.watch()
        page = self.wait_for("first after")
        self.assertIn(REFRESH, page)
        self.assertRegex(page, r"1 row failed,\s+first after [\d,]+ trials")
        self.assertRegex(page, r'<span class="failed">1 failed</span>')
        watching.send_signal(signal.SIGINT)
        self.assertEqual(watching.wait(timeout=60), 130)
        self.assertNotIn("Traceback", watching.stderr.read())
        self.assertNotIn("refresh", self.page.read_text())
        self.assertTrue(self.page.read_text().rstrip().endswith("</html>"))

    def test_a_row_that_failed_at_a_look_stays_failed(self):
        import pandas

        from cucurbit.live import Watched

        run = Watched(self.folder / "out")
        look = pandas.DataFrame({"n": [1, 2], "arm": "standard", "estimand": "excess_risk", "estimate": 1.0,
                                 "n_trials": [256, 256], "verdict": ["confirmed", "failed"]})
        self.assertEqual(list(run.judge(look)["verdict"]), ["confirmed", "failed"])
        later = look.assign(verdict="confirmed", n_trials=512)
        self.assertEqual(list(run.judge(later)["verdict"]), ["confirmed", "failed"])
        self.assertEqual(run.failed_at, [256])
        run.ended = run.complete = True
        self.assertEqual(list(run.judge(later)["verdict"]), ["confirmed", "confirmed"])

    def test_what_is_asked_wrongly(self):
        self.assertIn("--watch", self.program("report", "out", "--every", "3", code=2))
        self.assertIn("number of seconds", self.program("report", "out", "--watch", "--every", "never", "--python",
                                                        sys.executable, code=2))
        (self.folder / "out").mkdir()
        (self.folder / "out" / "store.sqlite").write_bytes(b"no store" * 100)
        self.assertIn("store.sqlite", self.program("report", "out", "--watch", "--every", "0.1", "--python", sys.executable,
                                                   code=6))


if __name__ == "__main__":
    unittest.main()
