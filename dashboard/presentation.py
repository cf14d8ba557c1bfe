"""What the templates show: panels, metrics and connection states, ready to print."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext

from dashboard import formatting, quantities
from dashboard.freshness import Freshness, freshness
from dashboard.points import PanelReadings, Point
from dashboard.texts import text
from meters.live import ConnectionState
from meters.metrics import METRICS
from meters.models import Panel

_DIGITS = re.compile(r"(\d+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class MetricView:
    """One metric's current value. `at_ms` (0: never) lets the page move it only forward in time.

    `span` says in words what its chart shows; empty where there is none.
    """

    name: str
    label: str
    unit: str
    decimals: int
    text: str
    at_ms: int
    time: str
    state: Freshness
    span: str

    @property
    def unit_leads(self) -> bool:
        return quantities.is_money(self.name)

    @property
    def meter_reported(self) -> bool:
        """The meter's own idea of cost, which PELBIOT passes on and does not compute."""
        return self.name == "energy_cost"


@dataclass(frozen=True, slots=True)
class PanelView:
    name: str
    title: str
    place: str
    url: str
    state: Freshness
    state_text: str
    last_reading: str
    last_reading_iso: str
    at_ms: int
    metrics: list[MetricView]


@dataclass(frozen=True, slots=True)
class StateView:
    """A state as a key (its look and icon) and a text (so that nothing is told by colour alone)."""

    key: str
    text: str


def in_order(panels: Iterable[Panel]) -> list[Panel]:
    """As people count: trafo2 before trafo10."""
    return sorted(panels, key=lambda panel: name_rank(panel.name))


def name_rank(name: str) -> list[tuple[int, str]]:
    """The place of a name in that order."""
    return [_rank(part) for part in _DIGITS.split(name)]


def _rank(part: str) -> tuple[int, str]:
    return (int(part), "") if part.isdecimal() else (0, part)


def panel_view(panel: Panel, now: datetime, readings: PanelReadings | None = None) -> PanelView:
    """With `readings`, the metrics say what their charts show."""
    at = panel.last_reading_at
    charts = readings["metrics"] if readings else {}
    state = freshness(at, now)
    return PanelView(
        name=panel.name,
        title=str(panel),
        place=place(panel),
        url=reverse("panel", args=[panel.name]),
        state=state,
        state_text=text(f"panel_{state}", time=formatting.brief(at, now) if at else ""),
        last_reading=formatting.full(at) if at else formatting.NOT_MEASURED,
        last_reading_iso=at.isoformat() if at else "",
        at_ms=formatting.epoch_ms(at) if at else 0,
        metrics=[
            metric_view(name, value, at, now, charts[name]["points"] if name in charts else [])
            for name, value, at in panel.current()
        ],
    )


def place(panel: Panel) -> str:
    return place_of(panel.name, panel.display_name, panel.location)


def place_of(name: str, display_name: str, location: str) -> str:
    """Where it is; without a location its name, where that is not its title already."""
    return location or (name if display_name else "")


def metric_view(
    name: str, value: float | None, at: datetime | None, now: datetime, points: list[Point]
) -> MetricView:
    metric = METRICS[name]
    state = freshness(at, now)
    time = formatting.near(at, now) if at else ""
    return MetricView(
        name=name,
        label=gettext(metric.label),
        unit=quantities.unit(name),
        decimals=metric.decimals,
        text=formatting.number(value, metric.decimals),
        at_ms=formatting.epoch_ms(at) if at else 0,
        time=time if state == "live" else text(f"panel_{state}", time=time),
        state=state,
        span=span(points, metric.decimals),
    )


def span(points: list[Point], decimals: int) -> str:
    if not points:
        return ""
    values = [value for _, value in points]
    low, high = (formatting.number(value, decimals) for value in (min(values), max(values)))
    return text("span", low=low, high=high)


@dataclass(frozen=True, slots=True)
class TrafficView:
    """What proves that readings come in: the message rate, and when the last message arrived."""

    rate: str
    last: str
    last_full: str
    last_iso: str


def traffic_view(connection: ConnectionState, now: datetime) -> TrafficView:
    rate = text("message_rate", rate=formatting.number(connection["messageRate"], 1))
    if connection["lastMessageAt"] is None:
        return TrafficView(rate, formatting.NOT_MEASURED, "", "")
    at = datetime.fromisoformat(connection["lastMessageAt"])
    return TrafficView(
        rate, formatting.brief(at, now), formatting.full(at), connection["lastMessageAt"]
    )


def mqtt_view(connection: ConnectionState) -> StateView:
    names: dict[bool | None, str] = {True: "connected", False: "disconnected", None: "absent"}
    key = names[connection["connected"]]
    return StateView(key, text(f"mqtt_{key}"))


def notice_view(panel: Panel, mqtt: StateView, now: datetime) -> StateView:
    """The one thing to know about the values on the page: the worst of what is wrong."""
    at = panel.last_reading_at
    state = freshness(at, now)
    if mqtt.key != "connected":
        return StateView(mqtt.key, text(f"notice_{mqtt.key}"))
    return StateView(state, text(f"notice_{state}", time=formatting.near(at, now) if at else ""))
