#!/usr/bin/env python3
"""Times batched gradient descent against JAX: float64, vmap over trials, compile time excluded, the same draws, the
same two cores, one process after the other.

    bench/side_by_side_jax.py [--program build/cpu/bin/cucurbit] [--trials 32] [--steps 500]

Needs numpy and jax (pip install jax), and says so where they are absent. A run is one model's whole descent: at each
of the settings a teacher, a model on the labels and the students of some stopped teachers. cucurbit's time is that of
`cucurbit run`, drawing, eigenvectors, measuring and storing included; JAX's is of the descents alone. JAX gets the
better of two layouts: the models of a trial as columns of one matrix, or every run for itself.
"""

import argparse
import importlib.util
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)
absent = [name for name in ("numpy", "jax") if importlib.util.find_spec(name) is None]
if absent:
    print(f"skipped: {sys.executable} has no {', '.join(absent)} (pip install {' '.join(absent)})")
    sys.exit(77)
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])

import jax  # noqa: E402  (after the environment is set)
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

jax.config.update("jax_enable_x64", True)

P, N, FLIP, STRENGTH, FRACTION = 400, 200, 0.1, 5.0, 2.0
STUDY = """schema = 1
study = {{ name = "jax", kind = "gradient_descent", seed = 3 }}
teacher = {{ loss = "cross_entropy", steps = {stops}, step_fraction = 2.0 }}
student = {{ steps = {steps}, step_fraction = 2.0 }}
precision = {{ trials = {trials} }}
[data]
p = 400
n = 200
test = 100
spectrum = {{ kind = "power_law", exponent = 1.0 }}
signal = {{ kind = "power_law", exponent = 1.5 }}
labels = {{ kind = "logistic", strength = 5.0, flip = 0.1 }}
"""


def run_program(program, folder, stops, steps, trials):
    """Wall and CPU seconds of a run with two threads, its table's rows and its random key."""
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/python"))
    import descent_test

    study = pathlib.Path(folder) / f"{len(stops)}-{trials}.toml"
    study.write_text(STUDY.format(stops=stops, steps=steps, trials=trials))
    out = study.with_suffix("")
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([program, "run", study, "-o", out, "--threads", "2"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, *descent_test.read_run(program, out)


def problems(key, trials):
    """Samples, labels and steps of the same trials."""
    import descent_test

    descent_test.P, descent_test.N, descent_test.TEST = P, N, 100
    drawn = [descent_test.Problem(key, 2, STRENGTH, FLIP, trial) for trial in range(trials)]
    x = np.stack([problem.x for problem in drawn])
    y = np.stack([problem.one_hot() for problem in drawn])
    rates = FRACTION / np.array([np.linalg.norm(each, 2) ** 2 for each in x])
    return drawn, jnp.asarray(x), jnp.asarray(y), jnp.asarray(rates)


def descend(x, targets, rate, stops):
    """Weights after each of the stops, for the columns of the targets."""
    def step(_, w):
        return w - rate * (x.T @ (jax.nn.sigmoid(x @ w) - targets))
    w, found, done = jnp.zeros((P,) + targets.shape[1:]), [], 0
    for stop in stops:
        w = jax.lax.fori_loop(0, stop - done, step, w)
        found.append(w)
        done = stop
    return found


def columns(x, y, rate, stops, steps):
    """The models of a trial as columns: its teachers' and its learners' last weights."""
    teachers = jnp.concatenate(descend(x, y, rate, stops), axis=1)
    targets = jnp.concatenate([y, jax.nn.sigmoid(x @ teachers)], axis=1)
    return teachers, descend(x, targets, rate, (steps,))[0]


def each_alone(x, y, rate, stops, steps):
    """The same, every run for itself."""
    teachers = jnp.stack([w for w in descend(x, y[:, 0], rate, stops)])
    targets = jnp.concatenate([y.T, jax.nn.sigmoid(teachers @ x.T)])
    learners = jax.vmap(lambda target: descend(x, target, rate, (steps,))[0])(targets)
    return teachers.T, learners.T


def time_jax(train, x, y, rates, stops, steps):
    """Wall and CPU seconds of all trials, and the learners' last weights."""
    batched = jax.jit(jax.vmap(lambda a, b, c: train(a, b, c, stops, steps)))
    jax.block_until_ready(batched(x, y, rates))
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    _, learners = jax.block_until_ready(batched(x, y, rates))
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, np.asarray(learners)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--program", default=root / "build/cpu/bin/cucurbit")
    parser.add_argument("--trials", type=int, default=32)
    parser.add_argument("--steps", type=int, default=500)
    options = parser.parse_args()
    print(f"p = {P}, n = {N}, {options.steps} steps, {options.trials} trials, JAX {jax.__version__}, float64, "
          f"{len(os.sched_getaffinity(0))} cores")
    with tempfile.TemporaryDirectory() as folder:
        for count in (1, 10):
            stops = sorted({max(1, round(options.steps ** ((i + 1) / count))) for i in range(count)})
            runs = options.trials * (2 + len(stops))
            wall, cpu, table, key = run_program(options.program, folder, stops, options.steps, options.trials)
            drawn, x, y, rates = problems(key, options.trials)
            print(f"\nstudents of {len(stops)} stopped teachers: {runs} runs"
                  f"\n  {'cucurbit':<26}{wall / runs * 1e3:9.3f} ms a run, CPU {cpu / runs * 1e3:9.3f} ms")
            for title, train in (("JAX, models as columns", columns), ("JAX, each run alone", each_alone)):
                seconds, spent, learners = time_jax(train, x, y, rates, stops, options.steps)
                print(f"  {title:<26}{seconds / runs * 1e3:9.3f} ms a run, CPU {spent / runs * 1e3:9.3f} ms: "
                      f"{seconds / wall:.1f}x, CPU {spent / cpu:.1f}x slower   target 3x")
                ours = table["student", "accuracy", str(stops[-1]), str(options.steps)]
                theirs = np.mean([((problem.test @ w[:, -1] > 0) == problem.test_labels).mean()
                                  for problem, w in zip(drawn, learners)])
                if abs(ours - theirs) > 0.5 / (100 * options.trials):
                    sys.exit(f"the results differ: accuracy {ours} and {theirs}")


if __name__ == "__main__":
    main()
