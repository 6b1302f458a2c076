"""Finds and calls the cucurbit program."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import termios
import tty
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cucurbit import toml
from cucurbit.bundled import bundled_program, environment

if TYPE_CHECKING:
    from cucurbit.hints import AnyPath

_REPOSITORY = Path(__file__).resolve().parents[2]
_BUILT = "build/cpu/bin/cucurbit"


class ProgramNotFound(FileNotFoundError):
    """Neither $CUCURBIT nor the package nor PATH nor the repository's build folder has the program."""


class ProgramError(RuntimeError):
    """The program ended with a code other than 0; `exit_code` is that code (75: can be continued), `message` what it
    said."""

    def __init__(self, arguments: Sequence[str], exit_code: int, message: str = "") -> None:
        self.arguments, self.exit_code, self.message = tuple(arguments), exit_code, message.strip()
        text = f"`cucurbit {' '.join(arguments)}` ended with exit code {exit_code}"
        super().__init__(f"{text}: {self.message}" if self.message else text)


class Fault(NamedTuple):
    """One thing that is wrong with a study. Of a study that was not read from a file, lines are those of its
    to_toml()."""

    file: str
    line: int
    column: int
    message: str
    """What is wrong, from the key on: "population.p: 1 is not allowed; allowed: a whole number from 2 to 1000000"."""
    allowed: str
    """What may stand there, as the message ends with; empty where it does not say."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class StudyError(ProgramError):
    """A study that the program refuses. `faults` has all that is wrong with it, up to ten; `file`, `line`, `column`
    and `allowed` are the first one's."""

    def __init__(self, arguments: Sequence[str], message: str, faults: Sequence[Fault]) -> None:
        super().__init__(arguments, _BAD_STUDY, message)
        self.faults = list(faults)
        self.file, self.line, self.column, _, self.allowed = self.faults[0]

    def __str__(self) -> str:
        return "\n".join(map(str, self.faults))

    def of_file(self, file: str) -> StudyError:
        """The same error of a study that goes by another name."""
        return StudyError(self.arguments, self.message, [fault._replace(file=file) for fault in self.faults])


_BAD_STUDY = 2
# What `compare` ends with where theory failed: its table is complete.
DISAGREEMENT = 4
_WARNING = "cucurbit: warning: "
_FAULT = re.compile(r"cucurbit: error: (.+?):(\d+):(\d+): (.*)")


def _failure(arguments: Sequence[str], exit_code: int, message: str) -> ProgramError:
    found = [match for line in message.splitlines() if (match := _FAULT.fullmatch(line))]
    faults = [Fault(match[1], int(match[2]), int(match[3]), match[4], match[4].partition("allowed: ")[2])
              for match in found]
    if exit_code == _BAD_STUDY and faults:
        return StudyError(arguments, message, faults)
    return ProgramError(arguments, exit_code, message)


def find_program() -> str:
    """The path of the program: $CUCURBIT, else that of a wheel, else on PATH, else in the repository's build/cpu."""
    named = os.environ.get("CUCURBIT")
    if named:
        if shutil.which(named) is None:
            raise ProgramNotFound(f"$CUCURBIT names {named}, which is not an executable file")
        return named
    found = bundled_program() or shutil.which("cucurbit")
    if found:
        return found
    if os.access(_REPOSITORY / _BUILT, os.X_OK):
        return str(_REPOSITORY / _BUILT)
    raise ProgramNotFound("the program cucurbit was not found: set CUCURBIT to its path, or put it on PATH")


def path_argument(path: AnyPath) -> str:
    """A path as the program takes it: one that begins with a dash would be read as an option."""
    text = os.fspath(path)
    return f"./{text}" if text.startswith("-") else text


def output_of(*words: object, accepted: Sequence[int] = (0,)) -> bytes:
    """What the program prints to stdout, as bytes.

    With an exit code that is not accepted, its messages become part of a ProgramError, or a StudyError; else what it
    warns of is a UserWarning.
    """
    arguments = [str(word) for word in words]
    done = subprocess.run([find_program(), *arguments], capture_output=True, check=False, env=_environment())
    if done.returncode not in accepted:
        raise _failure(arguments, done.returncode, done.stderr.decode(errors="replace"))
    for line in done.stderr.decode(errors="replace").splitlines():
        if line.startswith(_WARNING):
            warnings.warn(line.removeprefix(_WARNING), stacklevel=3)
    return done.stdout


def rows_of(*words: object, accepted: Sequence[int] = (0,)) -> list[dict[str, str]]:
    """A table that the program prints, each row by the columns' names."""
    return list(csv.DictReader(io.StringIO(output_of(*words, "--format", "csv", accepted=accepted).decode())))


def options(**given: object) -> list[str]:
    """Options of the program by their names with underscores. True stands for an option without a value; what is
    False or None is left out."""
    words: list[str] = []
    for name, value in given.items():
        if value is not None and value is not False:
            words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return words


def run(study: AnyPath, folder: AnyPath, *, set: Mapping[str, Any] | None = None,
        **given: object) -> None:
    """Runs the study of a file, or of a run's folder, into a folder; see cucurbit.run."""
    edits = [word for key, value in (set or {}).items() for word in ("--set", f"{key}={toml.value_text(value)}")]
    call("run", path_argument(study), "-o", path_argument(folder), *edits, *options(**given))


def call(*words: object) -> None:
    """Runs a study with its progress on sys.stderr, its stdout dropped. In a notebook with tqdm its progress is a bar.

    An interrupt is passed on once, so that the program finishes the trials in flight; a second one
    stops it at once. When it has ended, KeyboardInterrupt is raised. A program that fails raises
    ProgramError with its last message, or StudyError.
    """
    arguments = [str(word) for word in words]
    bar = NotebookBar.where_there_is_one() if "--quiet" not in arguments else None
    if bar:
        arguments += ["--progress", "json"]
    reading, writing = _stderr_of_child()
    with open(reading, "rb", buffering=0) as messages:
        try:
            process = subprocess.Popen([find_program(), *arguments], stdout=subprocess.DEVNULL, stderr=writing,
                                       process_group=0, env=_environment())
        finally:
            os.close(writing)
        said, interrupt = bytearray(), None
        while True:
            try:
                _pass_on(messages, said, bar.hear if bar else _say)
                exit_code = process.wait()
                break
            except KeyboardInterrupt as error:
                interrupt = interrupt or error
                process.send_signal(signal.SIGINT)
            except BaseException:  # sys.stderr is closed, say: nobody would wait for the program
                process.terminate()
                process.wait()
                raise
    if bar:
        bar.close()
    failure = _failure(arguments, exit_code, _last_message(said)) if exit_code != 0 else None
    if interrupt is not None:
        raise KeyboardInterrupt(*interrupt.args) from failure
    if failure is not None:
        raise failure


def _environment() -> dict[str, str]:
    """The program ends when this process does, even by SIGKILL."""
    return {**environment(), "CUCURBIT_PARENT": str(os.getpid())}


def _stderr_of_child() -> tuple[int, int]:
    """Two ends of a pipe, or of a terminal of its own where stderr is one: there the program draws a bar."""
    if not sys.stderr or not sys.stderr.isatty():
        return os.pipe()
    reading, writing = os.openpty()
    tty.setraw(writing)  # line ends arrive as they were written
    try:
        termios.tcsetwinsize(writing, termios.tcgetwinsize(sys.stderr.fileno()))
    except (OSError, termios.error):
        pass  # then the bar is 80 columns wide
    return reading, writing


def _pass_on(messages: io.RawIOBase, said: bytearray, tell: Callable[[str], None]) -> None:
    """Tells what the program says until it has ended; `said` keeps the last of it."""
    while True:
        try:
            chunk = messages.read(4096)
        except OSError:  # how a terminal without writers ends
            return
        if not chunk:
            return
        said += chunk
        del said[:-10000]
        tell(chunk.decode(errors="replace"))


def _say(text: str) -> None:
    if sys.stderr:
        sys.stderr.write(text)
        sys.stderr.flush()


class NotebookBar:
    """A bar of tqdm's that follows the program's reports; what else the program says goes to sys.stderr."""

    def __init__(self, tqdm: Any) -> None:
        self._tqdm, self._bar, self._rest = tqdm, None, ""

    @classmethod
    def where_there_is_one(cls) -> NotebookBar | None:
        """In a notebook, a kernel of IPython's, where tqdm is installed, unless TQDM_DISABLE is set."""
        ipython = sys.modules.get("IPython")
        if os.environ.get("TQDM_DISABLE") or not ipython or not hasattr(ipython.get_ipython(), "kernel"):
            return None
        try:
            from tqdm.auto import tqdm
        except ModuleNotFoundError:
            return None
        return cls(tqdm)

    def hear(self, text: str) -> None:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line.startswith("{"):
                report = json.loads(line)
                self.show(report["trials_done"], report["trials_total"])
            else:
                _say(line + "\n")

    def show(self, done: int, total: int) -> None:
        if self._bar is None:
            # What was stored before says nothing about how fast this run is.
            self._bar = self._tqdm(total=total, initial=done, unit=" trials")
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        _say(self._rest)
        if self._bar is not None:
            self._bar.close()


def _last_message(said: bytearray) -> str:
    """The errors in what the program said, else its last line."""
    lines = [line.rpartition("\r\x1b[K")[2].strip() for line in said.decode(errors="replace").splitlines()]
    lines = [line.replace("\x1b[31m", "").replace("\x1b[1m", "").replace("\x1b[m", "") for line in lines if line]
    lines = [line for line in lines if not line.startswith("{")]  # reports
    errors = [line for line in lines if "error: " in line]
    return "\n".join(errors or lines[-1:])
