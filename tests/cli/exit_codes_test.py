import os
import unittest

from program import LONG_DESCENT, STUDY, ProgramTest

PLAIN = os.geteuid() == 0


class Usage(ProgramTest):
    def test_nothing_asked_for(self):
        self.assertIn("no command", self.refused())

    def test_unknown_command_names_the_nearest(self):
        self.assertIn("unknown command 'exprot'; did you mean export?", self.refused("exprot", "x"))
        self.assertNotIn("did you mean", self.refused("zzzzzzzz"))

    def test_unknown_option_names_the_nearest(self):
        self.assertIn("unknown option --tread; did you mean --threads?",
                      self.refused("run", self.study, "--tread", "2"))
        self.assertIn("did you mean --format?", self.refused("theory", self.study, "--fromat=csv"))
        self.assertIn("did you mean --version?", self.refused("--versoin"))

    def test_superfluous_and_missing_arguments(self):
        self.assertIn("unexpected argument 'two'", self.refused("check", self.study, "two"))
        self.assertIn("STUDY", self.refused("run"))
        self.assertIn("DIR", self.refused("export"))

    def test_help_by_name(self):
        self.assertEqual(self.call("help"), self.call("--help"))
        self.assertEqual(self.call("help", "run"), self.call("run", "--help"))
        self.assertIn("did you mean run?", self.refused("help", "rnu"))

    def test_what_is_meant_is_named(self):
        self.call("run", self.study, "-o", "out")
        for arguments, meant, code in (
                (["run", self.study, "--trials", "10"], "--set precision.trials=N", 2),
                (["check", self.study, "--set", "n=20"], "did you mean 'target.n'?", 2),
                (["compare", self.study], "is a file, not a run's folder; cucurbit run makes one", 6),
                (["compare", "runs/typo"], "there is no such folder", 6),
                (["export", "out", "--format", "parquet"], "python3 -m cucurbit parquet DIR", 2),
                (["run", self.study, "--shard", "1/2", "--table"], "--table", 2)):
            self.assertIn(meant, self.refused(*arguments, code=code))
        (self.folder / "empty").mkdir()
        self.assertIn("it is no run's folder", self.refused("status", "empty", code=6))

    # First hour, repro 10: extend shrank a table without a word.
    def test_fewer_trials_than_stored_need_force(self):
        self.call("run", self.study, "-o", "out")
        before = self.table("out")
        err = self.refused("extend", "out", "--trials", "20")
        self.assertIn("holds 130 trials of a design", err)
        self.assertIn("--force", err)
        self.assertEqual(self.table("out"), before)
        self.call("extend", "out", "--trials", "20", "--force")
        self.assertNotEqual(self.table("out"), before)
        self.call("extend", "out", "--trials", "130")
        self.assertEqual(self.table("out"), before)

    def test_several_faults_have_a_line_each(self):
        study = STUDY.replace("trials = 130", "trails = 130").replace("seed = ", "sed = 1\nseed = ")
        out, err = self.call("check", self.write("faults.toml", study), code=2)
        self.assertEqual(out, "")
        lines = err.splitlines()
        self.assertEqual(len(lines), 2, err)
        self.assertTrue(all(line.startswith("cucurbit: error: faults.toml:") for line in lines), err)

    def test_values_that_are_not_allowed(self):
        for arguments in (["--threads", "0"], ["--threads", "-1"], ["--threads", "two"],
                          ["--max-time", "soon"], ["--max-time", "-5"], ["--max-time", "10y"],
                          ["--max-time", "0"], ["--device", "gpu"], ["--device", "cuda:x"],
                          ["--set", "target.n"], ["--set", "=3"]):
            self.refused("run", self.study, *arguments)
        for arguments in (["--devices", "gpu"], ["--devices", "cpu,"], ["--seconds", "0"], ["--seconds", "inf"]):
            self.refused("bench", self.study, *arguments)
        self.assertFalse((self.folder / "runs").exists())
        self.assertIn("csv", self.refused("export", "x", "--format", "xml"))

    def test_times_are_understood(self):
        for time in ("90", "90s", "10m", "2h", "1.5h", "30min", "1h30m", "01:30:00", "1-00:00:00", "1H", "1e10", "9e999"):
            self.call("run", self.study, "-o", "out", "--max-time", time, "--set", "study.name=\"x\"")

    def test_a_time_that_is_not_understood_lists_what_is(self):
        for time in ("10 minutes", "1h 30m", "30m1h", "01:60:00", "1-24:00", "0s", "00:00:00", "nan", "-5", ""):
            err = self.refused("run", self.study, "--max-time", time)
            for allowed in ("90s, 30min, 1h30m", "HH:MM:SS", "D-HH:MM:SS"):
                self.assertIn(allowed, err)

    def test_npy_is_not_written_to_a_terminal(self):
        controller, terminal = os.openpty()
        process = self.start("theory", self.study, "--format", "npy")
        process.communicate()
        self.assertEqual(process.returncode, 0)
        import subprocess
        from program import PROGRAM
        done = subprocess.run([PROGRAM, "theory", self.study, "--format", "npy"], cwd=self.folder,
                              stdout=terminal, stderr=subprocess.PIPE, check=False)
        os.close(terminal)
        os.close(controller)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"-o FILE", done.stderr)


class Inputs(ProgramTest):
    """What a command reads is never what it writes."""

    def test_a_runs_own_files_are_no_output(self):
        self.call("run", self.study, "-o", "out")
        before = self.table("out")
        for name in ("store.sqlite", "store.lock", "study.toml", "../out/store.sqlite"):
            err = self.refused("export", "out", "-o", f"out/{name}")
            self.assertIn("belongs to the run", err)
        self.refused("status", "out", "-o", "out/store.lock")
        (self.folder / "link").symlink_to("out/store.sqlite")
        self.refused("export", "out", "-o", "link")
        self.assertEqual(self.table("out"), before)
        self.call("export", "out", "-o", "out/table.csv")

    def test_a_study_is_not_the_output_of_its_theory(self):
        for command in ("theory", "plan"):
            self.assertIn("is what is read", self.refused(command, self.study, "-o", self.study))
        self.assertEqual((self.folder / self.study).read_text(), STUDY)

    def test_a_study_that_was_edited_beside_its_run(self):
        self.call("run", self.study, "-o", "out")
        edited = self.folder / "out" / "study.toml"
        edited.write_text(STUDY.replace("trials = 130", "trials = 140"))
        for command in (["run", "out"], ["extend", "out", "--trials", "150"]):
            err = self.refused(*command)
            self.assertIn("cucurbit run out/study.toml -o out takes the edit", err)
        self.assertIn("140", edited.read_text())
        self.assertEqual(self.call("status", "out", "--study")[0], STUDY)
        self.call("run", "out/study.toml", "-o", "out")
        self.assertIn("140", self.call("status", "out", "--study")[0])
        edited.unlink()
        self.call("run", "out")
        self.assertIn("140", edited.read_text())

    def test_a_run_killed_before_its_study_was_in_place_continues(self):
        self.call("run", self.study, "-o", "out")
        study = self.folder / "out" / "study.toml"
        (self.folder / "out" / "study.toml.new").write_text(STUDY)
        study.write_text(STUDY.replace("trials = 130", "trials = 120"))
        self.call("run", "out")
        self.assertEqual(study.read_text(), STUDY)

    def test_links_in_a_folder_lead_nowhere(self):
        self.call("run", self.study, "-o", "out")
        victim = self.folder / "victim"
        victim.write_text("precious")
        (self.folder / "out" / "study.toml.new").symlink_to("../victim")
        self.call("run", "out")
        (self.folder / "out" / "store.lock").unlink()
        (self.folder / "out" / "store.lock").symlink_to("../victim")
        self.refused("run", "out", code=6)
        self.assertEqual(victim.read_text(), "precious")

    def test_numbers_that_replay_does_not_take(self):
        self.call("run", self.study, "-o", "out")
        self.assertIn("'-1' is no trial's number", self.refused("replay", "out", "--trial=-1"))
        self.assertIn("'nan' is no relative difference", self.refused("replay", "out", "--tolerance", "nan"))


class Precision(ProgramTest):
    def test_a_precision_that_was_not_reached_is_said_and_flagged(self):
        study = STUDY.replace("trials = 130", "rel_std_err = 1e-9\nmax_trials = 600")
        self.write("precise.toml", study)
        _, err = self.call("run", "precise.toml", "-o", "out")
        self.assertRegex(err, r"warning: max_trials was reached before the precision in \d+ rows \(flag imprecise\); worst: ")
        rows = self.table("out").splitlines()[1:]
        self.assertTrue(any(row.endswith("imprecise") or " imprecise" in row or ",imprecise" in row for row in rows))
        # Exact zeros and means without variance do not decide.
        self.assertFalse(any("imprecise" in row for row in rows if "zero_risk" in row or "near_interpolation" in row))
        self.write("coarse.toml", study.replace("1e-9", "0.9"))
        _, err = self.call("run", "coarse.toml", "-o", "coarse")
        self.assertNotIn("imprecise", err + self.table("coarse"))


class Studies(ProgramTest):
    def bad(self, text, *wanted):
        self.write("bad.toml", text)
        for command in ("check", "plan", "theory", "run"):
            err = self.refused(command, "bad.toml")
            for part in wanted:
                self.assertIn(part, err)
        self.assertFalse((self.folder / "runs").exists())

    def test_a_fault_is_placed(self):
        self.bad(STUDY.replace("trials = 130", "trails = 130"), "bad.toml:19:", "trails", "trials")
        self.bad(STUDY.replace("n = [8, 16, 60]", "n = 0"), "bad.toml:14:")
        self.bad(STUDY.replace("seed = 7", "seed = "), "bad.toml:6:")
        self.bad(STUDY + "[surprise]\nx = 1\n", "bad.toml:20:", "surprise")

    def test_a_study_that_is_not_there(self):
        for command in ("check", "plan", "theory", "run"):
            self.assertIn("absent.toml", self.refused(command, "absent.toml"))

    def test_edits_count_as_the_file(self):
        self.assertIn("trails", self.refused("check", self.study, "--set", "precision.trails=3"))
        out, _ = self.call("check", self.study, "--set", "precision.trials=3", "--set", "target.n=[9, 10]")
        self.assertIn("4 points", out)
        self.assertIn("3 trials", out)

    def test_another_study_does_not_continue_a_folder(self):
        self.call("run", self.study, "-o", "out")
        before = self.table("out")
        self.refused("run", self.study, "-o", "out", "--set", "study.seed=8")
        self.refused("run", self.study, "-o", "out", "--set", "population.spectrum.exponent=1.25")
        self.assertEqual(self.table("out"), before)

    def test_a_name_that_is_no_folder_needs_one(self):
        self.write("odd.toml", STUDY.replace('"small"', '"../elsewhere"'))
        self.refused("run", "odd.toml")
        self.assertFalse((self.folder.parent / "elsewhere").exists())


class Trials(ProgramTest):
    def test_too_many_failed_trials(self):
        """Descents that diverge beyond the largest double."""
        self.write("beyond.toml", LONG_DESCENT.replace("step_fraction = 1.0", "step_fraction = 64.0")
                   .replace("steps = [30, 300]", "steps = 1000").replace('"cross_entropy"', '"squared"')
                   .replace('kind = "softmax", classes = 3, strength = 4.0, flip = [0.0, 0.4]',
                            'kind = "linear", noise_std = 0.1')
                   .replace("momentum = 0.5", "batch = 5").replace("test = 40\n", "").replace("trials = 150", "trials = 20"))
        _, err = self.call("run", "beyond.toml", code=3)
        self.assertIn("error: 100 % of the trials failed", err)
        self.call("export", "runs/descent")


class Devices(ProgramTest):
    def test_a_device_that_is_absent(self):
        out, _ = self.call("devices", "--format", "csv")
        if "\ncuda" in out:
            self.skipTest("this machine has a CUDA device")
        self.refused("run", self.study, "--device", "cuda", code=5)
        self.refused("run", self.study, "--device", "cuda:3", code=5)
        self.refused("doctor", "--device", "cuda", code=5)
        out, err = self.call("bench", self.study, "--devices", "cuda", code=5)
        self.assertEqual(out, "")
        self.assertIn("no device 'cuda'", err)
        self.assertFalse((self.folder / "runs").exists())

    def test_more_memory_than_there_is(self):
        self.write("huge.toml", STUDY.replace("p = 40", "p = 8000").replace("[8, 16, 60]", "[7000]"))
        import resource
        limit = 1 << 30
        process = self.start("run", "huge.toml", "--threads", "1",
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
        out, err = process.communicate(timeout=600)
        if b"AddressSanitizer failed to allocate" in err:
            self.skipTest("the sanitizer's shadow does not fit under an address-space limit")
        self.assertEqual((process.returncode, out), (5, b""), err)


class Stores(ProgramTest):
    def test_a_folder_that_is_not_there(self):
        for command in ("status", "export", "compare", "replay", "verify"):
            self.assertIn("absent", self.refused(command, "absent", code=6))
        self.assertFalse((self.folder / "absent").exists())

    def test_a_folder_that_is_a_file(self):
        self.write("file", "x")
        self.assertIn("file", self.refused("export", "file", code=6))
        self.call("run", self.study, "-o", "file", code=6)
        self.assertEqual((self.folder / "file").read_text(), "x")

    @unittest.skipIf(PLAIN, "root may write anywhere")
    def test_a_folder_that_cannot_be_written(self):
        (self.folder / "locked").mkdir(mode=0o555)
        _, err = self.call("run", self.study, "-o", "locked/out", code=6)
        self.assertIn("locked/out", err)

    def test_a_folder_where_none_can_be(self):
        _, err = self.call("run", self.study, "-o", "/proc/cucurbit", code=6)
        self.assertIn("/proc/cucurbit", err)

    def test_stdout_that_takes_nothing(self):
        with open("/dev/full", "wb") as full:
            import subprocess
            from program import PROGRAM
            for command in (["theory", self.study], ["cite"], ["check", self.study], ["--help"]):
                done = subprocess.run([PROGRAM, *command], cwd=self.folder, stdout=full,
                                      stderr=subprocess.PIPE, check=False)
                self.assertEqual(done.returncode, 6, command)
                self.assertIn(b"standard output", done.stderr)

    def test_an_output_that_is_a_link_or_a_device_stays_one(self):
        table = self.call("theory", self.study)[0]
        self.assertEqual(self.call("theory", self.study, "-o", "/dev/stdout")[0], table)
        self.call("theory", self.study, "-o", "/dev/null")
        (self.folder / "link.csv").symlink_to("table.csv")
        self.call("theory", self.study, "-o", "link.csv")
        self.assertTrue((self.folder / "link.csv").is_symlink())
        self.assertEqual((self.folder / "table.csv").read_text(), table)

    def test_an_output_file_that_cannot_be_written(self):
        self.refused("theory", self.study, "-o", "absent/table.csv", code=6)
        self.refused("theory", self.study, "-o", "/dev/full", code=6)


if __name__ == "__main__":
    unittest.main()
