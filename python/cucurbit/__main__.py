"""python -m cucurbit plot DIR... | report DIR... | slopes DIR | parquet DIR"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cucurbit
from cucurbit.kinds import KINDS
from cucurbit.program import ProgramError, ProgramNotFound


def _levels(text: str) -> list[float]:
    return [float(level) for level in text.split(",")]


def _size(text: str) -> tuple[float, float | None]:
    try:
        inches = [float(side) for side in text.split("x")]
    except ValueError:
        inches = []
    if len(inches) not in (1, 2) or not all(0 < side < 1000 for side in inches):
        raise argparse.ArgumentTypeError(f"{text!r} is no size in inches, such as 6x4, or 3.3, as high as it takes")
    return inches[0], inches[1] if len(inches) == 2 else None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 86400:
        raise argparse.ArgumentTypeError(f"{text!r}: a number of seconds from 0.1 to 86400")
    return seconds


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cucurbit", description="Figures, pages and Parquet of runs.")
    commands = parser.add_subparsers(dest="command", required=True)
    source = argparse.ArgumentParser(add_help=False)
    source.add_argument("source", type=Path, metavar="DIR", help="run folder, or a CSV, NPY or Parquet table")
    plot = commands.add_parser("plot", help="draw the study's figure")
    plot.add_argument("sources", type=Path, metavar="DIR", nargs="+",
                      help="run folder, or a CSV, NPY or Parquet table; several are drawn together, in colours of their own")
    plot.add_argument("-o", "--output", type=Path, metavar="FILE",
                      help="a .png, .svg or .pdf file, .tex of PGFPlots or .vl.json of Vega-Lite, .png and .pdf when "
                           "without suffix (default: figure.png and figure.pdf in the run folder or beside the "
                           "table; of several, in the working folder); panels beyond six are on further pages of the .pdf and in FILE-2.png, "
                           "FILE-3.png, …")
    plot.add_argument("--kind", metavar="KIND",
                      help=f"the figure to draw instead of the one that suits the table: {', '.join(KINDS)}")
    plot.add_argument("--x", metavar="PARAMETER",
                      help="what the figures risk and recovery are drawn along: a parameter, p/n or overlap "
                           "(default: the parameter with the most values)")
    plot.add_argument("--y", metavar="ESTIMAND", help="what the figure risk draws instead of excess risk or test error")
    plot.add_argument("--hue", metavar="PARAMETERS",
                      help="what colours tell in a panel of these: parameters with commas between, arm among them")
    plot.add_argument("--panels", metavar="PARAMETERS", help="what has a panel each, likewise")
    plot.add_argument("--n", type=int, help="sample size at which the weights are shown")
    plot.add_argument("--size", metavar="WIDTH[xHEIGHT]", type=_size,
                      help="inches of a page: 6x4, or 3.3 for one as high as it takes")
    plot.add_argument("--style", metavar="STYLE", help="a matplotlib style, by file or name, on top of ours")
    report = commands.add_parser("report", help="write runs as one HTML page")
    report.add_argument("sources", type=Path, metavar="DIR", nargs="+", help="run folder")
    report.add_argument("-o", "--output", type=Path, metavar="FILE",
                        help="default: report.html in the run folder; of several, in the working folder")
    report.add_argument("--watch", action="store_true",
                        help="write the page again and again until the runs have ended, for a browser to follow")
    report.add_argument("--every", metavar="SECONDS", type=_seconds, default=10.0,
                        help="between two looks of --watch (default: 10)")
    slopes = commands.add_parser("slopes", parents=[source], help="print log-log slopes of risk against n")
    slopes.add_argument("--n-min", type=float, default=0, help="smallest n in the fit")
    slopes.add_argument("--n-max", type=float, default=float("inf"), help="largest n in the fit")
    parquet = commands.add_parser("parquet", parents=[source], help="write the table as Parquet")
    parquet.add_argument("--trials", action="store_true", help="every trial's value instead of means")
    parquet.add_argument("--by-design", action="store_true",
                         help="every trial, in a folder with a file for each design: design=1/trials.parquet")
    parquet.add_argument("--quantiles", metavar="LEVELS", default=(), type=_levels,
                         help="rows for these quantiles of the trials too: 0.05,0.5,0.95")
    parquet.add_argument("-o", "--output", type=Path, metavar="FILE",
                         help="default: table.parquet, trials.parquet or trials, in the run folder or beside the table")
    return parser


def _beside(source: Path, name: str) -> Path:
    return (source if source.is_dir() else source.parent) / name


def _plot(options: argparse.Namespace) -> None:
    from cucurbit.figures import plot, save

    source = options.sources[0] if len(options.sources) == 1 else None
    figure = plot(source or options.sources, kind=options.kind, x=options.x, y=options.y, hue=options.hue, panels=options.panels,
                  n=options.n, size=options.size, style=options.style)
    for written in save(figure, options.output or (_beside(source, "figure") if source else Path("figure"))):
        print(f"wrote {written}", file=sys.stderr)
    if getattr(figure, "kind") == "scaling":
        cucurbit.fit_slopes(cucurbit.load(source or options.sources)).to_csv(sys.stdout, index=False)


def _report(options: argparse.Namespace) -> None:
    folder = options.sources[0] if len(options.sources) == 1 else Path()
    output = options.output or folder / "report.html"
    if options.watch:
        from cucurbit.live import watch

        print(f"cucurbit: {output} follows until the end; Ctrl-C stops looking", file=sys.stderr)
        watch(options.sources, output, every=options.every)
    else:
        from cucurbit.pages import report

        report(options.sources, output)
    print(f"wrote {output}", file=sys.stderr)


def _slopes(options: argparse.Namespace) -> None:
    table = cucurbit.load(options.source)
    cucurbit.fit_slopes(table, n_min=options.n_min, n_max=options.n_max).to_csv(sys.stdout, index=False)


def _parquet(options: argparse.Namespace) -> None:
    name = "trials" if options.by_design else "trials.parquet" if options.trials else "table.parquet"
    output = options.output or _beside(options.source, name)
    cucurbit.write_parquet(options.source, output, trials=options.trials, by_design=options.by_design,
                           quantiles=options.quantiles)
    print(f"wrote {output}", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        {"plot": _plot, "report": _report, "slopes": _slopes, "parquet": _parquet}[options.command](options)
    except KeyboardInterrupt:
        return 130
    except ProgramError as error:
        print(f"cucurbit: {error}", file=sys.stderr)
        return error.exit_code
    except (ProgramNotFound, ModuleNotFoundError, OSError, ValueError, KeyError) as error:
        print(f"cucurbit: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
