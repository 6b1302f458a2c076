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

    def test_ranks_of_one_machine_take_one_card_each(self):
        for rank, card in ((0, "cuda:0"), (1, "cuda:1"), (3, "cuda:0")):
            ranks = {"OMPI_COMM_WORLD_RANK": str(rank), "OMPI_COMM_WORLD_SIZE": "4",
                     "OMPI_COMM_WORLD_LOCAL_RANK": str(rank)}
            folder = f"rank-{rank}"
            self.call("run", self.study, "--shard", "auto", "--device", "cuda", "-o", folder, "--set",
                      "precision.trials=256", env={**THREE, **ranks})
            facts = self.call("status", folder, "--manifest", "--format", "csv")[0]
            self.assertIn(f"device,{card}\n", facts)
            self.assertIn(f"shard,{rank + 1}/4\n", facts)

    def test_auto_takes_the_cpu_for_a_small_study_and_says_why(self):
        _, talk = self.call("run", self.study, env=THREE)
        self.assertRegex(talk, r"device: cpu \(the cpu needs about .* s with \d+ workers?, cuda:0 at least 1.5 s,")

    def test_replay_says_by_what_it_judges(self):
        self.call("run", self.study, "-o", "card", "--device", "cuda:0")
        self.call("run", self.study, "-o", "plain", "--device", "cpu")
        _, talk = self.call("replay", "card", "--trial", "1")
        self.assertIn("a card may have computed one of the two: not bits but 1e-07 of a value decide", talk)
        _, talk = self.call("replay", "plain", "--trial", "1", "--device", "cpu")
        self.assertIn("CPUs computed both: the same bits with one BLAS kernel", talk)

    def test_the_manifest_names_libraries_and_variables(self):
        self.call("run", self.study, "-o", "out", "--device", "cuda:0",
                  env={"CUBLAS_WORKSPACE_CONFIG": ":4096:8"})
        out, _ = self.call("status", "out", "--manifest", "--format", "csv")
        self.assertRegex(out, r"libraries.*cuBLAS \d+\.\d+")
        self.assertIn("CUBLAS_WORKSPACE_CONFIG=:4096:8", out)

    def test_doctor_warns_of_emulated_double_precision(self):
        out, talk = self.call("doctor", "--device", "cpu", env={"CUBLAS_EMULATE_DOUBLE_PRECISION": "1"})
        self.assertRegex(out, r"environment +doubtful")
        self.assertIn("CUBLAS_EMULATE_DOUBLE_PRECISION=1", talk)

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
