"""How a long-running command shows how far it is."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.core.management.base import OutputWrapper
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn


@contextmanager
def progress(
    output: OutputWrapper, total: int, what: str = "rows"
) -> Iterator[Callable[..., None]]:
    """A bar where somebody watches, else a line every tenth of the way. Yields `advance(count=1)`."""
    if sys.stdout.isatty():
        columns = ("[progress.description]{task.description}", BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeRemainingColumn(), console=Console()) as bar:
            task = bar.add_task(what, total=total)
            yield lambda count=1: bar.advance(task, count)
        return
    done = 0

    def advance(count: int = 1) -> None:
        nonlocal done
        before, done = done, done + count
        if total and done * 10 // total > before * 10 // total:
            output.write(f"{done:,} of {total:,} {what}")

    yield advance
