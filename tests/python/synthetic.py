"""Tables as the program exports them, with numbers from the papers' formulas and made-up scatter.

[I] Ildiz et al., "High-dimensional Analysis of Knowledge Distillation", ICLR 2025.
"""

import functools

import numpy
import pandas

COLUMNS = ["arm", "estimand", "estimate", "std_err", "ci95_low", "ci95_high", "n_trials", "n_failed",
           "theory", "theory_kind", "z", "flags"]


class Population:
    """λ_i = i^-a and λ_i β_i² = i^-b."""

    def __init__(self, p, a, b):
        index = numpy.arange(1.0, p + 1)
        self.p, self.spectrum = p, index ** -a
        self.truth = numpy.sqrt(index ** -b / self.spectrum)


def fixed_point(spectrum, n):
    """ξ with Σ λ/(λ + ξ) = n by bisection in log ξ ([I] section 3), then ζ and Ω."""
    xi = _xi(tuple(spectrum), n)
    zeta = xi / (spectrum + xi)
    return xi, zeta, ((1 - zeta) ** 2).sum() / n


@functools.cache
def _xi(eigenvalues, n):
    spectrum = numpy.array(eigenvalues)
    low, high = numpy.log(1e-30), numpy.log(spectrum.sum() / n * 10)
    for _ in range(200):
        middle = (low + high) / 2
        if (spectrum / (spectrum + numpy.exp(middle))).sum() > n:
            low = middle
        else:
            high = middle
    return numpy.exp(low)


def surrogates(population, n):
    """Optimal surrogate and mask ([I], propositions on the optimal and the masked surrogate)."""
    if n >= population.p:
        return population.truth, population.truth
    _, zeta, omega = fixed_point(population.spectrum, n)
    ratio = omega / (1 - omega)
    optimal = population.truth * (1 - zeta) / ((1 - zeta) ** 2 + ratio * zeta ** 2)
    return optimal, numpy.where(1 - zeta ** 2 > omega, population.truth, 0.0)


def law(labels, variance, spectrum, n, noise):
    """Mean and variance of each coordinate of a ridgeless fit on labels of that mean and variance."""
    p = len(spectrum)
    if n >= p + 2:
        return labels, variance + noise ** 2 / (spectrum * (n - p - 1))
    xi, zeta, omega = fixed_point(spectrum, n)
    gamma = (noise ** 2 + (spectrum * zeta ** 2 * (labels ** 2 + variance)).sum()) / (1 - omega)
    scale = spectrum / ((spectrum + xi) ** 2 * n)
    return (1 - zeta) * labels, (1 - zeta) ** 2 * variance + gamma * scale


def risk(fit, population):
    mean, variance = fit
    return (population.spectrum * ((mean - population.truth) ** 2 + variance)).sum()


def row(values, arm, theory, generator, *, kind="deterministic_equivalent", flags=""):
    """One excess-risk row whose estimate scatters about theory by its standard error of 1 %."""
    error = 0.01 * theory
    estimate = theory + error * generator.standard_normal()
    return [*values, arm, "excess_risk", estimate, error, estimate - 1.96 * error,
            estimate + 1.96 * error, 1024, 0, theory, kind, (estimate - theory) / error, flags]


def model_shift(p=60, a=2.0, b=1.5, samples=(5, 10, 20, 30, 40, 50), noises=(0.0, 0.2)):
    """Columns p, n, noise_std; arms of [I] Figure 1; a theory-only row of ξ at each n < p."""
    population, generator = Population(p, a, b), numpy.random.default_rng(1)
    rows = []
    for n in samples:
        for noise in noises:
            labels = dict(zip(("optimal_surrogate", "mask"), surrogates(population, n)))
            for arm, given in {"standard": population.truth, **labels}.items():
                value = risk(law(given, 0.0, population.spectrum, n, noise), population)
                rows.append(row((p, n, noise), arm, value, generator))
            if n < p:
                xi = fixed_point(population.spectrum, n)[0]
                rows.append([p, n, noise, "", "xi", *[numpy.nan] * 4, 0, 0, xi,
                             "deterministic_equivalent", numpy.nan, ""])
    return pandas.DataFrame(rows, columns=["p", "n", "noise_std", *COLUMNS])


def two_stage(p=60, sizes=(25, 35), samples=(10, 20, 30, 40)):
    """Columns p, m, n, noise_std, surrogate_noise_std; arms surrogate, target, standard."""
    population, generator = Population(p, 1.5, 1.5), numpy.random.default_rng(2)
    rows = []
    for m in sizes:
        surrogate = law(population.truth, 0.0, population.spectrum, m, 0.1)
        for n in samples:
            fits = {"surrogate": surrogate, "target": law(*surrogate, population.spectrum, n, 0.1),
                    "standard": law(population.truth, 0.0, population.spectrum, n, 0.1)}
            rows += [row((p, m, n, 0.1, 0.1), arm, risk(fit, population), generator)
                     for arm, fit in fits.items()]
    names = ["p", "m", "n", "noise_std", "surrogate_noise_std"]
    return pandas.DataFrame(rows, columns=[*names, *COLUMNS])


def crossing(p=40):
    """A curve across n = p: at n = p the mean is infinite and quantiles stand for it."""
    table = model_shift(p, samples=(10, 20, 30, 36, 50, 70, 100), noises=(0.5,))
    flagged = [[p, p, 0.5, "standard", "excess_risk", 321.0, *[numpy.nan] * 3, 1024, 0, numpy.inf,
                "exact", numpy.nan, "near_interpolation"]]
    flagged += [[p, p, 0.5, "standard", f"excess_risk_{name}", value, *[numpy.nan] * 3, 1024, 0,
                 numpy.nan, "none", numpy.nan, "near_interpolation"]
                for name, value in (("q05", 4.0), ("median", 9.0), ("q95", 30.0))]
    return pandas.concat([table, pandas.DataFrame(flagged, columns=table.columns)], ignore_index=True)


def coordinates(p=60, samples=(20, 24, 40)):
    """The per-coordinate table of [I] Figure 1a."""
    population, rows = Population(p, 2.0, 1.5), []
    for n in samples:
        _, zeta, _ = fixed_point(population.spectrum, n)
        optimal, mask = surrogates(population, n)
        for i in range(p):
            rows.append([p, n, i + 1, population.spectrum[i], zeta[i], population.truth[i],
                         optimal[i], mask[i]])
    names = ["p", "n", "index", "spectrum", "zeta", "truth", "optimal_surrogate", "mask"]
    return pandas.DataFrame(rows, columns=names)


def weak_to_strong(overlaps=(2, 10), samples=(60, 120), strong=(20,), weak=40, noise=0.3):
    """All estimands of the subspaces' setting that figures draw, for a truth in both subspaces."""
    generator = numpy.random.default_rng(5)
    rows = []

    def add(values, arm, estimand, theory, flags=""):
        if theory == 0:
            rows.append([*values, arm, "", *[0.0] * 4, 1024, 0, 0.0, "exact", numpy.nan, "zero_risk"])
        else:
            rows.append(row(values, arm, theory, generator, kind="exact", flags=flags))
        rows[-1][len(values) + 1] = estimand

    for d in strong:
        for overlap in overlaps:
            for n in samples:
                for pseudo in (d + 1, 50, 300, 4000):
                    values = [400, weak, d, overlap, n, pseudo, noise]
                    s = noise ** 2 / (n - weak - 1)
                    near = "near_interpolation" if abs(pseudo - d) <= 3 else ""
                    factor = numpy.inf if near else d / (pseudo - d - 1)
                    parts = {"variance_inherited": s * overlap,
                             "variance_discrepancy": factor * s * (weak - overlap),
                             "variance_bias_driven": 0.0}
                    risks = {"weak": s * weak, "w2s": sum(parts.values()),
                             "baseline": noise ** 2 * d / (n - d - 1),
                             "ceiling": noise ** 2 * d / (n + pseudo - d - 1)}
                    for arm, risk in risks.items():
                        add(values, arm, "excess_risk", risk, near if arm == "w2s" else "")
                    for part, value in parts.items():
                        add(values, "w2s", part, value, near if numpy.isinf(value) else "")
                    recovered = (risks["weak"] - risks["w2s"]) / (risks["weak"] - risks["ceiling"])
                    add(values, "w2s", "pgr", recovered, near)
                    add(values, "w2s", "opr", risks["baseline"] / risks["w2s"], near)
    return pandas.DataFrame(rows, columns=["p", "weak_d", "strong_d", "correlation_dimension", "n",
                                           "n_pseudo", "noise_std", *COLUMNS])


def features(samples=(12, 60, 200), pseudos=(40, 900), penalties=(0.0,), weak=11, strong=20, shared=6, total=3000):
    """Test errors, PGR and OPR of feature matrices; at n = 12 the weak head is within 3 of interpolation."""
    generator, rows = numpy.random.default_rng(7), []
    for penalty in penalties:
        for n in samples:
            for pseudo in pseudos:
                near = "near_interpolation" if abs(n - weak) <= 3 else ""
                spread = 0.4 / (n - weak - 1) if n > weak + 1 else numpy.nan
                errors = {"weak": 0.4 + weak * spread,
                          "w2s": 0.35 + spread * (shared + strong / (pseudo - strong - 1) * (weak - shared)),
                          "baseline": 0.2 * (1 + strong / abs(n - strong - 1)),
                          "ceiling": 0.2 * (1 + strong / (n + pseudo - strong - 1))}
                ratios = {"pgr": (errors["weak"] - errors["w2s"]) / (errors["weak"] - errors["ceiling"]),
                          "opr": errors["baseline"] / errors["w2s"]}
                for arm, estimand, value in [*((arm, "test_error", error) for arm, error in errors.items()),
                                             *(("w2s", name, ratio) for name, ratio in ratios.items())]:
                    flag = near if arm in ("weak", "w2s") else ""
                    rows.append(row((n, pseudo, penalty), arm, value, generator, kind="approximation", flags=flag))
                    rows[-1][4] = estimand
    return pandas.DataFrame(rows, columns=["n", "n_pseudo", "penalty", *COLUMNS])


def descent(flips=(0.0, 0.2), stops=(1, 10, 100), steps=(5, 50), switches=()):
    """Classes along gradient descent, with intervals of ±0.01; every value a plain function of its place."""
    generator, names, rows = numpy.random.default_rng(4), ["p", "n", "flip", "teacher_steps", "student_steps"], []

    def add(arm, estimands, flip, stop, step, change):
        for estimand in estimands:
            value = generator.random()
            rows.append([40, 20, flip, stop, step, *([change] if switches else []), arm, estimand, value, 0.005,
                         value - 0.01, value + 0.01, 64, 0, numpy.nan, "none", numpy.nan, ""])

    every = ["accuracy", "calibration_error", "projection_1", "projection_2", "projection_3"]
    own = ["projection_ratio_2", "projection_ratio_3", "gain", "gain_over_teacher",
           *(f"{whose}_{sample}_margin_{b}" for sample in ("train", "test") for b in (1, 2)
             for whose in ("teacher", "student"))]
    for flip in flips:
        for stop in stops:
            add("teacher", every, flip, stop, numpy.nan, numpy.nan)
            for change in switches or (numpy.nan,):
                for step in steps:
                    add("student", every + own, flip, stop, step, change)
        for step in steps:
            add("one_hot", every, flip, numpy.nan, step, numpy.nan)
    return pandas.DataFrame(rows, columns=[*names, *(["switch_at"] if switches else []), *COLUMNS])


def chain(stages=3, sizes=(60, 120), noise=0.3):
    """Excess risks of a chain of least-squares stages, n of the first stage varying."""
    generator = numpy.random.default_rng(6)
    names = ["p", *(f"{name}_{k}" for k in range(1, stages + 1) for name in ("n", "noise_std", "penalty"))]
    rows = []
    for n in sizes:
        values = [20, n, noise, 0.0, *([80, noise, 0.0] * (stages - 1))]
        risk = 0.0
        for k in range(1, stages + 1):
            risk += noise ** 2 * 20 / ((n if k == 1 else 80) - 21)
            rows.append(row(values, f"stage_{k}", risk, generator, kind="exact"))
    return pandas.DataFrame(rows, columns=[*names, *COLUMNS])


def graph(weights=(-1.0, 0.0, 0.5, 2.0), penalties=(0.3, 3.0), noises=(0.5,), sizes=(40,)):
    """A teacher that depends on its penalty and the rows, and a student that depends on all; PGR of the student."""
    generator, rows = numpy.random.default_rng(8), []
    for n in sizes:
        for noise in noises:
            for penalty in penalties:
                teacher = row((100, n, noise, penalty, 0.0), "teacher", noise / n + penalty, generator)
                for weight in weights:
                    values = (100, n, noise, penalty, weight)
                    rows.append([*values, *teacher[5:]])
                    rows.append(row(values, "student", noise / n + penalty * (1 + weight ** 2) / 2, generator))
                    rows.append(row(values, "student", 0.7 + 0.1 * weight, generator))
                    rows[-1][6] = "pgr"
    return pandas.DataFrame(rows, columns=["p", "n_real", "noise_std_real", "penalty_teacher",
                                           "weight_student_teacher", *COLUMNS])


def by_p(sizes=(10, 20, 25, 40, 60), n=30, noises=(0.5,)):
    """Risk against p at fixed n: the textbook's figure."""
    tables = [model_shift(p, samples=(n,), noises=noises) for p in sizes]
    return pandas.concat(tables, ignore_index=True)
