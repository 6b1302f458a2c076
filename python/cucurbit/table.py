"""Tables of studies as pandas frames."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy

from cucurbit import program
from cucurbit.extras import Extras
from cucurbit.files import replaced

with Extras():
    import pandas

if TYPE_CHECKING:
    from cucurbit.hints import AnyPath, Number

_TEXT = ("run", "arm", "estimand", "theory_kind", "flags", "verdict", "reason", "status", "solver", "cause")
# Columns of whole numbers (steps of gradient descent are times in closed form).
_WHOLE = re.compile(r"p|m|n(_[^/]+)?|(keep|count)_[^/]+|(weak|strong)_d|(teacher|student)_steps|switch_at|index|first|last|trial|rung|"
                    r"rank_deficit|design|points|series|batch|bytes_per_worker|(blocks|trials)(_done|_wanted)?")


def load(source: AnyPath | Sequence[AnyPath], *, quantiles: Sequence[float] = ()) -> pandas.DataFrame:
    """The table of a run folder, or of an exported CSV, NPY or Parquet file, as a DataFrame; of several, one table with
    their names in a first column, `run`.

    Missing numbers are NaN, missing text is empty. Sample sizes and other counts are whole numbers where no row
    lacks them, all other numbers float64. Rows that only theory has (xi, omega, amplified, kept) have no estimate.
    quantiles: of a run folder, such as (0.05, 0.5, 0.95): adds rows ESTIMAND_q05, ESTIMAND_median, … for every
    simulated series.
    Raises ValueError where several have different parameters.
    """
    if not isinstance(source, (str, os.PathLike)):
        return _together([Path(one) for one in source], quantiles)
    path = Path(source)
    if path.is_dir():
        asked = ["--quantiles", ",".join(str(float(level)) for level in quantiles)] if len(quantiles) else []
        return frame_of("export", program.path_argument(path), *asked)
    if len(quantiles):
        raise ValueError(f"{path}: quantiles are computed from the trials of a run folder")
    if not path.exists():
        raise FileNotFoundError(f"no run folder or table at {path}")
    readers = {".csv": _from_csv, ".npy": _from_npy, ".parquet": _from_parquet}
    if path.suffix not in readers:
        raise ValueError(f"{path}: a table ends in {', '.join(readers)}")
    return readers[path.suffix](path)


def _together(paths: Sequence[Path], quantiles: Sequence[float]) -> pandas.DataFrame:
    """Several tables as one, which tells them apart by as little of their paths as needed."""
    names = [path.name if path.is_dir() else path.stem for path in paths]
    if len(set(names)) < len(paths):
        names = [str(path) for path in paths]
    if not paths or len(set(names)) < len(paths):
        raise ValueError("several tables are different ones, at least one: " + ", ".join(map(str, paths)))
    frames = [load(path, quantiles=quantiles) for path in paths]
    first = parameters(frames[0])
    for name, frame in zip(names, frames):
        if parameters(frame) != first:
            raise ValueError(f"{names[0]} has the parameters {', '.join(first)}, and {name} "
                             f"{', '.join(parameters(frame))}: they make no one table")
        frame.insert(0, "run", name)
    return _tidy(pandas.concat(frames, ignore_index=True))


def trials(source: AnyPath) -> pandas.DataFrame:
    """Every trial of a run folder as a row: its value, status, rung of the solver ladder and rank deficit.

    Also of a file that `export --trials` or `write_parquet(trials=True)` wrote, or a folder of
    `write_parquet(by_design=True)`.
    """
    path = Path(source)
    if any(path.glob(f"design=*/{_PART}")):
        return _of_designs(path)
    if path.is_dir():
        return frame_of("export", program.path_argument(path), "--trials")
    return load(path)


def compare(folder: AnyPath, *, any_time: bool = False) -> pandas.DataFrame:
    """The table of a run folder with theory's verdicts: confirmed, failed or none, and the reason.

    Unlike the command, it does not raise where theory failed: that is in the column `verdict`.
    any_time: verdicts and intervals that hold however often a growing run is looked at.
    """
    return frame_of("compare", program.path_argument(folder), *program.options(any_time=any_time), accepted=(0, program.DISAGREEMENT))


def theory(study: AnyPath, *, coordinates: bool = False) -> pandas.DataFrame:
    """What theory predicts for a study file or run folder, without simulating.

    With coordinates: one row per point and coordinate, with zeta, truth, optimal_surrogate and mask.
    """
    return frame_of("theory", program.path_argument(study), *program.options(coordinates=coordinates))


def run(study: AnyPath, out: AnyPath, *, set: Mapping[str, Any] | None = None,
        **options: object) -> pandas.DataFrame:
    """Runs a study into the folder `out`, continuing what is there, and returns its table.

    Options are those of `cucurbit run` with underscores (threads=2, device="cpu", max_time="10m", quiet=True);
    `set` maps study keys to values, of NumPy too: {"precision.trials": 256}. Raises ProgramError, with
    exit code 75 where the run was stopped and can be continued, and KeyboardInterrupt after Ctrl-C.
    """
    program.run(study, out, set=set, **options)
    return load(out)


def parameters(table: pandas.DataFrame) -> list[str]:
    """Names of the parameter columns: those before `arm` (in a coordinates table, before `index`)."""
    columns = list(table.columns)
    return columns[:columns.index("arm" if "arm" in columns else "index")]


def tied(table: pandas.DataFrame, *, keep: Collection[str] = ()) -> list[str]:
    """Parameters that vary and that the others tell already, such as a graph's tied grids; not those to keep."""
    varying = [name for name in parameters(table) if table[name].nunique() > 1]
    free = varying
    for name in [name for name in varying[::-1] if name not in keep]:
        others = [other for other in free if other != name]
        if others and len(table[others].drop_duplicates()) == len(table[free].drop_duplicates()):
            free = others
    return [name for name in varying if name not in free]


def write_parquet(source: AnyPath, output: AnyPath, *, trials: bool = False, by_design: bool = False,
                  quantiles: Sequence[float] = ()) -> None:
    """Writes the table of a run folder or exported file, or with `trials` every trial, as Parquet.

    by_design: every trial, into a folder with a file for each design, design=1/trials.parquet, which cucurbit.trials,
    DuckDB, polars and others read as one table.
    """
    frame = _trials_of(source) if trials or by_design else load(source, quantiles=quantiles)
    with Extras():
        import pyarrow as _  # noqa: F401  # pandas says less clearly that it is missing
    parts = [(Path(output), frame)]
    if by_design:
        parts = [(Path(output, f"design={design}", _PART), rows.drop(columns="design"))
                 for design, rows in frame.groupby("design")]
        for stale in {*Path(output).glob(f"design=*/{_PART}")} - {path for path, _ in parts}:
            stale.unlink()
    for path, rows in parts:
        if by_design:
            path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(path) as fresh:
            rows.to_parquet(fresh, index=False)


_PART = "trials.parquet"
_trials_of = trials  # under a name that write_parquet's option does not hide


def explain(source: AnyPath, *, bands: bool = False, **point: Number) -> pandas.DataFrame:
    """The parts of the predicted risks of a study file or a run folder; see cucurbit.Study.explain."""
    chosen = [word for name, value in point.items() for word in ("--point", f"{name}={value}")]
    return frame_of("explain", program.path_argument(source), *chosen, *program.options(bands=bands))


def frame_of(*words: object, accepted: Sequence[int] = (0,)) -> pandas.DataFrame:
    """A table that the program prints."""
    return _from_csv(io.BytesIO(program.output_of(*words, "--format", "csv", accepted=accepted)))


def _from_csv(file: Path | io.BytesIO) -> pandas.DataFrame:
    # Read as text: Python's own conversion gives back every bit in every version of pandas.
    frame = pandas.read_csv(file, dtype=str, keep_default_na=False)
    for name in frame.columns.difference(list(_TEXT)):
        frame[name] = _numbers(name, frame[name])
    return _tidy(frame)


def _numbers(name: str, texts: pandas.Series[str]) -> pandas.Series[Any]:
    # By the column and not by what it happens to hold: noise of 0 and 1 is float64 as noise of 0.5 is.
    if _WHOLE.fullmatch(name):
        try:
            return texts.map(int).astype("int64")
        except ValueError:
            pass
    return texts.map(lambda text: float(str(text) or "nan")).astype(float)


def _from_npy(path: Path) -> pandas.DataFrame:
    array = numpy.load(path, allow_pickle=False)
    frame = pandas.DataFrame({name: array[name] for name in array.dtype.names})
    for name in _TEXT:
        if name in frame and array.dtype[name].kind == "S":
            frame[name] = numpy.char.decode(array[name], "utf-8")
    return _tidy(frame)


def _from_parquet(path: Path) -> pandas.DataFrame:
    return _tidy(pandas.read_parquet(path))


def _of_designs(folder: Path) -> pandas.DataFrame:
    """Parts by design as one table, in its order."""
    numbers = sorted(int(path.parent.name.partition("=")[2]) for path in folder.glob(f"design=*/{_PART}"))
    parts = [_from_parquet(folder / f"design={number}" / _PART) for number in numbers]
    for number, part in zip(numbers, parts):
        part.insert(list(part.columns).index("trial"), "design", number)
    return pandas.concat(parts, ignore_index=True)


def _tidy(frame: pandas.DataFrame) -> pandas.DataFrame:
    for name in frame.columns.intersection(list(_TEXT)):
        frame[name] = frame[name].fillna("").astype(str)
    return frame
