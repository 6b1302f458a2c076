"""Run, load and plot cucurbit studies (docs/python.md).

    import cucurbit as cb
    study = cb.Study("model_shift", p=500, spectrum=cb.power_law(2.0), signal=cb.power_law(1.5),
                     n=range(20, 481, 20), noise_std=[0, 0.2], arms=["standard", "optimal_surrogate"], trials=1024)
    run = study.run("runs/mine")
    run.table                                             # a pandas DataFrame
    run.plot(x="n")

Of study files and run folders, by path:

    table = cb.run("study.toml", "runs/study", threads=2)
    table = cb.load("runs/study")
    table = cb.compare("runs/study")                      # with theory's verdicts
    table = cb.trials("runs/study")                       # a row for every trial
    cb.plot("runs/study", "figure.png")
    cb.report(["runs/study"], "report.html")

On arrays of one's own:

    fits = cb.minnorm(X, Y)                               # X (1000, 100, 200), Y (1000, 100)
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False  # typing's, which type checkers know by its name
if TYPE_CHECKING:
    from typing import Any

    from cucurbit.arrays import LearningCurve, MinnormFits, learning_curve, minnorm, pinv
    from cucurbit.figures import plot
    from cucurbit.figures.scaling import fit_slopes
    from cucurbit.graphs import (Fit, Rows, labels, measure, observed, optimal_mixture, own_features, random_features,
                                 truth)
    from cucurbit.laws import Prediction, optimal_surrogate, target_risk
    from cucurbit.live import watch
    from cucurbit.pages import report
    from cucurbit.program import Fault, ProgramError, ProgramNotFound, StudyError
    from cucurbit.runs import Run
    from cucurbit.studies import Study, isotropic, power_law, spiked, surrogate, uniform
    from cucurbit.table import compare, load, parameters, run, theory, trials, write_parquet

__version__ = "0.1.0"
__all__ = ["Fault", "Fit", "LearningCurve", "MinnormFits", "Prediction", "ProgramError", "ProgramNotFound", "Rows",
           "Run", "Study", "StudyError", "compare", "fit_slopes", "isotropic", "labels", "learning_curve", "load",
           "measure", "minnorm", "observed", "optimal_mixture", "optimal_surrogate", "own_features", "parameters",
           "pinv", "plot", "power_law", "random_features", "report", "run", "spiked", "surrogate", "target_risk",
           "theory", "trials", "truth", "uniform", "watch", "write_parquet"]

# Imported when first used: with pandas and matplotlib `import cucurbit` would take most of a second, and with the
# standard library's modules alone a wheel's command `cucurbit` twice as long to start.
_PLACES = {"arrays": ("LearningCurve", "MinnormFits", "learning_curve", "minnorm", "pinv"),
           "figures": ("plot",), "figures.scaling": ("fit_slopes",),
           "graphs": ("Fit", "Rows", "labels", "measure", "observed", "optimal_mixture", "own_features", "random_features",
                      "truth"),
           "laws": ("Prediction", "optimal_surrogate", "target_risk"), "live": ("watch",), "pages": ("report",),
           "program": ("Fault", "ProgramError", "ProgramNotFound", "StudyError"), "runs": ("Run",),
           "studies": ("Study", "isotropic", "power_law", "spiked", "surrogate", "uniform"),
           "table": ("compare", "load", "parameters", "run", "theory", "trials", "write_parquet")}


def __getattr__(name: str) -> Any:
    for module, names in _PLACES.items():
        if name in names:
            value = getattr(importlib.import_module(f"cucurbit.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'cucurbit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
