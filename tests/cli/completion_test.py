import shlex
import shutil
import subprocess
import unittest

from program import COMMANDS, ProgramTest

# Completes a line as bash does, and prints the words offered.
ASK_BASH = """
compopt() { :; }
source ./script
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_cucurbit
printf '%s\\n' "${COMPREPLY[@]}"
"""


class Completion(ProgramTest):
    def script(self, shell):
        self.write("script", self.call("completion", shell)[0])
        return "script"

    def offered(self, *words):
        done = subprocess.run(["bash", "-c", ASK_BASH, "bash", *words], cwd=self.folder, check=True,
                              capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_bash(self):
        subprocess.run(["bash", "-n", self.script("bash")], cwd=self.folder, check=True)
        self.assertEqual(sorted(self.offered("cucurbit", "")), sorted(COMMANDS + ["--help", "--version"]))
        self.assertEqual(self.offered("cucurbit", "exp"), ["explain", "export"])
        self.assertEqual(self.offered("cucurbit", "run", "--thr"), ["--threads"])
        self.assertEqual(self.offered("cucurbit", "export", "out", "--format", ""), ["csv", "jsonl", "npy"])
        self.assertIn("ildiz2025_figure1", self.offered("cucurbit", "init", "--preset", "ildiz"))
        self.assertEqual(self.offered("cucurbit", "completion", "f"), ["fish"])

    def test_zsh(self):
        script = self.script("zsh")
        text = (self.folder / script).read_text()
        self.assertTrue(text.startswith("#compdef cucurbit\n"))
        if not shutil.which("zsh"):
            # Quoting and blocks are those that bash has, too.
            subprocess.run(["bash", "-n", script], cwd=self.folder, check=True)
            return
        subprocess.run(["zsh", "-n", script], cwd=self.folder, check=True)

    def test_fish(self):
        script = self.script("fish")
        lines = (self.folder / script).read_text().splitlines()
        self.assertTrue(all(line.startswith("complete -c cucurbit -n ") for line in lines))
        for line in lines:
            words = shlex.split(line)
            self.assertEqual(words[-2], "-d")
            self.assertGreater(len(words[-1].split()), 1)
        if shutil.which("fish"):
            subprocess.run(["fish", "--no-execute", script], cwd=self.folder, check=True)

    def test_other_shells_are_refused(self):
        self.assertIn("bash", self.refused("completion", "tcsh"))


if __name__ == "__main__":
    unittest.main()
