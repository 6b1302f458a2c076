import unittest

from program import COMMANDS, ProgramTest


class Help(ProgramTest):
    def test_lists_every_command_and_exit_code(self):
        out, err = self.call("--help")
        self.assertEqual(err, "")
        listed = [line.split()[0] for line in out.splitlines() if line.startswith("  ")
                  and line.split()[0].isalpha()]
        self.assertEqual(sorted(set(listed) & set(COMMANDS)), sorted(COMMANDS))
        for code in ("0 done", "1 internal", "2 usage", "3 too many", "4 comparison", "5 no device",
                     "6 store", "75 stopped"):
            self.assertIn(code, out)
        self.assertLessEqual(max(map(len, out.splitlines())), 110)

    def test_every_command_has_help_on_stdout(self):
        for command in COMMANDS:
            out, err = self.call(command, "--help")
            self.assertEqual(err, "")
            self.assertIn(command, out)
            self.assertIn("Options:", out)

    def test_every_command_of_the_help_exists(self):
        out, _ = self.call("completion", "fish")
        named = {line.split("-a ")[1].split()[0] for line in out.splitlines()
                 if "__fish_use_subcommand" in line}
        self.assertEqual(named, set(COMMANDS))

    def test_version(self):
        out, _ = self.call("--version")
        self.assertRegex(out, r"\Acucurbit \d+\.\d+\.\d+\n\Z")


if __name__ == "__main__":
    unittest.main()
