"""Minimum-norm fits of arrays in memory (docs/python.md, "Arrays of one's own")."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cucurbit import library

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_STATUS = np.array(["ok", "not_finite", "not_converged"])
_RUNGS = np.array(["none", "cholesky", "refined", "orthogonal", "truncated"])
# Of a stack of permuted rows that a learning curve makes at once.
_NUMBERS_AT_ONCE = 1 << 23


@dataclass(frozen=True)
class MinnormFits:
    """The fits of a stack of arrays. In front of every shape: the stack's axes, then one for n where n is a
    sequence; the last axis of coefficients and residual is left out where Y has one right-hand side."""

    coefficients: NDArray[np.float64]
    """(…, p, k)"""
    residual: NDArray[np.float64]
    """(…, k): the norm of X b − y, not its square"""
    rank: NDArray[np.int32]
    """(…): effective rank"""
    status: NDArray[np.str_]
    """(…): "ok"; "not_finite" where the rows used hold a number that is not, or the result overflows; or
    "not_converged". What is not known is NaN."""
    rung: NDArray[np.str_]
    """(…): what the fit took, "cholesky", "orthogonal" or "truncated" (singular values); "none" without a fit"""


@dataclass(frozen=True)
class LearningCurve:
    """Mean squared errors on test data, over random orders of the samples."""

    n: NDArray[np.int64]
    """(n,)"""
    error: NDArray[np.float64]
    """(order, n), or (order, n, k): NaN where a fit failed"""
    mean: NDArray[np.float64]
    """(n,), or (n, k): over the orders"""
    std_err: NDArray[np.float64]
    """of the mean, as far as the order goes; the samples and the test data are the same throughout"""


def minnorm(X: ArrayLike, Y: ArrayLike, n: int | Sequence[int] | NDArray[np.integer[Any]] | None = None, *,
            rcond: float | None = None, device: str = "cpu", threads: int | None = None) -> MinnormFits:
    """Stacks of minimum-norm least-squares fits: of all B that minimise the norm of X B − Y, the smallest.

    X is (…, n, p), with any n and p; Y is (…, n, k), or (…, n) for one right-hand side: a Y with one axis less than X,
    or with a single one. The axes in front are broadcast. NumPy arrays and whatever hands itself over by DLPack (from
    the processor's memory) are taken; all is computed in float64, and nothing is overwritten.

    n: fit the first n rows only; a sequence: for each of its n, from one factorisation for all n up to p.
    rcond: singular values up to rcond times the largest count as zero; None: the machine's epsilon times max(n, p).
    device: "cpu", "cuda", "cuda:1", "auto" (every card, or else the processor). threads: of the processor; None: all.

    A NaN or a missing rank in one item changes no other. Raises ValueError where shapes do not fit together, RuntimeError
    where the device cannot be had.

        fits = minnorm(X, Y)                    # X (1000, 100, 200), Y (1000, 100)
        fits.coefficients                       # (1000, 200)
        minnorm(X, Y, n=[20, 50]).coefficients  # (1000, 2, 200)
    """
    x, y = _array(X, "X"), _array(Y, "Y")
    if x.ndim < 2:
        raise ValueError(f"X has shape {x.shape}; it must be (…, n, p)")
    vector = y.ndim == 1 or y.ndim == x.ndim - 1
    if vector:
        y = y[..., np.newaxis]
    if y.ndim < 2 or y.shape[-2] != x.shape[-2]:
        raise ValueError(f"X of shape {np.shape(x)} and Y of shape {y.shape[:-1] if vector else y.shape} "
                         "do not have the same number of rows")
    if 0 in x.shape[-2:] or y.shape[-1] == 0:
        raise ValueError(f"X of shape {x.shape} and Y of shape {y.shape}: an item has no numbers")
    try:
        stack = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    except ValueError:
        raise ValueError(f"stacks of shapes {x.shape[:-2]} (X) and {y.shape[:-2]} (Y) cannot be broadcast") from None
    rows, p, k = *x.shape[-2:], y.shape[-1]
    sizes, places = np.unique(_sizes(n, rows), return_inverse=True)

    coefficients = np.empty((*stack, len(sizes), p, k))
    residual = np.empty((*stack, len(sizes), k))
    rank = np.empty((*stack, len(sizes)), np.int32)
    status, rung = np.empty_like(rank, np.uint8), np.empty_like(rank, np.uint8)
    _call(math.prod(stack), *_spread(x, stack), *_spread(y, stack), sizes, rcond, device, threads,
          coefficients, residual, rank, status, rung)

    def shaped(array: NDArray[Any], trailing: int) -> Any:
        axis = array.ndim - 1 - trailing
        if n is None or isinstance(n, (int, np.integer)):
            array = np.take(array, 0, axis)
        elif not np.array_equal(places, np.arange(len(sizes))):
            array = np.take(array, places, axis)
        return array[..., 0] if vector and trailing else array

    return MinnormFits(shaped(coefficients, 2), shaped(residual, 1), shaped(rank, 0), _STATUS[shaped(status, 0)],
                       _RUNGS[shaped(rung, 0)])


def pinv(X: ArrayLike, *, rcond: float | None = None, device: str = "cpu",
         threads: int | None = None) -> NDArray[np.float64]:
    """Moore–Penrose inverses (…, p, n) of a stack of matrices (…, n, p), all NaN where an item is not finite; arguments
    as those of minnorm.

        pinv(X)                                 # X (1000, 100, 200): (1000, 200, 100)
    """
    x = _array(X, "X")
    if x.ndim < 2:
        raise ValueError(f"X has shape {x.shape}; it must be (…, n, p)")
    tall = x.shape[-2] > x.shape[-1]
    x = x.swapaxes(-1, -2) if tall else x
    one = np.eye(x.shape[-2]).reshape((1,) * (x.ndim - 2) + (x.shape[-2],) * 2)
    inverse = minnorm(x, one, rcond=rcond, device=device, threads=threads).coefficients
    return inverse.swapaxes(-1, -2) if tall else inverse


def learning_curve(X: ArrayLike, Y: ArrayLike, X_test: ArrayLike, Y_test: ArrayLike,
                   n: int | Sequence[int] | NDArray[np.integer[Any]], *, orders: int = 100, seed: int = 0,
                   rcond: float | None = None, device: str = "cpu", threads: int | None = None) -> LearningCurve:
    """The test errors of minimum-norm fits on the first n samples, for each n and each of some random orders.

    X is (N, p) and Y (N,) or (N, k); X_test is (T, p) and Y_test (T,) or (T, k). n: from 1 to N, in any order. Other
    arguments as those of minnorm. seed: of NumPy's default generator, which draws the orders; the first orders of
    many are those of few.

        curve = learning_curve(X, Y, X_test, Y_test, n=range(20, 181, 20))
        curve.mean, curve.std_err               # (9,), (9,)
    """
    x, y, x_test, y_test = _array(X, "X"), _array(Y, "Y"), _array(X_test, "X_test"), _array(Y_test, "Y_test")
    if (x.ndim, x_test.ndim) != (2, 2) or x.shape[1] != x_test.shape[1]:
        raise ValueError(f"X of shape {x.shape} and X_test of shape {x_test.shape}; they must be (N, p) and (T, p)")
    if y.shape[:1] != x.shape[:1] or y_test.shape != (len(x_test), *y.shape[1:]) or y.ndim > 2:
        raise ValueError(f"Y of shape {y.shape} and Y_test of shape {y_test.shape}; they must be (N,) and (T,), or (N, k) "
                         f"and (T, k), where N is {len(x)} and T {len(x_test)}")
    if orders < 1:
        raise ValueError(f"orders is {orders}; it must be 1 or more")
    sizes = _sizes(n, len(x))
    most, generator = int(sizes.max()), np.random.default_rng(seed)
    rows = [generator.permutation(len(x))[:most] for _ in range(orders)]
    k = 1 if y.ndim == 1 else y.shape[1]
    numbers = max(most * (x.shape[1] + k), len(sizes) * k * max(x.shape[1], len(x_test)))
    step = max(1, _NUMBERS_AT_ONCE // numbers)
    errors = []
    for first in range(0, orders, step):
        chosen = np.array(rows[first:first + step])
        fits = minnorm(x[chosen], y[chosen], n=sizes, rcond=rcond, device=device, threads=threads)
        predicted = np.tensordot(x_test, fits.coefficients, (1, 2))  # (T, order, n[, k])
        predicted -= y_test[:, np.newaxis, np.newaxis]
        errors.append(np.einsum("t...,t...->...", predicted, predicted) / len(x_test))
    error = np.concatenate(errors)
    spread = error.std(0, ddof=1) if orders > 1 else np.full(error.shape[1:], np.nan)
    return LearningCurve(sizes, error, error.mean(0), spread / math.sqrt(orders))


def _array(given: Any, name: str) -> NDArray[np.float64]:
    """As float64, without a copy where it is that already."""
    if hasattr(given, "__dlpack__") and not isinstance(given, np.ndarray):
        kind, _ = given.__dlpack_device__()
        if kind not in (1, 3):  # the processor's memory, pinned or not
            raise ValueError(f"{name} lies on a card, and arrays are taken from the processor's memory: copy it there "
                             "first, as .cpu() does; device= says where to compute")
        given = np.from_dlpack(given)
    array = np.asarray(given)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} is of type {array.dtype}; it must hold real numbers")
    return array.astype(np.float64, copy=False)


def _sizes(n: Any, rows: int) -> NDArray[np.int64]:
    sizes = np.atleast_1d(np.asarray(rows if n is None else n))
    if sizes.ndim != 1 or sizes.dtype.kind not in "iu" or sizes.size == 0:
        raise ValueError(f"n is {n!r}; it must be a whole number or a sequence of them")
    if sizes.min() < 1 or sizes.max() > rows:
        raise ValueError(f"n goes from {sizes.min()} to {sizes.max()}; there are {rows} rows")
    return sizes.astype(np.int64)


def _spread(array: NDArray[np.float64], stack: tuple[int, ...]) -> tuple[NDArray[np.float64], int]:
    """The array over the whole stack and the numbers from item to item, or just the one item that all share."""
    item = array.shape[-2:]
    if math.prod(array.shape[:-2]) == 1:
        return np.require(array.reshape(item), requirements=["C", "A"]), 0
    return np.require(np.broadcast_to(array, (*stack, *item)), requirements=["C", "A"]), math.prod(item)


def _call(items: int, x: NDArray[np.float64], x_stride: int, y: NDArray[np.float64], y_stride: int,
          sizes: NDArray[np.int64], rcond: float | None, device: str, threads: int | None,
          *outputs: NDArray[Any]) -> None:
    """cucurbit_minnorm of host/c/minnorm.cpp, whose arguments come in this order."""
    if rcond is not None and not 0 <= rcond < math.inf:
        raise ValueError(f"rcond is {rcond}; it must be a number, 0 or more")
    if not isinstance(device, str) or "\0" in device:
        raise TypeError(f"device is {device!r}; it must be a name such as 'cpu' or 'cuda:1'")
    cores = 0 if threads is None else operator.index(threads)
    if threads is not None and cores < 1:
        raise ValueError(f"threads is {threads}; it must be 1 or more")
    library.call("cucurbit_minnorm", items, *x.shape[-2:], y.shape[-1], x, x_stride, y, y_stride,
                 np.ascontiguousarray(sizes, np.uintp), len(sizes), math.nan if rcond is None else float(rcond), device,
                 cores, *outputs)
