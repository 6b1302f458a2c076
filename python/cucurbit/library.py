"""Finds and loads the shared library of cucurbit, which computes on arrays in memory."""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import cucurbit
from cucurbit.bundled import bundled_library
from cucurbit.program import ProgramNotFound, find_program

_NAME = "libcucurbit_c.so"
# What its functions return (host/c/call.hpp).
_ERRORS = {1: RuntimeError, 2: MemoryError, 3: ValueError, 5: RuntimeError}


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


_TYPES: dict[type, Any] = {int: ctypes.c_size_t, float: ctypes.c_double, str: ctypes.c_char_p,
                           np.ndarray: ctypes.c_void_p, type(None): ctypes.c_void_p}
_Message = ctypes.c_char * 1024


def call(name: str, *arguments: int | float | str | np.ndarray[Any, Any] | None) -> None:
    """Calls a function of the library: int is its size_t, str its const char *, None a null pointer; arrays must be in
    C order, of the type and size that it takes."""
    # A call to a law takes 10 µs: array.ctypes and c_void_p would take as long again.
    given = [one.__array_interface__["data"][0] if isinstance(one, np.ndarray) else
             one.encode() if isinstance(one, str) else one for one in arguments]
    message = _Message()
    code = _function(name, tuple(map(type, arguments)))(*given, message, len(message))
    if code:
        raise _ERRORS[code](message.value.decode(errors="replace"))


@functools.cache
def _function(name: str, kinds: tuple[type, ...]) -> Any:
    function = load()[name]
    function.argtypes = [*(_TYPES[kind] for kind in kinds), ctypes.c_char_p, ctypes.c_size_t]
    return function


def _places() -> Iterator[Path]:
    try:
        tree = Path(find_program()).resolve().parents[1]
        yield from (tree / folder / _NAME for folder in ("lib", "lib64"))
        yield from sorted(tree.glob(f"lib/*/{_NAME}"))  # Debian's lib/x86_64-linux-gnu
    except ProgramNotFound:
        pass
    yield Path(bundled_library() or Path(__file__).parent / _NAME)
    yield Path(__file__).resolve().parents[2] / "build/cpu/lib" / _NAME
