"""Runs as one HTML page, to be read anywhere and sent around."""

from __future__ import annotations

import base64
import datetime
import json
import os
import shlex
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy

from cucurbit.extras import Extras

with Extras():
    import jinja2
    import pandas

from cucurbit import program
from cucurbit import table as tables
from cucurbit.figures import drawing_of, hover
from cucurbit.figures.page import pages_of
from cucurbit.figures.style import settings
from cucurbit.files import replaced

if TYPE_CHECKING:
    from pandas import DataFrame

    from cucurbit.hints import AnyPath
    from cucurbit.live import Watched

# So many rows are shown in sight, nearest to what theory forbids first; all others unfold.
_ROWS_IN_SIGHT = 10
_COLUMNS_IN_SIGHT = ["arm", "estimand", "estimate", "std_err", "theory", "z", "p_value", "relative_gap", "allowed_gap",
                     "noticeable_gap", "flags", "verdict"]
# Inches of a page of a figure on a telephone, which is 390 pixels wide: all panels one below another.
_NARROW = (3.9, None)
# What a flag of the table means, in a line.
_FLAGS = {
    "near_interpolation": "no variance within 3 of interpolation: no interval, read the quantiles",
    "heavy_tail": "tails too heavy for a standard error: no interval, read the quantiles",
    "few_trials": "too few trials for a 95 % interval",
    "moments_only": "the run keeps moments: quantiles need single trials",
    "conditional_mean": "quantiles of the mean over label noise, not of the risk",
    "unclear_denominator": "a ratio without an estimate",
    "no_law": "no prediction applies",
    "zero_risk": "zero by law, and in the trials up to rounding",
    "rank_deficient": "trials of less than full rank: not the law’s estimator",
    "incomplete": "fewer trials than the study asks for",
}


def report(sources: AnyPath | Sequence[AnyPath], output: AnyPath) -> Path:
    """Writes run folders as one HTML page that needs neither network nor scripts; returns its path.

    For each run: how far it is, verdicts, figure, the rows nearest to failing, failed trials, the whole
    table to unfold and, as CSV in full precision, to download, the study and what computed it. Several runs have a
    list of contents before them.
    sources: one folder or several.
    """
    write(page_of(folders_of(sources)), output)
    return Path(output)


def folders_of(sources: AnyPath | Sequence[AnyPath]) -> list[Path]:
    return [Path(sources)] if isinstance(sources, (str, os.PathLike)) else [Path(source) for source in sources]


def write(page: str, output: AnyPath) -> None:
    with replaced(output) as fresh:
        # Bytes of paths that are no UTF-8 become question marks.
        fresh.write_text(page, encoding="utf-8", errors="replace")


def page_of(sources: Sequence[Path | Watched], refresh: float | None = None) -> str:
    """The page's text. refresh: seconds after which it is to be loaded anew."""
    templates = jinja2.Environment(loader=jinja2.PackageLoader("cucurbit", "."), autoescape=True,
                                   undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    templates.filters["number"] = _number
    templates.filters["numeric"] = _numeric
    runs = [_waiting(source) if not isinstance(source, Path) and not source.begun else _run(source, f"r{place}")
            for place, source in enumerate(sources, 1)]
    return templates.get_template("report.html").render(
        runs=runs, widest=max([6, *(len(run["rows"].columns) for run in runs if run["begun"])]),
        refresh=refresh, now=datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S"),
        version=program.output_of("--version").decode().strip(), references=program.output_of("cite").decode())


def _waiting(watched: Watched) -> dict[str, Any]:
    """What there is to say of a run that has not begun."""
    return {"folder": watched.folder, "name": watched.folder.resolve().name, "begun": False}


def _run(source: Path | Watched, name: str) -> dict[str, Any]:
    watched = None if isinstance(source, Path) else source
    folder = source if isinstance(source, Path) else source.folder
    text = program.output_of("export", program.path_argument(folder), "--format", "csv")
    # The stored text, which the table was made from: the file beside it may have been edited since.
    study = program.output_of("status", program.path_argument(folder), "--study").decode()
    about = tomllib.loads(study)["study"]
    judged = _flagged(tables.compare(folder, any_time=watched is not None and watched.any_time), tables.load(folder))
    if watched:
        judged = watched.judge(judged)
    table = judged[judged["n_trials"] > 0]
    fixed = [name for name in tables.parameters(table) if table[name].nunique() <= 1]
    return {"folder": folder, "begun": True, "watched": watched, "name": about["name"], "kind": about["kind"], "study": study,
            "progress": _progress(folder), "verdicts": judged["verdict"].value_counts().to_dict(),
            "noticed": _noticed(judged), "flags": _flags(table),
            "failed_trials": int(table["n_failed"].sum()), "figure": _figure(folder, table, name),
            "fixed": [(name, table[name].iloc[0]) for name in fixed if len(table)],
            "nearest": _nearest(table).drop(columns=fixed, errors="ignore"), "rows": table.drop(columns=fixed),
            "table": _data("text/csv", text), "machines": _machines(folder)}


def _flagged(judged: DataFrame, table: DataFrame) -> DataFrame:
    """Verdicts with the table's flags. A run that goes on may have other rows by the time of the second."""
    names = [*tables.parameters(judged), "arm", "estimand"]
    return judged.merge(table[[*names, "flags"]], how="left", on=names).fillna({"flags": ""})


def _progress(folder: Path) -> dict[str, int]:
    designs = program.rows_of("status", program.path_argument(folder))
    done, wanted = (sum(int(design[name]) for design in designs) for name in ("trials_done", "trials_wanted"))
    return {"designs": len(designs), "done": done, "wanted": wanted}


def _noticed(judged: DataFrame) -> list[str]:
    """Gaps of a law that would be noticed in the sharpest row, in half of the rows and in all, as text."""
    gaps = judged.loc[judged["verdict"] != "none", "noticeable_gap"]
    gaps = gaps[numpy.isfinite(gaps)]
    return [_percent(gap) for gap in numpy.quantile(gaps, [0, 0.5, 1])] if len(gaps) else []


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"


def _flags(table: DataFrame) -> list[tuple[str, int, str]]:
    """Each flag with how many rows have it and what it means, the commonest first."""
    counts = table["flags"].str.split().explode().value_counts()
    return [(str(flag), count, _FLAGS[str(flag)]) for flag, count in counts.items() if flag in _FLAGS]


def _nearest(table: DataFrame) -> DataFrame:
    """Judged rows, failed ones first, then by how much of what the verdict allows they use."""
    judged = table[table["verdict"] != "none"]
    # Of an exact law, 1 minus the p-value; of an asymptotic one, the gap as a share of the one allowed.
    used = (judged["relative_gap"].abs() / judged["allowed_gap"]).fillna(1 - judged["p_value"])
    order = pandas.DataFrame({"confirmed": judged["verdict"] == "confirmed", "used": -used, "z": -judged["z"].abs()})
    first = judged.loc[order.sort_values(["confirmed", "used", "z"], kind="stable").index].head(_ROWS_IN_SIGHT)
    first = first[tables.parameters(table) + _COLUMNS_IN_SIGHT]
    return first.drop(columns=[] if first["flags"].any() else "flags").dropna(axis="columns", how="all")


def _figure(folder: Path, table: DataFrame, name: str) -> list[dict[str, str]]:
    """The pages of the figure, each as an image for wide and one for narrow windows. name: of no other run."""
    if not len(table):
        return []
    drawing, _ = drawing_of(folder)
    with settings():
        pages = zip(pages_of(drawing), pages_of(drawing, _NARROW))
        return [{"wide": hover.text_of(wide, f"{name}w{place}-"), "narrow": hover.text_of(narrow, f"{name}n{place}-")}
                for place, (wide, narrow) in enumerate(pages)]


def _machines(folder: Path) -> list[dict[str, str]]:
    """One dictionary of facts for each time the study was run, with the command as typed."""
    runs = []
    for row in program.rows_of("status", program.path_argument(folder), "--manifest"):
        if row["fact"] == "start":
            runs.append({})
        if runs:
            runs[-1][row["fact"]] = row["value"]
    return [{**run, "command": shlex.join(json.loads(run["argv"]))} for run in runs]


def _data(kind: str, contents: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(contents).decode()}"


def _numeric(frame: DataFrame) -> str:
    """Classes that tell a table's columns of numbers, counted from 1."""
    return " ".join(f"r{place}" for place, name in enumerate(frame.columns, 1)
                    if pandas.api.types.is_numeric_dtype(frame[name]))


def _number(value: Any) -> str:
    """Five digits of a number, text as it is, nothing for what is missing."""
    if isinstance(value, str):
        return value
    return "" if pandas.isna(value) else f"{value:,}" if isinstance(value, int) else f"{value:.5g}"
