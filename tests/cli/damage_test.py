"""Stores whose bytes have changed: what each command says, and its exit code."""

import sqlite3
import unittest

from program import ProgramTest


class Damage(ProgramTest):
    def test_a_changed_value_is_found(self):
        self.call("run", self.study, "-o", "out")
        out, _ = self.call("verify", "out")
        self.assertIn("checksums agree", out)
        changed = 0
        for file in (self.folder / "out").iterdir():
            if file.read_bytes()[:15] == b"SQLite format 3":
                changed += change_a_value(file)
        self.assertEqual(changed, 1)
        self.refused("verify", "out", code=4)
        self.refused("export", "out", code=6)

    def test_a_damaged_file_of_the_study_is_damage_of_the_store(self):
        self.write("spectrum.csv", "".join(f"{1 / (i + 1)}\n" for i in range(10)))
        self.call("run", self.study, "-o", "out", "--set", "population.p=10", "--set",
                  'population.spectrum={ kind = "file", path = "spectrum.csv" }', "--set", "target.n=[5]")
        with sqlite3.connect(self.folder / "out" / "store.sqlite") as database:
            (contents,) = database.execute("SELECT contents FROM document WHERE kind = 'file'").fetchone()
            database.execute("UPDATE document SET contents = ? WHERE kind = 'file'", (b"2" + contents[1:],))
        for command in ("export", "status", "run"):
            err = self.refused(command, "out", code=6)
            self.assertIn("out/store.sqlite: file 'spectrum.csv' is damaged", err)
        self.refused("verify", "out", code=4)

    def test_a_lost_identity_is_damage_of_the_store(self):
        self.call("run", self.study, "-o", "out")
        with sqlite3.connect(self.folder / "out" / "store.sqlite") as database:
            database.execute("DELETE FROM document WHERE name = 'identity'")
        for command in ("run", "export", "status"):
            self.assertIn("does not say which study", self.refused(command, "out", code=6))


def change_a_value(file):
    """Flips a bit in the first blob of at least 64 doubles; 1 when there was one."""
    with sqlite3.connect(file) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            for column in columns:
                found = database.execute(f"SELECT {column} FROM {table} WHERE typeof({column}) = 'blob' "
                                         f"AND length({column}) >= 512 LIMIT 1").fetchone()
                if found:
                    blob = bytearray(found[0])
                    blob[100] ^= 1
                    database.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?",
                                     (bytes(blob), found[0]))
                    return 1
    return 0


if __name__ == "__main__":
    unittest.main()
