"""What the templates print of a panel. The page's scripts write the same."""

from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal

from django.urls import reverse
from django.utils.translation import gettext

from dashboard import formatting, quantities
from dashboard.formatting import NOT_MEASURED
from dashboard.overview.panels import Overseen, Site
from dashboard.overview.sparklines import Points, path
from dashboard.overview.texts import text
from meters.condition import Finding, State, age_state
from meters.metrics import METRICS
from meters.models import Panel

# The bar ends a little above the rating, so that an overload can be seen.
BAR_ENDS_AT = 120.0
# Within a twentieth of the day the sum is taken as whole: the newest minutes are still added up.
_WHOLE_SHARE = 0.95
_CENTS_BELOW = 1000
# The meter's own cost may come as rarely as it likes.
WATCHED = ("voltage", "ampere", "power")


@dataclass(frozen=True, slots=True)
class CardView:
    name: str
    title: str
    place: str
    url: str
    state: State
    state_text: str
    trouble: str
    power: str
    voltage: str
    ampere: str
    energy_cost: str
    spark: str
    loading: str
    load: str
    loading_bar: str
    energy: str
    energy_label: str
    cost: str
    age: str
    hint: str
    old: frozenset[str]  # the values that stopped, of a panel that did not


# What the page's scripts clone and fill.
BLANK = CardView(**{each.name: "" for each in fields(CardView)} | {"old": frozenset()})  # type: ignore[arg-type]


def card_view(each: Overseen, site: Site, points: Points) -> CardView:
    panel, today, at = each.panel, each.today, each.panel.last_reading_at
    wrong = trouble(each, site.now)
    values = {name: quantities.measured(name, value) for name, value, _ in panel.current()}
    return CardView(
        name=panel.name,
        title=str(panel),
        place=panel.location or (panel.name if panel.display_name else ""),
        url=reverse("panel", args=[panel.name]),
        state=each.state,
        state_text=text(f"state_{each.state}"),
        trouble=wrong,
        spark=path(points.get(panel.name, [])),
        loading=loading(each),
        load=load_state(each),
        loading_bar=f"{min(each.loading or 0.0, BAR_ENDS_AT):.1f}",
        energy=quantities.energy(today.energy_wh),
        energy_label=text(
            "energy_today" if known_share(each, site) is None else "energy_today_partly"
        ),
        cost=NOT_MEASURED if each.currency is None else money(today.cost, each.currency),
        age=age(at, site.now),
        hint=hint(each, site, wrong),
        old=frozenset(silent(panel, site.now)),
        **values,
    )


def trouble(each: Overseen, now: datetime) -> str:
    """What is wrong, in one sentence; empty where nothing is."""
    at = each.panel.last_reading_at
    if at is None:
        return text("never_read")
    if each.state in ("stale", "offline"):
        return text("silent_since", time=formatting.brief(at, now))
    stopped = [
        text(
            "metric_silent", metric=gettext(METRICS[name].label), time=formatting.brief(since, now)
        )
        for name, since in silent(each.panel, now).items()
    ]
    worst, *others = [*map(finding, each.findings), *stopped] or [""]
    return text("and_more", trouble=worst, count=str(len(others))) if others else worst


def silent(panel: Panel, now: datetime) -> dict[str, datetime]:
    """What was measured once and no longer is, since when. The value stays on the card, where the
    age of the panel's other readings must not pass for its own."""
    return {
        name: at
        for name, _, at in panel.current()
        if name in WATCHED and at is not None and age_state(at, now) != "live"
    }


def hint(each: Overseen, site: Site, wrong: str) -> str:
    """All that the card itself may have no room for."""
    at, share = each.panel.last_reading_at, known_share(each, site)
    lines = [
        wrong,
        text("last_reading", time=formatting.full(at)) if at else "",
        "" if share is None else text("today_covered", percent=quantities.percent(share)),
    ]
    return "\n".join(filter(None, lines))


def finding(of: Finding) -> str:
    unit, decimals = {"voltage": ("V", 2), "ampere": ("A", 2), "loading": ("%", 1)}[of.quantity]
    return text(
        f"{of.quantity}_{of.side}",
        value=f"{formatting.number(of.value, decimals)}\u00a0{unit}",
        limit=f"{formatting.plain(Decimal(str(round(of.limit, 2))))}\u00a0{unit}",
    )


def loading(each: Overseen) -> str:
    if each.limits.rated_va is None:
        return text("no_rating")
    return NOT_MEASURED if each.loading is None else percent_of_rating(each.loading)


def percent_of_rating(percent: float) -> str:
    return f"{formatting.number(percent, 0)}\u00a0%"


def load_state(each: Overseen) -> str:
    """How the bar looks: its shape follows from the limits, not from the age of the values."""
    if each.loading is None:
        return "none"
    if each.loading > each.limits.loading_alarm:
        return "alarm"
    return "warning" if each.loading > each.limits.loading_warning else "normal"


def known_share(each: Overseen, site: Site) -> float | None:
    """How much of the day so far the energy is known of, where that is worth a word."""
    if each.today.energy_wh is None or not site.day_s:
        return None
    share = each.today.known_s / site.day_s
    return None if share >= _WHOLE_SHARE else share


def money(amount: Decimal | None, currency: str) -> str:
    """From a thousand on without cents: a card has little room, and nobody asks for them."""
    whole = amount is not None and abs(amount) >= _CENTS_BELOW
    return formatting.money(amount, currency, 0 if whole else 2)


def age(at: datetime | None, now: datetime) -> str:
    """ "4 s ago", "12 min ago", "3 h ago", "9 d ago": cut off, as ages are."""
    if at is None:
        return NOT_MEASURED
    seconds = max(0, int((now - at).total_seconds()))
    steps = (("days", 172_800, 86_400), ("hours", 7_200, 3_600), ("minutes", 120, 60))
    for key, begins, size in steps:
        if seconds >= begins:
            return text(f"age_{key}", count=formatting.number(seconds // size, 0))
    return text("age_seconds", count=str(seconds))
