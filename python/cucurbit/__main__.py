"""python -m cucurbit plot DIR | report DIR... | slopes DIR | parquet DIR"""

import argparse
import sys
from pathlib import Path

from cucurbit import fit_slopes, load, write_parquet
from cucurbit.program import ProgramError, ProgramNotFound


def _levels(text):
    return [float(level) for level in text.split(",")]


def _parser():
    parser = argparse.ArgumentParser(prog="python -m cucurbit", description="Figures, pages and Parquet of runs.")
    commands = parser.add_subparsers(dest="command", required=True)
    source = argparse.ArgumentParser(add_help=False)
    source.add_argument("source", type=Path, metavar="DIR", help="run folder, or a CSV, NPY or Parquet table")
    plot = commands.add_parser("plot", parents=[source], help="draw the study's figure")
    plot.add_argument("-o", "--output", type=Path, metavar="FILE",
                      help="a .png or .pdf file, both when without suffix (default: figure.png and "
                           "figure.pdf in the run folder or beside the table)")
    plot.add_argument("--kind",
                      choices=["risk", "scaling", "gain", "weights", "student", "recovery", "split",
                               "generations", "descent", "switch", "features"],
                      help="the figure to draw instead of the one that suits the table")
    plot.add_argument("--x", metavar="PARAMETER",
                      help="what the figures risk and recovery are drawn along: a parameter, p/n or overlap "
                           "(default: the parameter with the most values)")
    plot.add_argument("--n", type=int, help="sample size at which the weights are shown")
    report = commands.add_parser("report", help="write runs as one HTML page")
    report.add_argument("sources", type=Path, metavar="DIR", nargs="+", help="run folder")
    report.add_argument("-o", "--output", type=Path, metavar="FILE",
                        help="default: report.html in the run folder; of several, in the working folder")
    slopes = commands.add_parser("slopes", parents=[source], help="print log-log slopes of risk against n")
    slopes.add_argument("--n-min", type=float, default=0, help="smallest n in the fit")
    slopes.add_argument("--n-max", type=float, default=float("inf"), help="largest n in the fit")
    parquet = commands.add_parser("parquet", parents=[source], help="write the table as Parquet")
    parquet.add_argument("--trials", action="store_true", help="every trial's value instead of means")
    parquet.add_argument("--quantiles", metavar="LEVELS", default=(), type=_levels,
                         help="rows for these quantiles of the trials too: 0.05,0.5,0.95")
    parquet.add_argument("-o", "--output", type=Path, metavar="FILE",
                         help="default: table.parquet, or trials.parquet, in the run folder or beside the table")
    return parser


def _beside(source, name):
    return (source if source.is_dir() else source.parent) / name


def _plot(options):
    from cucurbit.figures import kind_of, plot
    from cucurbit.figures.style import save

    figure = plot(options.source, kind=options.kind, x=options.x, n=options.n)
    for written in save(figure, options.output or _beside(options.source, "figure")):
        print(f"wrote {written}", file=sys.stderr)
    table = load(options.source)
    if (options.kind or (kind_of(table) if options.x is None else "risk")) == "scaling":
        fit_slopes(table).to_csv(sys.stdout, index=False)


def _report(options):
    from cucurbit.pages import report

    folder = options.sources[0] if len(options.sources) == 1 else Path()
    print(f"wrote {report(options.sources, options.output or folder / 'report.html')}", file=sys.stderr)


def _slopes(options):
    fit_slopes(load(options.source), n_min=options.n_min, n_max=options.n_max).to_csv(sys.stdout,
                                                                                    index=False)


def _parquet(options):
    output = options.output or _beside(options.source, "trials.parquet" if options.trials else "table.parquet")
    write_parquet(options.source, output, trials=options.trials, quantiles=options.quantiles)
    print(f"wrote {output}", file=sys.stderr)


def main(arguments=None):
    options = _parser().parse_args(arguments)
    try:
        {"plot": _plot, "report": _report, "slopes": _slopes, "parquet": _parquet}[options.command](options)
    except ProgramError as error:
        print(f"cucurbit: {error}", file=sys.stderr)
        return error.exit_code
    except (ProgramNotFound, OSError, ValueError, KeyError) as error:
        print(f"cucurbit: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
