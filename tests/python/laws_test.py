"""Predictions of arrays: known laws, the fixed point solved in Python, and what is refused."""

import unittest

from needs import need

need("numpy")

import numpy as np

import cucurbit as cb


def equivalent(spectrum, truth, surrogate, n, noise_std):
    """The deterministic equivalent of docs/theory.md for n < p, its fixed point by bisection."""
    low, high = 0.0, spectrum.sum() * len(spectrum)
    for _ in range(300):
        xi = (low + high) / 2
        low, high = (xi, high) if (spectrum / (spectrum + xi)).sum() > n else (low, xi)
    zeta = xi / (spectrum + xi)
    omega = ((1 - zeta) ** 2).sum() / n
    gamma = (noise_std ** 2 + (spectrum * zeta ** 2 * surrogate ** 2).sum()) / (1 - omega)
    return (spectrum * ((1 - zeta) * surrogate - truth) ** 2).sum() + gamma * omega


class Laws(unittest.TestCase):
    def setUp(self):
        self.spectrum = np.arange(1.0, 61.0) ** -1.5
        self.truth = np.linspace(1, 0.1, 60)

    def test_exact_laws(self):
        p, truth = 60, self.truth
        found = cb.target_risk(np.full(p, 0.5), truth, [10, 40], [[0.0], [0.3]])
        for i, noise in enumerate((0.0, 0.3)):
            for j, n in enumerate((10, 40)):
                self.assertAlmostEqual(found.value[i, j], 0.5 * truth @ truth * (1 - n / p) + noise ** 2 * n / (p - n - 1), 9)
        self.assertEqual(set(found.kind.ravel()), {"exact"})
        above = cb.target_risk(self.spectrum, truth, n=100, noise_std=0.3)
        self.assertAlmostEqual(float(above.value), 0.09 * p / (100 - p - 1), 12)
        self.assertTrue(np.isinf(cb.target_risk(self.spectrum, truth, n=p, noise_std=0.3).value))

    def test_equivalents(self):
        surrogate = self.truth[::-1]
        sizes, noise = np.array([5, 20, 50]), 0.2
        found = cb.target_risk(self.spectrum.tolist(), self.truth, sizes, noise, surrogate=surrogate)
        expected = [equivalent(self.spectrum, self.truth, surrogate, n, noise) for n in sizes]
        np.testing.assert_allclose(found.value, expected, rtol=1e-9)
        self.assertEqual(set(found.kind), {"deterministic_equivalent"})
        self.assertTrue((found.relative_error > 0).all())

    def test_the_optimal_surrogate(self):
        best = cb.optimal_surrogate(self.spectrum, self.truth, [20, 80])
        self.assertEqual(best.shape, (2, 60))
        np.testing.assert_array_equal(best[1], self.truth)
        one = cb.optimal_surrogate(self.spectrum, self.truth, 20)
        np.testing.assert_array_equal(one, best[0])
        risk = float(cb.target_risk(self.spectrum, self.truth, 20, surrogate=one).value)
        self.assertLess(risk, float(cb.target_risk(self.spectrum, self.truth, 20).value))
        rng = np.random.default_rng(1)
        for _ in range(20):
            other = one * (1 + 0.01 * rng.standard_normal(60))
            self.assertLess(risk, float(cb.target_risk(self.spectrum, self.truth, 20, surrogate=other).value))

    def test_what_is_refused(self):
        good = (self.spectrum, self.truth)
        for arguments in ((self.spectrum[:5], self.truth, 5), (self.spectrum * np.nan, self.truth, 5), (*good, 0),
                          (*good, 1.5), (*good, 5, -0.1), (*good, 5, np.inf), (-self.spectrum, self.truth, 5),
                          (self.spectrum[None], self.truth, 5), ([], [], 5)):
            with self.assertRaises(ValueError):
                cb.target_risk(*arguments)
        with self.assertRaisesRegex(ValueError, "60 numbers in spectrum, 5 numbers in truth"):
            cb.optimal_surrogate(self.spectrum, self.truth[:5], 5)


if __name__ == "__main__":
    unittest.main()
