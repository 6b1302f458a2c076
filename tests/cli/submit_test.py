"""Array jobs, submitted to a sbatch that only records what it was asked."""

import json
import os
import signal
import subprocess
import time
import unittest

from program import LONG_STUDY, STUDY, ProgramTest

RECORD = """\
#!/usr/bin/env python3
import json, os, sys
with open(os.environ["CALLS"], "a") as calls:
    print(json.dumps(sys.argv), file=calls)
if "--refuse" in sys.argv:
    sys.exit("sbatch: error: no such option")
print("4711;cluster" if "--parsable" in sys.argv else "Submitted batch job 4712")
"""


class Submit(ProgramTest):
    def setUp(self):
        super().setUp()
        programs = self.folder / "programs"
        programs.mkdir()
        for name in ("sbatch", "scontrol"):
            (programs / name).write_text(RECORD)
            (programs / name).chmod(0o755)
        self.env = {"PATH": f"{programs}:{os.environ['PATH']}", "CALLS": str(self.folder / "calls")}

    def calls(self):
        file = self.folder / "calls"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def start_script(self, script, **environment):
        return subprocess.Popen(["bash", script], cwd="/", env={**os.environ, **self.env, **environment},
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def start_task(self, number, folder):
        return self.start_script(folder / "slurm" / "shard.sh", SLURM_ARRAY_JOB_ID="4711",
                                 SLURM_ARRAY_TASK_ID=str(number))

    def finish(self, process, code=0):
        _, err = process.communicate(timeout=600)
        self.assertEqual(process.returncode, code, err.decode())

    def test_an_array_and_the_merge_behind_it(self):
        self.call("run", self.study, "-o", "whole")
        folder = self.folder / "runs" / "it's 10 % mine"
        out, err = self.call("submit", "--slurm", self.study, "--shards", "3", "-o", folder, "--", "--time=4:00:00",
                             "--comment=a 'word'", env=self.env)
        self.assertEqual(out, "array job 4711: 3 shards\nSubmitted batch job 4712\n")
        quoted = "'" + str(folder).replace("'", "'\\''") + "'"
        self.assertIn(f"cucurbit status {quoted} ", err)
        array, merge = self.calls()
        for asked in ("--parsable", "--array=1-3", "--requeue", "--signal=B:USR1@120", "--time=4:00:00",
                      "--comment=a 'word'", f"--output={str(folder).replace('%', '%%')}/slurm/shard-%a.log"):
            self.assertIn(asked, array)
        self.assertEqual(array[-1], f"{folder}/slurm/shard.sh")
        for asked in ("--dependency=afterok:4711", "--time=4:00:00", "--comment=a 'word'"):
            self.assertIn(asked, merge)
        self.assertEqual(merge[-1], f"{folder}/slurm/merge.sh")
        # The study is the folder's from now on.
        self.write(self.study, STUDY.replace("seed = 7", "seed = 8"))
        for number in (1, 2, 3):
            self.finish(self.start_task(number, folder))
        self.finish(self.start_script(folder / "slurm" / "merge.sh"))
        self.assertEqual(self.table(folder), self.table("whole"))
        self.assertEqual(len(self.calls()), 2, "nothing is requeued")
        _, err = self.call("submit", "--slurm", folder, env=self.env)
        self.assertIn("is complete: nothing is submitted", err)
        self.assertEqual(len(self.calls()), 2)

    def test_a_warned_job_goes_back_into_the_queue(self):
        self.write("long.toml", LONG_STUDY)
        self.call("submit", "--slurm", "long.toml", "--shards", "2", env=self.env)
        task = self.start_task(2, self.folder / "runs" / "long")
        store = self.folder / "runs" / "long-2-of-2" / "store.sqlite"
        while not store.exists():
            time.sleep(0.05)
        time.sleep(0.5)
        task.send_signal(signal.SIGUSR1)
        self.finish(task, 75)
        self.assertEqual(self.calls()[2][1:], ["requeue", "4711_2"])

    def test_a_failed_job_does_not(self):
        self.call("submit", "--slurm", self.study, "--shards", "2", env=self.env)
        self.write("runs/small-1-of-2", "in the way")
        self.finish(self.start_task(1, self.folder / "runs" / "small"), 6)
        self.assertEqual(len(self.calls()), 2)

    def test_what_lacks_is_submitted_again(self):
        study = STUDY.replace("trials = 130", "rel_std_err = 0.015\nmax_trials = 1000")
        self.write("precise.toml", study)
        self.call("run", "precise.toml", "-o", "whole")
        folder = self.folder / "runs" / "small"
        rounds = 0
        while self.call("submit", "--slurm", "precise.toml" if rounds == 0 else folder, "--shards", "2",
                        env=self.env)[0]:
            for number in (1, 2):
                self.finish(self.start_task(number, folder))
            self.finish(self.start_script(folder / "slurm" / "merge.sh"))
            rounds += 1
        self.assertGreater(rounds, 1)
        self.assertEqual(self.table(folder), self.table("whole"))

    def test_print_changes_nothing(self):
        out, err = self.call("submit", "--slurm", self.study, "--print", env=self.env)
        self.assertEqual(err, "")
        self.assertEqual(out.count("#!/bin/bash\n"), 3)
        self.assertIn("--array=1-8", out)
        self.assertEqual(self.calls(), [])
        self.assertFalse((self.folder / "runs").exists())

    def test_refusals(self):
        self.assertIn("jobs need a folder without line breaks",
                      self.call("submit", "--slurm", self.study, "-o", "a\ntouch b; #", code=2, env=self.env)[1])
        self.assertIn("--slurm", self.refused("submit", self.study))
        for word in ("--array=1-9", "-a1-9"):
            self.assertIn("--shards N", self.refused("submit", "--slurm", self.study, "--", word))
        self.refused("submit", "--slurm", self.study, "--shards", "0")
        self.refused("submit", "--slurm", "absent.toml")
        self.assertFalse((self.folder / "runs").exists())
        self.call("submit", "--slurm", self.study, "--", "--refuse", code=2, env=self.env)
        self.assertEqual(len(self.calls()), 1)


if __name__ == "__main__":
    unittest.main()
