"""Finds and calls the cucurbit program."""

import os
import shutil
import signal
import subprocess
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


def output_of(*arguments, accepted=(0,)):
    """What the program prints to stdout, as bytes.

    With an exit code that is not accepted, its messages become part of a ProgramError.
    """
    arguments = [str(argument) for argument in arguments]
    done = subprocess.run([find_program(), *arguments], capture_output=True, check=False)
    if done.returncode not in accepted:
        raise ProgramError(arguments, done.returncode, done.stderr.decode(errors="replace"))
    return done.stdout


def call(*arguments):
    """Runs the program with its progress on this process's stderr, its stdout dropped.

    An interrupt is passed on once, so that the program finishes the trials in flight and ends with
    code 75; a second one stops it at once.
    """
    arguments = [str(argument) for argument in arguments]
    process = subprocess.Popen([find_program(), *arguments], stdout=subprocess.DEVNULL,
                               process_group=0)
    while True:
        try:
            exit_code = process.wait()
            break
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
    if exit_code != 0:
        raise ProgramError(arguments, exit_code)
