"""A page that follows runs while they go on."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cucurbit import program
from cucurbit import table as tables
from cucurbit.pages import folders_of, page_of, write

if TYPE_CHECKING:
    from pandas import DataFrame

    from cucurbit.hints import AnyPath

# Looks at a store that cannot be read before this is an error: it may be in the making.
_UNREADABLE_LOOKS = 3


def watch(sources: AnyPath | Sequence[AnyPath], output: AnyPath, *, every: float = 10.0) -> Path:
    """Writes the page of cucurbit.report again and again until the runs have ended; returns its path.

    The page needs neither network nor scripts: it asks the browser to load it anew, and is replaced as a whole. Folders
    may have no run yet. As long as a run goes on, verdicts and intervals are those of `cucurbit compare --any-time`,
    asymptotic confidence sequences (Robbins' normal mixture; Waudby-Smith et al., Annals of Statistics 2024): the
    probability that a correct exact law is called failed at any look is about 0.1 % at most over all rows together,
    however often one looks and whenever one stops. A row that failed at a look stays failed.
    every: seconds between looks. An interrupt leaves a page that no longer loads itself anew, and is raised again.
    """
    folders = folders_of(sources)
    watched = [Watched(folder) for folder in folders]
    written = False
    try:
        while True:
            for run in watched:
                run.look()
            going = any(run.going for run in watched)
            write(page_of(watched, refresh=every if going else None), output)
            written = True
            if not going:
                return Path(output)
            time.sleep(every)
    except KeyboardInterrupt:
        if written:
            text = Path(output).read_text(encoding="utf-8")
            write("".join(line for line in text.splitlines(keepends=True) if 'http-equiv="refresh"' not in line), output)
        raise


class Watched:
    """A run's folder, and which of its rows have failed at a look."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.begun = self.ended = self.complete = False
        self._failed: dict[tuple[Any, ...], int] = {}
        self._unreadable = 0
        if not (folder / "store.sqlite").exists():
            print(f"cucurbit: {folder} has no run yet", file=sys.stderr)

    @property
    def going(self) -> bool:
        return not self.ended

    @property
    def any_time(self) -> bool:
        """Of a run that is complete, what is looked at is its table, which its study fixed beforehand."""
        return not self.complete

    def look(self) -> None:
        """Finds out how far it is."""
        self.begun = self.ended = self.complete = False
        if not (self.folder / "store.sqlite").exists():
            return
        try:
            facts = program.rows_of("status", program.path_argument(self.folder), "--manifest")
        except program.ProgramError:
            self._unreadable += 1
            if self._unreadable == _UNREADABLE_LOOKS:
                raise
            return
        self._unreadable = 0
        for row in facts:
            if row["fact"] == "start":
                self.begun, self.ended = True, False
            if row["fact"] == "ended":
                self.ended = True
        if self.ended:
            designs = program.rows_of("status", program.path_argument(self.folder))
            self.complete = all(design["trials_done"] == design["trials_wanted"] for design in designs)

    def judge(self, judged: DataFrame) -> DataFrame:
        """The rows of this look, where those that failed at an earlier one are failed."""
        names = [*tables.parameters(judged), "arm", "estimand"]
        if not self.any_time:
            return judged
        keys = list(map(tuple, judged[names].astype(str).to_numpy()))
        for key, verdict, trials in zip(keys, judged["verdict"], judged["n_trials"], strict=True):
            if verdict == "failed":
                self._failed.setdefault(key, int(trials))
        return judged.assign(verdict=["failed" if key in self._failed else verdict
                                      for key, verdict in zip(keys, judged["verdict"], strict=True)])

    @property
    def failed_at(self) -> list[int]:
        """Numbers of trials at which rows failed, one of each."""
        return sorted(self._failed.values())
