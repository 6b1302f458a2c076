"""Run, load and plot cucurbit studies.

    import cucurbit
    table = cucurbit.run("study.toml", "runs/study", threads=2)   # a pandas DataFrame
    table = cucurbit.load("runs/study")
    cucurbit.plot("runs/study", "figure.png")
"""

from cucurbit.program import ProgramError, ProgramNotFound
from cucurbit.table import load, parameters, run, theory, write_parquet

__version__ = "0.1.0"
__all__ = ["ProgramError", "ProgramNotFound", "fit_slopes", "load", "parameters", "plot", "run",
           "theory", "write_parquet"]


def plot(source, output=None, **options):
    """Draw a run folder, a table file or a DataFrame; see cucurbit.figures.plot."""
    from cucurbit.figures import plot as draw
    return draw(source, output, **options)


def fit_slopes(table, **options):
    """Log-log slopes of excess risk against n; see cucurbit.figures.scaling.fit_slopes."""
    from cucurbit.figures.scaling import fit_slopes as fit
    return fit(table, **options)
