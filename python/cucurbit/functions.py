"""Labels and measures that are functions in Python, and runs of studies that have them, in this process."""

from __future__ import annotations

import ctypes
import math
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from cucurbit import library, program

if TYPE_CHECKING:
    from types import FrameType

    from cucurbit.graphs import Call
    from cucurbit.hints import AnyPath, Array

# As host/c/run.cpp has them, and the exit codes that the program has for its failures.
_ROLES = ("labels", "measure")
_EXIT_CODES = {1: 1, 2: 5, 3: 2, 4: 2, 5: 5, 6: 6, 75: 75}
_Function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint64, ctypes.c_size_t,
                             ctypes.c_size_t, ctypes.c_size_t, ctypes.POINTER(ctypes.c_double),
                             ctypes.POINTER(ctypes.c_double))
_Report = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_double)
_SECONDS_BETWEEN_LINES = 10.0
_MOST_THREADS = 4096


def run(study: str, folder: AnyPath, functions: Mapping[tuple[str, str, int], Call], *, threads: int | None,
        max_time: str | None, shard: str | None, quiet: bool) -> None:
    """Runs the study of a file into a folder with these functions by role, name and version.

    What a function raises is raised here, once the trials in flight are stored, with its own traceback. Else as
    program.run: ProgramError, of exit code 75 where the run can be continued, and KeyboardInterrupt.
    """
    if threads is not None and not (isinstance(threads, int) and 1 <= threads <= _MOST_THREADS):
        raise ValueError(f"threads {threads!r} is not allowed; allowed: a whole number from 1 to {_MOST_THREADS}")
    calls = _Calls(functions)
    progress = _Progress(quiet)
    index, count = _part(shard)
    message = ctypes.create_string_buffer(1024)
    function = library.load().cucurbit_run
    function.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t,
                         ctypes.c_size_t, _Function, _Report, ctypes.c_char_p, ctypes.c_size_t]
    path = program.path_argument(folder)
    try:
        with _interrupts() as asked:
            code = function(study.encode(), path.encode(), threads or 0, (max_time or "").encode(), index, count,
                            _Function(calls), _Report(lambda *report: progress.show(*report) or len(asked)), message,
                            len(message))
    finally:
        progress.close()
    if calls.failure is not None:
        raise calls.failure
    said = message.value.decode(errors="replace") or "stopped; the same call continues"
    failure = program.ProgramError(("run", study, "-o", path), _EXIT_CODES[code], said) if code else None
    if asked:
        raise KeyboardInterrupt from failure
    if failure is not None:
        raise failure


class _Calls:
    """What the workers of a run call."""

    def __init__(self, functions: Mapping[tuple[str, str, int], Call]) -> None:
        self._functions = functions
        self._tried: set[tuple[str, str]] = set()
        self.failure: BaseException | None = None

    def __call__(self, role: int, name: bytes, version: int, trials: int, rows: int, columns: int, x: Any,
                 values: Any) -> int:
        key = _ROLES[role], name.decode(), version
        try:
            x = np.ctypeslib.as_array(x, (trials, rows, columns))
            out = np.ctypeslib.as_array(values, (trials, rows))
            self._fill(key, (x, out) if key[0] == "labels" else (x[:, 0],), out)
            return 0
        except BaseException as error:  # no exception may reach the library
            if self.failure is None:
                error.add_note(f"raised in {_said(key)}; what was stored stays, and the same call continues")
                self.failure = error
            return 1

    def _fill(self, key: tuple[str, str, int], given: tuple[Array, ...], out: Array) -> None:
        """Given: the library's memory, of which a function gets copies, to keep and to change."""
        function = self._functions[key]
        shape = out.shape if key[0] == "labels" else out.shape[:1]
        made = _checked(key, function(*(array.copy() for array in given)), shape)
        wrong = ~np.isfinite(made)
        if wrong.any():  # all that follows from a trial that failed before is NaN
            wrong &= np.all([_finite(array, made.ndim) for array in given], axis=0)
        if wrong.any():
            place = tuple(int(at) + 1 for at in np.argwhere(wrong)[0])
            raise ValueError(f"{_said(key)} gave {made[tuple(at - 1 for at in place)]} for trial {place[0]} of "
                             f"{len(made)}{f', row {place[1]}' if len(place) > 1 else ''}: allowed are finite numbers")
        if key[:2] not in self._tried:
            self._tried.add(key[:2])
            alone = _checked(key, function(*(array[-1:].copy() for array in given)), (1, *shape[1:]))[0]
            size = np.nanmax(np.abs(made[-1]), initial=0.0)
            if not np.allclose(alone, made[-1], rtol=0.0, atol=1e-9 * size, equal_nan=True):
                raise ValueError(f"{_said(key)} gives trial {len(made)} of {len(made)} other values when it is called "
                                 "with this trial alone: values of a trial must depend on that trial alone, and on no "
                                 "random numbers (noise of labels is noise_std of the rows or of the fit)")
        out[...] = made.reshape(out.shape)


def _finite(given: Array, dimensions: int) -> Array:
    """Whether what a value is made of is finite, in an array that goes with the values."""
    finite = np.isfinite(given)
    return np.asarray(finite.all(axis=tuple(range(dimensions, finite.ndim))))


def _checked(key: tuple[str, str, int], made: object, shape: tuple[int, ...]) -> Array:
    """Float64 of this shape."""
    wanted = "a label for each row of each trial" if key[0] == "labels" else "a number for each trial"
    array = np.asarray(made)
    masked = isinstance(made, np.ma.MaskedArray)
    if masked or array.dtype.kind not in "biuf":
        objects = array.dtype.kind == "O" and not isinstance(made, np.ndarray)
        what = "a masked array" if masked else type(made).__name__ if objects else f"an array of {array.dtype}"
        raise TypeError(f"{_said(key)} gave {what}: allowed is an array of real numbers of shape {shape}, {wanted}")
    if array.shape != shape:
        raise ValueError(f"{_said(key)} gave an array of shape {array.shape}: allowed is shape {shape}, {wanted}")
    return array.astype(float)


def _said(key: tuple[str, str, int]) -> str:
    return f"{key[0]} {key[1]!r} of version {key[2]}"


def _part(shard: str | None) -> tuple[int, int]:
    """The shard "i/N" as the library counts it."""
    if shard is None:
        return 0, 1
    index, _, count = shard.partition("/")
    if index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count):
        return int(index) - 1, int(count)
    raise ValueError(f"shard {shard!r} is not allowed with functions in Python; allowed: such as '1/4'")


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Ctrl-C makes this list longer, instead of a KeyboardInterrupt: one that is raised while the library calls would
    be lost."""
    asked: list[int] = []

    def ask(number: int, frame: FrameType | None) -> None:
        asked.append(number)

    if threading.current_thread() is not threading.main_thread() or not callable(signal.getsignal(signal.SIGINT)):
        # Signals go to another thread, or nowhere.
        yield asked
        return
    before = signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


class _Progress:
    """A bar in notebooks, else a line on sys.stderr now and then."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._bar = None if quiet else program.NotebookBar.where_there_is_one()
        self._last = time.monotonic()

    def show(self, done: int, total: int, seconds_left: float) -> None:
        if self._bar is not None:
            self._bar.show(done, total)
        elif not self._quiet and time.monotonic() - self._last >= _SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            left = "" if math.isnan(seconds_left) else f", about {seconds_left:,.0f} s left"
            if sys.stderr:
                print(f"cucurbit: {done:,} of {total:,} trials{left}", file=sys.stderr, flush=True)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
