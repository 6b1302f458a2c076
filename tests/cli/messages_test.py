"""Mistakes of a newcomer lead to what was meant: see also exit_codes_test.py and tests/malformed."""

import csv
import io
import unittest

from program import LONG_DESCENT, LONG_FEATURES, STUDY, ProgramTest


class Messages(ProgramTest):
    def faults(self, text):
        """What check says of a study, a line for each fault, without the program's name and the file's."""
        self.write("bad.toml", text)
        out, err = self.call("check", "bad.toml", code=2)
        self.assertEqual(out, "")
        return [line.removeprefix("cucurbit: error: bad.toml:").partition(": ")[2] for line in err.splitlines()]

    def test_unknown_keys_come_before_those_they_were_meant_for(self):
        teacher = 'teacher = { loss = "cross_entropy", epochs = 20, learning_rate = 1.0, batch = 16 }'
        lines = self.faults("\n".join(teacher if line.startswith("teacher") else line
                                      for line in LONG_DESCENT.splitlines()))
        self.assertEqual([line.partition("; ")[0] for line in lines],
                         ["teacher.epochs: unknown key", "teacher.learning_rate: unknown key",
                          "teacher.steps: missing", "teacher.step_fraction: missing"])
        self.assertIn("steps, step_fraction, step_size", lines[0])
        self.assertEqual(lines[3], "teacher.step_fraction: missing; give it, or step_size")

    def test_labels_of_classes_need_no_flips(self):
        for place, kind in enumerate(('"logistic"', '"softmax", classes = 3')):
            labels = f"{{ kind = {kind}, strength = 4.0 }}"
            study = "\n".join(f"labels = {labels}" if line.startswith("labels") else line
                              for line in LONG_DESCENT.splitlines())
            self.write("clean.toml", study)
            self.call("run", "clean.toml", "-o", f"run-{place}", "--set", "precision.trials=1")
            self.assertEqual({row["flip"] for row in csv.DictReader(io.StringIO(self.table(f"run-{place}")))}, {"0"})

    def test_no_advice_that_is_refused_too(self):
        [line] = self.faults(STUDY.replace("trials = 130", "trials = 1e3"))
        self.assertTrue(line.endswith("; write 1000"), line)
        subspaces = """\
schema = 1
study = { name = "subspaces", kind = "weak_to_strong", seed = 1 }
population = { p = 30, signal = { kind = "subspace", of = "strong" } }
weak = { d = 6, n = 20, noise_std = 0.3 }
strong = { d = 4, n_pseudo = 1e12, overlap = { shared = 2 } }
precision = { trials = 4 }
"""
        [line] = self.faults(subspaces)
        self.assertEqual(line, "strong.n_pseudo: 1e+12 is not allowed; allowed: a whole number from 1 to 1000000000")
        [line] = self.faults(subspaces.replace("1e12", "1e6"))
        self.assertTrue(line.endswith("to 1000000000; write 1000000"), line)

    def test_a_missing_file_names_the_folder_that_should_hold_it(self):
        lines = self.faults(LONG_FEATURES)
        self.assertEqual(lines[0], "features.weak: file 'weak.npy': there is no such file in the study's folder")
        (self.folder / "below").mkdir()
        self.write("below/bad.toml", LONG_FEATURES)
        err = self.call("check", "below/bad.toml", code=2)[1]
        self.assertIn("there is no such file in the study's folder, below\n", err)
        self.write("below/make.py", "")
        err = self.call("check", "below/bad.toml", code=2)[1]
        self.assertIn("in the study's folder, below; perhaps python3 below/make.py writes it\n", err)


if __name__ == "__main__":
    unittest.main()
