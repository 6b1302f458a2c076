"""The program in a wheel of this package (scripts/wheel.sh). Imports nothing that takes time: the wheel's command
`cucurbit` goes through here."""

import os
import sys


def bundled_program() -> str | None:
    """Its path, or None where the package was installed from its sources."""
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bin", "cucurbit")
    return program if os.access(program, os.X_OK) else None


def environment() -> dict[str, str]:
    """The environment to start it with: a wheel's OpenBLAS would start a thread for every core while it is loaded,
    before the program can say that it wants one."""
    return {"OPENBLAS_NUM_THREADS": "1", **os.environ}


def main() -> None:
    """Becomes the program, whose figures and pages are drawn by this Python unless CUCURBIT_PYTHON names another."""
    program = bundled_program()
    if program is None:
        sys.exit("cucurbit: error: this installation of the Python package has no program")
    os.execve(program, sys.argv, {"CUCURBIT_PYTHON": sys.executable, **environment()})
