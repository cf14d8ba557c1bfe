"""Kinds of command-line arguments, with refusals that say what is accepted."""

import argparse
from datetime import datetime

from django.utils import timezone


def positive_number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is not accepted: use a number above 0")
    return number


def whole_number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not accepted: use a whole number from 1")
    return int(text)


def port_number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: use a number from 1 to 65535")
    return int(text)


def moment(text: str) -> datetime:
    """ISO 8601; without an offset, the site's time; without a time of day, its midnight."""
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time: use ISO 8601 like 2026-01-15 or 2026-01-15T10:30:45+07:00"
        ) from None
    return timezone.make_aware(parsed) if timezone.is_naive(parsed) else parsed
