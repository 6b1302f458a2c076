"""What a report says of a card, read from a real one's outputs (recorded/: an H100 on 27 November 2026) and from
the same outputs with something wrong planted in them."""

import json
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "scripts" / "gpu"))
import machine  # noqa: E402
import page  # noqa: E402
import results  # noqa: E402
import summary  # noqa: E402


class Recorded(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name, "report")
        shutil.copytree(HERE / "recorded", self.folder)

    def edit(self, name, before, after):
        text = (self.folder / name).read_text()
        self.assertIn(before, text)
        (self.folder / name).write_text(text.replace(before, after, 1))

    def summary(self):
        summary.write(self.folder)
        return (self.folder / "summary.txt").read_text()


class Summary(Recorded):
    def test_it_is_one_screen_and_has_every_part(self):
        text = self.summary()
        self.assertNotIn("cannot be shown", text)
        self.assertLess(text.count("\n"), 60)
        self.assertLess(max(map(len, text.splitlines())), 130)
        for part in ("card  NVIDIA H100 80GB HBM3 (driver 580.159.04, CUDA 13.0)", "OpenBLAS kernel Prescott",
                     "copy 3.00 TB/s, dgemm 56.9 Tflop/s, eigh 200 1.76 ms (PyTorch)",
                     "batched, n = 480: gemm 43.96, potrf 2.97, trsm 6.26 Tflop/s",
                     "memcheck 0 errors; racecheck 0 hazards displayed (0 errors, 0 warnings)"):
            self.assertIn(part, text)

    def test_shares_are_of_the_nearer_ceiling(self):
        rates, source = results.ceilings(self.folder)
        self.assertEqual(source, "PyTorch")
        rows = {(row["operation"], row["n"]): results.share(row, rates) for row in results.operations(self.folder)}
        share, which = rows["gram", 480]
        self.assertEqual(which, "flops")
        self.assertAlmostEqual(share, 40.40 / 56.92, delta=0.001)
        share, which = rows["spread", 480]
        self.assertEqual(which, "bytes")
        self.assertAlmostEqual(share, 2.408 / 2.997, delta=0.001)

    def test_without_pytorch_the_fastest_operations_are_the_ceilings(self):
        (self.folder / "ceilings.log").unlink()
        rates, source = results.ceilings(self.folder)
        self.assertEqual(source, "the fastest of these operations")
        self.assertEqual(rates["dgemm", 8192], max(row["flops"] for row in results.operations(self.folder)))

    def test_predictions_stand_beside_what_was_measured(self):
        line = next(line for line in self.summary().splitlines() if line.startswith("Figure 1, noise"))
        # 24,883 trials a second are 40.2 ms for 1,000; 17.6 were predicted: 2.3 times as long.
        self.assertEqual(line.split()[5:], ["897", "40.2", "22.3", "17.6", "2.3", "3943", "4.2e-11"])
        table = (self.folder / "table.md").read_text()
        self.assertIn("| Figure 1, noise integrated out | 897 | 40.2 | 22.3 | 17.6 | 3943 | 4.2e-11 |", table)

    def test_a_part_of_the_operations_is_read(self):
        text = (self.folder / "operations.json").read_text()
        whole = len(results.operations(self.folder))
        for length in range(0, len(text), 97):
            (self.folder / "operations.json").write_text(text[:length])
            self.assertLessEqual(len(results.operations(self.folder)), whole)
        (self.folder / "operations.json").write_text(text[:len(text) // 2])
        self.assertGreater(len(results.operations(self.folder)), whole // 2 - 2)

    def test_a_folder_with_nothing_in_it_has_a_summary(self):
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        self.assertNotIn("cannot be shown", self.summary())

    def test_what_cannot_be_read_costs_its_own_part_alone(self):
        (self.folder / "devices.csv").write_text("nonsense\n1,2\n")
        text = self.summary()
        self.assertIn("! machine cannot be shown", text)
        self.assertIn("dgemm 56.9", text)

    def test_the_page_escapes_and_holds_the_tables(self):
        (self.folder / "steps.json").write_text(json.dumps(
            [{"name": "environment", "at": 0, "seconds": 1.0, "code": 0, "problem": "<b>"}]))
        self.summary()
        page.write(self.folder)
        text = (self.folder / "index.html").read_text()
        self.assertIn("<td>gram</td>", text)
        self.assertIn("&lt;b&gt;", text)
        self.assertNotIn("<b>", text)


class Parity(Recorded):
    def test_failures_are_named_and_all_cases_are_known(self):
        outcomes, missing = results.parity(self.folder)
        self.assertEqual((len(outcomes), sum(outcomes.values()), missing), (78, 74, set()))
        self.assertEqual(results.parity_problem(self.folder), "4 of 78 cases failed")
        self.assertIn("failed: TwoStageParity.ATrialAloneIsTheTrialInABatch", self.summary())

    def test_a_shard_that_was_stopped_is_seen(self):
        (self.folder / "parity_operations.1.txt").unlink()
        self.assertRegex(results.parity_problem(self.folder), "[0-9]+ cases did not run")

    def test_no_case_at_all_is_no_pass(self):
        for path in self.folder.glob("parity_*.txt"):
            path.write_text("[==========] Running 0 tests from 0 test suites.\n[  PASSED  ] 0 tests.\n")
        self.assertIn("no case ran", results.parity_problem(self.folder))


class Health(Recorded):
    def test_a_bad_check_is_named(self):
        self.assertEqual(results.doctor_problem(self.folder), "")
        self.edit("doctor.csv", "cuda:0 gram,good", "cuda:0 gram,bad")
        self.assertEqual(results.doctor_problem(self.folder), "cuda:0 gram: bad")
        self.assertIn("1 bad: cuda:0 gram: bad", self.summary())

    def test_no_check_at_all_is_no_health(self):
        (self.folder / "doctor.csv").write_text("")
        self.assertEqual(results.doctor_problem(self.folder), "no check ran")


class Peers(Recorded):
    """Risks of PyTorch beside ours: equal within their standard errors, or the step has failed."""

    def write(self, mean):
        (self.folder / "figure1_cuda.csv").write_text(
            "p,n,noise_std,arm,estimand,estimate,std_err\n" + "".join(
                f"500,200,0.2,{arm},excess_risk,0.15,0.001\n" for arm in ("standard", "optimal_surrogate", "mask")))
        rows = [{"method": "nested", "trials": 1024, "repeats": 2, "seconds_per_trial": 1e-4},
                {"risks": "nested", "n": 200, "trials": 2048, "mean": [0.15, 0.15, mean], "std_err": [0.001] * 3}]
        (self.folder / "peers.log").write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"method": "lst')

    def test_equal_risks(self):
        self.write(0.151)
        self.assertEqual(results.peers_problem(self.folder), "")
        # 100 µs a curve, of which ours does 44,226 a second.
        self.assertIn("4.42 × ours, risks within 0.7 standard errors of ours", self.summary())

    def test_other_risks(self):
        self.write(0.16)
        self.assertEqual(results.peers_problem(self.folder), "nested: risks differ from ours by 7.1 standard errors")


class Kernels(Recorded):
    def test_the_profilers_text(self):
        head = '"ID","Process ID","Kernel Name","Grid Size","Section Name","Metric Name","Metric Unit","Metric Value"\n'
        lines = [("Duration", "us", "1,549.50"), ("Compute (SM) Throughput", "%", "61.5"),
                 ("Memory Throughput", "%", "80.25"), ("Memory Throughput", "Tbyte/s", "2.5"),
                 ("Achieved Occupancy", "%", "90.0")]
        (self.folder / "kernels.csv").write_text("==PROF== talk\n" + head + "".join(
            f'"0","7","draw_pairs(double *)","(8, 1, 1)","S","{name}","{unit}","{value}"\n' for name, unit, value in lines))
        self.assertEqual(results.kernels(self.folder), [{"kernel": "draw_pairs", "grid": "(8, 1, 1)", "compute": 61.5,
                                                         "microseconds": 1549.5, "memory": 80.25, "occupancy": 90.0}])


class CoreType(unittest.TestCase):
    def test_the_kernels_that_the_processor_has_instructions_for(self):
        flags = "flags\t\t: fpu avx2 fma avx512f avx512dq avx512bw avx512vl avx512cd amx_tile\n"
        self.assertEqual(machine.core_type_of(flags), "SkylakeX")
        self.assertEqual(machine.core_type_of(flags.replace("avx512bw ", "")), "Haswell")
        self.assertIsNone(machine.core_type_of("flags : fpu sse2\n"))
        self.assertIsNone(machine.core_type_of("Features : asimd\n"))


if __name__ == "__main__":
    unittest.main()
