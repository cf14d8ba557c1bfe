"""Topics: which filter carries which metric, and which level names the panel."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from meters.mqtt.errors import BadMessageError, printable

# "." and ".." mean something else in an address: the panel's page and API could not be asked for.
PANEL_NAME = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,64}")
PANEL_NAME_RULE = "1 to 64 of the characters A-Z a-z 0-9 . _ - (not . or .. alone)"


@dataclass(frozen=True, slots=True)
class TopicFilter:
    """One metric's filter, e.g. `panel/+/volt`: `+` stands where the panel's name is.

    A filter without `+` (`panel/trafo1/volt`) belongs to one panel, the one that its last level
    but one names.
    """

    metric: str
    levels: tuple[str, ...]

    @classmethod
    def parse(cls, metric: str, text: str) -> "TopicFilter":
        """Raises ValueError with a sentence where the filter can't name a panel."""
        levels = tuple(text.split("/"))
        if "#" in text or levels.count("+") > 1:
            raise ValueError(f"{text!r}: exactly one + for the panel, and no #, is accepted")
        if text.startswith("$") or "" in levels:
            raise ValueError(f"{text!r}: a filter may not start with $ nor have an empty level")
        if len(levels) < 2 or any("+" in level and level != "+" for level in levels):
            raise ValueError(f"{text!r}: use a filter like panel/+/volt, where + is the panel")
        return cls(metric, levels)

    def __str__(self) -> str:
        return "/".join(self.levels)

    @property
    def panel_level(self) -> int:
        return self.levels.index("+") if "+" in self.levels else len(self.levels) - 2

    def matches(self, levels: list[str]) -> bool:
        return len(levels) == len(self.levels) and all(
            mine in ("+", theirs) for mine, theirs in zip(self.levels, levels, strict=True)
        )

    def overlaps(self, other: "TopicFilter") -> bool:
        """Whether one topic could match both: MQTT 5 would then deliver its messages twice."""
        return len(self.levels) == len(other.levels) and all(
            mine == theirs or "+" in (mine, theirs)
            for mine, theirs in zip(self.levels, other.levels, strict=True)
        )


class TopicSpace:
    """All configured filters: maps a topic to (panel, metric) and back."""

    def __init__(self, filters: Mapping[str, str]) -> None:
        """`filters` maps each metric's name to its filter. Raises ValueError (see TopicFilter)."""
        self._filters = {
            metric: TopicFilter.parse(metric, text) for metric, text in filters.items()
        }
        for one, other in combinations(self._filters.values(), 2):
            if one.overlaps(other):
                raise ValueError(
                    f"{one} ({one.metric}) and {other} ({other.metric}) overlap: "
                    "a message would arrive twice; give each metric its own filter"
                )
        # Meters publish on the same few topics for ever; bounded, because names come from outside.
        self.locate = lru_cache(maxsize=65_536)(self._locate)

    @property
    def filters(self) -> list[str]:
        return [str(topic_filter) for topic_filter in self._filters.values()]

    @property
    def metrics(self) -> list[str]:
        """Those that have a filter."""
        return list(self._filters)

    def topic(self, panel: str, metric: str) -> str:
        """The topic of `panel` and `metric`, which must have a filter. One without `+` subscribes to
        one panel's only: `carries` tells whether this one is among them."""
        topic_filter = self._filters[metric]
        levels = list(topic_filter.levels)
        levels[topic_filter.panel_level] = panel
        return "/".join(levels)

    def carries(self, panel: str, metric: str) -> bool:
        """Whether a reading that this panel publishes would be received."""
        if metric not in self._filters:
            return False
        try:
            return self.locate(self.topic(panel, metric)) == (panel, metric)
        except BadMessageError:
            return False

    def _locate(self, topic: str) -> tuple[str, str]:
        """(panel, metric) of a topic. Raises BadMessageError where it is not one of ours."""
        levels = topic.split("/")
        for topic_filter in self._filters.values():
            if topic_filter.matches(levels):
                panel = levels[topic_filter.panel_level]
                if not PANEL_NAME.fullmatch(panel):
                    raise BadMessageError(
                        f"{printable(panel)} can't be a panel's name: {PANEL_NAME_RULE} are accepted"
                    )
                return panel, topic_filter.metric
        raise BadMessageError(
            f"topic {printable(topic)} is outside the configured filters {', '.join(self.filters)}"
        )
