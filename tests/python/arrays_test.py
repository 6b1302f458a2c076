"""Fits of arrays in memory: beside NumPy's lstsq and pinv, shapes, foreign arrays, and what is refused."""

import os
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

from needs import need

need("numpy")

import numpy as np

import cucurbit as cb
from cucurbit import library

EPSILON = np.finfo(float).eps


class Foreign:
    """An array that hands itself over by DLPack alone."""

    def __init__(self, array, device=1):
        self.array, self.device = array, device

    def __dlpack__(self, **given):
        return self.array.__dlpack__(**given)

    def __dlpack_device__(self):
        return self.device, 0


def matrix(rng, n, p, rank, condition):
    """With singular values from 1 to 1/condition, `rank` of them."""
    order = min(n, p)
    values = np.zeros(order)
    values[:rank] = condition ** -np.linspace(0, 1, rank)
    left = np.linalg.qr(rng.standard_normal((n, order)))[0]
    return left * values @ np.linalg.qr(rng.standard_normal((p, order)))[0].T


def kinds_of_matrices(rng, n, p):
    """Nine of them, by name."""
    x, full = rng.standard_normal((n, p)), min(n, p)
    half = max(1, full // 2)
    return {"normal": x,
            "repeated rows": x[rng.integers(0, max(1, n // 2), n)],
            "zero columns": x * (np.arange(p) % 3 > 0),
            "low rank": x[:, :half] @ rng.standard_normal((half, p)),
            "graded columns": x * 10.0 ** -np.linspace(0, 8, p),
            "graded rows": x * 10.0 ** -np.linspace(0, 8, n)[:, None],
            "geometric": matrix(rng, n, p, full, 1e10),
            "one small": x - np.outer(x @ x[0], x[0]) * (1 - 1e-9) / (x[0] @ x[0]),
            "Vandermonde": np.vander(np.linspace(-1, 1, n), p, increasing=True)}


def backward_error(x, y, b, rank):
    """How far b is from a fit of least squares and from the rows' span, relative to X; residuals in extended precision."""
    long_x, long_b = x.astype(np.longdouble), b.astype(np.longdouble)
    _, s, vt = np.linalg.svd(x, full_matrices=False)
    gradient = np.linalg.norm((long_x.T @ (y - long_x @ long_b)).astype(float))
    vt, s = vt[:rank], s[:rank]
    outside = np.linalg.norm((long_b - vt.T @ (vt @ long_b)).astype(float))
    norm = s[0]
    return max(gradient / (norm * (norm * np.linalg.norm(b) + np.linalg.norm(y))), outside / (norm * np.linalg.norm(vt @ b / s)))


class Minnorm(unittest.TestCase):
    def assert_close(self, found, expected, tolerance):
        self.assertEqual(found.shape, expected.shape)
        self.assertLessEqual(np.linalg.norm(found - expected), tolerance * np.linalg.norm(expected))

    def test_thousands_of_shapes_ranks_conditions_and_scales(self):
        rng = np.random.default_rng(1)
        rungs = set()
        for _ in range(300):
            n, p, k = (int(value) for value in rng.integers(1, (40, 40, 4)))
            p = n if rng.random() < 0.2 else p
            full, items = min(n, p), 5
            ranks = [full if rng.random() < 0.6 else int(rng.integers(0, full + 1)) for _ in range(items)]
            x = np.array([matrix(rng, n, p, rank, 10 ** rng.uniform(0, 10)) for rank in ranks])
            y = rng.standard_normal((items, n, k))
            scale = 10.0 ** rng.choice([-150, -20, 0, 20, 150], items)
            fits = cb.minnorm(x * scale[:, None, None], y * scale[:, None, None])
            for item in range(items):
                expected, _, rank, values = np.linalg.lstsq(x[item], y[item], rcond=None)
                with self.subTest(n=n, p=p, k=k, item=item, scale=scale[item], values=values):
                    self.assertEqual((fits.rank[item], fits.status[item]), (rank, "ok"))
                    if rank:
                        # Of least squares the error grows with the square of the condition where labels are not met.
                        condition = values[0] / values[rank - 1]
                        away = np.linalg.norm(x[item] @ expected - y[item]) / np.linalg.norm(expected) / values[0]
                        self.assert_close(fits.coefficients[item], expected,
                                          200 * EPSILON * condition * (1 + condition * away))
                    errors = np.linalg.norm(x[item] @ expected - y[item], axis=0)
                    rounding = 100 * EPSILON * (np.linalg.norm(expected) + np.linalg.norm(y[item]))
                    np.testing.assert_allclose(fits.residual[item] / scale[item], errors, rtol=1e-6, atol=rounding)
                    rungs.add(fits.rung[item])
        self.assertEqual(rungs, {"cholesky", "orthogonal", "truncated"})

    def test_backward_errors_and_ranks_of_nine_kinds_of_matrices(self):
        rng, count = np.random.default_rng(3), 0
        for n, p in ((40, 90), (90, 40), (60, 60), (12, 30), (30, 12), (150, 200)):
            for kind, x in kinds_of_matrices(rng, n, p).items():
                y, unit = rng.standard_normal(n), EPSILON * max(n, p)
                fits = cb.minnorm(x, y)
                with self.subTest(n=n, p=p, kind=kind):
                    reference, _, rank, values = np.linalg.lstsq(x, y, rcond=None)  # LAPACK's gelsd
                    self.assertEqual(fits.status, "ok")
                    # Where no singular value is within rounding of the cut-off.
                    if not ((values > values[0] * unit / 8) & (values < values[0] * unit * 8)).any():
                        self.assertEqual(fits.rank, rank)
                        count += 1
                    self.assertLess(backward_error(x, y, fits.coefficients, int(fits.rank)), unit)
                    self.assertLess(backward_error(x, y, reference, rank), unit)
        self.assertGreater(count, 40)

    def test_nested_rows(self):
        rng = np.random.default_rng(2)
        x, y = rng.standard_normal((3, 30, 12)), rng.standard_normal((3, 30))
        sizes = [20, 5, 12, 30, 5]
        fits = cb.minnorm(x, y, n=sizes)
        self.assertEqual((fits.coefficients.shape, fits.residual.shape, fits.rank.shape), ((3, 5, 12), (3, 5), (3, 5)))
        for place, n in enumerate(sizes):
            one = cb.minnorm(x, y, n=n)
            self.assert_close(fits.coefficients[:, place], one.coefficients, 1e-9)
            for item in range(3):
                self.assert_close(one.coefficients[item], np.linalg.lstsq(x[item, :n], y[item, :n], rcond=None)[0], 1e-9)

    def test_shapes(self):
        rng = np.random.default_rng(3)
        x = rng.standard_normal((2, 3, 4, 6))
        for shape, expected in (((4,), (2, 3, 6)), ((2, 3, 4), (2, 3, 6)), ((1, 3, 4), (2, 3, 6)),
                                ((2, 3, 4, 5), (2, 3, 6, 5)), ((1, 1, 4, 5), (2, 3, 6, 5))):
            y = rng.standard_normal(shape)
            fits = cb.minnorm(x, y)
            self.assertEqual(fits.coefficients.shape, expected)
            self.assertEqual(fits.residual.shape, expected[:2] + expected[3:])
            self.assertEqual((fits.rank.shape, fits.status.shape, fits.rung.shape), ((2, 3),) * 3)
            columns = fits.coefficients if len(expected) == 4 else fits.coefficients[..., None]
            labels = y if len(expected) == 4 else np.broadcast_to(y, (2, 3, 4))[..., None]
            np.testing.assert_allclose(x @ columns, np.broadcast_to(labels, (2, 3, 4, columns.shape[-1])), atol=1e-9)
        one = cb.minnorm(x[0, 0], rng.standard_normal((7, 4, 2)))
        self.assertEqual(one.coefficients.shape, (7, 6, 2))
        self.assertEqual(cb.minnorm(x[:0], rng.standard_normal((0, 3, 4))).coefficients.shape, (0, 3, 6))
        single = cb.minnorm(x[0, 0], np.ones(4), n=[2])
        self.assertEqual((single.coefficients.shape, single.rank.shape, single.residual.shape), ((1, 6), (1,), (1,)))

    def test_trouble_stays_with_its_item(self):
        rng = np.random.default_rng(4)
        x, y = rng.standard_normal((20, 10, 10)), rng.standard_normal((20, 10))
        before = cb.minnorm(x, y, n=[4, 10])
        x[3, 6, 2], y[5, 9], x[7, 2], x[9, 3] = np.nan, np.inf, 0, x[9, 2]
        after = cb.minnorm(x, y, n=[4, 10])
        well = [item for item in range(20) if item not in (3, 5, 7, 9)]
        for field in ("coefficients", "residual", "rank", "status", "rung"):
            np.testing.assert_array_equal(getattr(after, field)[well], getattr(before, field)[well])
        self.assertEqual(after.status[[3, 5, 7, 9]].tolist(), [["ok", "not_finite"]] * 2 + [["ok", "ok"]] * 2)
        self.assertEqual(after.rung[[3, 7]].tolist(), [["cholesky", "none"], ["truncated", "truncated"]])
        self.assertEqual(after.rank[[3, 7, 9]].tolist(), [[4, 0], [3, 9], [3, 9]])
        self.assertTrue(np.isnan(after.coefficients[3, 1]).all() and np.isnan(after.residual[3, 1]))
        self.assert_close(after.coefficients[9, 1], np.linalg.lstsq(x[9], y[9], rcond=None)[0], 1e-9)

    def test_other_types_and_memory(self):
        rng = np.random.default_rng(5)
        x, y = rng.standard_normal((4, 5, 7)).astype(np.float32), rng.integers(-3, 4, (4, 5))
        expected = cb.minnorm(x.astype(float), y.astype(float)).coefficients
        for given, labels in ((x, y), (x.tolist(), y.tolist()), (Foreign(x), Foreign(y)), (x[::-1][::-1], y),
                              (np.asfortranarray(x), y)):
            np.testing.assert_array_equal(cb.minnorm(given, labels).coefficients, expected)
        x.flags.writeable = False
        np.testing.assert_array_equal(np.from_dlpack(cb.minnorm(x, y).coefficients), expected)
        self.assertEqual(cb.minnorm(x, y).coefficients.dtype, np.float64)

    def test_a_cut_off_and_threads(self):
        rng = np.random.default_rng(6)
        x, y = matrix(rng, 8, 20, 8, 1e7), rng.standard_normal(8)  # a singular value for each power of ten
        self.assertEqual([int(cb.minnorm(x, y, rcond=rcond).rank) for rcond in (0, 3e-4, 3e-2)], [8, 4, 2])
        self.assert_close(cb.minnorm(x, y, rcond=3e-4).coefficients, np.linalg.lstsq(x, y, rcond=3e-4)[0], 1e-9)
        x, y = rng.standard_normal((300, 8, 9)), rng.standard_normal((300, 8))
        one, found = cb.minnorm(x, y, threads=1).coefficients, {}
        for index in range(4):
            found[index] = threading.Thread(target=lambda index=index: found.update({index: cb.minnorm(x, y, threads=2)}))
        threads = list(found.values())
        for step in (threading.Thread.start, threading.Thread.join):
            for thread in threads:
                step(thread)
        for fits in found.values():
            np.testing.assert_array_equal(fits.coefficients, one)

    def test_what_is_refused(self):
        x, y = np.ones((2, 3, 4)), np.ones((2, 3))
        for words, arguments in (
                ("(2, 3, 4) and Y of shape (2, 4)", (x, np.ones((2, 4)))),
                ("cannot be broadcast", (x, np.ones((5, 3)))),
                ("(3,); it must be", (np.ones(3), np.ones(3))),
                ("has no numbers", (np.ones((3, 0)), np.ones(3))),
                ("complex128", (x * 1j, y)),
                ("n goes from 0 to 2; there are 3 rows", (x, y, [0, 2])),
                ("n goes from 4 to 4", (x, y, 4)),
                ("n is 1.5", (x, y, 1.5)),
                ("n is []", (x, y, [])),
                ("Y lies on a card", (x, Foreign(y, 2)))):
            with self.subTest(words), self.assertRaises(ValueError) as caught:
                cb.minnorm(*arguments)
            self.assertIn(words, str(caught.exception))
        for given in ({"rcond": -1.0}, {"rcond": np.nan}, {"threads": 0}):
            with self.assertRaises(ValueError):
                cb.minnorm(x, y, **given)
        with self.assertRaisesRegex(RuntimeError, "no device 'tpu' on this machine; there is cpu"):
            cb.minnorm(x, y, device="tpu")


class PinvAndCurves(unittest.TestCase):
    def test_pinv(self):
        rng = np.random.default_rng(7)
        for shape in ((4, 7), (7, 4), (6, 6), (3, 5, 8), (2, 3, 9, 5)):
            x = rng.standard_normal(shape)
            np.testing.assert_allclose(cb.pinv(x), np.linalg.pinv(x), atol=1e-11)
        low = rng.standard_normal((9, 3)) @ rng.standard_normal((3, 6))
        np.testing.assert_allclose(cb.pinv(low), np.linalg.pinv(low, rcond=1e-14), atol=1e-11)
        stack = np.array([low, low * np.nan, np.zeros((9, 6))])
        found = cb.pinv(stack)
        self.assertTrue(np.isnan(found[1]).all())
        np.testing.assert_array_equal(found[2], np.zeros((6, 9)))
        with self.assertRaisesRegex(ValueError, r"\(3,\); it must be"):
            cb.pinv(np.ones(3))

    def test_learning_curve(self):
        rng = np.random.default_rng(8)
        truth, sizes = rng.standard_normal((15, 2)), [25, 5, 10]
        x, x_test = rng.standard_normal((40, 15)), rng.standard_normal((30, 15))
        y, y_test = x @ truth + rng.standard_normal((40, 2)), x_test @ truth
        curve = cb.learning_curve(x, y, x_test, y_test, n=sizes, orders=6, seed=3)
        self.assertEqual((curve.n.tolist(), curve.error.shape, curve.mean.shape), (sizes, (6, 3, 2), (3, 2)))
        generator = np.random.default_rng(3)
        for order in range(6):
            rows = generator.permutation(40)
            for place, n in enumerate(sizes):
                fit = np.linalg.lstsq(x[rows[:n]], y[rows[:n]], rcond=None)[0]
                np.testing.assert_allclose(curve.error[order, place], ((x_test @ fit - y_test) ** 2).mean(0), rtol=1e-8)
        np.testing.assert_allclose(curve.std_err, curve.error.std(0, ddof=1) / 6 ** 0.5)
        with mock.patch("cucurbit.arrays._NUMBERS_AT_ONCE", 1):
            few = cb.learning_curve(x, y[:, 0], x_test, y_test[:, 0], n=sizes, orders=2, seed=3)
        np.testing.assert_allclose(few.error, curve.error[:2, :, 0], rtol=1e-12)
        for arguments in ((x, y, x_test[:, :3], y_test), (x, y[:4], x_test, y_test), (x, y, x_test, y_test[:, 0])):
            with self.assertRaises(ValueError):
                cb.learning_curve(*arguments, n=5)


class Library(unittest.TestCase):
    def setUp(self):
        library.load.cache_clear()
        self.addCleanup(library.load.cache_clear)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_where_it_is_looked_for(self):
        program = self.folder / "bin" / "cucurbit"
        program.parent.mkdir()
        program.touch(0o755)
        beside = self.folder / "lib" / "libcucurbit_c.so"
        beside.parent.mkdir()
        built = Path(library.load()._name)
        with mock.patch.dict(os.environ, {"CUCURBIT": str(program)}), \
                mock.patch.object(library, "__file__", str(self.folder / "site" / "package" / "module.py")):
            library.load.cache_clear()
            with self.assertRaisesRegex(library.LibraryNotFound, "ninja -C build/cpu cucurbit_c"):
                library.load()
            beside.symlink_to(built)
            self.assertEqual(library.load()._name, str(program.resolve().parents[1] / "lib" / built.name))

    def test_another_version_is_refused(self):
        with mock.patch("cucurbit.__version__", "9.9.9"), self.assertRaisesRegex(ImportError, "of version .*9.9.9"):
            library.load()


if __name__ == "__main__":
    unittest.main()
