#!/usr/bin/env python3
"""`run --budget` beside equal trials of all designs, on the held-out studies of bench/held_out: core seconds to an equal
error, and how often 95 % intervals hold the truth.

    bench/allocation.py                       # core seconds, ten studies: some 20 minutes on two cores
    bench/allocation.py --coverage 300        # intervals of so many short runs of each study: an hour and more

The error of a run is the largest relative standard error of its means, of all rows that the budget counts (not of ratios,
nor of rows without a variance or with a risk of zero). For a budget of some seconds: the processor time (user and system) of the whole
command, against that of a run of equally many trials, as many as bring the worst row to the same error. What such a run reached
differs from that error by chance, and its time is scaled by the square of the ratio. Means that a study's abs_std_err suffices for
count as precise. "bound" is what the best spread of trials would save, with the costs of
`cucurbit bench` and the variances of the run of equal trials: every mean as precise as the worst, no pilot trials, no rounding. Where
points stop one by one, a design's trial takes as long as its draws and one part for each point that still runs; both follow from the
rates of the study with all points of a design and with one, the mean of its first and its last.

Coverage: runs of a small budget with other seeds, their intervals against exact laws where there are such, else against the mean of
a run of 20 times the budget with a seed of its own, whose variance is added to the interval's. Rows that are the same in every trial,
such as biases of fits that see all of the truth, do not count: their intervals are as wide as rounding.
"""

import argparse
import csv
import io
import math
import os
import re
import statistics
import subprocess
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAM = os.environ.get("CUCURBIT", str(HERE.parent / "build/cpu/bin/cucurbit"))
STUDIES = sorted((HERE / "held_out").glob("*.toml"))
STOPPED = 75
APART = ("chain", "graph", "weak_to_strong")  # their points stop one by one


def command(*arguments):
    """Output, processor seconds and exit code of the program."""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, STOPPED):
            raise SystemExit(f"cucurbit {' '.join(map(str, arguments))}: exit code {process.returncode}")
        out.seek(0)
        return out.read().decode(), usage.ru_utime + usage.ru_stime, process.returncode


def table(*arguments):
    return list(csv.DictReader(io.StringIO(command(*arguments)[0])))


def key(row):
    return tuple(value for name, value in row.items() if name not in MEASURED)


MEASURED = ("estimate", "std_err", "ci95_low", "ci95_high", "n_trials", "n_failed", "theory", "theory_kind", "z", "flags")


def needed(row, precision):
    """Trials after which a row is as precise as a study asks for."""
    if not row["std_err"]:
        return math.inf
    allowed = max(precision["rel_std_err"] * abs(float(row["estimate"])), precision.get("abs_std_err", 0.0))
    return int(row["n_trials"]) * (float(row["std_err"]) / allowed) ** 2 if allowed > 0.0 else math.inf


def trials_of_points(study, rows, precision):
    """Of each design the trials that each of its points needs."""
    kind = study["study"]["kind"]
    of_design = {"model_shift": ("p",), "graph": ("p",), "chain": ("p",), "two_stage": ("p", "m"), "gradient_descent": ("n",),
                 "weak_to_strong": ("weak_d", "strong_d", "correlation_dimension")}[kind]
    designs = {}
    for row in rows:
        points = designs.setdefault(tuple(row[name] for name in of_design), {})
        point = key(row)[:-2]
        points[point] = max(points.get(point, 0.0), needed(row, precision))
    return [list(points.values()) for points in designs.values()]


def seconds_of_trials(file):
    return [1 / float(row["trials_per_second"]) for row in
            table("bench", file, "--devices", "cpu", "--seconds", "0.5", "--format", "csv")]


def seconds_of_one_point(study, file, folder):
    """Of each design's trials with its first or last point alone, the mean."""
    of_designs = ("d", "shared") if study["study"]["kind"] == "weak_to_strong" else ("p",)

    def keep(place):
        return lambda grid: grid[0] if grid[1] in of_designs else f"{grid[1]} = [{grid[2].split(',')[place].strip()}]"

    each = []
    for place in (0, -1):
        alone = folder / f"point{place}.toml"
        alone.write_text(re.sub(r"\b(\w+) = \[([\d., -]+)\]", keep(place), file.read_text()))
        each.append(seconds_of_trials(alone))
    return [statistics.mean(both) for both in zip(*each, strict=True)]


def bound(study, file, designs, folder):
    seconds = seconds_of_trials(file)
    equal = max(max(points) for points in designs) * sum(seconds)
    if study["study"]["kind"] not in APART:
        return equal / sum(cost * max(points) for cost, points in zip(seconds, designs, strict=True))
    best = 0.0
    for points, whole, alone in zip(designs, seconds, seconds_of_one_point(study, file, folder), strict=True):
        point = max(0.0, whole - alone) / (len(points) - 1)
        best += max(0.0, alone - point) * max(points) + point * sum(points)
    return equal / best


def compare(file, budget, folder):
    study = tomllib.loads(file.read_text())
    _, spent, code = command("run", file, "-o", folder / "budget", "--budget", budget)
    if code == STOPPED:
        raise SystemExit(f"{file.stem}: {budget} is too short for the first 256 trials here: --budget names a longer one")
    precision = tomllib.loads((folder / "budget" / "study.toml").read_text())["precision"]
    # What decides is as precise as the folder's study asks for; derived rows and rows without a variance need not be.
    rows = [row for row in table("export", folder / "budget") if row["n_trials"] != "0"]
    deciding = {key(row): needed(row, precision) for row in rows if needed(row, precision) <= int(row["n_trials"])}
    trials = max(256, math.ceil(max(deciding.values())))
    _, equal, _ = command("run", file, "-o", folder / "equal", "--set", f"precision={{ trials = {trials} }}")
    rows = [row for row in table("export", folder / "equal") if key(row) in deciding and row["std_err"]]
    equal *= max(needed(row, precision) for row in rows) / trials
    most = bound(study, file, trials_of_points(study, rows, precision), folder)
    print(f"| `{file.stem}` | {precision['rel_std_err']:.2%} | {spent:.1f} | {equal:.1f} ({trials:,} trials) "
          f"| {equal / spent:.2f} | {most:.2f} |", flush=True)
    return equal / spent


def intervals(file, seeds, budget, folder):
    """Shares of the rows' intervals that hold the truth, one of each seed."""
    precision = {}
    times, unit = float(budget[:-1]), budget[-1]
    command("run", file, "-o", folder / "long", "--budget", f"{20 * times:g}{unit}", "--set", "study.seed=999999")
    for row in table("export", folder / "long"):
        if row["theory"] == "0":
            continue  # zero up to rounding
        if row["theory_kind"] == "exact" and row["theory"]:
            precision[key(row)] = (float(row["theory"]), 0.0)
        elif row["std_err"]:
            precision[key(row)] = (float(row["estimate"]), float(row["std_err"]))
    shares, low, high, count = [], 0, 0, 0
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as place:
            run = Path(place) / "run"
            if command("run", file, "-o", run, "--budget", budget, "--set", f"study.seed={seed}")[2] == STOPPED:
                continue  # a busy machine: not even the first round
            held = []
            for row in table("export", run):
                if key(row) not in precision or not row["ci95_low"]:
                    continue
                truth, error = precision[key(row)]
                estimate, own = float(row["estimate"]), float(row["std_err"])
                if own <= 1e-12 * abs(estimate):
                    continue  # the same in every trial up to rounding
                wider = math.hypot(own, error) / own
                below = truth < estimate + wider * (float(row["ci95_low"]) - estimate)
                above = truth > estimate + wider * (float(row["ci95_high"]) - estimate)
                held.append(not below and not above)
                low += below
                high += above
            count += len(held)
            shares.append(statistics.mean(held))
    mean, error = statistics.mean(shares), statistics.stdev(shares) / math.sqrt(len(shares))
    print(f"| `{file.stem}` | {len(shares)} | {len(held)} | {mean:.2%} ± {error:.2%} | {low / count:.2%} | {high / count:.2%} |", flush=True)
    return mean


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", default="", help="of each run (20s; 1s for coverage)")
    parser.add_argument("--coverage", type=int, default=0, metavar="SEEDS", help="coverage of intervals instead of core seconds")
    parser.add_argument("studies", nargs="*", help="names of held-out studies (all)")
    options = parser.parse_args()
    studies = [file for file in STUDIES if not options.studies or file.stem in options.studies]
    if options.coverage:
        print("| study | runs | rows | coverage, ± its standard error | truth below | truth above |\n|---|---|---|---|---|---|")
    else:
        print("| study | error | core seconds | of equal trials | ratio | bound |\n|---|---|---|---|---|---|")
    results = []
    for file in studies:
        with tempfile.TemporaryDirectory() as place:
            results.append(intervals(file, options.coverage, options.budget or "1s", Path(place)) if options.coverage
                           else compare(file, options.budget or "20s", Path(place)))
    print(f"median {statistics.median(results):.4g}")


if __name__ == "__main__":
    main()
