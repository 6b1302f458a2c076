"""One table whatever the threads, shards, ranks, interruptions, requeues and batches: every pair of their values occurs in some
run. Engines are apart: this is the CPU's."""

import itertools
import os
import random
import signal
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

from program import STUDY, ProgramTest

SHIM = os.environ["SHIM"]
FACTORS = {
    "threads": (1, 2, 3),
    "shards": (1, 2, 3, 5),  # tasks of an array
    "ranks": (1, 2, 4),  # of each task
    "interruption": (None, signal.SIGINT, signal.SIGKILL),
    "requeues": (0, 1, 3),  # by a time limit
    "cache": (16 << 10, 96 << 10, 16 << 20),
}
LEAST_RUNS = 24


def cover():
    """Runs in which every pair of values occurs, each next one the best of many by chance."""
    generator = random.Random(16)
    names = list(FACTORS)
    left = {((a, x), (b, y)) for a, b in itertools.combinations(names, 2) for x in FACTORS[a] for y in FACTORS[b]}
    runs = []

    def pairs(run):
        return set(itertools.combinations(run.items(), 2))

    while left or len(runs) < LEAST_RUNS:
        candidates = [{name: generator.choice(values) for name, values in FACTORS.items()} for _ in range(200)]
        runs.append(max(candidates, key=lambda run: len(pairs(run) & left)))
        left -= pairs(runs[-1])
    return runs


class Cover(ProgramTest):
    def setUp(self):
        super().setUp()
        study = STUDY.replace("p = 40", "p = [40, 200]").replace("n = [8, 16, 60]", "n = [30, 120]")
        self.write(self.study, study.replace("trials = 130", "trials = 300"))
        self.stops = {name: 0 for name in ("requeued", "SIGINT", "SIGKILL")}

    def part(self, folder, run, task, rank):
        """Computes one part, stopped as the run says."""
        environment = {"LD_PRELOAD": SHIM, "FAULT_CACHE": str(run["cache"])}
        if run["shards"] > 1:
            environment |= {"SLURM_ARRAY_TASK_ID": str(task), "SLURM_ARRAY_TASK_COUNT": str(run["shards"]),
                            "SLURM_ARRAY_TASK_MIN": "0", "SLURM_ARRAY_TASK_MAX": str(run["shards"] - 1),
                            "SLURM_ARRAY_TASK_STEP": "1"}
        if run["ranks"] > 1:
            environment |= {"OMPI_COMM_WORLD_RANK": str(rank), "OMPI_COMM_WORLD_SIZE": str(run["ranks"])}
        shard = ("--shard", "auto") if run["shards"] * run["ranks"] > 1 else ()
        command = ("run", self.study, "-o", folder, "--threads", run["threads"], *shard)
        for _ in range(run["requeues"]):
            process = self.start(*command, "--max-time", "0.001", env=environment)
            process.communicate(timeout=120)
            self.assertIn(process.returncode, (0, 75))
            self.stops["requeued"] += process.returncode == 75
        if run["interruption"]:
            process = self.start(*command, env=environment)
            store = self.folder / folder / "store.sqlite"
            while process.poll() is None and not store.exists():
                time.sleep(0.001)
            process.send_signal(run["interruption"])
            process.communicate(timeout=120)
            self.assertIn(process.returncode, (0, 75, -run["interruption"]))
            self.stops[run["interruption"].name] += process.returncode != 0
        self.call(*command, env=environment)

    def test_one_table(self):
        self.call("run", self.study, "-o", "whole")
        expected = self.table("whole")
        runs = cover()
        self.assertGreaterEqual(len(runs), LEAST_RUNS)
        for number, run in enumerate(runs):
            with self.subTest(**run):
                parts = [f"{number}-{task}-{rank}" for task in range(run["shards"]) for rank in range(run["ranks"])]
                for folder in parts:
                    self.part(folder, run, *map(int, folder.split("-")[1:]))
                self.call("merge", *parts, "-o", f"joined-{number}")
                self.assertEqual(self.table(f"joined-{number}"), expected)
                self.call("verify", f"joined-{number}")
        for name, count in self.stops.items():
            self.assertGreater(count, 3, f"{name}: nothing was stopped")

    def test_batches_differ(self):
        batches = {self.call("plan", self.study, "--format", "csv", "--device", "cpu",
                             env={"LD_PRELOAD": SHIM, "FAULT_CACHE": str(cache)})[0].splitlines()[2].split(",")[5]
                   for cache in FACTORS["cache"]}
        self.assertGreater(len(batches), 1, batches)


if __name__ == "__main__":
    unittest.main()
