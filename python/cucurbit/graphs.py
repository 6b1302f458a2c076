"""Rows and fits of a study of kind "graph" as Python objects, labels as their weighted sums."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from cucurbit import toml

if TYPE_CHECKING:
    from cucurbit.hints import Array, Grid, Number, Vector, Weight

# A function of one's own: of arrays to an array.
Call: TypeAlias = "Callable[..., Array]"


def random_features(count: Grid, activation: Literal["linear", "relu", "erf", "sign"], seed: int) -> dict[str, Any]:
    """φ(Wx) for a fit: the first `count` features of this activation and seed, the same in all trials."""
    return {"kind": "random", "activation": activation, "seed": seed, "count": count}


def own_features(file: str, count: Grid, activation: Literal["linear", "relu", "erf", "sign"]) -> dict[str, Any]:
    """φ(Wx) for a fit, W the first `count` rows of a .npy file with p columns, such as a trained network's first layer."""
    return {"kind": "file", "activation": activation, "file": file, "count": count}


class Labels:
    """A weighted sum of sources: what a row is labelled with. Sources and sums are added, subtracted and multiplied by
    weights, which are numbers, lists or arrays: `0.6 * teacher + 0.4 * real.observed`, `sum(teachers) / len(teachers)`.

    Of weights that sum to 1 the last is no parameter of its own, but what the others leave of 1. Grids that sum to 1
    place by place run together, as in `w * teacher + (1 - w) * real.observed` with an array w. Any other grids of
    weights are combined with each other, as grids are everywhere.
    """

    # NumPy leaves `array * labels` to __rmul__.
    __array_ufunc__ = None

    def __init__(self, terms: Iterable[tuple[Source, Any]]) -> None:
        self.terms: list[tuple[Source, Any]] = list(terms)

    def __mul__(self, weight: Weight) -> Labels:
        factor = toml.plain(weight)
        if isinstance(factor, (str, dict)):
            return NotImplemented
        return Labels((source, _product(own, factor)) for source, own in self.terms)

    __rmul__ = __mul__

    def __add__(self, other: Labels) -> Labels:
        if not isinstance(other, Labels) or isinstance(other, (OptimalMixture, OwnLabels)):
            return NotImplemented
        return Labels([*self.terms, *other.terms])

    def __radd__(self, other: int) -> Labels:
        return self if other == 0 else NotImplemented  # sum() begins with 0

    def __truediv__(self, number: Number) -> Labels:
        return self * (1 / number)

    def __neg__(self) -> Labels:
        return self * -1

    def __sub__(self, other: Labels) -> Labels:
        return self + -other

    def table(self, place: str) -> str | dict[str, Any]:
        """As study files have it: a source alone, or a table of weights, which stands at this place of the file. Raises
        ValueError for a source that has two weights of which one is a grid."""
        weights: dict[str, Any] = {}
        for source, weight in self.terms:
            weights[source.label] = _sum(weights[source.label], weight) if source.label in weights else weight
        if list(weights.values()) == [1]:
            return next(iter(weights))
        grids = {name: weight for name, weight in weights.items() if isinstance(weight, list)}
        numbers = sum(weight for name, weight in weights.items() if name not in grids)
        lengths = {len(grid) for grid in grids.values()}
        places = list(zip(*grids.values())) if len(lengths) == 1 else [] if grids else [()]
        if len(weights) == 1 or not places or any(abs(sum(place) + numbers - 1) > 1e-9 for place in places):
            return weights
        *kept, rest = grids or weights
        for name in kept[1:] if grids else ():
            weights[name] = {"with": f"{place}.{kept[0]}", "values": grids[name]}
        return {**{name: weight for name, weight in weights.items() if name != rest}, "rest": rest}


class OptimalMixture(Labels):
    """Labels from one source with the weight of least risk by the law, and from another with what that leaves of 1."""

    def __init__(self, source: Source, rest: Source) -> None:
        super().__init__([(source, 1), (rest, 1)])
        self.source, self.rest = source, rest

    def __mul__(self, weight: Weight) -> Labels:
        raise TypeError("an optimal mixture is labels of its own: it has no weight and is no part of a sum")

    __rmul__ = __mul__

    def __add__(self, other: Labels) -> Labels:
        return self * 1

    def table(self, place: str) -> dict[str, Any]:
        return {self.source.label: "optimal", "rest": self.rest.label}


def optimal_mixture(source: Source, rest: Source) -> Labels:
    """Labels w · source + (1 - w) · rest with the weight w that minimises the predicted risk of the fit that they are
    given to, at every point: `cb.Fit("student", real, labels=cb.optimal_mixture(teacher, real.observed))`."""
    return OptimalMixture(source, rest)


class OwnLabels(Labels):
    """Labels that a function makes of rows and of other labels."""

    def __init__(self, name: str, version: int, function: Call, of: Labels) -> None:
        if not isinstance(of, Labels) or isinstance(of, (OptimalMixture, OwnLabels)):
            raise TypeError("labels of a function are made of a source or a sum of sources")
        if not callable(function):
            raise TypeError(f"labels {name!r} need a function of (rows, labels)")
        super().__init__(of.terms)
        self.name, self.version, self.function = name, version, function

    def __mul__(self, weight: Weight) -> Labels:
        raise TypeError("labels of a function are those of a fit: they have no weight and are no part of a sum")

    __rmul__ = __mul__

    def __add__(self, other: Labels) -> Labels:
        return self * 1


class Measure:
    """What a function makes of the coefficients of fits; see measure."""

    def __init__(self, name: str, version: int, function: Call, fits: Sequence[Fit]) -> None:
        if not callable(function):
            raise TypeError(f"measure {name!r} needs a function of (coefficients)")
        self.name, self.version, self.function, self.fits = name, version, function, fits


def labels(name: str, version: int, function: Callable[[Array, Array], Array], of: Labels | None = None) -> Labels:
    """Labels of one's own for a fit: what a function makes of the rows and of the labels that they have.

        def clipped(rows, labels):
            return np.clip(labels, -1, 1)
        student = cb.Fit("student", real, labels=cb.labels("clipped", 1, clipped, of=teacher))

    function(rows, labels): rows (trials, n, p), labels (trials, n), those that `of` says, by default the rows' own
    observations; it returns (trials, n). It is called for some trials at a time, by several threads, in any order:
    the labels of a trial must depend on that trial alone, and on no random numbers. A fit's own noise_std is added
    behind.

    name and version are how a run's folder knows it: another version is another study. Change it with the function.
    Such studies run on the CPU, from Python, and have no law where these labels come in.
    """
    return OwnLabels(name, version, function, observed if of is None else of)


def measure(name: str, version: int, function: Callable[[Array], Array], *fits: Fit) -> Measure:
    """A measure of one's own, for measures= of Study.graph: what a function makes of the coefficients of these fits.

        norm = cb.measure("norm", 1, lambda coefficients: np.linalg.norm(coefficients, axis=1), student)

    function(coefficients): (trials, p), with features (trials, features); it returns a number for each trial, (trials,).
    It is called as that of labels. name: the estimand's in tables. Another version is measured anew in the same folder.
    """
    return Measure(name, version, function, fits)


class Source(Labels):
    """What labels come from: a fit, the observations of rows, or the truth. `label` is its name in a study file."""

    def __init__(self, label: str) -> None:
        super().__init__([(self, 1)])
        self.label = label


truth = Source("truth")
"""Labels xᵀβ* without noise."""


observed = Source("observed")
"""Every row's own observation, xᵀβ* + noise_std · z: of a union of rows, where rows.observed is that of one group."""


class Observed(Source):
    """The observations of a group of rows, xᵀβ* + noise_std · z."""

    def __init__(self, rows: Rows) -> None:
        super().__init__("observed")
        self.rows = rows


class Rows:
    """A group of n independent rows x ~ N(0, diag(spectrum)).

    n: their number, a grid. noise_std: of their observations, drawn once and the same for all fits that use them;
    0 unless given. spectrum: the population's unless given. signal: the truth of their labels, likewise. distribution:
    of whitened coordinates, Gaussian unless given. rotation: the seed of random eigenvectors of their covariance, which
    else is diagonal. `observed` stands for their observations in labels.
    """

    def __init__(self, name: str, n: Grid, noise_std: Grid | None = None, spectrum: Vector | None = None,
                 distribution: Literal["gaussian", "rademacher", "uniform", "laplace"] | None = None,
                 signal: Vector | None = None, rotation: int | None = None) -> None:
        self.name = name
        self.keys = _given(n=n, noise_std=noise_std, spectrum=spectrum, distribution=distribution, signal=signal,
                           rotation=rotation)
        self.observed = Observed(self)

    def __repr__(self) -> str:
        return f"Rows({self.name!r})"


class Fit(Source):
    """A fit on one group of rows or on the union of several, and a source of labels for other fits.

    labels: a source or a weighted sum of sources; the rows' own observations unless given. labels_on: other labels for
    some of the groups. row_weights: of the squares of some of the groups' rows, grids; 1 unless given. penalty: of a
    ridge, on the sum of squares; ridgeless unless given; "optimal" is the one of least risk by the law. time: of a
    gradient flow from zero on the mean of squares, instead of a penalty; "optimal" likewise. noise_std: further noise
    on the labels, the fit's own. keep: how many leading coordinates it sees; all unless given. These four are grids.
    features: instead of coordinates (`random_features`, `own_features`).

    link: "sign" makes every source of the labels a hard one, 1 or -1.

    Raises ValueError where labels of some rows name observations of others; of a union, `observed` is each row's own.
    """

    def __init__(self, name: str, rows: Rows | Sequence[Rows], labels: Labels | None = None, *,
                 labels_on: Mapping[Rows, Labels] | None = None, row_weights: Mapping[Rows, Grid] | None = None,
                 penalty: Grid | Literal["optimal"] | None = None,
                 time: Grid | Literal["optimal"] | None = None, features: Mapping[str, Any] | None = None,
                 noise_std: Grid | None = None, keep: Grid | None = None,
                 link: Literal["sign"] | None = None) -> None:
        super().__init__(name)
        self.name = name
        self.rows = (rows,) if isinstance(rows, Rows) else tuple(rows)
        self.labels = labels
        self.labels_on = dict(labels_on or {})
        weights = {group.name: weight for group, weight in (row_weights or {}).items()}
        self.keys = _given(row_weights=weights or None, penalty=penalty, time=time, features=features,
                           noise_std=noise_std, keep=keep, link=link)
        if not all(isinstance(group, Rows) for group in self.rows):
            raise TypeError("rows of a fit are Rows, one or several")
        if isinstance(labels, OwnLabels):
            self.keys["function"] = {"name": labels.name, "version": labels.version}
        of_all = self.rows[0] if len(self.rows) == 1 else None
        for group, own in [(of_all, labels), *self.labels_on.items()]:
            if own is None:
                continue
            if isinstance(own, OwnLabels) and own is not labels:
                raise TypeError("labels of a function are those of all rows of a fit: not in labels_on")
            if not isinstance(own, Labels):
                raise TypeError("labels are a source or a sum of sources: a Fit, observed, truth or rows.observed")
            for source, _ in own.terms:
                if isinstance(source, Observed) and source.rows is not group:
                    raise ValueError(f"{source.rows!r} is observed in labels of {self!r} on other rows: cb.observed is "
                                     "every row's own observation")

    def sources(self) -> list[Source]:
        """All that its labels are made of."""
        return [source for labels in (self.labels, *self.labels_on.values()) if labels for source, _ in labels.terms]

    def __repr__(self) -> str:
        return f"Fit({self.name!r})"


def tables_of(fits: Iterable[Fit], measures: Mapping[str, Any],
              own: Sequence[Measure]) -> tuple[dict[str, Any], dict[tuple[str, str, int], Call]]:
    """The tables [rows.…], [fit.…] and [measure] of fits, of those that label them, and of what is measured; and the
    functions among them by role, name and version.

    Raises ValueError where two different rows, fits or functions have one name.
    """
    names = {key: _names(value) for key, value in measures.items()}
    if own:
        names["functions"] = [{"name": one.name, "version": one.version, "fits": [fit.name for fit in one.fits]}
                              for one in own]
    found: dict[str, Fit] = {}
    rows: dict[str, Rows] = {}
    for fit in fits:
        _gather(fit, found, rows)
    functions: dict[tuple[str, str, int], Call] = {}
    for role, given in [*(("labels", fit.labels) for fit in found.values()), *(("measure", one) for one in own)]:
        if isinstance(given, (OwnLabels, Measure)) and functions.setdefault(
                (role, given.name, given.version), given.function) is not given.function:
            raise ValueError(f"two functions have the name {given.name!r} and version {given.version}")
    return {"rows": {name: group.keys for name, group in rows.items()},
            "fit": {name: _table(fit) for name, fit in found.items()},
            **({"measure": names} if names else {})}, functions


def _gather(fit: Fit, found: dict[str, Fit], rows: dict[str, Rows]) -> None:
    if found.get(fit.name) is fit:
        return
    for source in fit.sources():
        if isinstance(source, Fit):
            _gather(source, found, rows)
    for group in fit.rows:
        if rows.setdefault(group.name, group) is not group:
            raise ValueError(f"two groups of rows have the name {group.name!r}")
    if found.setdefault(fit.name, fit) is not fit:
        raise ValueError(f"two fits have the name {fit.name!r}")


def _table(fit: Fit) -> dict[str, Any]:
    rows = [group.name for group in fit.rows]
    return {"rows": rows[0] if len(rows) == 1 else rows, **fit.keys,
            **({"labels": fit.labels.table(f"fit.{fit.name}.labels")} if fit.labels else {}),
            **({"labels_on": {group.name: labels.table(f"fit.{fit.name}.labels_on.{group.name}")
                              for group, labels in fit.labels_on.items()}} if fit.labels_on else {})}


def _names(value: Any) -> Any:
    """Fits, or their names, by their names, in lists and tables of them."""
    if isinstance(value, (Fit, str)):
        return value.name if isinstance(value, Fit) else value
    if isinstance(value, Mapping):
        return {key: _names(item) for key, item in value.items()}
    return [_names(item) for item in value]


def _given(**keys: Any) -> dict[str, Any]:
    return {key: value for key, value in keys.items() if value is not None}


def _product(weight: Any, factor: Any) -> Any:
    if isinstance(weight, list) and isinstance(factor, list):
        raise ValueError("a grid of weights times a grid: multiply the grids first")
    if isinstance(weight, list):
        return [item * factor for item in weight]
    return [weight * item for item in factor] if isinstance(factor, list) else weight * factor


def _sum(weight: Any, other: Any) -> Any:
    if isinstance(weight, list) or isinstance(other, list):
        raise ValueError("a source has two weights, one of which is a grid: add the weights first")
    return weight + other
