import os
import stat
import sys
import unittest

from program import PROGRAM, ProgramTest


class Python(ProgramTest):
    def interpreter(self, text):
        file = self.folder / "interpreter"
        file.write_text("#!/bin/sh\n" + text)
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
        return file

    def test_passes_the_folder_its_options_and_itself_on(self):
        python = self.interpreter('shift 2; echo "$CUCURBIT $*"; exit 7\n')
        out, _ = self.call("plot", "out", "--python", python, "--kind", "risk", "-o", "x.png", code=7)
        self.assertEqual(out, f"{os.path.realpath(PROGRAM)} plot out --kind risk -o x.png\n")

    def test_a_report_takes_several_folders_and_a_file(self):
        python = self.interpreter('shift 2; echo "$*"\n')
        self.assertEqual(self.call("report", "a", "b", "-o", "x.html", "--python", python)[0],
                         "report a b -o x.html\n")
        self.assertEqual(self.call("report", "a", "--python", python)[0], "report a\n")
        self.assertIn("--kind", self.refused("report", "a", "--kind", "risk", "--python", python))
        self.refused("report", "--python", python)

    def test_without_the_package(self):
        # -S -E: an interpreter without any package that was installed.
        python = self.interpreter('exec /usr/bin/env python3 -S -E "$@"\n')
        _, err = self.call("plot", "out", "--python", python, code=2)
        self.assertIn("plot needs Python packages", err)
        self.assertIn("cucurbit, numpy, pandas, matplotlib (", err)
        self.assertEqual(err.count("\n"), 1)
        _, err = self.call("report", "out", "--python", python, code=2)
        self.assertIn("report needs Python packages", err)
        self.assertIn("matplotlib, jinja2 (", err)

    def test_a_folder_called_cucurbit_is_not_the_package(self):
        (self.folder / "cucurbit").mkdir()
        self.test_without_the_package()

    def test_files_of_the_working_folder_are_not_run(self):
        for name in ("numpy", "jinja2", "importlib", "runpy", "cucurbit"):
            (self.folder / f"{name}.py").write_text('open("seen", "w")\n')
        for command in ("plot", "report"):
            self.start(command, "out", "--python", sys.executable).communicate(timeout=120)
        self.assertFalse((self.folder / "seen").exists())

    def test_without_python(self):
        self.assertIn("absent-python", self.refused("plot", "out", "--python", "absent-python"))

    def test_the_environment_names_the_interpreter(self):
        python = self.interpreter("exit 9\n")
        self.call("plot", "out", code=9, env={"CUCURBIT_PYTHON": str(python)})


if __name__ == "__main__":
    unittest.main()
