"""Shards of a study, joined, are the run of the whole study."""

import random
import signal
import time
import unittest

from forged import scale_values
from program import STUDY, ProgramTest

MANY = STUDY.replace("p = 40", "p = [30, 40, 50, 60]").replace("n = [8, 16, 60]", "n = [8, 150]")


class Merge(ProgramTest):
    WHOLE = None  # the bytes of the whole study's store, and its table: computed by the first test

    def setUp(self):
        super().setUp()
        self.write("many.toml", MANY)
        if Merge.WHOLE is None:
            self.call("run", "many.toml", "-o", "whole")
            Merge.WHOLE = {path.name: path.read_bytes() for path in (self.folder / "whole").iterdir()}
        else:
            (self.folder / "whole").mkdir()
            self.write_bytes({f"whole/{name}": contents for name, contents in Merge.WHOLE.items()})
        self.expected = self.table("whole")
        self.assertEqual(self.expected.count("excess_risk"), 4 * 2 * 2 * 2)

    def shards(self, count, numbers):
        folders = []
        for number in numbers:
            out, err = self.call("run", "many.toml", "--shard", f"{number}/{count}")
            self.assertEqual(out, "")
            self.assertRegex(err, rf"\(shard {number}/{count}: \d+ of 520 trials\)")
            self.assertIn(f"cucurbit merge runs/small-*-of-{count} -o runs/small joins", err)
            folders.append(f"runs/small-{number}-of-{count}")
        return folders

    def test_shards_joined_are_the_whole(self):
        for count in (1, 3, 6):
            folders = self.shards(count, range(1, count + 1))
            _, err = self.call("merge", *folders, "-o", f"joined-{count}")
            self.assertIn("complete", err)
            self.assertEqual(self.table(f"joined-{count}"), self.expected)
            self.call("verify", f"joined-{count}")

    def test_a_shard_computes_its_part_of_each_design_alone(self):
        folder, = self.shards(3, [2])
        rows = self.call("status", folder, "--format", "csv")[0].splitlines()[1:]
        self.assertEqual([row.split(",")[5] for row in rows], ["64"] * 4)

    # First hour, repro 9: a shard of nothing was complete without a word.
    def test_a_shard_without_trials_says_so(self):
        for number, count in ((4, 4), (7, 1000)):
            folder = f"runs/small-{number}-of-{count}"
            _, err = self.call("run", self.study, "--shard", f"{number}/{count}")
            self.assertIn(f"cucurbit: warning: shard {number}/{count} has nothing to do: there are 3 blocks of trials "
                          "to share\n", err)
            self.assertIn(f"complete: {folder} (shard {number}/{count}: 0 of 130 trials)", err)
        for number in (1, 2, 3):
            _, err = self.call("run", self.study, "--shard", f"{number}/4")
            self.assertNotIn("warning", err)
        self.call("merge", folder, *(f"runs/small-{number}-of-4" for number in (1, 2, 3, 4)), "-o", "joined")
        self.call("run", self.study, "-o", "whole-small")
        self.assertEqual(self.table("joined"), self.table("whole-small"))

    def test_what_lacks_can_come_later_or_be_computed(self):
        folders = self.shards(3, [1, 2])
        _, err = self.call("merge", folders[0], "-o", "joined")
        self.assertIn("missing; run continues", err)
        before = self.table("joined")
        _, err = self.call("merge", *folders, "-o", "joined")
        self.assertIn(f"{folders[0]}: 0 values copied, 2,048 were there", err)
        self.assertIn(f"{folders[1]}: 2,048 values copied, 0 were there", err)
        self.assertNotEqual(self.table("joined"), before)
        self.call("run", "joined")
        self.assertEqual(self.table("joined"), self.expected)
        _, err = self.call("merge", "whole", "-o", "joined")
        self.assertIn("whole: 0 values copied, 4,160 were there", err)
        self.assertEqual(self.table("joined"), self.expected)

    def test_tells_who_computed(self):
        folders = self.shards(2, [1, 2])
        self.call("merge", *folders, "-o", "joined")
        facts = self.call("status", "joined", "--manifest", "--format", "csv")[0]
        for folder in folders:
            self.assertIn(f"merged,{folder}\n", facts)
        self.assertEqual(facts.count("trials_computed,"), 2)

    def test_trials_and_grids_may_differ(self):
        self.call("run", "many.toml", "-o", "few", "--set", "precision.trials=100")
        self.call("merge", "few", "whole", "-o", "joined")
        self.call("run", "many.toml", "-o", "joined")
        self.assertEqual(self.table("joined"), self.expected)
        self.call("run", "many.toml", "-o", "narrow", "--set", "target.n=8")
        _, err = self.call("merge", "narrow", "-o", "whole")
        self.assertIn("narrow: 0 values copied, 2,080 were there", err)
        self.assertIn("narrow: its study differs", err)
        self.assertEqual(self.table("whole"), self.expected)

    def test_refuses_what_does_not_belong_together(self):
        self.call("run", "many.toml", "-o", "seed", "--set", "study.seed=8")
        err = self.refused("merge", "seed", "-o", "whole")
        self.assertIn("another study", err)
        self.assertIn("seed", err)
        self.refused("merge", "whole", "seed", "-o", "joined")
        self.assertFalse((self.folder / "joined").exists())
        self.refused("merge", "whole", "-o", "whole")
        self.refused("merge", "absent", "-o", "joined", code=6)
        self.assertFalse((self.folder / "joined").exists())
        self.refused("merge", "whole")
        self.assertEqual(self.table("whole"), self.expected)
        for shard in ("0/3", "4/3", "3", "a/b", "1/0", "-1/3", "1/3/3"):
            self.assertIn("from 1/N to N/N", self.refused("run", "many.toml", "--shard", shard))
        for same in ("whole", "whole/", "./whole"):
            self.assertIn("lacking trials are divided", self.refused("run", "whole", "--shard", "1/2", "-o", same))

    def test_shards_that_disagree_are_not_joined(self):
        """The second folder's values are 50 % off: whoever computed them, one of the two is wrong."""
        folder, = self.shards(3, [2])
        self.call("merge", folder, "-o", "joined")
        before = self.table("joined")
        scale_values(self.folder / folder / "store.sqlite", 1.5)
        self.call("verify", folder)
        out, err = self.call("merge", folder, "-o", "joined", code=4)
        self.assertEqual(out, "")
        self.assertIn("joined", err)
        self.assertIn(folder, err)
        self.assertEqual(self.table("joined"), before)

    def test_into_a_folder_that_was_only_begun(self):
        (self.folder / "joined").mkdir()
        self.write("joined/store.sqlite", "")
        self.call("merge", "whole", "-o", "joined")
        self.assertEqual(self.table("joined"), self.expected)
        self.write("whole/store.sqlite", "")
        self.assertIn("is empty", self.refused("merge", "whole", "-o", "joined", code=6))
        self.write("joined/store.sqlite", "no store of anyone's, but long enough to be looked at" * 99)
        self.refused("merge", "joined", "-o", "other", code=6)

    def test_killed_and_repeated(self):
        self.call("run", "many.toml", "-o", "whole", "--set", "precision.trials=10000")
        expected = self.table("whole")
        generator = random.Random(5)
        kills, wait = 0, 0.02
        while True:
            process = self.start("merge", "whole", "-o", "joined")
            try:
                process.communicate(timeout=wait * (0.5 + generator.random()))
            except Exception:
                process.send_signal(signal.SIGKILL)
                process.communicate()
            self.assertIn(process.returncode, (0, -signal.SIGKILL))
            if process.returncode == 0:
                break
            kills += 1
            wait *= 1.2
        self.assertGreater(kills, 0)
        self.assertEqual(self.table("joined"), expected)
        begun = time.monotonic()
        self.call("merge", "whole", "-o", "joined")
        self.assertLess(time.monotonic() - begun, 20)


if __name__ == "__main__":
    unittest.main()
