"""What the log leaves out. Imports nothing of Django: the log is set up first."""

import logging


class CrashesOnly(logging.Filter):
    """Lets through what a request's log says of an exception, and not of a mere 503."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.exc_info is not None
