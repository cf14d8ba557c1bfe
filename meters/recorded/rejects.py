"""Rows that were not stored, for the person who has to look at them."""

import csv
from pathlib import Path
from typing import IO

from meters.recorded.recording import BadRow, Recording

SHOWN = 20


class Rejects:
    """Keeps the first twenty, and writes all of them into a file where there is one."""

    def __init__(self, file: IO[str] | None) -> None:
        self._file = file
        self.first: list[BadRow] = []

    def add(self, bad: BadRow) -> None:
        if len(self.first) < SHOWN:
            self.first.append(bad)
        self.write(bad.line, bad.reason, *bad.cells)

    def write(self, *cells: object) -> None:
        if self._file is not None:
            csv.writer(self._file).writerow(cells)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def open_rejects(path: Path | None, recording: Recording, *, go_on: bool) -> "Rejects":
    """Rejects that are written to `path`; with `go_on` behind what stands there. The columns are
    `line` and `reason`, then those of the recording. Raises OSError, and ValueError where `path` is
    the recording itself."""
    if path is None:
        return Rejects(None)
    if path.exists() and path.samefile(recording.path):
        raise ValueError("this is the file to import; the rejects need another one")
    go_on = go_on and path.exists()
    rejects = Rejects(path.open("a" if go_on else "w", newline="", encoding="utf-8"))
    if not go_on:
        rejects.write("line", "reason", *recording.header)
    return rejects
