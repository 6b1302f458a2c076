#!/usr/bin/python3
"""Times cucurbit against the scripts that it replaces, on one thread and the same BLAS, in one run.

    bench/side_by_side.py [--program build/cpu/bin/cucurbit] [--seconds 3] [--trials N]

Needs a NumPy and SciPy linked against the system's OpenBLAS (Debian: python3-numpy, python3-scipy). Quotes ratios of
CPU time: absolute times drift with the machine. "Time to a standard error" divides a trial's time by its
information: a trial that integrates the label noise out is worth several that sample it.
"""

import argparse
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

# The same kernel for every contender, whatever the environment asks of tests.
for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402  (after the environment is set)
import scipy.linalg  # noqa: E402

P = 500
SPECTRUM = np.arange(1, P + 1) ** -2.0
TRUTH = np.sqrt(np.arange(1, P + 1) ** -1.5 / SPECTRUM)
CURVE = np.arange(20, 481, 20)
ARMS = 4

STUDY = """schema = 1
[study]
name = "side-by-side"
kind = "model_shift"
seed = 1
[population]
p = 500
spectrum = {{ kind = "power_law", exponent = 2.0 }}
signal = {{ kind = "power_law", exponent = 1.5 }}
[target]
n = {n}
noise_std = {noise}
arms = ["standard", "optimal_surrogate", "mask", {{ name = "half", surrogate_file = "half.csv" }}]
[precision]
trials = {trials}
label_noise = "{label_noise}"
"""


def cpu_seconds(who):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def time_cucurbit(program, n, noise, label_noise, seconds, folder):
    """CPU milliseconds of a trial through `cucurbit run --threads 1`, and the table's rows."""
    folder = pathlib.Path(folder)
    np.savetxt(folder / "half.csv", 0.5 * TRUTH)
    trials, spent, start = 4, 0.0, None
    while True:
        study = folder / f"{label_noise}-{trials}.toml"
        study.write_text(STUDY.format(n=n, noise=noise, trials=trials, label_noise=label_noise))
        out = folder / f"{label_noise}-{trials}-{len(str(n))}"
        before = cpu_seconds(resource.RUSAGE_CHILDREN)
        subprocess.run([program, "run", study, "-o", out, "--threads", "1"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        spent = cpu_seconds(resource.RUSAGE_CHILDREN) - before
        if start is None:  # mostly the program's own start: taken off the long run
            start = spent
        if spent > seconds:
            table = subprocess.run([program, "export", out, "--format", "csv"], check=True,
                                   capture_output=True, text=True).stdout.splitlines()
            return (spent - start) / (trials - 4) * 1e3, table
        trials *= 4


def least_squares(x, y):
    return np.linalg.lstsq(x, y, rcond=None)[0]


def gram_solve(x, y):
    return x.T @ np.linalg.solve(x @ x.T, y)


def cholesky(x, y):
    return x.T @ scipy.linalg.cho_solve(scipy.linalg.cho_factor(x @ x.T, lower=True), y)


def integrated(x, y):
    """Noise-free fit and the exact risk of unit label noise, by the pseudo-inverse."""
    inverse = np.linalg.pinv(x)
    return inverse @ y, np.sum(SPECTRUM[:, None] * inverse**2)


def script_trial(rng, sizes, fit, noise, labels):
    """What a user's script does: draw, label, fit and measure each n."""
    x = rng.standard_normal((sizes[-1], P)) * np.sqrt(SPECTRUM)
    z = noise * rng.standard_normal((sizes[-1], 1)) if fit is not integrated else 0.0
    risks = []
    for n in sizes:
        y = x[:n] @ labels + (z[:n] if fit is not integrated else 0.0)
        b = fit(x[:n], y)
        extra = 0.0
        if fit is integrated:
            b, gain = b
            extra = noise**2 * gain
        risks.append(np.sum(SPECTRUM[:, None] * (b - TRUTH[:, None]) ** 2, axis=0) + extra)
    return np.array(risks)


def time_script(sizes, fit, noise, seconds):
    """CPU milliseconds of a trial of the script, the mean over the time as for the program."""
    rng = np.random.default_rng(1)
    labels = np.stack([TRUTH, 0.9 * TRUTH, np.where(np.arange(P) < 200, TRUTH, 0.0), 0.5 * TRUTH], 1)
    script_trial(rng, sizes, fit, noise, labels)
    times, end = [], time.process_time() + seconds
    while time.process_time() < end or len(times) < 3:
        begin = time.process_time()
        script_trial(rng, sizes, fit, noise, labels)
        times.append(time.process_time() - begin)
    return float(np.mean(times)) * 1e3


def standard_errors(table):
    """std_err by (n, arm) of excess_risk rows of an exported table."""
    header = table[0].split(",")
    at = {name: header.index(name) for name in ("n", "arm", "estimand", "std_err", "n_trials")}
    result = {}
    for line in table[1:]:
        cells = line.split(",")
        if cells[at["estimand"]] == "excess_risk":
            trials = float(cells[at["n_trials"]])
            result[cells[at["n"]], cells[at["arm"]]] = float(cells[at["std_err"]]) * trials**0.5
    return result


def blas_of(path):
    names = {line.split()[-1] for line in open("/proc/self/maps") if "blas" in line}
    return ", ".join(sorted(pathlib.Path(name).name for name in names)) or path


def report(title, ours, scripts, targets):
    print(f"\n{title}\n  {'cucurbit':<28}{ours:10.3f} ms a trial")
    for name, value in scripts.items():
        target = f"   target {targets[name]}x" if name in targets else ""
        print(f"  {name:<28}{value:10.3f} ms a trial {value / ours:8.1f}x slower{target}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--program", default=root / "build/cpu/bin/cucurbit")
    parser.add_argument("--seconds", type=float, default=3.0, help="CPU time for each measurement")
    options = parser.parse_args()
    devices = subprocess.run([options.program, "devices"], capture_output=True, text=True)
    print(devices.stdout.strip())
    print(f"NumPy {np.__version__}, SciPy {scipy.__version__}, {blas_of('no BLAS found')}")
    if "openblas" not in blas_of(""):
        print("NumPy does not use OpenBLAS: the ratios below would not compare like with like.")
        sys.exit(1)
    sampling = {"NumPy lstsq": least_squares, "NumPy solve": gram_solve, "SciPy Cholesky": cholesky}
    with tempfile.TemporaryDirectory() as folder:
        one, _ = time_cucurbit(options.program, 200, 0.2, "sample", options.seconds, folder)
        report("One trial, n = 200, p = 500, 4 arms, noise sampled", one,
               {k: time_script([200], f, 0.2, options.seconds) for k, f in sampling.items()},
               {"NumPy lstsq": 12, "NumPy solve": 3})
        grid = list(map(int, CURVE))
        curve, sampled = time_cucurbit(options.program, grid, 0.5, "sample", options.seconds, folder)
        scripts = {k: time_script(CURVE, f, 0.5, options.seconds) for k, f in sampling.items()}
        report("A curve of 24 n, 4 arms, noise sampled", curve, scripts,
               {"NumPy lstsq": 80, "SciPy Cholesky": 15})
        exact, conditional = time_cucurbit(options.program, grid, 0.5, "integrate", options.seconds,
                                           folder)
        report("The same curve, noise integrated out", exact,
               {"NumPy pinv": time_script(CURVE, integrated, 0.5, options.seconds)}, {})
    before, after = standard_errors(sampled), standard_errors(conditional)
    trials = np.exp(np.mean([2 * np.log(before[k] / after[k]) for k in after]))
    print(f"\nTo a given standard error, noise_std 0.5, geometric mean over {len(after)} points"
          f"\n  integrating the noise saves {trials:.1f}x the trials (the algorithm alone)")
    for name, target in (("NumPy lstsq", 1000), ("SciPy Cholesky", 200)):
        print(f"  {name:<28}{trials * scripts[name] / exact:10.0f}x slower   target {target}x")


if __name__ == "__main__":
    main()
