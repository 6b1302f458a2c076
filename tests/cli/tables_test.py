import ast
import csv
import io
import json
import math
import re
import struct
import unittest

from program import STUDY, ProgramTest

LAST = ["arm", "estimand", "estimate", "std_err", "ci95_low", "ci95_high", "n_trials", "n_failed", "theory",
        "theory_kind", "z", "flags"]


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


class Tables(ProgramTest):
    def test_export_and_theory_have_the_same_columns(self):
        self.call("run", self.study, "-o", "out")
        run = rows_of(self.table("out"))
        theory = rows_of(self.call("theory", self.study)[0])
        self.assertEqual(list(run[0]), ["p", "n", "noise_std"] + LAST)
        self.assertEqual(list(theory[0]), list(run[0]))
        measured = {(r["n"], r["noise_std"], r["arm"], r["estimand"]): r for r in run}
        for row in theory:
            other = measured[row["n"], row["noise_std"], row["arm"], row["estimand"]]
            self.assertEqual((row["theory"], row["theory_kind"]), (other["theory"], other["theory_kind"]))
            self.assertEqual(row["estimate"], "")
        risks = [r for r in run if r["estimand"] == "excess_risk"]
        self.assertEqual(len(risks), 3 * 2 * 2)
        for row in risks:
            self.assertEqual((row["n_trials"], row["n_failed"]), ("130", "0"))
            float(row["estimate"])

    def test_parts_of_a_risk_add_up_to_its_theory(self):
        risks = {tuple(row[name] for name in ("n", "noise_std", "arm")): float(row["theory"])
                 for row in rows_of(self.call("theory", self.study)[0]) if row["estimand"] == "excess_risk"}
        out, err = self.call("explain", self.study, "--format", "csv", "--bands")
        self.assertIn("standard at n = 16, noise_std = 0.2: 0.4304, of which 49 % sampling, 40 % bias, 11 % noise_std\n",
                      err)
        sums, shares = {}, {}
        for row in rows_of(out):
            self.assertIn(row["cause"], ("bias", "sampling", "noise_std"))
            self.assertIn((row["first"], row["last"]), (("1", "10"), ("11", "40")))
            key = tuple(row[name] for name in ("n", "noise_std", "arm"))
            sums[key] = sums.get(key, 0.0) + float(row["value"])
            shares[key] = shares.get(key, 0.0) + float(row["share"] or 0.0)
        self.assertEqual(set(sums), set(risks))
        for key, risk in risks.items():
            self.assertAlmostEqual(sums[key], risk, delta=1e-12)
            self.assertAlmostEqual(shares[key], float(risk > 0.0))

    def test_a_point_is_explained_in_words(self):
        self.assertIn("8 points; --point NAME=VALUE chooses",
                      self.call("explain", self.study, "--set", "target.n=[8, 16, 24, 60]")[1])
        self.call("run", self.study, "-o", "out")
        out, err = self.call("explain", "out", "--point", "n=60,noise_std=0.2", "--format", "csv")
        self.assertEqual({row["n"] for row in rows_of(out)}, {"60"})
        # Least squares: sigma^2 p/(n - p - 1), and nothing else.
        self.assertIn("standard: 0.08421, of which 100 % noise_std\n", err)
        self.assertIn("no arm of this study (kind model_shift) has, at these points, a finite risk",
                      self.call("explain", self.study, "--set", "target.n=40", "--set", "target.noise_std=0.2", code=2)[1])
        for point, says in (("m=3", "unknown parameter"), ("n", "give a parameter and its value"),
                            ("n=1.5x", "give a parameter and its value"), ("n=7", "no point with these values")):
            self.assertIn(says, self.call("explain", "out", "--point", point, code=2)[1])

    def test_cards_are_predicted_without_one(self):
        out, err = self.call("plan", self.study, "--device", "cuda", "--format", "csv")
        rows = [r for r in rows_of(out) if r["basis"] == "predicted, never measured"]
        self.assertEqual([r["card"] for r in rows], ["A100", "H100", "H200", "RTX 4090"])
        for row in rows:
            self.assertIn(row["limit"], ("flops", "bandwidth", "launches"))
            self.assertEqual(row["batch"], "65")  # half of the trials for each of two workers
            for what in ("flops", "traffic"):
                self.assertAlmostEqual(float(row[what + "_per_batch"]) / float(row[what + "_per_trial"]), 65)
            # No launch is quicker than 4 microseconds.
            batches = 1000 / 65
            self.assertGreaterEqual(float(row["seconds_per_1000_trials"]),
                                    0.999 * batches * 4e-6 * float(row["calls_per_batch"]))
        self.assertIn("no card measured them", err)

    def test_bench_measures_what_is_there_and_predicts_the_rest(self):
        out, err = self.call("bench", self.study, "--devices", "cpu,cuda:7", "--seconds", "0.1", "--format", "csv")
        first, *rest = rows_of(out)
        self.assertEqual((first["device"], first["basis"], first["ratio"]), ("cpu", "measured", "1"))
        speed = float(first["trials_per_second"])
        self.assertGreaterEqual(int(first["trials"]), 1)
        # Three n, two noise levels, two arms.
        self.assertAlmostEqual(float(first["fits_per_second"]) / speed, 12, places=6)
        needed = float(first["seconds_to_1_percent"]) * speed
        self.assertEqual([r["device"] for r in rest], ["A100", "H100", "H200", "RTX 4090"])
        for row in rest:
            self.assertEqual((row["basis"], row["trials"]), ("predicted, never measured", ""))
            other = float(row["trials_per_second"])
            self.assertAlmostEqual(float(row["ratio"]) / (other / speed), 1, places=6)
            self.assertAlmostEqual(float(row["seconds_to_1_percent"]) * other / needed, 1, places=6)
        self.assertIn("cuda:7", err)

    def test_devices_of_a_bench_that_are_alike_agree(self):
        out, _ = self.call("bench", self.study, "--devices", "cpu,cpu", "--seconds", "0.1", "--format", "csv")
        first, second = rows_of(out)
        self.assertEqual(first["largest_difference"], "")
        self.assertEqual((second["largest_difference"], second["tolerance"]), ("0", "1e-07"))

    def test_theory_of_a_folder_is_that_of_its_study(self):
        self.call("run", self.study, "-o", "out", "--set", "target.n=16")
        self.assertEqual(self.call("theory", "out")[0],
                         self.call("theory", self.study, "--set", "target.n=16")[0])
        self.assertEqual(self.call("theory", "out", "--set", "target.noise_std=0.2")[0],
                         self.call("theory", self.study, "--set", "target.n=16",
                                   "--set", "target.noise_std=0.2")[0])

    def test_known_values(self):
        self.write("known.toml", (self.folder / "study.toml").read_text()
                   .replace("p = 40", "p = 500").replace("exponent = 1.5 }\nsignal", "exponent = 2 }\nsignal")
                   .replace("[8, 16, 60]", "200").replace("[0.0, 0.2]", "0")
                   .replace('"optimal_surrogate"]', '"optimal_surrogate", "mask"]'))
        rows = rows_of(self.call("theory", "known.toml")[0])
        found = {row["arm"] or row["estimand"]: float(row["theory"]) for row in rows}
        for name, value in {"standard": 0.1193669839, "optimal_surrogate": 0.08325095954,
                            "mask": 0.08966240321, "xi": 3.973373216e-05, "omega": 0.6129848549,
                            "amplified": 126, "kept": 203}.items():
            self.assertTrue(math.isclose(found[name], value, rel_tol=1e-9), (name, found[name]))

    def test_json_lines_hold_the_same(self):
        text = self.call("theory", self.study)[0]
        lines = self.call("theory", self.study, "--format", "jsonl")[0].splitlines()
        for row, line in zip(rows_of(text), lines, strict=True):
            data = json.loads(line)
            self.assertEqual(list(data), list(row))
            for name, value in data.items():
                if value is None:
                    self.assertEqual(row[name], "")
                elif isinstance(value, str):
                    self.assertIn((value, row[name]), [(row[name], row[name]), ("Infinity", "inf")])
                else:
                    self.assertEqual(value, float(row[name]))

    def test_npy_holds_the_same(self):
        self.call("theory", self.study, "--format", "npy", "-o", "table.npy")
        names, records = read_npy((self.folder / "table.npy").read_bytes())
        rows = rows_of(self.call("theory", self.study)[0])
        self.assertEqual(names, list(rows[0]))
        self.assertEqual(len(records), len(rows))
        for row, record in zip(rows, records):
            for text, value in zip(row.values(), record):
                if isinstance(value, str):
                    self.assertEqual(value, text)
                elif text == "":
                    self.assertTrue(math.isnan(value))
                else:
                    self.assertEqual(value, float(text))
                    self.assertEqual(isinstance(value, int), text.isdigit() and "." not in text
                                     and isinstance(value, int))

    def test_coordinates(self):
        rows = rows_of(self.call("theory", self.study, "--coordinates", "--set", "target.n=[8, 60]",
                                 "--set", "target.noise_std=0")[0])
        self.assertEqual(list(rows[0]), ["p", "n", "noise_std", "index", "spectrum", "zeta", "truth",
                                         "optimal_surrogate", "mask"])
        self.assertEqual([(r["n"], r["index"]) for r in rows],
                         [(n, str(i)) for n in ("8", "60") for i in range(1, 41)])
        self.assertEqual(float(rows[3]["spectrum"]), 4 ** -1.5)
        self.assertTrue(all(r["optimal_surrogate"] == r["truth"] for r in rows[40:]))
        zeta = [float(r["zeta"]) for r in rows[:40]]
        self.assertAlmostEqual(sum(1 - z for z in zeta), 8, places=9)

    def test_coordinates_of_own_surrogates(self):
        self.write("own.csv", "".join(f"{0.5 * i}\n" for i in range(1, 41)))
        own = STUDY.replace('"optimal_surrogate"]', '{ name = "mine", surrogate_file = "own.csv" }]')
        rows = rows_of(self.call("theory", self.write("own.toml", own), "--coordinates")[0])
        self.assertEqual(list(rows[0])[-1], "mine")
        self.assertEqual([float(row["mine"]) for row in rows[:40]], [0.5 * i for i in range(1, 41)])
        self.refused("check", self.write("taken.toml", own.replace("mine", "zeta")))

    def test_a_file_is_whole_or_absent(self):
        self.call("theory", self.study, "-o", "table.csv")
        self.assertEqual((self.folder / "table.csv").read_text(), self.call("theory", self.study)[0])
        self.assertEqual(sorted(f.name for f in self.folder.iterdir()), ["study.toml", "table.csv"])

    def test_status_replay_and_compare(self):
        self.call("run", self.study, "-o", "out")
        status = rows_of(self.call("status", "out", "--format", "csv")[0])
        self.assertEqual(status, [{"design": "1", "points": "6", "series": "12", "blocks_done": "3",
                                   "blocks_wanted": "3", "trials_done": "130", "trials_wanted": "130"}])
        self.assertIn("argv", self.call("status", "out", "--manifest")[0])
        out, err = self.call("replay", "out", "--trial", "7", "--trial", "129", "--point", "n=16",
                             "--format", "csv")
        self.assertEqual(len(rows_of(out)), 2 * 2 * 2)
        self.assertEqual({row["match"] for row in rows_of(out)}, {"same bits"})
        self.assertEqual({row["match"] for row in rows_of(
            self.call("replay", "out", "--trial", "130", "--format", "csv")[0])}, {"not stored"})
        self.refused("replay", "out", "--point", "n=17")
        self.refused("replay", "out", "--point", "m=17")
        verdicts = rows_of(self.call("compare", "out", "--format", "csv")[0])
        self.assertEqual({row["verdict"] for row in verdicts}, {"confirmed", "none"})
        self.assertTrue(all(row["reason"] for row in verdicts if row["verdict"] == "none"))

    def test_plan_of_a_shard(self):
        self.write("many.toml", STUDY.replace("p = 40", "p = [20, 30, 40, 50]"))
        for device in ("cpu", "cuda"):
            rows = [rows_of(self.call("plan", "many.toml", "--format", "csv", "--device", device, *shard)[0])
                    for shard in ([], ["--shard", "2/3"])]
            timed = ("seconds", "seconds_per_1000_trials")
            whole, part = ([{name: row[name] for name in row if name not in timed} for row in each
                            if row.get("basis") != "measured now"] for each in rows)
            self.assertEqual({row["design"] for row in whole}, {"1", "2", "3", "4"})
            self.assertEqual([row["design"] for row in part], [row["design"] for row in whole])
        parts = [rows_of(self.call("plan", "many.toml", "--format", "csv", "--shard", f"{number}/3")[0])
                 for number in (1, 2, 3)]
        for rows in zip(*parts):
            self.assertEqual([row["share"] for row in rows], ["0-63", "64-127", "128-129"])
            self.assertEqual([row["trials"] for row in rows], ["64", "64", "2"])
        out, err = self.call("plan", "many.toml", "--format", "csv", "--shard", "13/13")
        self.assertEqual(out.count("\n"), 1)
        self.assertIn("0 trials", err)
        self.call("run", "many.toml", "--shard", "2/3", "-o", "second")
        rows = rows_of(self.call("plan", "second", "--format", "csv", "--shard", "1/1")[0])
        self.assertEqual([row["share"] for row in rows], ["0-63 128-129"] * 4)

    def test_plan(self):
        out, err = self.call("plan", self.study, "--format", "csv", "--threads", "1")
        row, = rows_of(out)
        self.assertEqual((row["points"], row["series"], row["blocks"], row["trials"]), ("6", "12", "3", "130"))
        self.assertGreater(float(row["bytes_per_worker"]), 40 * 16 * 8)
        self.assertGreater(float(row["flops"]), 0)
        self.assertGreater(float(row["seconds"]), 0)
        self.assertRegex(row["solver"], "cholesky|refined|orthogonal")
        self.assertRegex(err, "expected time: about .* \\(an estimate")
        self.assertFalse((self.folder / "runs").exists())

    def test_presets_are_studies(self):
        names = [line.split()[0] for line in self.call("init", "--list")[0].splitlines()[1:]]
        self.assertIn("ildiz2025_figure1", names)
        for name in names:
            self.call("init", "--preset", name.replace("_", "-"))
            self.call("check", f"{name}.toml")
            self.assertIn("exists already", self.refused("init", "--preset", name))
        self.assertIn("did you mean ildiz2025_figure1?", self.refused("init", "--preset", "ildis2025_figure1"))
        self.refused("init")

    def test_citations(self):
        bibtex = self.call("cite")[0]
        self.assertEqual(bibtex.count("@inproceedings"), 3)
        self.assertEqual(bibtex.count("{"), bibtex.count("}"))
        for number in ("2410.18837", "2502.05075", "2301.12923"):
            self.assertIn(number, bibtex)
            self.assertIn(number, self.call("cite", "--format", "apa")[0])

    def test_doctor_and_devices(self):
        out, _ = self.call("doctor")
        self.assertIn("random numbers", out)
        self.assertIn("engine cpu", out)
        self.assertRegex(out, "no card: .|engine cuda:0")
        self.assertNotIn(" bad ", out)
        self.assertNotIn("not used", out)
        best = re.search(r"\((\w+) code\)", out)[1]
        if best != "generic":
            out, _ = self.call("doctor", env={"CUCURBIT_INSTRUCTION_SET": "generic"})
            self.assertIn(f"(generic code; this processor has {best}, which is not used)", out)
        self.assertEqual(rows_of(self.call("devices", "--format", "csv")[0])[0]["device"], "cpu")


def read_npy(data):
    """Names and records of a structured array of <i8, <f8 and <U fields, by the format's definition."""
    assert data[:8] == b"\x93NUMPY\x01\x00"
    length = struct.unpack("<H", data[8:10])[0]
    header = ast.literal_eval(data[10:10 + length].decode("latin1"))
    assert (10 + length) % 64 == 0 and header["fortran_order"] is False
    at = 10 + length
    records = []
    for _ in range(header["shape"][0]):
        record = []
        for _, kind in header["descr"]:
            size = 8 if kind in ("<i8", "<f8") else 4 * int(kind[2:])
            cell = data[at:at + size]
            at += size
            if kind == "<i8":
                record.append(struct.unpack("<q", cell)[0])
            elif kind == "<f8":
                record.append(struct.unpack("<d", cell)[0])
            else:
                record.append(cell.decode("utf-32-le").rstrip("\0"))
        records.append(record)
    assert at == len(data)
    return [name for name, _ in header["descr"]], records


if __name__ == "__main__":
    unittest.main()
