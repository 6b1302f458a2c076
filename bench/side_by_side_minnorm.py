#!/usr/bin/env python3
"""cucurbit.minnorm beside NumPy: stacks of minimum-norm fits of arrays, wall-clock time on two threads.

NumPy's lstsq takes no stack, so it is a loop; pinv and normal equations are stacked. NumPy's own BLAS threads are set by
OPENBLAS_NUM_THREADS; leave OPENBLAS_CORETYPE unset. Each time is the best of five, NumPy's on a tenth of the items.
"""

import time

import numpy as np

import cucurbit as cb

STACKS = [(1000, 100, 200), (1000, 200, 100), (500, 100, 100), (5000, 20, 40), (20000, 5, 10), (40, 400, 800)]
NESTED = [(190, 200, range(10, 191, 10)), (400, 200, range(20, 401, 20))]


def best(call, items, repetitions=5):
    """Microseconds for each item."""
    call()
    times = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return min(times) / items * 1e6


def loop(x, y):
    return [np.linalg.lstsq(a, b, rcond=None)[0] for a, b in zip(x, y)]


def pinv(x, y):
    return np.linalg.pinv(x) @ y[..., None]


def normal_equations(x, y):
    turned = x.swapaxes(1, 2)
    if x.shape[1] <= x.shape[2]:
        return turned @ np.linalg.solve(x @ turned, y[..., None])
    return np.linalg.solve(turned @ x, turned @ y[..., None])


def main():
    rng = np.random.default_rng(1)
    print("items      n    p   µs an item: cucurbit  1 thread   lstsq    pinv  normal equations")
    for items, n, p in STACKS:
        x, y, few = rng.standard_normal((items, n, p)), rng.standard_normal((items, n)), items // 10
        ours = best(lambda: cb.minnorm(x, y, threads=2), items)
        alone = best(lambda: cb.minnorm(x, y, threads=1), items)
        others = [best(lambda: other(x[:few], y[:few]), few, 2) for other in (loop, pinv, normal_equations)]
        print(f"{items:5} {n:6} {p:4}               {ours:8.1f}  {alone:8.1f}", *(f"{each:8.1f}" for each in others),
              f"  lstsq {others[0] / ours:.0f}x", flush=True)
    for n, p, sizes in NESTED:
        x, y = rng.standard_normal((50, n, p)), rng.standard_normal((50, n))
        ours = best(lambda: cb.minnorm(x, y, n=sizes, threads=2), 50)
        theirs = best(lambda: [loop(x[:3, :m], y[:3, :m]) for m in sizes], 3, 1)
        print(f"nested, {len(sizes)} n up to {n}, p = {p}: {ours:.0f}, lstsq {theirs:.0f}, {theirs / ours:.0f}x", flush=True)


if __name__ == "__main__":
    main()
