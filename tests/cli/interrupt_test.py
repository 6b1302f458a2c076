import re
import resource
import signal
import time
import unittest

from program import LONG_STUDY, ProgramTest, send


class Interrupt(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("long.toml", LONG_STUDY)

    def started(self, *arguments, **options):
        """A run that has stored something and is still going."""
        process = self.start("run", "long.toml", "-o", "out", "--threads", "1", *arguments, **options)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            if self.trials_done() > 0:
                return process
            time.sleep(0.02)
        self.fail(f"the run ended or stored nothing: {process.communicate()}")

    def trials_done(self):
        process = self.start("status", "out", "--format", "csv")
        out, _ = process.communicate()
        lines = out.decode().split()
        if process.returncode != 0 or len(lines) < 2:
            return 0
        return int(dict(zip(lines[0].split(","), lines[1].split(",")))["trials_done"])

    def ends(self, process, code=75):
        out, err = (stream.decode() for stream in process.communicate(timeout=120))
        self.assertEqual(process.returncode, code, err)
        self.assertEqual(out, "")
        return err

    # First hour, repro 8: SIGUSR1 killed a run.
    def test_each_signal_stops_after_the_trials_in_flight(self):
        for number, why in ((signal.SIGINT, "interrupted"), (signal.SIGTERM, "SIGTERM"), (signal.SIGHUP, "SIGHUP"),
                            (signal.SIGUSR1, "SIGUSR1"), (signal.SIGUSR2, "SIGUSR2"), (signal.SIGXCPU, "ulimit -t")):
            process = self.started("--set", f"study.seed={int(number)}")
            send(process, number)
            err = self.ends(process)
            self.assertRegex(err, f"cucurbit: .*{why}.*: stopping after the trials in flight")
            found = re.search(r"stopped after ([\d,]+) of 1,000,000 trials; the same command continues", err)
            self.assertTrue(found, err)
            done = int(found[1].replace(",", ""))
            self.assertTrue(0 < done < 1_000_000, err)
            self.assertEqual(self.trials_done(), done)
            self.remove("out")

    def test_the_second_signal_stops_at_once(self):
        process = self.started()
        send(process, signal.SIGINT)
        send_after = time.monotonic() + 0.01
        while time.monotonic() < send_after:
            pass
        send(process, signal.SIGINT)
        self.ends(process)

    def test_cpu_time_that_runs_out(self):
        process = self.start("run", "long.toml", "-o", "out", "--threads", "1",
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (1, resource.RLIM_INFINITY)))
        self.assertIn("the limit on CPU time (ulimit -t) is reached", self.ends(process))
        self.assertGreater(self.trials_done(), 0)

    def test_a_signal_that_was_ignored_stays_ignored(self):
        process = self.started(preexec_fn=lambda: signal.signal(signal.SIGUSR1, signal.SIG_IGN))
        send(process, signal.SIGUSR1)
        time.sleep(0.3)
        self.assertIsNone(process.poll())
        send(process, signal.SIGTERM)
        self.assertNotIn("SIGUSR1", self.ends(process))

    def test_a_reader_of_talk_that_goes_away_is_no_reason_to_stop(self):
        process = self.started()
        process.stderr.close()
        time.sleep(0.3)
        self.assertIsNone(process.poll())
        send(process, signal.SIGINT)
        self.assertEqual(process.wait(timeout=120), 75)
        process.stdout.close()

    def test_time_that_runs_out(self):
        begun = time.monotonic()
        err = self.ends(self.start("run", "long.toml", "-o", "out", "--max-time", "0.3s"))
        self.assertLess(time.monotonic() - begun, 30)
        self.assertIn("the same command continues", err)

    def test_a_job_that_starts_again_and_again_comes_to_its_end(self):
        slow = ("--set", "population.p=600", "--set", "target.n=[500]", "--set", "precision.trials=40")
        self.call("run", self.study, "-o", "whole", *slow)
        starts, code = 0, 75
        while code == 75:
            process = self.start("run", self.study, "-o", "out", "--max-time", "0.001", "--threads", "1", *slow)
            process.communicate(timeout=60)
            code = process.returncode
            starts += 1
            self.assertLessEqual(starts, 40)  # a trial at least in each
        self.assertEqual(code, 0)
        self.assertGreater(starts, 1)
        self.assertEqual(self.table("out"), self.table("whole"))

    def remove(self, name):
        for file in (self.folder / name).iterdir():
            file.unlink()
        (self.folder / name).rmdir()


if __name__ == "__main__":
    unittest.main()
