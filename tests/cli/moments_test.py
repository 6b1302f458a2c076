"""Runs that keep moments: the table of all trials, whatever stops, divides or grows them."""

import csv
import io
import math
import random
import signal
import unittest

from forged import scale_values
from program import ProgramTest

STUDY = """\
schema = 1
study = { name = "cheap", kind = "weak_to_strong", seed = 3 }
weak = { d = 4, n = [5, 8, 20], noise_std = 0.3 }
precision = { trials = 32000, keep = "moments" }

[population]
p = 10
signal = { kind = "subspace", of = "both", norm = 1.0 }

[strong]
d = 3
n_pseudo = [30, 100]
overlap = { shared = [1, 2] }
"""
ALL = ("--set", 'precision.keep="trials"')


def rows(table):
    return list(csv.DictReader(io.StringIO(table)))


class Moments(ProgramTest):
    WHOLE = None  # the bytes of the store of a whole run, and its table

    def setUp(self):
        super().setUp()
        self.write("cheap.toml", STUDY)
        if Moments.WHOLE is None:
            self.call("run", "cheap.toml", "-o", "whole")
            Moments.WHOLE = {path.name: path.read_bytes() for path in (self.folder / "whole").iterdir()}
        else:
            (self.folder / "whole").mkdir()
            self.write_bytes({f"whole/{name}": contents for name, contents in Moments.WHOLE.items()})
        self.expected = self.table("whole")

    def test_the_table_is_that_of_all_trials(self):
        self.call("run", "cheap.toml", "-o", "all", *ALL)
        found, expected = rows(self.expected), rows(self.table("all"))
        self.assertEqual(len(found), len(expected))
        sizes = [(path / "store.sqlite").stat().st_size for path in (self.folder / "whole", self.folder / "all")]
        self.assertLess(20 * sizes[0], sizes[1])
        self.assertGreater(sum("pgr" == row["estimand"] for row in found), 0)
        for row, wanted in zip(found, expected):
            if "moments_only" in row["flags"]:
                self.assertIn("near_interpolation", row["flags"])
                self.assertEqual(row["estimate"], "")
                continue
            for column in wanted:
                if row[column] == wanted[column]:
                    continue
                number, value = float(row[column]), float(wanted[column])
                size = max(abs(value), 1.0) * 100 if column == "z" else abs(value)
                self.assertLess(abs(number - value), 1e-12 * size, (column, wanted))
        self.assertTrue(any(math.isfinite(float(row["z"])) for row in found if row["z"]))
        self.assertEqual(self.call("compare", "whole")[1].splitlines()[-1], self.call("compare", "all")[1].splitlines()[-1])

    def test_what_needs_single_trials_is_refused(self):
        for command in (("export", "whole", "--trials"), ("export", "whole", "--quantiles", "0.5"), ("replay", "whole")):
            self.assertIn("whole keeps moments", self.refused(*command))
        self.assertIn("'keep=moments' in the folder, nothing in this study",
                      self.refused("run", "cheap.toml", "-o", "whole", *ALL))
        self.assertIn("error: --trials 1000: precision.trials: moments are kept of blocks of 64 trials",
                      self.refused("extend", "whole", "--trials", 1000))
        self.assertIn("keeps moments of trials 1024 to 2047 together",
                      self.refused("extend", "whole", "--force", "--trials", 1088))

    def test_the_plan_says_how_large_both_are(self):
        for keep, words in ((), "kB of moments; every trial would take"), (ALL, 'of trials; keep = "moments" takes'):
            self.assertRegex(self.call("plan", "cheap.toml", *keep)[1], rf"on disk: about \S+ .*{words} \S+ .B\n")

    def test_killed_and_continued_and_grown(self):
        generator = random.Random(7)
        for number in (signal.SIGINT, signal.SIGKILL):
            directory, wait, stops = f"stopped-{number}", 0.05, 0
            while True:
                process = self.start("run", "cheap.toml", "-o", directory, "--threads", generator.choice((1, 3)))
                try:
                    process.communicate(timeout=wait * (0.5 + generator.random()))
                except Exception:
                    process.send_signal(number)
                    process.communicate(timeout=120)
                if process.returncode == 0:
                    break
                self.assertIn(process.returncode, (75, -number))
                stops, wait = stops + 1, 1.5 * wait
            self.assertGreater(stops, 0)
            self.assertEqual(self.table(directory), self.expected)
        for trials in (640, 32000):
            self.call("run", "cheap.toml", "-o", "grown", "--set", f"precision.trials={trials}")
        self.assertEqual(self.table("grown"), self.expected)
        self.call("verify", "grown")

    def test_shards_joined_are_the_whole(self):
        folders = []
        for number in (3, 1, 2):
            self.call("run", "cheap.toml", "--shard", f"{number}/3")
            folders.append(f"runs/cheap-{number}-of-3")
        self.call("merge", *folders, "-o", "joined")
        self.assertEqual(self.table("joined"), self.expected)
        self.assertIn(" 0 values copied", self.call("merge", *folders, "-o", "joined")[1])
        self.assertIn("complete", self.call("status", "joined")[1])
        scale_values(self.folder / folders[0] / "store.sqlite", 1.5)
        self.call("verify", folders[0])
        _, err = self.call("merge", folders[0], "-o", "joined", code=4)
        self.assertIn("such as the mean of ", err)
        self.assertEqual(self.table("joined"), self.expected)

    def test_damage_is_found(self):
        file = self.folder / "whole" / "store.sqlite"
        contents = bytearray(file.read_bytes())
        at = contents.rindex(b"\0\0\0\0\0\0\xf0\x3f")  # the unit 1.0 of some moments
        contents[at + 20] ^= 1
        file.write_bytes(contents)
        self.refused("verify", "whole", code=4)
        self.refused("export", "whole", code=6)


if __name__ == "__main__":
    unittest.main()
