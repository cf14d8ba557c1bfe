"""The options that all commands which read a recording share."""

import argparse
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from meters.metrics import MEASURED
from meters.mqtt.topics import PANEL_NAME, PANEL_NAME_RULE
from meters.recorded.columns import Column
from meters.recorded.recording import Recording


def add_recording_arguments(parser: CommandParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE.csv")
    parser.add_argument("--panel", type=_panel, help="the panel's name (else the file's)")
    parser.add_argument("--time-column", default="timestamp", help="(timestamp)")
    parser.add_argument(
        "--column",
        dest="columns",
        action="append",
        type=_column,
        default=[],
        metavar="METRIC=COLUMN[*FACTOR]",
        help="e.g. power=active_power_kw*1000; again for each metric. Well-known headers such as "
        "voltage_v, current_a, active_power_kw need none",
    )
    parser.add_argument(
        "--timezone",
        type=_zone,
        default=settings.TIME_ZONE,
        help=f"of times without an offset ({settings.TIME_ZONE})",
    )


def open_recording(options: dict[str, Any], metrics: Collection[str] = MEASURED) -> Recording:
    """The recording that the options name, with its well-known columns of these metrics. Raises CommandError with what is wrong."""
    try:
        return Recording(
            options["file"],
            time_column=options["time_column"],
            columns=options["columns"],
            zone=options["timezone"],
            metrics=metrics,
        )
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise CommandError(f"{options['file']}: {reason}") from None


def panel_name(options: dict[str, Any]) -> str:
    """`--panel`, or the file's name with what a panel's name can't have replaced by `-`."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", options["file"].stem)[:64]
    return str(options["panel"] or stem)


def recording_words(options: dict[str, Any], recording: Recording, panel: str) -> list[str]:
    """The same options again, as words of a command line."""
    words = [str(recording.path), "--panel", panel]
    words += ["--time-column", options["time_column"], "--timezone", str(options["timezone"])]
    for column in recording.columns:
        words += ["--column", str(column)]
    return words


def _panel(text: str) -> str:
    if not PANEL_NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r}: {PANEL_NAME_RULE} are accepted")
    return text


def _column(text: str) -> Column:
    try:
        return Column.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time zone: use a name like Asia/Jakarta"
        ) from None
