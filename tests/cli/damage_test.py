"""Stores whose bytes have changed: what each command says, and its exit code."""

import contextlib
import shutil
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

    def test_damaged_trials_are_dropped_and_computed_anew(self):
        for name, keep in (("trials", ""), ("moments", ', keep = "moments"')):
            out, edit = f"out-{name}", ("--set", f"precision={{ trials = 640{keep} }}")
            self.call("run", self.study, "-o", out, *edit)
            table = self.table(out)
            self.assertIn("no trials are damaged", self.call("verify", out, "--repair")[1])
            store = self.folder / out / "store.sqlite"
            with contextlib.closing(sqlite3.connect(store)) as database, database:
                rows = database.execute("SELECT id, payload FROM trials ORDER BY id").fetchall()
                for number, payload in (rows[0], rows[len(rows) // 2]):
                    database.execute("UPDATE trials SET payload = ? WHERE id = ?",
                                     (payload[:9] + bytes([payload[9] ^ 1]) + payload[10:], number))
            for command, code in (("verify", 4), ("export", 6)):
                self.assertIn("'cucurbit verify DIR --repair' drops such trials", self.refused(command, out, code=code))
            self.assertIn("dropped 2 rows of damaged trials", self.call("verify", out, "--repair")[1])
            self.assertIn("incomplete", self.table(out))
            self.call("run", out)
            self.assertEqual(self.table(out), table)
            self.call("verify", out)

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

    def test_other_tables_views_and_triggers_are_damage(self):
        self.call("run", self.study, "-o", "whole")
        views = ["ALTER TABLE total RENAME TO kept",
                 "CREATE VIEW total AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
                 "SELECT id, series, rows, checksum FROM kept, c WHERE x < 0"]
        trigger = ["CREATE TRIGGER t AFTER INSERT ON manifest BEGIN DELETE FROM trials; END"]
        table = ["CREATE TABLE other(x)"]
        for number, statements in enumerate((views, trigger, table)):
            out = f"out{number}"
            shutil.copytree(self.folder / "whole", self.folder / out)
            with contextlib.closing(sqlite3.connect(self.folder / out / "store.sqlite")) as database:
                for statement in statements:
                    database.execute(statement)
                database.commit()
            for arguments in (["verify", out], ["status", out], ["run", self.study, "-o", out],
                              ["merge", "whole", "-o", out]):
                self.assertIn("altered: its tables are not those of a store", self.refused(*arguments, code=6))

    def test_no_text_of_a_store_or_path_commands_a_terminal(self):
        name = "a\x1b]0;title\x07\x1b[2Jb"
        _, err = self.call("run", self.study, "-o", name)
        self.assertIn("\\x1b[2Jb", err)
        self.call("merge", name, "-o", "joined")
        facts, _ = self.call("status", "joined", "--manifest", "--format", "aligned")
        self.assertIn("\\x1b]0;title\\x07", facts)
        texts = [err, facts, *self.call("verify", name), *self.call("status", name),
                 self.refused("status", name + "x", code=6), self.refused("run", name + ".toml")]
        self.assertNotIn("\x1b", "".join(texts))


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
