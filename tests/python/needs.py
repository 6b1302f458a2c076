"""Skips a test module, with the reason on stdout, where the Python in use lacks packages."""

import importlib.util
import os
import sys

SKIPPED = 77


def need(*packages):
    """Ends the process with CTest's skip code if a package is absent; fails instead where
    CUCURBIT_REQUIRE_PYTHON=1."""
    absent = [name for name in packages if importlib.util.find_spec(name) is None]
    if absent:
        leave(f"{sys.executable} has no {', '.join(absent)}")


def leave(reason):
    """Skips for a reason."""
    print(f"skipped: {reason}", flush=True)
    sys.exit(1 if os.environ.get("CUCURBIT_REQUIRE_PYTHON") == "1" else SKIPPED)
