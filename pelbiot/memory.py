"""What the web process keeps for as long as it runs."""

import gc

from django.urls import get_resolver


def keep_what_stands() -> None:
    """Have the garbage collector pass over all that is loaded by now, code above all. Its full runs
    go over everything else that lives, and come in the middle of the larger answers: 60 ms each with
    Django, the pages and the API to look at, 5 without."""
    _ = get_resolver().url_patterns  # pages and API: Django loads them for the first request
    gc.collect()
    gc.freeze()
