#!/usr/bin/python3
"""Times weak-to-strong and one-stage studies against NumPy's lstsq on the data, one thread, the same BLAS.

    bench/side_by_side_subspaces.py [--program build/cpu/bin/cucurbit] [--seconds 1]

Needs what side_by_side.py needs, and quotes ratios of CPU time as it does. The script draws its data, since a user's
does; "without drawing" leaves that out.
"""

import argparse
import pathlib
import subprocess
import tempfile
import time

from side_by_side import blas_of, cpu_seconds, report, resource  # sets the BLAS up before NumPy loads

import numpy as np

HEAD = """schema = 1
[study]
name = "side-by-side"
kind = "{kind}"
seed = 1
[precision]
trials = {trials}
"""

CHAIN = """
[population]
p = 200
spectrum = { kind = "isotropic" }
signal = { kind = "uniform" }
[[stage]]
n = 20000
noise_std = 0.3
"""


def subspaces(weak, strong, n, n_pseudo, sampler):
    return f"""sampler = "{sampler}"
[population]
p = 1000
signal = {{ kind = "subspace", of = "strong" }}
[weak]
d = {weak}
n = {n}
noise_std = 0.3
[strong]
d = {strong}
n_pseudo = {n_pseudo}
overlap = {{ correlation_dimension = {min(weak, strong) / 4} }}
"""


def time_cucurbit(program, kind, body, seconds, folder):
    """CPU milliseconds of a trial through `cucurbit run --threads 1`, the program's own start taken off."""
    trials, start = 1, None
    while True:
        study = pathlib.Path(folder) / f"{abs(hash(body))}-{trials}.toml"
        study.write_text(HEAD.format(kind=kind, trials=trials) + body)
        before = cpu_seconds(resource.RUSAGE_CHILDREN)
        subprocess.run([program, "run", study, "-o", study.with_suffix(""), "--threads", "1"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        spent = cpu_seconds(resource.RUSAGE_CHILDREN) - before
        start = spent if start is None else start
        if spent - start > seconds:
            return (spent - start) / (trials - 1) * 1e3
        trials *= 4


def fit(x, y):
    return np.linalg.lstsq(x, y, rcond=None)[0]


def one_fit(rng, rows, dimension):
    x = rng.standard_normal((rows, dimension))
    y = x.sum(1) + 0.3 * rng.standard_normal(rows)
    begin = time.process_time()
    fit(x, y)
    return time.process_time() - begin


def four_arms(rng, weak, strong, n, n_pseudo):
    """Weak, student, baseline and ceiling on drawn data; seconds of the fits alone."""
    z = rng.standard_normal((n + n_pseudo, weak + strong))
    noise = 0.3 * rng.standard_normal(n + n_pseudo)
    weak_features, strong_features = z[:, :weak], 0.5 * z[:, :strong] + 0.75**0.5 * z[:, weak:weak + strong]
    y = strong_features.sum(1) / strong**0.5 + noise
    begin = time.process_time()
    teacher = fit(weak_features[:n], y[:n])
    fit(strong_features[n:], weak_features[n:] @ teacher)
    fit(strong_features[:n], y[:n])
    fit(strong_features, y)
    return time.process_time() - begin


def time_script(trial, seconds):
    """CPU milliseconds of a trial: with its draws, and of its fits alone."""
    trial()
    whole, fits, end = [], [], time.process_time() + seconds
    while time.process_time() < end or len(whole) < 3:
        begin = time.process_time()
        fits.append(trial())
        whole.append(time.process_time() - begin)
    return float(np.mean(whole)) * 1e3, float(np.mean(fits)) * 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--program", default=root / "build/cpu/bin/cucurbit")
    parser.add_argument("--seconds", type=float, default=1.0, help="CPU time for each measurement")
    options = parser.parse_args()
    print(f"NumPy {np.__version__}, {blas_of('no BLAS found')}")
    rng = np.random.default_rng(1)

    def compare(title, kind, body, trial, targets):
        with tempfile.TemporaryDirectory() as folder:
            ours = time_cucurbit(options.program, kind, body, options.seconds, folder)
        whole, fits = time_script(trial, options.seconds)
        report(title, ours, {"NumPy lstsq": whole, "without drawing": fits}, targets)

    compare("One fit, N = 20,000, d = 200, sufficient", "chain", CHAIN,
            lambda: one_fit(rng, 20000, 200), {"NumPy lstsq": 2000})
    compare("One student's data, N = 20,000, d = 200, direct (all arms of a weak d = 1)", "weak_to_strong",
            subspaces(1, 200, 10, 20000, "direct"), lambda: one_fit(rng, 20000, 200), {"NumPy lstsq": 7})
    for weak, strong, target in ((40, 20, 500), (200, 200, 100)):
        compare(f"Four arms, d_w = {weak}, d_s = {strong}, n = {10 * weak}, N = 20,000, sufficient",
                "weak_to_strong", subspaces(weak, strong, 10 * weak, 20000, "sufficient"),
                lambda weak=weak, strong=strong: four_arms(rng, weak, strong, 10 * weak, 20000),
                {"NumPy lstsq": target})


if __name__ == "__main__":
    main()
