"""Runs as Python objects."""

from __future__ import annotations

import base64
import contextlib
import html
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, cast, overload

from cucurbit import program
from cucurbit.extras import Extras

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow
    import xarray
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cucurbit.figures.page import Page
    from cucurbit.hints import AnyPath, Chosen, Look, Number, Size

# What is said of each row of the table that does not belong to one trial.
_OF_A_ROW = ["estimate", "std_err", "ci95_low", "ci95_high", "n_trials", "n_failed", "theory", "theory_kind", "z",
             "flags"]


class Run:
    """The results in a run's folder.

    Nothing is kept in memory: every look reads what the folder has by then.

        run = cucurbit.Run("runs/mine")
        run.table
        run.compare()["verdict"].value_counts()
        run.plot(x="n", hue="arm")
    """

    def __init__(self, folder: AnyPath) -> None:
        """Opens a run's folder; raises FileNotFoundError where there is none."""
        self.folder = Path(folder)
        if not (self.folder / "store.sqlite").exists():
            raise FileNotFoundError(f"no run in {self.folder}")

    @property
    def table(self) -> pandas.DataFrame:
        """A row for each point, arm and estimand (docs/tables.md); see cucurbit.load, which also takes quantiles."""
        from cucurbit.table import load

        return load(self.folder)

    @overload
    def trials(self) -> pandas.DataFrame: ...
    @overload
    def trials(self, estimand: str) -> xarray.DataArray: ...
    def trials(self, estimand: str | None = None) -> pandas.DataFrame | xarray.DataArray:
        """Every trial as a row; see cucurbit.trials.

        With an estimand, such as "excess_risk": its values as a labelled array, parameters × arm × trial, NaN where a
        trial failed. Arms and points share their draws, so that differences along these are paired:
        `risk = run.trials("excess_risk"); gap = risk.sel(arm="mask") - risk.sel(arm="standard")`.
        Raises ValueError for an estimand that no trial has.
        """
        from cucurbit.table import trials

        frame = trials(self.folder)
        if estimand is None:
            return frame
        rows = frame[frame["estimand"] == estimand]
        if rows.empty:
            raise ValueError(f"no trial has {estimand!r}; there are {', '.join(frame['estimand'].unique())}")
        return _labelled(rows, "trial")["value"].rename(estimand)

    def theory(self, *, coordinates: bool = False) -> pandas.DataFrame:
        """What theory predicts; see cucurbit.theory."""
        from cucurbit.table import theory

        return theory(self.folder, coordinates=coordinates)

    def explain(self, *, bands: bool = False, **point: Number) -> pandas.DataFrame:
        """What predicted risks are made of; see cucurbit.Study.explain."""
        from cucurbit.table import explain

        return explain(self.folder, bands=bands, **point)

    def compare(self) -> pandas.DataFrame:
        """The table with theory's verdicts; see cucurbit.compare."""
        from cucurbit.table import compare

        return compare(self.folder)

    def status(self) -> pandas.DataFrame:
        """How far the run is, a row for each design: blocks and trials done and wanted."""
        from cucurbit.table import frame_of

        return frame_of("status", program.path_argument(self.folder))

    def plot(self, output: AnyPath | None = None, *, kind: str | None = None, x: str | None = None,
             y: str | None = None, hue: Chosen = None, panels: Chosen = None, n: int | None = None,
             size: Size | None = None, style: Look | None = None,
             ax: Axes | dict[str, Axes] | None = None) -> Figure:
        """Draws the run's figure, or into axes of yours; see cucurbit.plot."""
        from cucurbit.figures import plot

        return plot(self.folder, output, kind=kind, x=x, y=y, hue=hue, panels=panels, n=n, size=size, style=style,
                    ax=ax)

    def report(self, output: AnyPath | None = None) -> Path:
        """Writes the run as one HTML page, by default report.html in its folder; returns the page's path."""
        from cucurbit.pages import report

        return report(self.folder, output or self.folder / "report.html")

    def to_xarray(self) -> xarray.Dataset:
        """The table as labelled arrays over the parameters, arm and estimand, for `.sel(arm="mask", n=200)`. What does
        not depend on a parameter has the same value along it; parameters that others tell, as tied grids, are
        coordinates. Attributes: name, kind, seed and text of the study, version of the program."""
        return _labelled(self.table, "estimand")[_OF_A_ROW].assign_attrs(self._about())

    def to_arrow(self) -> pyarrow.Table:
        """The table for Arrow, without pandas' index."""
        with Extras():
            import pyarrow

        return pyarrow.Table.from_pandas(self.table, preserve_index=False)

    def to_polars(self) -> polars.DataFrame:
        """The table for polars, with nulls where numbers are missing."""
        with Extras():
            import polars

        return polars.from_pandas(self.table)

    def _about(self) -> dict[str, object]:
        """Whose results these are."""
        study = program.output_of("status", program.path_argument(self.folder), "--study").decode()
        about = tomllib.loads(study)["study"]
        manifest = program.rows_of("status", program.path_argument(self.folder), "--manifest")
        version = [row["value"] for row in manifest if row["fact"] == "version"][-1]
        return {**about, "study": study, "version": version}

    def _summary(self) -> str:
        """How far the run is and what theory says of it, in a line."""
        folder = program.path_argument(self.folder)
        designs = program.rows_of("status", folder)
        done, wanted = (sum(int(design[name]) for design in designs) for name in ("trials_done", "trials_wanted"))
        verdicts = [row["verdict"] for row in
                    program.rows_of("compare", folder, accepted=(0, program.DISAGREEMENT))]
        confirmed, failed = verdicts.count("confirmed"), verdicts.count("failed")
        return (f"{done:,} of {wanted:,} trials; {confirmed + failed} rows judged: {confirmed} confirmed, "
                f"{failed} failed; {len(verdicts) - confirmed - failed} without verdict")

    def __repr__(self) -> str:
        with contextlib.suppress(OSError, program.ProgramError):
            return f"Run({str(self.folder)!r}): {self._summary()}"
        return f"Run({str(self.folder)!r})"

    def _repr_html_(self) -> str:
        """What theory says, the first rows that have trials, and the figure, as far as there are packages for them."""
        parts = [f"<p>{html.escape(repr(self))}</p>"]
        # Of some tables there is no figure yet.
        with contextlib.suppress(ModuleNotFoundError, ValueError):
            table = self.table
            table = table[table["n_trials"] > 0]
            parts.append(table.head().to_html(index=False, na_rep=""))
            if len(table):
                from cucurbit.figures.page import svg

                image = base64.b64encode(svg(cast("Page", self.plot()))).decode()
                parts.append(f'<img style="max-width: 100%" src="data:image/svg+xml;base64,{image}">')
        return "\n".join(parts)


def _labelled(rows: pandas.DataFrame, last: str) -> xarray.Dataset:
    """Rows as arrays over the parameters, arm and what tells the rows of an arm apart."""
    with Extras():
        import pandas
        import xarray

    from cucurbit.table import parameters, tied

    told = tied(rows)
    free = [name for name in parameters(rows) if name not in told]
    along = [name for name in free if rows[name].nunique() > 1]
    points = rows[[*along, *told]].dropna().drop_duplicates()
    for name in free:
        missing = rows[name].isna()
        if missing.any():
            # An arm without this parameter is the same at all of its values.
            values = rows.loc[~missing, [name]].drop_duplicates()
            rows = pandas.concat([rows[~missing], rows[missing].drop(columns=name).merge(values, how="cross")])
    arrays = xarray.Dataset.from_dataframe(rows.drop(columns=told).set_index([*free, "arm", last]))
    return arrays.assign_coords(xarray.Dataset.from_dataframe(points.set_index(along)).data_vars) if told else arrays
