"""The program in a wheel of this package (scripts/wheel.sh). Imports nothing that takes time: the wheel's command
`cucurbit` goes through here."""

import os
import sys


def bundled_program() -> str | None:
    """Its path, or None where the package was installed from its sources."""
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bin", "cucurbit")
    return program if os.access(program, os.X_OK) else None


def main() -> None:
    """Becomes the program, whose figures and pages are drawn by this Python unless CUCURBIT_PYTHON names another."""
    program = bundled_program()
    if program is None:
        sys.exit("cucurbit: error: this installation of the Python package has no program")
    if not os.environ.get("CUCURBIT_PYTHON"):
        os.environ["CUCURBIT_PYTHON"] = sys.executable
    os.execv(program, sys.argv)
