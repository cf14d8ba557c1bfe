"""The two families of errors on the path of a reading."""


class BadMessageError(Exception):
    """*This message* is bad: it is recorded with the reason, acknowledged, and not stored.

    `reason` is a sentence for the person who looks after the meter: what was wrong with the
    message and what is accepted.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BrokerUnavailableError(Exception):
    """*Our side* failed: the broker could not be reached or did not confirm. Try again."""


def printable(text: str, limit: int = 60) -> str:
    """A bounded slice of untrusted text, safe for a log line or a sentence: no control characters."""
    shown = text[:limit].encode("unicode_escape").decode("ascii")
    return f"'{shown}'" + ("…" if len(text) > limit else "")
