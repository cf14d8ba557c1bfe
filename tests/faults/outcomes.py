"""The run ends with what became of the readings. Loaded by tests/conftest.py as a plugin: the process
that writes the summary need not be the one that has run the tests."""

from typing import Any

PROPERTY = "what became of the readings"  # of a test's report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    lines = [
        value
        for report in reports
        for name, value in report.user_properties
        if name == PROPERTY and report.when == "call"
    ]
    if lines:
        terminalreporter.section(PROPERTY)
        for line in lines:
            terminalreporter.write_line(line)
