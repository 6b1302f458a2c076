"""What goes to stdout and what to stderr, in a log and on a terminal."""

import json
import os
import re
import signal
import subprocess
import unittest

from forged import scale_values
from program import LONG_STUDY, PROGRAM, ProgramTest
from terminal import read_terminal


class Talk(ProgramTest):
    def test_stdout_has_the_table_only(self):
        out, err = self.call("run", self.study)
        self.assertEqual(out, "")
        self.assertTrue((self.folder / "runs" / "small").is_dir())
        verdict, complete, following = err.splitlines()[-3:]
        self.assertRegex(verdict, r"^cucurbit: theory: \d+ rows judged: \d+ confirmed, 0 failed; \d+ without verdict$")
        self.assertEqual(complete, "cucurbit: complete: runs/small")
        for command in re.findall(r"cucurbit (\w+) runs/small", following):
            if command != "plot":  # needs Python packages
                self.call(command, "runs/small")
        self.assertEqual(following.count("runs/small"), 3)
        out, err = self.call("run", self.study, "--table")
        self.assertEqual(out.split()[:3], ["p", "n", "noise_std"])
        self.assertNotIn("cucurbit", out)
        self.assertTrue(all(line.startswith("cucurbit: ") for line in err.splitlines()), err)

    def test_a_quiet_run_says_warnings_alone(self):
        self.assertEqual(self.call("run", self.study, "--quiet"), ("", ""))
        out, err = self.call("run", self.study, "--quiet", "--table")
        self.assertEqual((out[:3], err), (" p ", ""))
        code, out, err = self.terminal("run", self.study, "-o", "again", "--quiet")
        self.assertEqual((code, out, err), (0, b"", ""))
        err = self.call("run", self.study, "-o", "idle", "--shard", "9/9", "--quiet")[1]
        self.assertRegex(err, "^cucurbit: warning: shard 9/9 has nothing to do: there are 3 blocks of trials to share\n$")

    def test_a_wrong_law_is_said_at_the_end(self):
        self.call("run", self.study, "-o", "out")
        scale_values(self.folder / "out" / "store.sqlite", 3.0)
        _, err = self.call("run", self.study, "-o", "out")
        self.assertRegex(err, r"warning: theory and simulation disagree: .* failed; .*\(cucurbit compare out says where\)")
        self.call("compare", "out", code=4)

    def test_export_says_nothing(self):
        self.call("run", self.study, "-o", "out")
        self.assertEqual(self.call("export", "out")[1], "")
        self.assertEqual(self.call("theory", self.study)[1], "")

    def test_a_closed_pipe_ends_quietly(self):
        process = subprocess.Popen([PROGRAM, "theory", self.study, "--set", "target.n={ range = [1, 39, 1] }",
                                    "--set", "target.noise_std={ logspace = [1e-3, 1], count = 200 }"],
                                   cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.read(10)
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b"")
        self.assertEqual(process.wait(timeout=60), -signal.SIGPIPE)
        process.stderr.close()

    def terminal(self, *arguments, **environment):
        """All that the program writes to stderr when that is a terminal."""
        process, text = read_terminal(lambda terminal: subprocess.Popen(
            [PROGRAM, *arguments], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=terminal,
            env={**os.environ, "TERM": "xterm-256color", **environment}))
        out, _ = process.communicate(timeout=60)
        return process.returncode, out, text

    def test_a_bar_on_a_terminal(self):
        self.write("long.toml", LONG_STUDY)
        code, out, err = self.terminal("run", "long.toml", "-o", "out", "--max-time", "2.5s")
        self.assertEqual(code, 75)
        bars = re.findall(r"\r\[[=> ]*\] +\d+ %  [\d,]+ of 1,000,000 trials  [^\r\x1b]*", err)
        self.assertGreater(len(bars), 1, err)
        self.assertTrue(all(len(bar) <= 80 for bar in bars), bars)
        self.assertTrue(any("left" in bar for bar in bars), bars)
        self.assertNotIn(b"\r", out)

    def test_plain_lines_on_a_terminal_without_a_cursor(self):
        self.write("long.toml", LONG_STUDY)
        code, _, err = self.terminal("run", "long.toml", "-o", "out", "--max-time", "2.5s", TERM="dumb")
        self.assertEqual(code, 75)
        self.assertNotIn("\x1b", err)
        self.assertNotIn("\r", err.replace("\r\n", "\n"))
        self.assertRegex(err, r"cucurbit: +\d+ %  [\d,]+ of 1,000,000 trials")

    def test_talk_that_nobody_hears_goes_into_no_file(self):
        process = subprocess.Popen([PROGRAM, "run", self.study, "-o", "out"], cwd=self.folder,
                                   stdout=subprocess.DEVNULL, preexec_fn=lambda: os.close(2))
        self.assertEqual(process.wait(timeout=60), 0)
        self.assertNotIn("cucurbit", (self.folder / "out" / "store.lock").read_text())

    def test_the_bar_is_full_at_the_end_and_wiped(self):
        code, out, err = self.terminal("run", self.study, "-o", "out")
        self.assertEqual(code, 0)
        self.assertRegex(err, r"\r\[=+\] +100 %  130 of 130 trials  [^\r\x1b]*\x1b\[K\r\x1b\[K")
        self.assertNotIn(b"\r", out)

    def test_a_line_now_and_then_in_a_log(self):
        self.write("long.toml", LONG_STUDY)
        _, log = self.call("run", "long.toml", "-o", "out", "--max-time", "2.5s", code=75)
        lines = re.findall(r"^cucurbit: +\d+ %  [\d,]+ of 1,000,000 trials  [\d.]+ s(?:, .* left)?$", log, re.M)
        self.assertEqual(len(lines), 1, log)
        self.assertNotIn("\r", log)
        self.assertNotIn("\x1b", log)

    def test_reports_for_another_program(self):
        _, err = self.call("run", self.study, "-o", "out", "--progress", "json")
        reports = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
        self.assertEqual(set(reports[0]), {"trials_done", "trials_total", "seconds", "seconds_left"})
        self.assertEqual((reports[-1]["trials_done"], reports[-1]["trials_total"]), (130, 130))
        self.assertIn("cucurbit: complete: out\n", err)
        self.assertIn("{auto,json}", self.refused("run", self.study, "--progress", "xml"))

    def test_colour_only_on_a_terminal_that_wants_it(self):
        red = "\x1b["
        code, _, err = self.terminal("check", "absent.toml", NO_COLOR="")
        self.assertEqual(code, 2)
        self.assertIn(red, err)
        self.assertNotIn(red, self.terminal("check", "absent.toml", NO_COLOR="1")[2])
        self.assertNotIn(red, self.terminal("check", "absent.toml", NO_COLOR="", TERM="dumb")[2])
        self.assertNotIn(red, self.call("check", "absent.toml", code=2)[1])


if __name__ == "__main__":
    unittest.main()
