#!/usr/bin/env python3
"""cucurbit.minnorm beside NumPy, PyTorch and JAX: stacks of minimum-norm fits of arrays, wall-clock time on two threads.

NumPy's lstsq takes no stack, so it is a loop; pinv and normal equations are stacked. NumPy's own BLAS threads are set by
OPENBLAS_NUM_THREADS; leave OPENBLAS_CORETYPE unset. Each time is the best of five, NumPy's on a tenth of the items.
With `others` as an argument, PyTorch and JAX too, and what each of them makes of an item without full rank: processor
time, every library on one thread, compilation left out (OPENBLAS_NUM_THREADS=1 taskset --cpu-list 0 python3 …).
"""

import sys
import time

import numpy as np

import cucurbit as cb

STACKS = [(1000, 100, 200), (1000, 200, 100), (500, 100, 100), (5000, 20, 40), (20000, 5, 10), (40, 400, 800)]
NESTED = [(190, 200, range(10, 191, 10)), (400, 200, range(20, 401, 20))]


def best(call, items, repetitions=5, clock=time.perf_counter):
    """Microseconds for each item."""
    call()
    times = []
    for _ in range(repetitions):
        begin = clock()
        call()
        times.append(clock() - begin)
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


def others():
    """Of the other libraries: the name and a function of X (…, n, p) and Y (…, n)."""
    import jax
    import torch

    jax.config.update("jax_enable_x64", True)
    torch.set_num_threads(1)
    of_one = jax.jit(jax.vmap(lambda a, b: jax.numpy.linalg.lstsq(a, b)[0]))

    def of_torch(driver):
        return lambda x, y: torch.linalg.lstsq(torch.from_numpy(x), torch.from_numpy(y[..., None]),
                                               driver=driver).solution.numpy()[..., 0]

    return {"NumPy lstsq": lambda x, y: np.array(loop(x, y)), "torch gels": of_torch("gels"),
            "torch gelsd": of_torch("gelsd"), "JAX vmap": lambda x, y: np.asarray(of_one(x, y))}


def beside_others():
    rng = np.random.default_rng(1)
    libraries = others()
    print("µs an item", *(f"{name:>12}" for name in ("cucurbit", *libraries)))
    for items, n, p in [(64, 200, 500), (4096, 32, 64)]:
        x, y = rng.standard_normal((items, n, p)), rng.standard_normal((items, n))
        few = items // 8
        times = [best(lambda: cb.minnorm(x, y, threads=1), items, clock=time.process_time),
                 *(best(lambda: each(x[:few], y[:few]), few, 2, time.process_time) for each in libraries.values())]
        print(f"({n}, {p}) × {items}:", *(f"{spent:8.1f} ({spent / times[0]:.1f}x)" for spent in times), flush=True)
    sizes = range(20, 481, 20)
    x, y = rng.standard_normal((16, 480, 500)), rng.standard_normal((16, 480))
    times = [best(lambda: cb.minnorm(x, y, n=sizes, threads=1), 16, clock=time.process_time),
             *(best(lambda: [each(x[:2, :m], y[:2, :m]) for m in sizes], 2, 1, time.process_time)
               for each in libraries.values())]
    print(f"{len(sizes)} nested n, p = 500:", *(f"{spent:8.0f} ({spent / times[0]:.1f}x)" for spent in times), flush=True)

    # One row twice with two labels, one column of zeros.
    x, y = rng.standard_normal((2, 30, 60)), rng.standard_normal((2, 30))
    x[1, 1], x[1, :, 0] = x[1, 0], 0
    exact = np.linalg.pinv(x[1]) @ y[1]
    fits = cb.minnorm(x, y)
    print("An item of rank 29 of 30:")
    print(f"  cucurbit: rank {fits.rank[1]}, status {fits.status[1]}, off by {off(fits.coefficients[1], exact):.1e}")
    for name, each in libraries.items():
        try:
            print(f"  {name}: off by {off(each(x, y)[1], exact):.1e}")
        except Exception as error:  # what they say is what is asked for
            print(f"  {name}: {type(error).__name__}: {str(error).splitlines()[0]}")


def off(found, exact):
    return np.linalg.norm(found - exact) / np.linalg.norm(exact)


def main():
    if sys.argv[1:] == ["others"]:
        return beside_others()
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
