"""Finds and calls the cucurbit program."""

import os
import shutil
import signal
import subprocess
import sys
import termios
import tty
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[2]
_BUILT = "build/cpu/bin/cucurbit"


class ProgramNotFound(FileNotFoundError):
    """Neither $CUCURBIT nor PATH nor the repository's build folder has the program."""


class ProgramError(RuntimeError):
    """The program ended with a code other than 0; `exit_code` is that code (75: can be continued)."""

    def __init__(self, arguments, exit_code, message=""):
        text = f"`cucurbit {' '.join(arguments)}` ended with exit code {exit_code}"
        super().__init__(f"{text}: {message.strip()}" if message.strip() else text)
        self.exit_code = exit_code


def find_program():
    """The path of the program: $CUCURBIT, else on PATH, else in the repository's build/cpu."""
    named = os.environ.get("CUCURBIT")
    if named:
        if shutil.which(named) is None:
            raise ProgramNotFound(f"$CUCURBIT names {named}, which is not an executable file")
        return named
    on_path = shutil.which("cucurbit")
    if on_path:
        return on_path
    if os.access(_REPOSITORY / _BUILT, os.X_OK):
        return str(_REPOSITORY / _BUILT)
    raise ProgramNotFound("the program cucurbit was not found: set CUCURBIT to its path, or put it on PATH")


def path_argument(path):
    """A path as the program takes it: one that begins with a dash would be read as an option."""
    text = os.fspath(path)
    return f"./{text}" if text.startswith("-") else text


def output_of(*arguments, accepted=(0,)):
    """What the program prints to stdout, as bytes.

    With an exit code that is not accepted, its messages become part of a ProgramError.
    """
    arguments = [str(argument) for argument in arguments]
    done = subprocess.run([find_program(), *arguments], capture_output=True, check=False, env=_environment())
    if done.returncode not in accepted:
        raise ProgramError(arguments, done.returncode, done.stderr.decode(errors="replace"))
    return done.stdout


def call(*arguments):
    """Runs the program with its progress on sys.stderr, its stdout dropped.

    An interrupt is passed on once, so that the program finishes the trials in flight; a second one
    stops it at once. When it has ended, KeyboardInterrupt is raised. A program that fails raises
    ProgramError with its last message.
    """
    arguments = [str(argument) for argument in arguments]
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
                _pass_on(messages, said)
                exit_code = process.wait()
                break
            except KeyboardInterrupt as error:
                interrupt = interrupt or error
                process.send_signal(signal.SIGINT)
            except BaseException:  # sys.stderr is closed, say: nobody would wait for the program
                process.terminate()
                process.wait()
                raise
    failure = ProgramError(arguments, exit_code, _last_message(said)) if exit_code != 0 else None
    if interrupt is not None:
        raise KeyboardInterrupt(*interrupt.args) from failure
    if failure is not None:
        raise failure


def _environment():
    """The program ends when this process does, even by SIGKILL."""
    return {**os.environ, "CUCURBIT_PARENT": str(os.getpid())}


def _stderr_of_child():
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


def _pass_on(messages, said):
    """Copies what the program says to sys.stderr until it has ended; `said` keeps the last of it."""
    while True:
        try:
            chunk = messages.read(4096)
        except OSError:  # how a terminal without writers ends
            return
        if not chunk:
            return
        said += chunk
        del said[:-10000]
        if sys.stderr:
            sys.stderr.write(chunk.decode(errors="replace"))
            sys.stderr.flush()


def _last_message(said):
    """The errors in what the program said, else its last line."""
    lines = [line.rpartition("\r\x1b[K")[2].strip() for line in said.decode(errors="replace").splitlines()]
    lines = [line.replace("\x1b[31m", "").replace("\x1b[1m", "").replace("\x1b[m", "") for line in lines if line]
    errors = [line for line in lines if "error: " in line]
    return "\n".join(errors or lines[-1:])
