"""How `make test` deals the tests out to its processes. Loaded by tests/conftest.py as a plugin."""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# They measure what happens while something is broken: one at a time, whatever the file.
ALONE = "tests/faults/"
# Single tests that take longer than most files.
LONG = "tests/services/test_on_mariadb.py"
# The longest file: every page of a large site, looked at closely.
PAGES = "tests/browser/test_every_page.py"
# What takes longest comes first, so that all processes have something to do until the end.
FIRST = (ALONE, PAGES, LONG, "tests/browser/", "tests/services/", "tests/demo/", "tests/commands/")


def unit(nodeid: str) -> str:
    """What a test is dealt out with: its file, whose tests share the servers that fixtures start."""
    if nodeid.startswith(ALONE):
        return ALONE
    return nodeid if nodeid.startswith(LONG) else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    config.option.loadscopereorder = False  # the number of tests says nothing of how long they take
    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = unit
    return scheduler


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    starts = (number for number, start in enumerate(FIRST) if item.nodeid.startswith(start))
    return next(starts, len(FIRST))
