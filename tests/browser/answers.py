"""What the API answers about a made-up meter: for pictures and cases that real files don't have.

A feeder over 2007, in Asia/Jakarta: a daily shape with noise, a gap in one night, some hours of
which only the register knows, no tariff where asked so.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, Route

ZONE = ZoneInfo("Asia/Jakarta")
GAP = (datetime(2007, 2, 8, 2, tzinfo=ZONE), datetime(2007, 2, 8, 5, 30, tzinfo=ZONE))
RECOVERED = (datetime(2007, 2, 8, 14, tzinfo=ZONE), datetime(2007, 2, 8, 16, tzinfo=ZONE))
LADDER = ((60, "minute"), (900, "quarter"), (3600, "hour"), (86_400, "day"))
UNITS = {"voltage": "V", "ampere": "A", "power": "W", "energy_cost": "Rp"}


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass
class Meter:
    """`priced`: a tariff is in force; from `priced_from` on, and not
    for a `part_unpriced` of the energy. `size` scales its load. `empty`: it never sent anything."""

    name: str = "trafo1"
    size: float = 1.0
    priced: bool = True
    priced_from: datetime = datetime(2000, 1, 1, tzinfo=ZONE)
    part_unpriced: float = 0.0
    empty: bool = False
    pending: bool = False
    running: bool = False

    def power_w(self, at: datetime) -> float:
        hour = (at.astimezone(ZONE).hour * 60 + at.astimezone(ZONE).minute) / 60
        evening = 2400 * math.exp(-((hour - 19.5) ** 2) / 5)
        morning = 1100 * math.exp(-((hour - 7.5) ** 2) / 3)
        minute = int(at.timestamp() // 60)
        noise = (math.sin(minute * 12.9898) * 43758.5453) % 1
        return self.size * (310 + evening + morning) * (0.85 + 0.3 * noise)

    def coverage(self, start: datetime, end: datetime) -> float:
        if self.empty:
            return 0.0
        lost = max(timedelta(0), min(end, GAP[1]) - max(start, GAP[0]))
        return 1 - lost / (end - start)

    def value(self, metric: str, at: datetime) -> float:
        power = self.power_w(at)
        voltage = 231 - power / 900 + math.sin(at.timestamp() / 5000)
        return {
            "power": power,
            "voltage": voltage,
            "ampere": power / voltage,
            "energy_cost": power * 1250,
        }[metric]

    def spread(self, metric: str, start: datetime, end: datetime) -> dict[str, float | None]:
        if self.coverage(start, end) == 0:
            return {"mean": None, "min": None, "max": None}
        step = (end - start) / 8
        values = [self.value(metric, start + step * (i + 0.5)) for i in range(8)]
        return {"mean": sum(values) / 8, "min": min(values), "max": max(values)}

    # -- one method for each question ------------------------------------------------------------
    def trends(self, start: datetime, end: datetime, asked: dict[str, str]) -> dict[str, Any]:
        wanted_s = (end - start).total_seconds() / int(asked.get("points", 500))
        step_s, level = next((each for each in LADDER if each[0] >= wanted_s), LADDER[-1])
        metrics = asked.get("metrics", "power").split(",")
        return {
            "panel": self.name,
            "from": iso(start),
            "to": iso(end),
            "timezone": str(ZONE),
            "level": level,
            "step_s": step_s,
            "pending": self.pending,
            "metrics": metrics,
            "points": [
                {"start": iso(a), "end": iso(b), "coverage": self.coverage(a, b)}
                | {metric: self.spread(metric, a, b) for metric in metrics}
                for a, b in buckets(start, end, timedelta(seconds=step_s))
            ],
        }

    def energy(self, start: datetime, end: datetime, asked: dict[str, str]) -> dict[str, Any]:
        length = {"hour": timedelta(hours=1), "day": timedelta(days=1), "month": timedelta(30)}
        rows = [self.bucket(a, b) for a, b in buckets(start, end, length[asked.get("by", "day")])]
        known = [row for row in rows if row["energy_wh"] is not None]
        return {
            "panel": self.name,
            "from": iso(start),
            "to": iso(end),
            "by": asked.get("by", "day"),
            "timezone": str(ZONE),
            "energy_wh": sum(row["energy_wh"] for row in known) if known else None,
            "cost": sum(row["cost"] or 0 for row in known) if known and self.priced else None,
            "unpriced_wh": sum(row["unpriced_wh"] for row in rows),
            "currency": "IDR" if self.priced else None,
            "coverage": self.coverage(start, end),
            "recovered": sum(row["recovered"] for row in rows) / max(1, len(rows)),
            "pending": self.pending,
            "buckets": rows,
        }

    def bucket(self, start: datetime, end: datetime) -> dict[str, Any]:
        coverage = self.coverage(start, end)
        overlap = max(timedelta(0), min(end, RECOVERED[1]) - max(start, RECOVERED[0]))
        hours = (end - start) / timedelta(hours=1)
        mean = self.spread("power", start, end)["mean"]
        energy = None if mean is None else mean * hours * coverage
        recovered = 0.0 if self.empty else overlap / (end - start)
        priced = self.priced and start >= self.priced_from
        unpriced = (energy or 0.0) * (self.part_unpriced if priced else 1)
        partial = "partial" if coverage < 1 else "recovered" if recovered > 0 else "measured"
        return {
            "start": iso(start),
            "end": iso(end),
            "energy_wh": energy,
            "cost": energy * 1.4447 if priced and energy is not None else None,
            "unpriced_wh": unpriced,
            "coverage": coverage,
            "recovered": recovered,
            "quality": "empty" if coverage == 0 else partial,
        }

    def statistics(self, start: datetime, end: datetime, asked: dict[str, str]) -> dict[str, Any]:
        energy = self.energy(start, end, {"by": "day"})
        spreads = {metric: self.spread(metric, start, end) for metric in UNITS}
        return {
            "panel": self.name,
            "from": iso(start),
            "to": iso(end),
            "timezone": str(ZONE),
            "coverage": energy["coverage"],
            "energy_wh": energy["energy_wh"],
            "cost": energy["cost"],
            "unpriced_wh": energy["unpriced_wh"],
            "currency": energy["currency"],
            "metrics": {
                metric: {
                    "unit": UNITS[metric],
                    "count": 0 if self.empty else 1440,
                    "min_at": None if self.empty else iso(start + (end - start) / 8),
                    "max_at": None if self.empty else iso(start + (end - start) * 0.81),
                    "coverage": energy["coverage"],
                    **spread,
                }
                for metric, spread in spreads.items()
            },
            "load": {
                "apparent_max_va": None if self.empty else 2844.0 * self.size,
                "apparent_max_at": None if self.empty else iso(start + (end - start) * 0.81),
                "power_factor": None if self.empty else 0.964,
                "reactive_varh": None if self.empty else 5120.0,
                "rated_kva": 3.0,
                "loading_max_percent": None if self.empty else 94.8,
                "minutes_over_80": None if self.empty else 74,
                "minutes_over_100": None if self.empty else 0,
                "minutes_over_120": None if self.empty else 0,
            },
        }

    def demand(self, start: datetime, end: datetime, asked: dict[str, str]) -> dict[str, Any]:
        blocks = self.blocks(start, end, int(asked.get("points", 500)))
        known = [block for block in blocks if block["demand_w"] is not None]
        top = max(known, key=lambda block: block["demand_w"], default=None)
        mean = sum(block["demand_w"] for block in known) / len(known) if known else None
        quarter = timedelta(minutes=15)
        return {
            "panel": self.name,
            "from": iso(start),
            "to": iso(end),
            "timezone": str(ZONE),
            "block_minutes": 15,
            "coverage": self.coverage(start, end),
            "maximum": {
                "start": top["at"],
                "end": iso(datetime.fromisoformat(top["at"]) + quarter),
                "demand_w": top["demand_w"],
            }
            if top
            else None,
            "mean_w": mean,
            "load_factor": mean / top["demand_w"] if top and mean else None,
            "blocks_complete": len(known),
            "blocks_incomplete": len(blocks) - len(known),
            "running": {
                "start": iso(end - quarter),
                "end": iso(end),
                "elapsed_s": 420,
                "mean_w": 812.0,
                "forecast_w": 1140.0,
            }
            if self.running
            else None,
            "blocks": blocks,
        }

    def blocks(self, start: datetime, end: datetime, points: int) -> list[dict[str, Any]]:
        step = max(timedelta(minutes=15), (end - start) / points)
        return [
            {
                "start": iso(a),
                "end": iso(b),
                "demand_w": self.spread("power", a, b)["mean"]
                if self.coverage(a, b) == 1
                else None,
                "at": iso(a),
            }
            for a, b in buckets(start, end, step)
        ]

    def episodes(self, start: datetime, end: datetime, asked: dict[str, str]) -> dict[str, Any]:
        return {"panel": self.name, "limits": {}, "episodes": []}

    def load_duration(
        self, start: datetime, end: datetime, asked: dict[str, str]
    ) -> dict[str, Any]:
        powers = sorted(
            (b["demand_w"] for b in self.blocks(start, end, 500) if b["demand_w"] is not None),
            reverse=True,
        )
        last = max(1, len(powers) - 1)
        return {
            "panel": self.name,
            "from": iso(start),
            "to": iso(end),
            "timezone": str(ZONE),
            "coverage": self.coverage(start, end),
            "blocks": len(powers),
            "hours": len(powers) / 4,
            "maximum_w": powers[0] if powers else None,
            "mean_w": sum(powers) / len(powers) if powers else None,
            "minimum_w": powers[-1] if powers else None,
            "points": [{"percent": 100 * i / last, "power_w": p} for i, p in enumerate(powers)],
        }

    def voltage_compliance(
        self, start: datetime, end: datetime, asked: dict[str, str]
    ) -> dict[str, Any]:
        verdicts = ("pass", "fail", "inconclusive")
        weeks = [
            {
                "start": iso(a),
                "end": iso(b),
                "expected": 1008,
                "measured": 0 if self.empty else (1008, 1005, 312)[i % 3],
                "coverage": (1.0, 0.997, 0.31)[i % 3],
                "outside": (4, 63, 0)[i % 3],
                "outside_percent": (0.4, 6.3, 0.0)[i % 3],
                "lowest_v": 221.3,
                "lowest_at": iso(a),
                "highest_v": 243.9,
                "highest_at": iso(a),
                "verdict": verdicts[i % 3],
            }
            for i, (a, b) in enumerate(buckets(start, end, timedelta(7)))
        ]
        return {
            "panel": self.name,
            "band": asked.get("band"),
            "nominal_v": 230,
            "low_v": 207.0,
            "high_v": 253.0,
            "weeks": weeks,
        }


def buckets(start: datetime, end: datetime, step: timedelta) -> Iterator[tuple[datetime, datetime]]:
    while start < end:
        yield start, min(start + step, end)
        start += step


def comparison(meters: list[Meter], start: datetime, end: datetime) -> dict[str, Any]:
    answers = {meter.name: meter.energy(start, end, {"by": "day"}) for meter in meters}
    demands = {meter.name: meter.demand(start, end, {}) for meter in meters}
    total = sum(each["energy_wh"] for each in answers.values())
    ranked = sorted(meters, key=lambda meter: -answers[meter.name]["energy_wh"])
    return {
        "from": iso(start),
        "to": iso(end),
        "timezone": str(ZONE),
        "currency": "IDR",
        "total": {
            "energy_wh": total,
            "cost": sum(each["cost"] or 0 for each in answers.values()),
            "unpriced_wh": sum(each["unpriced_wh"] for each in answers.values()),
            "coverage": 0.982,
            "maximum_w": 9120.4,
            "maximum_at": iso(start),
            "diversity_factor": 1.13,
            "balance_percent": 28.6,
        },
        "panels": [
            {
                "name": meter.name,
                "title": meter.name,
                "rank": rank,
                "energy_wh": answers[meter.name]["energy_wh"],
                "cost": answers[meter.name]["cost"],
                "unpriced_wh": answers[meter.name]["unpriced_wh"],
                "share": answers[meter.name]["energy_wh"] / total,
                "coverage": answers[meter.name]["coverage"],
                "mean_w": demands[meter.name]["mean_w"],
                "maximum_w": demands[meter.name]["maximum"]["demand_w"],
                "maximum_at": demands[meter.name]["maximum"]["start"],
                "load_factor": demands[meter.name]["load_factor"],
                "loading_max_percent": None if rank % 2 else 64.2,
            }
            for rank, meter in enumerate(ranked, start=1)
        ],
    }


def serve(page: Page, meters: dict[str, Meter]) -> list[str]:
    """Answers the page's questions in the API's place; the questions, as they come."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        url = urlsplit(route.request.url)
        asked.append(f"{url.path}?{url.query}")
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        start, end = (datetime.fromisoformat(query[key]) for key in ("from", "to"))
        parts = url.path.strip("/").split("/")
        if parts[1] == "comparison":
            chosen = [meters[name] for name in query["panels"].split(",")]
            body = comparison(chosen, start, end)
        else:
            body = getattr(meters[parts[2]], parts[3].replace("-", "_"))(start, end, query)
        route.fulfill(status=200, content_type="application/json", body=json.dumps(body))

    page.route("**/api/panels/**", answer)
    page.route("**/api/comparison**", answer)
    return asked
