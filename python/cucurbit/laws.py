"""Predictions for spectra and truths in memory (docs/python.md, "Theory of arrays")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cucurbit import library

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# As TheoryKind of cucurbit/theory.hpp is numbered.
_KINDS = np.array(["exact", "deterministic_equivalent", "approximation", "none"])


@dataclass(frozen=True)
class Prediction:
    """Predicted mean excess risks, of the shape that n and noise_std are broadcast to."""

    value: NDArray[np.float64]
    """infinite where the mean does not exist"""
    kind: NDArray[np.str_]
    """"exact" or "deterministic_equivalent\""""
    relative_error: NDArray[np.float64]
    """that an equivalent may have; 0 where the law is exact"""


def target_risk(spectrum: ArrayLike, truth: ArrayLike, n: ArrayLike, noise_std: ArrayLike = 0.0, *,
                surrogate: ArrayLike | None = None) -> Prediction:
    """The excess risk of a ridgeless fit on n samples x ~ N(0, diag(spectrum)) with labels xᵀb + noise, where b is
    the surrogate, or the truth.

    The mean of (β - β*)ᵀ diag(spectrum) (β - β*) over samples and noise, by docs/theory.md, "One fit, n < p" (Ildiz et
    al., ICLR 2025) and "Exact laws". spectrum, truth and surrogate are (p,): variances of the coordinates, β* and b;
    noise_std is a standard deviation. n and noise_std are numbers or arrays, broadcast. Raises ValueError where lengths
    differ, and for an eigenvalue that is not positive, an n below 1 or a negative noise.

        target_risk(spectrum, truth, n=[20, 50, 100], noise_std=[[0.0], [0.2]]).value     # (2, 3)
    """
    given, b = _vector(spectrum, "spectrum"), _vector(truth, "truth")
    labels = b if surrogate is None else _vector(surrogate, "surrogate")
    if not given.size == b.size == labels.size:
        raise _unequal(spectrum=given, truth=b, surrogate=labels)
    sizes, noise = _sizes(n), np.asarray(noise_std, np.float64)
    shape = np.broadcast(sizes, noise).shape
    points, predictions = np.empty((2, *shape)), np.empty((3, *shape))
    points[0], points[1] = sizes, noise
    library.call("cucurbit_target_risk", b.size, None if labels is b else labels, b, given, predictions.size // 3, points,
                 predictions)
    return Prediction(predictions[0, ...], _KINDS[predictions[2].astype(np.intp)], predictions[1, ...])


def optimal_surrogate(spectrum: ArrayLike, truth: ArrayLike, n: ArrayLike) -> NDArray[np.float64]:
    """The labels' coefficients with which a ridgeless fit on n samples has the smallest risk; the truth where n ≥ p.

    In closed form: docs/theory.md, "One fit, n < p" (Ildiz et al., ICLR 2025).

    spectrum and truth are (p,), n a number or an array: (…, p). Raises ValueError as target_risk does.

        optimal_surrogate(spectrum, truth, n=[20, 50])    # (2, p)
    """
    given, b, sizes = _vector(spectrum, "spectrum"), _vector(truth, "truth"), np.asarray(_sizes(n), np.int64, order="C")
    if given.size != b.size:
        raise _unequal(spectrum=given, truth=b)
    surrogates = np.empty((*np.shape(n), b.size))
    library.call("cucurbit_optimal_surrogate", b.size, b, given, sizes.size, sizes, surrogates)
    return surrogates


def _vector(given: ArrayLike, name: str) -> NDArray[np.float64]:
    vector = np.asarray(given, np.float64, order="C")
    if vector.ndim != 1:
        raise ValueError(f"{name} has shape {vector.shape}; it must be p numbers")
    return vector


def _unequal(**vectors: NDArray[np.float64]) -> ValueError:
    return ValueError("there are " + ", ".join(f"{vector.size} numbers in {name}" for name, vector in vectors.items()))


def _sizes(n: ArrayLike) -> NDArray[np.integer[Any]]:
    sizes: NDArray[Any] = np.asarray(n)
    if sizes.dtype.kind not in "iu":
        raise ValueError(f"n is {n!r}; it must be whole numbers")
    return sizes
