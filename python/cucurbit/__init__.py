"""Run, load and plot cucurbit studies.

    import cucurbit
    table = cucurbit.run("study.toml", "runs/study", threads=2)   # a pandas DataFrame
    table = cucurbit.load("runs/study")
    table = cucurbit.compare("runs/study")                        # with theory's verdicts
    table = cucurbit.trials("runs/study")                         # a row for every trial
    cucurbit.plot("runs/study", "figure.png")
    cucurbit.report(["runs/study"], "report.html")
"""

from cucurbit.program import ProgramError, ProgramNotFound
from cucurbit.table import compare, load, parameters, run, theory, trials, write_parquet

__version__ = "0.1.0"
__all__ = ["ProgramError", "ProgramNotFound", "compare", "fit_slopes", "load", "parameters", "plot",
           "report", "run", "theory", "trials", "write_parquet"]


def plot(source, output=None, **options):
    """Draw a run folder, a table file or a DataFrame; see cucurbit.figures.plot."""
    from cucurbit.figures import plot as draw
    return draw(source, output, **options)


def report(sources, output):
    """Write run folders as one HTML page; see cucurbit.pages.report."""
    from cucurbit.pages import report as write
    return write(sources, output)


def fit_slopes(table, **options):
    """Log-log slopes of excess risk against n; see cucurbit.figures.scaling.fit_slopes."""
    from cucurbit.figures.scaling import fit_slopes as fit
    return fit(table, **options)
