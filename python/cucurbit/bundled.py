"""The program and its library in a wheel of this package (scripts/wheel.sh). Imports nothing that takes time: the
wheel's command `cucurbit` goes through here."""

import os
import sys

_PACKAGE = os.path.dirname(os.path.abspath(__file__))
# What a program for cards needs of NVIDIA's, and where the extra cuda13 puts it.
_OF_NVIDIA = ("libcudart.so.13", "libcublas.so.13", "libcusolver.so.12")
_WHEELS_OF_NVIDIA = os.path.join(os.path.dirname(_PACKAGE), "nvidia", "cu13", "lib")


def bundled_program() -> str | None:
    """Its path, or None where the package was installed from its sources."""
    return _bundled(os.path.join("bin", "cucurbit"))


def bundled_library() -> str | None:
    """The same of the library."""
    return _bundled("libcucurbit_c.so")


def _bundled(name: str) -> str | None:
    folders = [os.path.join(_PACKAGE, "cuda"), _PACKAGE] if _nvidia_is_here() else [_PACKAGE]
    paths = [os.path.join(folder, name) for folder in folders]
    return next(filter(os.path.isfile, paths), None)


def _nvidia_is_here() -> bool:
    """Whether a program that needs NVIDIA's libraries would start."""
    folders = [_WHEELS_OF_NVIDIA, *filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(":"))]
    absent = [name for name in _OF_NVIDIA
              if not any(os.path.exists(os.path.join(folder, name)) for folder in folders)]
    try:
        with open("/etc/ld.so.cache", "rb") as file:
            known = file.read() if absent else b""
    except OSError:
        known = b""
    return all(name.encode() + b"\0" in known for name in absent)


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
