"""Studies as Python objects."""

from __future__ import annotations

import contextlib
import html
import os
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from cucurbit import program, toml
from cucurbit.files import replaced

if TYPE_CHECKING:
    from pandas import DataFrame

    from cucurbit.graphs import Call, Fit, Measure
    from cucurbit.hints import AnyPath, Array, Grid, Number, Table, Vector
    from cucurbit.runs import Run

Kind: TypeAlias = Literal["model_shift", "two_stage", "weak_to_strong", "chain", "graph", "gradient_descent",
                          "features"]

# The table that the keywords n, noise_std and arms belong to, where it is not [target].
_MAIN = {"weak_to_strong": "weak", "features": "weak", "gradient_descent": "data"}
# Where a file is named, an array may stand.
_FILES = ("surrogate_file", "features_file", "labels_file")
_LARGEST_COPIED = 256 << 20


def power_law(exponent: Number) -> dict[str, Any]:
    """λ_i = i^-exponent as a spectrum; λ_i β*_i² = i^-exponent as a signal."""
    return {"kind": "power_law", "exponent": exponent}


def isotropic(value: Number = 1.0) -> dict[str, Any]:
    """A spectrum whose eigenvalues are all `value`."""
    return {"kind": "isotropic", "value": value}


def spiked(spikes: Sequence[Number] | Array, bulk: Number = 1.0) -> dict[str, Any]:
    """A spectrum that begins with these eigenvalues; all others are `bulk`."""
    return {"kind": "spiked", "spikes": spikes, "bulk": bulk}


def uniform(norm: Number = 1.0) -> dict[str, Any]:
    """A signal of equal coefficients, of this length."""
    return {"kind": "uniform", "norm": norm}


def surrogate(name: str, coefficients: Vector) -> dict[str, Any]:
    """An arm of model_shift whose labels come from these p coefficients; `name` is the arm's name in the table."""
    import numpy

    return {"name": name, "surrogate_file": numpy.asarray(coefficients, dtype=float)}


class Study:
    """What is to be simulated: the contents of a study file (docs/studies.md).

        import cucurbit as cb
        study = cb.Study("model_shift", p=500, spectrum=cb.power_law(2.0), signal=cb.power_law(1.5),
                         n=range(20, 481, 20), noise_std=[0, 0.2], arms=["standard", "optimal_surrogate"], trials=1024)
        run = study.run("runs/mine")

    A study does not change once it is made. Two are equal where their files would say the same.
    """

    # Labels and measures that are functions, which a file can only name.
    _functions: Mapping[tuple[str, str, int], Call] = {}

    def __init__(self, kind: Kind, *, name: str | None = None, seed: int = 1, p: Grid | None = None,
                 spectrum: Vector | None = None, signal: Vector | None = None, n: Grid | None = None,
                 noise_std: Grid | None = None, arms: Sequence[str | Table] | None = None, trials: int | None = None,
                 rel_std_err: Number | None = None, abs_std_err: Number | None = None, max_trials: int | None = None,
                 label_noise: Literal["integrate", "sample"] | None = None,
                 keep: Literal["trials", "moments"] | None = None,
                 sampler: Literal["sufficient", "direct"] | None = None,
                 **tables: Table | Sequence[Table]) -> None:
        """A study of this kind. What is left out takes the default of study files, or is missed by check().

        name: what figures and pages call it; the kind with dashes unless given. seed: of all draws.
        p, spectrum, signal: the population (in gradient_descent, the data). A spectrum or signal is a law such as
        power_law(2.0) or an array of p numbers: eigenvalues λ_i, coefficients β*_i.
        n, noise_std, arms: of [target]; in weak_to_strong and features of [weak], in gradient_descent of [data].
        trials, or rel_std_err or abs_std_err with max_trials: the precision; label_noise, keep and sampler likewise.
        tables: every other table of the study file by its name, as a dict of its keys, and [[stage]] as a list:
        surrogate={"m": 100, "noise_std": 0.1}, stage=[{"n": 60}, {"n": [60, 1000]}]. Arrays may stand where the file
        would name a .npy file.

        Grids are a number, a list, a range, a NumPy array or a table such as {"logspace": [50, 1e6], "count": 12}.
        Raises TypeError for a keyword that this kind has no place for; StudyError comes from check() and all else
        that asks the program.
        """
        tree: dict[str, Any] = {"schema": 1, "study": {"name": name or kind.replace("_", "-"), "kind": kind,
                                                       "seed": seed}}
        population = {"p": p, "spectrum": spectrum, "signal": signal}
        main = {"n": n, "noise_std": noise_std, "arms": arms}
        precision = {"trials": trials, "rel_std_err": rel_std_err, "abs_std_err": abs_std_err,
                     "max_trials": max_trials, "label_noise": label_noise, "keep": keep,
                     "sampler": sampler}
        if kind in ("chain", "graph") and any(value is not None for value in main.values()):
            raise TypeError(f"{', '.join(main)} are no keywords of a {kind}: each "
                            f"{'stage' if kind == 'chain' else 'group of rows'} has its own")
        places = [("data" if kind == "gradient_descent" else "population", population),
                  (_MAIN.get(kind, "target"), main), *tables.items(), ("precision", precision)]
        for table, value in places:
            if isinstance(value, (list, tuple)) and all(isinstance(item, Mapping) for item in value):
                tree[table] = list(value)
                continue
            if not isinstance(value, Mapping):
                raise TypeError(f"no keyword {table} that is not a table: tables of a study file are dicts, or lists "
                                "of dicts")
            given = {key: item for key, item in value.items() if item is not None}
            twice = set(given) & set(tree.get(table, ()))
            if twice:
                raise TypeError(f"{', '.join(sorted(twice))} of [{table}] given twice: by keyword and in the table")
            if given:
                tree.setdefault(table, {}).update(given)
        self._tree = {table: _tidy(kind, (table,), value) for table, value in tree.items()}
        self._source: tuple[Path, str] | None = None

    @classmethod
    def from_file(cls, path: AnyPath) -> Study:
        """The study of a TOML file. Files that it names are found from its folder, wherever the study is used.

        Raises StudyError where the file is no TOML or has no kind and name, and OSError where it cannot be read.
        """
        path = Path(path)
        text = path.read_bytes().decode(errors="replace")
        try:
            tree = tomllib.loads(text)
            kind = tree["study"]["kind"]
            tree["study"]["name"]
        except (ValueError, KeyError, TypeError):
            program.output_of("check", program.path_argument(path))  # says where
            raise
        study = cls.__new__(cls)
        study._tree = {table: _tidy(kind, (table,), value, path.resolve().parent) for table, value in tree.items()}
        study._source = path, text
        return study

    @classmethod
    def graph(cls, *fits: Fit, p: Grid, spectrum: Vector, signal: Vector, name: str | None = None, seed: int = 1,
              trials: int | None = None, rel_std_err: Number | None = None, abs_std_err: Number | None = None,
              max_trials: int | None = None, excess_risk: Sequence[Fit] | None = None,
              misfit: Sequence[tuple[Fit, Fit]] | None = None, gain: Sequence[tuple[Fit, Fit]] | None = None,
              opr: Sequence[tuple[Fit, Fit]] | None = None,
              pgr: Mapping[Literal["weak", "strong", "ceiling"], Fit] | None = None,
              output_variance: Sequence[Fit] | None = None, in_sample_risk: Sequence[Fit] | None = None,
              error_rate: Sequence[Fit] | None = None, agreement: Sequence[tuple[Fit, Fit]] | None = None,
              measures: Sequence[Measure] = (), label_noise: Literal["integrate", "sample"] | None = None,
              keep: Literal["trials", "moments"] | None = None, sampler: Literal["sufficient", "direct"] | None = None,
              test: Table | None = None) -> Study:
        """A study of kind "graph" from fits on groups of rows; those that label others need not be named.

            real = cb.Rows("real", n=[60, 150], noise_std=0.5)
            teacher = cb.Fit("teacher", real, penalty=1.0)
            student = cb.Fit("student", real, labels=0.6 * teacher + 0.4 * real.observed)
            study = cb.Study.graph(student, p=100, spectrum=cb.power_law(1.0), signal=cb.power_law(1.5), trials=500)

        excess_risk: the fits whose risk is measured, all unless given. misfit: pairs (fit, other) whose distance
        E (b - b')ᵀ Σ (b - b') is measured. gain: pairs (fit, other): the other's risk minus the fit's; opr: the
        other's risk over the fit's. pgr: the
        performance gap recovered by a strong fit between a weak one and a ceiling. output_variance,
        in_sample_risk, error_rate: the fits of which bᵀΣb, the risk on their own rows, and how often their sign is not
        the truth's are measured. agreement: pairs of fits, how often their signs agree. measures: of one's own,
        cucurbit.measure. label_noise: "integrate" takes the mean over label noise in each trial, of risks of ridgeless
        fits alone. keep: as of any study. sampler: "direct" draws the rows of every group, also where a factor could
        stand for them.
        test: the domain that risks are of, {"spectrum": …, "rotation": …, "signal": …}; the population's unless given.
        """
        from cucurbit.graphs import tables_of

        built_in = {"excess_risk": excess_risk, "misfit": misfit, "gain": gain, "opr": opr, "pgr": pgr,
                    "output_variance": output_variance, "in_sample_risk": in_sample_risk, "error_rate": error_rate,
                    "agreement": agreement}
        tables, functions = tables_of(fits, {key: value for key, value in built_in.items() if value is not None},
                                      measures)
        if test is not None:
            tables["test"] = test
        study = cls("graph", p=p, spectrum=spectrum, signal=signal, name=name, seed=seed, trials=trials,
                    rel_std_err=rel_std_err, abs_std_err=abs_std_err, max_trials=max_trials, label_noise=label_noise, keep=keep,
                    sampler=sampler, **tables)
        study._functions = functions
        return study

    @property
    def kind(self) -> Kind:
        """What is fitted to what; its page is in docs/kinds."""
        return self._tree["study"]["kind"]

    @property
    def name(self) -> str:
        """What figures and pages call it."""
        return self._tree["study"]["name"]

    def to_toml(self, path: AnyPath | None = None) -> str:
        """The study as the text of a study file, which is also written to `path` if that is given, with each array
        that a study file cannot hold as a .npy file beside it. `from_file` of it is an equal study."""
        arrays: dict[str, Any] = {}

        def named(place: tuple[str, ...], value: Any) -> str:
            if isinstance(value, str):
                return value
            file = f"{self.name}.{'.'.join(place)}.npy"
            arrays[file] = value
            return file

        text = toml.document_text({table: _with_files(self.kind, (table,), value, named)
                                   for table, value in self._tree.items()})
        if path is not None:
            import numpy

            for file, array in arrays.items():
                with replaced(Path(path).parent / file) as fresh:
                    numpy.save(fresh, array, allow_pickle=False)
            with replaced(path) as fresh:
                fresh.write_text(text, encoding="utf-8")
        return text

    def check(self) -> dict[str, str]:
        """What the study asks for: name, kind, seed, extent, precision. Raises StudyError for what is wrong with it,
        and warns of what is doubtful."""
        with self._file() as file:
            lines = program.output_of("check", file).decode().splitlines()
        return {key: value.strip() for key, _, value in (line.partition(" ") for line in lines)}

    def plan(self, *, device: str = "auto", threads: int | None = None) -> DataFrame:
        """What a run would do, a row for each design: points, blocks, trials, bytes a worker, flops, solver and the
        expected seconds. device, threads: as of run."""
        from cucurbit.table import frame_of

        with self._file() as file:
            return frame_of("plan", file, *program.options(device=device, threads=threads))

    def theory(self, *, coordinates: bool = False) -> DataFrame:
        """What theory predicts, without simulating; see cucurbit.theory."""
        from cucurbit.table import theory

        with self._file() as file:
            return theory(file, coordinates=coordinates)

    def explain(self, *, bands: bool = False, **point: Number) -> DataFrame:
        """What predicted risks are made of: a row for each point, arm and cause, with its value and its share of the
        risk (docs/tables.md). bands: coordinates 1 to 10, 11 to 100, … apart. point: parameters and the values to
        choose: `study.explain(n=200, noise_std=0.2)`. Raises ProgramError where no law tells parts apart."""
        from cucurbit.table import explain

        with self._file() as file:
            return explain(file, bands=bands, **point)

    def run(self, folder: AnyPath, *, device: str = "auto", threads: int | None = None,
            max_time: str | None = None, shard: str | None = None, quiet: bool = False) -> Run:
        """Runs the study into a folder, continuing what is there; the same call continues a run that was stopped.

        device: "auto", "cpu", "cuda" or "cuda:0,1". threads: workers on each device, by default all cores. max_time:
        such as "90s" or "1h30m". shard: "3/8" for a part of the trials. quiet: neither progress nor talk.

        Raises StudyError, ProgramError with exit code 75 where the run was stopped and can be continued, and
        KeyboardInterrupt after Ctrl-C, once the trials in flight are finished. What a function of the study's raises
        is raised once they are stored; a study with functions runs in this process, on the CPU.
        """
        from cucurbit.runs import Run

        if self._functions:
            if device not in ("auto", "cpu"):
                raise ValueError(f"device {device!r} is not allowed: labels and measures that are functions in Python "
                                 "are called with rows of the CPU; allowed: 'cpu'")
            self.check()
            from cucurbit import functions

            with self._file(largest=_LARGEST_COPIED) as file:
                functions.run(file, folder, self._functions, threads=threads, max_time=max_time, shard=shard,
                              quiet=quiet)
            return Run(folder)
        with self._file(largest=_LARGEST_COPIED) as file:
            program.run(file, folder, device=device, threads=threads, max_time=max_time, shard=shard, quiet=quiet)
        return Run(folder)

    @contextlib.contextmanager
    def _file(self, largest: float = float("inf")) -> Iterator[str]:
        """A file of this study for the program: the one that it was read from where that still says the same, else one
        that is there as long as the block. Raises ValueError for an array of more bytes than `largest`."""
        if self._source is not None:
            path, text = self._source
            if path.is_file() and path.read_bytes().decode(errors="replace") == text:
                yield program.path_argument(path)
                return

        def refused(place: tuple[str, ...], value: Any) -> Any:
            if not isinstance(value, str) and value.nbytes > largest:
                raise ValueError(f"{'.'.join(place)} has {value.nbytes >> 20} MiB, and a run copies up to "
                                 f"{_LARGEST_COPIED >> 20}: save it with numpy.save and give the file's path")
            return value

        for table, value in self._tree.items():
            _with_files(self.kind, (table,), value, refused)
        with tempfile.TemporaryDirectory(prefix="cucurbit-") as folder:
            path = Path(folder) / "study.toml"
            self.to_toml(path)
            try:
                yield str(path)
            except program.StudyError as error:
                raise error.of_file(path.name) from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Study) and self._contents() == other._contents()

    __hash__ = None  # type: ignore[assignment]  # equality looks into files, which may change

    def _contents(self) -> dict[str, Any]:
        """All that the study says, with the files that it names as arrays or bytes."""
        def contents(_: tuple[str, ...], value: Any) -> Any:
            if isinstance(value, str) and value.endswith(".npy"):
                import numpy

                with contextlib.suppress(OSError, ValueError):
                    value = numpy.load(value, mmap_mode="r", allow_pickle=False)
            if isinstance(value, str):
                return Path(value).read_bytes() if os.path.isfile(value) else value
            return value.dtype.str, value.shape, value.tobytes()

        return {table: _with_files(self.kind, (table,), value, contents) for table, value in self._tree.items()}

    def __repr__(self) -> str:
        return f"Study({self.kind!r}, name={self.name!r}, seed={self._tree['study'].get('seed')})"

    def _repr_html_(self) -> str:
        lines = [line if len(line) <= 160 else line[:159] + "…" for line in self.to_toml().splitlines()]
        return f"<pre>{html.escape(chr(10).join(lines))}</pre>"


def _with_files(kind: Kind, place: tuple[str, ...], value: Any,
                change: Callable[[tuple[str, ...], Any], Any]) -> Any:
    """A value of a study with what names a file, or is an array in its place, changed."""
    if isinstance(value, Mapping):
        return {key: change((*place, key), item) if _names_file(kind, place, value, key)
                else _with_files(kind, (*place, key), item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_files(kind, (*place, str(i)), item, change) for i, item in enumerate(value, 1)]
    return value


def _names_file(kind: Kind, place: tuple[str, ...], table: Mapping[str, Any], key: str) -> bool:
    if not isinstance(table[key], (str, os.PathLike)) and not hasattr(table[key], "dtype"):
        return False
    if kind == "features" and place == ("features",):
        return key in ("weak", "strong", "labels")
    return key in _FILES or key in ("path", "file") and table.get("kind") == "file"


def _tidy(kind: Kind, place: tuple[str, ...], value: Any, folder: Path | None = None) -> Any:
    """A value of a study as it is kept: plain, but for arrays in the place of files, which are copied; spectra and
    signals as tables; files by their full path, from the folder if one is given."""
    if isinstance(value, Mapping):
        tidy = {}
        for key, item in value.items():
            if _names_file(kind, place, value, key):
                tidy[key] = item.copy() if hasattr(item, "dtype") else os.path.join(folder or os.getcwd(), item)
            elif key in ("spectrum", "signal") and place[0] != "fit" and not isinstance(item, (Mapping, str)):
                tidy[key] = {"kind": "list", "values": toml.plain(item)}
            else:
                tidy[key] = _tidy(kind, (*place, key), item, folder)
        return tidy
    if isinstance(value, (list, tuple)):
        return [_tidy(kind, (*place, str(i)), item, folder) for i, item in enumerate(value, 1)]
    return toml.plain(value)
