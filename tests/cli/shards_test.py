"""One table comes out however many machines share a study, with how many threads, stopped how often."""

import csv
import itertools
import os
import shutil
import subprocess
import unittest

from program import LONG_STUDY, PROGRAM, ProgramTest
from terminal import read_terminal

# Shards and threads of each: for one study all of them, else each number of shards.
ALL = list(itertools.product((1, 2, 3, 5, 8), (1, 2)))
SOME = [(1, 2), (3, 1), (8, 2)]
PRECISION = 'precision={rel_std_err = 0.004, max_trials = 1000}'


class Shards(ProgramTest):
    def preset(self, name, *edits):
        """A study of that preset, edited."""
        self.call("init", "--preset", name, "-o", "preset.toml")
        return ["preset.toml", *itertools.chain(*(("--set", edit) for edit in edits))]

    def shards(self, study, count, threads, interrupted, to):
        """Computes all shards; how often one was stopped. Every attempt may take longer than the one before."""
        stops = 0
        for number in range(1, count + 1):
            command = ["run", *study, "--shard", f"{number}/{count}", "--threads", threads, "-o", f"{to}-{number}"]
            seconds = 0.002 if interrupted else 600
            process = self.start(*command, "--max-time", seconds)
            while process.wait(timeout=600) == 75:
                process.communicate()
                stops += 1
                seconds *= 2
                process = self.start(*command, "--max-time", seconds)
            _, err = process.communicate()
            self.assertEqual(process.returncode, 0, err)
        return stops

    def joined(self, count, to):
        """What merge says at last; the folder is named as the shards are."""
        return self.call("merge", *(f"{to}-{number}" for number in range(1, count + 1)), "-o", to)[1]

    def one_table(self, study, divisions=SOME, rounds=1):
        """Every division gives the whole run's bytes, after so many rounds at most; every other one is interrupted."""
        self.call("run", *study, "-o", "whole")
        expected = self.table("whole")
        stops = 0
        for turn, (count, threads) in enumerate(divisions):
            to = f"joined-{count}-{threads}"
            stops += self.shards(study, count, threads, turn % 2 == 1, to)
            err = self.joined(count, to)
            for _ in range(rounds - 1):
                if "missing" not in err:
                    break
                self.assertIn("precision not reached", err)
                self.assertIn(f"cucurbit run {to} --shard I/N", err)
                stops += self.shards([to], count, threads, turn % 2 == 1, to)
                err = self.joined(count, to)
            self.assertIn(": complete\n", err)
            self.assertEqual(self.table(to), expected, f"{count} shards, {threads} threads")
            self.call("verify", to)
        self.assertGreater(stops, 0, "nothing was interrupted")

    def test_figure_1(self):
        self.one_table(self.preset("ildiz2025_figure1", "population.p=120", "target.n=[20, 60, 110, 160]",
                                   "precision.trials=400"), ALL)

    def test_weak_to_strong(self):
        self.one_table(self.preset("dong2025_recovery", "precision.trials=300"))

    def test_a_graph(self):
        self.one_table(self.preset("two_teachers", "precision.trials=150"))

    def test_gradient_descent(self):
        self.one_table(self.preset("nagarajan2023_eigen_progress", "precision.trials=130"))

    def test_one_design_to_a_precision(self):
        self.one_table(self.preset("ildiz2025_figure1", "population.p=60", "target.n=[20, 40]", PRECISION), rounds=9)

    def test_many_designs_to_a_precision(self):
        self.one_table(self.preset("dong2025_recovery", PRECISION.replace("0.004", "0.05")), rounds=9)

    def test_a_shard_of_a_later_round_is_tabled_and_judged(self):
        few = self.preset("ildiz2025_figure1", "population.p=60", "target.n=[20, 40]")
        for keep in ("trials", "moments"):
            study = [*few, "--set", f'precision={{rel_std_err = 0.001, max_trials = 4096, keep = "{keep}"}}']
            self.shards(study, 2, 1, False, f"{keep}-first")
            self.joined(2, f"{keep}-first")
            err = self.call("run", f"{keep}-first", "--shard", "2/2", "-o", f"{keep}-first-2-of-2")[1]
            self.assertRegex(err, "theory: [1-9][0-9]* rows judged: ")
            rows = list(csv.DictReader(self.table(f"{keep}-first-2-of-2").splitlines()))
            judged = [row for row in rows if row["estimand"] == "excess_risk" and row["z"]]
            self.assertGreater(len(judged), 2)
            self.assertEqual({(row["n_trials"], row["flags"]) for row in judged}, {("128", "incomplete")})
            state = self.call("status", f"{keep}-first-2-of-2", "--format", "csv")[0].splitlines()[1].split(",")
            self.assertEqual(state[-2:], ["128", "128"])

    def test_a_run_finishes_what_shards_began(self):
        study = self.preset("ildiz2025_figure1", "population.p=60", "target.n=[20, 40]", PRECISION)
        self.call("run", *study, "-o", "whole")
        self.shards(study, 3, 1, False, "joined")
        self.assertIn("256 trials missing (precision not reached in 1 of 1 design); run continues",
                      self.joined(3, "joined"))
        self.call("run", "joined")
        self.assertEqual(self.table("joined"), self.table("whole"))

    def test_more_trials_are_shared_too(self):
        study = self.preset("ildiz2025_figure1", "population.p=60", "target.n=[20, 40]", "precision.trials=100")
        self.shards(study, 2, 1, False, "joined")
        self.joined(2, "joined")
        self.call("run", *study, "--set", "precision.trials=700", "-o", "whole")
        more = ["joined", "--set", "precision.trials=700"]
        self.shards(more, 3, 1, False, "more")
        facts = self.call("status", "more-1", "--manifest", "--format", "csv")[0]
        self.assertIn("trials_computed,256\n", facts)
        self.call("merge", "joined", *(f"more-{number}" for number in (1, 2, 3)), "-o", "all")
        self.call("run", *more, "-o", "all")
        self.assertEqual(self.table("all"), self.table("whole"))

    def test_launchers_and_arrays_name_the_shards(self):
        self.call("run", self.study, "-o", "whole")
        array = {"SLURM_ARRAY_TASK_COUNT": "2", "SLURM_ARRAY_TASK_MIN": "0", "SLURM_ARRAY_TASK_MAX": "1",
                 "SLURM_ARRAY_TASK_STEP": "1"}
        launchers = {
            "array": [{**array, "SLURM_ARRAY_TASK_ID": str(task)} for task in (0, 1)],
            "ranks": [{"OMPI_COMM_WORLD_RANK": str(rank), "OMPI_COMM_WORLD_SIZE": "3",
                       "OMPI_COMM_WORLD_LOCAL_RANK": str(rank)} for rank in (0, 1, 2)],
            "both": [{**array, "SLURM_ARRAY_TASK_ID": str(task), "PMI_RANK": str(rank), "PMI_SIZE": "2"}
                     for task in (0, 1) for rank in (0, 1)]}
        for name, environments in launchers.items():
            for environment in environments:
                self.call("run", self.study, "--shard", "auto", env=environment)
            count = len(environments)
            self.call("merge", *(f"runs/small-{number}-of-{count}" for number in range(1, count + 1)), "-o", name)
            self.assertEqual(self.table(name), self.table("whole"))

    @unittest.skipUnless(shutil.which("mpirun"), "needs mpirun")
    def test_a_real_launcher(self):
        self.call("run", self.study, "-o", "whole")
        environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                       "OMPI_MCA_rmaps_base_oversubscribe": "1", "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe"}
        subprocess.run(["mpirun", "-n", "3", PROGRAM, "run", self.study, "--shard", "auto"], cwd=self.folder, check=True,
                       env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=600)
        self.call("merge", *(f"runs/small-{number}-of-3" for number in (1, 2, 3)), "-o", "joined")
        self.assertEqual(self.table("joined"), self.table("whole"))

    def test_status_tells_of_shards(self):
        self.write("long.toml", LONG_STUDY)
        self.call("run", self.study, "--shard", "1/2")
        self.call("run", "long.toml", "--shard", "2/3", "--max-time", "0.3", code=75)
        self.assertIn("shard 1/2, complete\n", self.call("status", "runs/small-1-of-2")[1])
        self.assertIn("shard 2/3, stopped\n", self.call("status", "runs/long-2-of-3")[1])
        self.call("run", self.study, "--shard", "9/9")
        out, err = self.call("status", "runs/small-1-of-2", "runs/long-2-of-3", "runs/small-9-of-9", "--format", "csv")
        self.assertEqual(err, "")
        rows = [line.split(",")[:5] for line in out.splitlines()]
        self.assertEqual(rows[0], ["folder", "shard", "trials", "missing", "ended"])
        self.assertEqual(rows[1], ["runs/small-1-of-2", "1/2", "128", "0", "complete"])
        self.assertEqual(rows[2][:2] + rows[2][4:], ["runs/long-2-of-3", "2/3", "stopped"])
        self.assertEqual(int(rows[2][2]) + int(rows[2][3]), 333_312)  # 5,208 of 15,625 blocks
        self.assertEqual(rows[3][:3] + rows[3][4:], ["runs/small-9-of-9", "", "0", "not begun"])
        self.refused("status", "runs/small-1-of-2", "runs/long-2-of-3", "--manifest")
        self.call("merge", "runs/small-1-of-2", "-o", "joined")
        self.assertIn("2 trials missing; run continues", self.call("status", "joined")[1])

    def looks(self, text):
        """The tables that a watch printed, each as rows of folder, shard, trials, missing, ended."""
        rows = [line.split(",")[:5] for line in text.splitlines()]
        starts = [number for number, row in enumerate(rows) if row[0] == "folder"]
        return [rows[start + 1:end] for start, end in zip(starts, [*starts[1:], len(rows)])]

    def test_a_watch_lasts_until_no_shard_lacks_a_trial(self):
        self.call("run", self.study, "--shard", "2/3")
        process = self.start("status", "--watch", "--every", "0.05", "runs/small", "--format", "csv")
        self.call("run", self.study, "--shard", "1/3")
        self.assertIsNone(process.poll())
        self.call("run", self.study, "--shard", "3/3")
        out, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, err), (0, b""))
        looks = self.looks(out.decode())
        self.assertEqual([row[0] for row in looks[0]], [f"runs/small-{number}-of-3" for number in (1, 2, 3)])
        self.assertEqual(looks[0][1], ["runs/small-2-of-3", "2/3", "64", "0", "complete"])
        self.assertEqual(looks[0][2], ["runs/small-3-of-3", "", "0", "", "not begun"])
        self.assertEqual([row[1:] for row in looks[-1]],
                         [["1/3", "64", "0", "complete"], ["2/3", "64", "0", "complete"], ["3/3", "2", "0", "complete"]])

    def test_a_watch_takes_shards_of_what_a_folder_lacks_for_that_part(self):
        self.call("run", self.study, "-o", "small")
        more = ("--set", "precision.trials=386")
        for number in (1, 2):
            self.call("run", "small", *more, "--shard", f"{number}/2")
        out, _ = self.call("status", "--watch", "small", "--format", "csv")
        self.assertEqual([row[1:] for row in self.looks(out)[-1]],
                         [["1/2", "128", "0", "complete"], ["2/2", "128", "0", "complete"]])

    def test_a_shard_of_the_study_is_not_taken_for_one_of_what_a_folder_lacks(self):
        self.call("run", self.study, "-o", "runs/small", "--set", "precision.trials=64")
        self.call("run", self.study, "--shard", "1/2")
        state = self.call("status", "runs/small-1-of-2", "--format", "csv")[0].splitlines()[1]
        self.assertEqual(state.split(",")[-2:], ["128", "128"])
        self.call("run", "runs/small", "--set", "precision.trials=320", "--shard", "2/2", "-o", "more")
        self.assertEqual(self.call("status", "more", "--format", "csv")[0].splitlines()[1].split(",")[-2:],
                         ["128", "128"])

    def test_a_watch_of_nothing_is_refused(self):
        self.assertIn("there is no such folder", self.refused("status", "--watch", "runs/smal", code=6))
        self.assertIn("--every", self.refused("status", "--every", "2", "runs/small"))
        for seconds in ("0", "-1", "nan", "1e300", "10s"):
            self.assertIn(f"'{seconds}' is no number of seconds above zero and up to 86400",
                          self.refused("status", "--watch", "--every", seconds, "runs/small"))

    def test_lines_on_a_terminal_take_the_place_of_those_before(self):
        self.call("run", self.study, "--shard", "1/2")

        def watch(terminal):
            process = subprocess.Popen([PROGRAM, "status", "--watch", "--every", "0.05", "runs/small"],
                                       cwd=self.folder, env={**os.environ, "TERM": "xterm"},
                                       stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal)
            self.call("run", self.study, "--shard", "2/2")
            return process

        process, text = read_terminal(watch)
        self.assertEqual(process.wait(timeout=60), 0)
        screens = text.replace("\r", "").split("\x1b[3F\x1b[J")  # up over the heading and two lines
        self.assertGreater(len(screens), 1)
        for screen in screens:
            self.assertEqual(len(screen.splitlines()), 3, screen)

    def test_auto_needs_one_answer(self):
        for command in ("run", "plan"):
            self.assertIn("looked for SLURM_ARRAY_TASK_ID", self.refused(command, self.study, "--shard", "auto"))
            err = self.refused(command, self.study, "--shard", "auto",
                               env={"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2", "PMI_RANK": "0",
                                    "PMI_SIZE": "2"})
            self.assertIn("OMPI_COMM_WORLD_RANK=1 and PMI_RANK=0 contradict each other", err)
        self.assertFalse((self.folder / "runs").exists())


if __name__ == "__main__":
    unittest.main()
