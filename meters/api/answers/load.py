"""Demand, load duration, voltage."""

from meters.api.answers.asked import Answer, Asked, iso_of, iso_or_none, rounded
from meters.energy import compliance, peaks
from meters.energy.calendar import QUARTER_US
from meters.energy.demand import QUARTER_S
from meters.energy.history import Period, energy_of
from meters.mqtt.timestamps import to_microseconds


def demand(asked: Asked, points: int) -> Answer:
    (energy,) = energy_of(asked.panel.pk, asked.calendar, [asked.period])
    known = peaks.summary(asked.panel.pk, asked.calendar, asked.period)
    running = peaks.running(asked.subject, to_microseconds(asked.now))
    passed = _whole_quarters(asked.period, asked.now_us)
    maximum = None
    if known.maximum_at is not None:
        maximum = {
            "start": iso_of(known.maximum_at),
            "end": iso_of(known.maximum_at + QUARTER_US),
            "demand_w": known.maximum_w,
        }
    return asked.head() | {
        "block_minutes": 15,
        "pending": asked.pending(),
        "coverage": rounded(asked.known_share(energy.covered_s)),
        "maximum": maximum,
        "mean_w": peaks.mean_w(energy.wh, energy.covered_s + energy.recovered_s),
        "demand_mean_w": known.mean_w,
        "load_factor": known.load_factor,
        "blocks_complete": known.count,
        "blocks_incomplete": max(0, passed - known.count),
        "running": _running(asked, running),
        "blocks": [
            {
                "start": iso_of(peak.start),
                "end": iso_of(peak.end),
                "demand_w": peak.demand_w,
                "at": iso_or_none(peak.at),
            }
            for peak in peaks.peaks(asked.panel.pk, asked.calendar, asked.period, points)
            if peak.start < asked.now_us
        ],
    }


def _whole_quarters(period: Period, now_us: int) -> int:
    """How many quarter-hours lie in the period as a whole and have passed."""
    end = min(period.end, now_us) // QUARTER_US
    return max(0, end + -period.start // QUARTER_US)


def _running(asked: Asked, running: peaks.Running | None) -> Answer | None:
    if running is None or not asked.period.start <= running.start < asked.period.end:
        return None
    return {
        "start": iso_of(running.start),
        "end": iso_of(running.start + QUARTER_US),
        "elapsed_s": running.elapsed_s,
        "mean_w": running.mean_w,
        "forecast_w": running.forecast_w,
    }


def load_duration(asked: Asked, points: int) -> Answer:
    blocks = peaks.demands([asked.panel.pk], asked.calendar, asked.period)[asked.panel.pk]
    demands_w = list(blocks.values())
    count = len(demands_w)
    return asked.head() | {
        "pending": asked.pending(),
        "blocks": count,
        "hours": count / 4,
        "coverage": rounded(asked.known_share(count * QUARTER_S)),
        "maximum_w": max(demands_w, default=None),
        "mean_w": sum(demands_w) / count if count else None,
        "minimum_w": min(demands_w, default=None),
        "points": [
            {"percent": percent, "power_w": power_w}
            for percent, power_w in peaks.load_duration(demands_w, points)
        ],
    }


def voltage_compliance(asked: Asked, band_name: str) -> Answer:
    band = compliance.BANDS[band_name]
    nominal_v = asked.panel.nominal_voltage_v
    low_v, high_v = band.limits(nominal_v)
    some_weeks = compliance.weeks(asked.calendar, asked.period)
    found = compliance.compliance(asked.panel.pk, nominal_v, band, some_weeks)
    return asked.head() | {
        "band": band.name,
        "title": band.title,
        "source": band.source,
        "nominal_v": nominal_v,
        "low_v": low_v,
        "high_v": high_v,
        "share_percent": band.share * 100,
        "pending": asked.pending(),
        "weeks": [_week(week, band) for week in found],
    }


def _week(week: compliance.Week, band: compliance.Band) -> Answer:
    return {
        "start": iso_of(week.start),
        "end": iso_of(week.end),
        "expected": week.expected,
        "measured": week.measured,
        "coverage": rounded(week.coverage),
        "outside": week.outside,
        "outside_percent": week.outside / week.measured * 100 if week.measured else None,
        "beyond": week.beyond,
        "lowest_v": week.lowest_v,
        "lowest_at": iso_or_none(week.lowest_at),
        "highest_v": week.highest_v,
        "highest_at": iso_or_none(week.highest_at),
        "verdict": week.verdict(band),
    }
