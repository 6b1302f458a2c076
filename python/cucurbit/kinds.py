"""Which figures there are, and of which studies' tables they can be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame
# The columns by which a table is known for a study's, the first of which all are there.
_COLUMNS = {
    "switching gradient_descent": ("teacher_steps", "student_steps", "switch_at"),
    "gradient_descent": ("teacher_steps", "student_steps"),
    "chain": ("n_1",),
    "weak_to_strong": ("n_pseudo", "strong_d"),
    "features": ("n_pseudo", "penalty"),
    "two_stage": ("p", "m", "n"),
    "model_shift": ("p", "n"),
}
KINDS = {
    "risk": ("model_shift", "two_stage", "weak_to_strong", "chain", "features", "graph"),
    "scaling": ("model_shift", "two_stage", "weak_to_strong", "features"),
    "gain": ("model_shift", "two_stage"),
    "weights": ("model_shift",),
    "student": ("weak_to_strong",),
    "recovery": ("weak_to_strong", "features", "graph"),
    "split": ("weak_to_strong",),
    "generations": ("chain",),
    "descent": ("gradient_descent",),
    "switch": ("switching gradient_descent",),
    "features": ("features",),
}
# The figures whose x axis, colours and panels can be chosen.
CHOSEN = ("risk", "recovery")


def study_of(table: DataFrame) -> str | None:
    """The kind of study that a table is of, by its columns; None where no kind has them."""
    study = next((study for study, names in _COLUMNS.items() if set(names) <= set(table)), None)
    if study is None and "p" in table and "n" not in table and any(str(name).startswith("n_") for name in table):
        return "graph"
    # Rows may be named by numbers, as a chain's stages are.
    return "graph" if study == "chain" and not table["arm"].str.startswith("stage_").any() else study


def check(kind: str, table: DataFrame) -> None:
    """Raises ValueError, which names what the table lacks, where this figure cannot be drawn of it."""
    if kind not in KINDS:
        raise ValueError(f"no figure of kind {kind!r}; there are {', '.join(KINDS)}")
    study = study_of(table)
    if study in KINDS[kind]:
        return
    lacking = [name for name in _COLUMNS[KINDS[kind][0]] if name not in table]
    raise ValueError(f"the figure {kind} needs a table of {_listed(KINDS[kind])}: this one "
                     + (f"lacks {', '.join(lacking)}" if lacking else f"is of {study}"))


def _listed(studies: Sequence[str]) -> str:
    *others, last = studies
    return f"{', '.join(others)} or {last}" if others else last
