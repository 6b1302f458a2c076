"""The program on cards that are none: the CUDA engine run on the CPU by the stand-in."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
from program import ProgramTest  # noqa: E402

THREE = {"CUCURBIT_STANDIN": "devices=3"}


class Cards(ProgramTest):
    def test_they_are_listed_with_their_free_memory(self):
        out, _ = self.call("devices", "--format", "csv", env=THREE)
        rows = [line.split(",") for line in out.splitlines()[1:]]
        self.assertEqual([row[0] for row in rows], ["cpu", "cuda:0", "cuda:1", "cuda:2"])
        self.assertEqual([row[1] for row in rows[1:]], [str(256 << 20)] * 3)

    def test_auto_takes_them_and_says_so(self):
        _, talk = self.call("run", self.study, env=THREE)
        self.assertIn("device: cuda:0,1,2 (cards come before the cpu)", talk)

    def test_the_table_is_the_same_on_one_card_and_on_two(self):
        self.call("run", self.study, "-o", "one", "--device", "cuda:0")
        self.call("run", self.study, "-o", "two", "--device", "cuda:2,1", env=THREE)
        self.assertEqual(self.table("one"), self.table("two"))

    def test_a_card_that_is_not_there_is_named(self):
        message = self.refused("run", self.study, "--device", "cuda:0,3", code=5, env=THREE)
        self.assertIn("no device 'cuda:3'", message)
        self.assertIn("there is cpu, cuda:0, cuda:1, cuda:2", message)

    def test_a_study_that_no_card_can_hold(self):
        small = {"CUCURBIT_STANDIN": "memory=100000000"}
        self.assertIn("cuda:0 has 0 MiB for a worker",
                      self.refused("run", self.study, "--device", "cuda", code=5, env=small))

    def test_doctor_finds_the_cards_engine_good(self):
        out, _ = self.call("doctor")
        self.assertRegex(out, r"engine cuda:0 +good")


if __name__ == "__main__":
    unittest.main()
