"""Finds and loads the shared library of cucurbit, which computes on arrays in memory."""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Iterator
from pathlib import Path

import cucurbit
from cucurbit.program import ProgramNotFound, find_program

_NAME = "libcucurbit_c.so"


class LibraryNotFound(FileNotFoundError):
    """Neither beside the program nor in the package nor in the repository's build folder is the library."""


@functools.cache
def load() -> ctypes.CDLL:
    """The library: beside the program that find_program() gives (its lib folder), else in this package."""
    tried = []
    for path in _places():
        tried.append(str(path))
        if path.is_file():
            library = ctypes.CDLL(os.fspath(path))
            library.cucurbit_version.restype = ctypes.c_char_p
            version = library.cucurbit_version().decode()
            if version != cucurbit.__version__:
                raise ImportError(f"{path} is of version {version}, this package of {cucurbit.__version__}")
            return library
    raise LibraryNotFound(f"{_NAME} was not found as {', '.join(tried)}: build it with `ninja -C build/cpu cucurbit_c` "
                          "in a clone of the repository, and set CUCURBIT to that build's bin/cucurbit")


def _places() -> Iterator[Path]:
    try:
        tree = Path(find_program()).resolve().parents[1]
        yield from (tree / folder / _NAME for folder in ("lib", "lib64"))
        yield from sorted(tree.glob(f"lib/*/{_NAME}"))  # Debian's lib/x86_64-linux-gnu
    except ProgramNotFound:
        pass
    yield Path(__file__).parent / _NAME
    yield Path(__file__).resolve().parents[2] / "build/cpu/lib" / _NAME
