"""Types that hints share; nothing of it is needed when the package runs."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy
import pandas

from cucurbit.figures.style import ArmStyle

AnyPath: TypeAlias = str | os.PathLike[str]
Array: TypeAlias = numpy.ndarray[Any, Any]
Number: TypeAlias = float | numpy.integer[Any] | numpy.floating[Any]
Weight: TypeAlias = Number | Sequence[Number] | Array
# One value, several, or a table such as {"logspace": [1, 2000], "count": 10}.
Grid: TypeAlias = Number | Sequence[Number] | Array | Mapping[str, Any]
# A law such as power_law(2.0), or the numbers themselves.
Vector: TypeAlias = Mapping[str, Any] | Sequence[Number] | Array
# A table of a study file: its keys and their values, arrays where the file would name a file.
Table: TypeAlias = Mapping[str, Any]

# What a figure is drawn of.
Source: TypeAlias = AnyPath | Sequence[AnyPath] | pandas.DataFrame
# Parameters: one, several with commas between, or a list.
Chosen: TypeAlias = str | Iterable[str] | None
# Inches, (width, height).
Size: TypeAlias = tuple[float | None, float | None]
# The rows of each setting, with its title.
Parts: TypeAlias = list[tuple[str, pandas.DataFrame]]
# Looks of lines by arm and value of what colours tell.
Styles: TypeAlias = Mapping[tuple[str, str | None], ArmStyle]
# A matplotlib style, by file or name.
Look: TypeAlias = str | Path
