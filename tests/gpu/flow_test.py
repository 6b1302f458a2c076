"""./gpu from outside: a whole report by the CUDA engine on its stand-in, with steps that fail and hang planted, and
what it says where there is no card. Programs come from the environment: CUCURBIT, STANDIN and PARITY, the last two
where they are built."""

import ctypes
import json
import os
import shutil
import signal
import stat
import subprocess
import tarfile
import tempfile
import time
import unittest
from pathlib import Path

HERE = Path(__file__).parent
SOURCE = HERE.parents[1]
STANDIN = os.environ.get("STANDIN", "")
STUDY = """\
schema = 1
study = { name = "tiny", kind = "model_shift", seed = 7 }
target = { n = [15, 20], noise_std = 0.2, arms = ["standard"] }
precision = { trials = 130 }
[population]
p = 60
spectrum = { kind = "isotropic" }
signal = { kind = "power_law", exponent = 1.5 }
"""
# As long as a user's patience would be longer than a step's limit.
HANGS = "#!/bin/bash\necho begun\ntrap '' TERM\nsleep 1000 & wait\nsleep 1000\n"
RECORDED_BENCH = '#!/bin/bash\nfor each; do case $each in --benchmark_out=*) cp "{}" "${{each#*=}}";; esac; done\n'


def has_driver():
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


class Flow(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.report = self.folder / "report"

    def bundle(self, program):
        """A bundle's tree with this program in it, and a study small enough for the stand-in."""
        tree = self.folder / "bundle"
        (tree / "bin").mkdir(parents=True)
        shutil.copytree(SOURCE / "scripts" / "gpu", tree / "scripts" / "gpu", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(SOURCE / "gpu", tree / "gpu")
        (tree / "bin" / "cucurbit").symlink_to(program)
        (tree / "examples").mkdir()
        for name in ("tiny", "ildiz2025_figure1"):
            (tree / "examples" / f"{name}.toml").write_text(STUDY)
        (tree / "scripts" / "gpu" / "studies.json").write_text(json.dumps(
            [{"name": "tiny", "what": "a tiny study", "study": "tiny", "set": ["precision.trials=256"]}]))
        return tree

    def tool(self, name, text):
        """A program of the toolkit, as if it were installed."""
        path = self.folder / "tools" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def environment(self):
        return {**os.environ, "PATH": f"{self.folder / 'tools'}:{os.environ['PATH']}"}

    def gpu(self, tree, *arguments, code=0):
        done = subprocess.run([tree / "gpu", "-o", self.report, *arguments], cwd=self.folder, check=False, text=True,
                              env=self.environment(), capture_output=True, timeout=600)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def steps(self):
        return {record["name"]: record for record in json.loads((self.report / "steps.json").read_text())}


class NoCard(Flow):
    @unittest.skipIf(has_driver(), "this machine has a CUDA driver")
    def test_a_checkout_says_so_in_one_line(self):
        done = self.gpu(SOURCE, code=5)
        self.assertEqual((done.stdout, done.stderr.count("\n")), ("", 1))
        self.assertTrue(done.stderr.startswith("cucurbit: no NVIDIA card here: "), done.stderr)
        self.assertFalse(self.report.exists())

    @unittest.skipIf(has_driver(), "this machine has a CUDA driver")
    def test_so_does_a_bundle(self):
        done = self.gpu(self.bundle(os.environ["CUCURBIT"]), code=5)
        self.assertEqual((done.stdout, done.stderr.count("\n")), ("", 1))

    def test_what_the_cpu_can_do(self):
        self.gpu(self.bundle(os.environ["CUCURBIT"]), "--cpu-only")
        text = (self.report / "summary.txt").read_text()
        self.assertIn("a tiny study", text)
        self.assertIn("Figure 1 as shipped, the whole run: cpu", text)
        steps = self.steps()
        self.assertEqual(steps["figure1_cuda"]["problem"], "left out: no card")
        self.assertEqual([name for name, step in steps.items() if step["code"] not in (0, None)], [])

    def test_a_program_that_does_not_start_is_no_machine_without_a_card(self):
        done = self.gpu(self.bundle(self.tool("broken", "#!/bin/bash\necho libcublas.so.13: not found >&2\nexit 127\n")), code=1)
        self.assertIn("libcublas.so.13: not found", done.stderr)

    def test_a_step_that_there_is_not(self):
        tree = self.bundle(os.environ["CUCURBIT"])
        done = self.gpu(tree, "--cpu-only", "--only", "doctr", code=2)
        self.assertIn("steps are environment, devices, doctor", done.stderr)


@unittest.skipUnless(STANDIN, "no program with the stand-in is built")
class OnTheStandIn(Flow):
    def test_a_whole_report(self):
        tree = self.bundle(STANDIN)
        (tree / "bin" / "parity_operations").symlink_to(os.environ["PARITY"])
        (tree / "bin" / "cuda_bench").symlink_to(
            self.tool("recorded_bench", RECORDED_BENCH.format(HERE / "recorded" / "operations.json")))
        self.tool("compute-sanitizer", "#!/bin/bash\necho '========= ERROR SUMMARY: 3 errors'\nexit 3\n")
        packed = self.folder / "report.tar.xz"
        done = self.gpu(tree, "--pack", packed)
        text = (self.report / "summary.txt").read_text()
        self.assertEqual(done.stdout, text)
        self.assertRegex(text, "card  CUDA stand-in")
        self.assertRegex(text, r"doctor +[0-9]+ checks good\n")
        self.assertRegex(text, r"parity +([0-9]+) passed, 0 failed of \1 cases that ran, 0 did not run")
        self.assertIn("sanitizer  memcheck 3 errors", text)
        self.assertRegex(text, r"Figure 1 as shipped, the whole run: cpu [0-9.]+ s, cuda [0-9.]+ s")
        self.assertRegex(text, r"a tiny study +[0-9.,]+ +[0-9.,]+")
        steps = self.steps()
        self.assertEqual(steps["memcheck"]["problem"], "exit code 3")
        with tarfile.open(packed) as archive:
            names = archive.getnames()
        for name in ("summary.txt", "index.html", "table.md", "doctor.csv", "study_tiny.csv", "racecheck.log"):
            self.assertIn(f"report/{name}", names)

    def test_a_step_that_hangs_stops_no_other(self):
        tree = self.bundle(STANDIN)
        self.tool("compute-sanitizer", HANGS)
        self.gpu(tree, "--minutes", "1", "--only", "memcheck,racecheck,devices")
        steps = self.steps()
        self.assertEqual(steps["memcheck"]["problem"], "stopped after 10 s")
        self.assertLess(steps["memcheck"]["seconds"], 25)
        self.assertEqual((self.report / "memcheck.log").read_text(), "begun\n")
        self.assertEqual(list(steps), ["devices", "memcheck", "racecheck"])

    def test_late_steps_are_left_out_when_time_is_over(self):
        tree = self.bundle(STANDIN)
        self.tool("compute-sanitizer", HANGS)
        self.gpu(tree, "--minutes", "0.3", "--only", "devices,memcheck,racecheck")
        self.assertEqual(self.steps()["racecheck"]["problem"], "left out: no time")

    def test_devices_that_disagree_decide_the_exit_code(self):
        """A doctor who finds something bad is followed by the sanitizer at once, and the report says 4."""
        tree = self.bundle(self.tool("sick", f"""#!/bin/bash
if [ "$1" = doctor ]; then
    printf 'subject,health,error,allowed,finding\\ncuda:0 gram,bad,1,0,"far off"\\n'
    exit 4
fi
exec "{STANDIN}" "$@"
"""))
        self.tool("compute-sanitizer", "#!/bin/bash\necho '========= ERROR SUMMARY: 1 error'\n")
        self.gpu(tree, "--only", "doctor,devices", code=4)
        self.assertEqual(list(self.steps()), ["devices", "doctor", "doctor_memcheck"])
        self.assertIn("1 bad: cuda:0 gram: bad", (self.report / "summary.txt").read_text())

    def test_a_signal_leaves_a_whole_summary(self):
        tree = self.bundle(STANDIN)
        self.tool("compute-sanitizer", HANGS)
        process = subprocess.Popen([tree / "gpu", "-o", self.report, "--only", "devices,memcheck"], cwd=self.folder,
                                   env=self.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while not (self.report / "memcheck.log").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 128 + signal.SIGTERM)
        self.assertIn("card  CUDA stand-in", (self.report / "summary.txt").read_text())


if __name__ == "__main__":
    unittest.main()
