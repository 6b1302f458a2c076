"""Files that appear under their name only when they are complete."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cucurbit.hints import AnyPath

# What a run keeps in its folder.
_OF_A_RUN = {"store.sqlite", "store.sqlite-wal", "store.sqlite-shm", "store.sqlite-journal", "store.lock", "study.toml"}


@contextlib.contextmanager
def replaced(path: AnyPath) -> Iterator[Path]:
    """A path beside `path`, with its suffix, to write to; takes its place when the block ends well.

    Links, devices and pipes are written in place. A run's own files are refused with ValueError.
    """
    path = Path(path)
    true = path.resolve()
    if true.name in _OF_A_RUN and (true.parent / "store.sqlite").exists():
        raise ValueError(f"{path} belongs to the run in that folder: name another output")
    if path.is_symlink() or (path.exists() and not path.is_file()):
        yield path
        return
    fresh = path.with_name(f".{path.stem}.part{os.getpid()}{path.suffix}")
    try:
        yield fresh
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
