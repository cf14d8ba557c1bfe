"""The tariff classes of PLN, from the file beside this one, which names its source and date."""

import json
from datetime import date, time
from decimal import Decimal
from pathlib import Path

from django.db import migrations

SEEDS = Path(__file__).with_suffix(".json")


def add_tariffs(apps, schema_editor):
    seeds = json.loads(SEEDS.read_text(encoding="utf-8"))
    for seed in seeds["tariffs"]:
        tariff, new = apps.get_model("meters", "Tariff").objects.get_or_create(
            code=seed["code"], defaults={"name": seed["name"]}
        )
        if new:
            add_version(apps, tariff, seed, seeds)


def add_version(apps, tariff, seed, seeds):
    peak = seeds["peak"] if seed.get("peak") else {}
    source = f"{seeds['source']}. {seeds['window_source']}" if peak else seeds["source"]
    version = apps.get_model("meters", "TariffVersion").objects.create(
        tariff=tariff,
        valid_from=date.fromisoformat(seeds["valid_from"]),
        price_per_kwh=Decimal(seed["price_per_kwh"]),
        kvarh_price=Decimal(seed.get("kvarh_price", 0)),
        rest_name="LWBP" if peak else "Energy",
        peak_factor=Decimal(peak.get("peak_factor", 1)),
        peak_factor_min=peak and Decimal(peak["peak_factor_min"]) or None,
        peak_factor_max=peak and Decimal(peak["peak_factor_max"]) or None,
        source=source,
    )
    if peak:
        apps.get_model("meters", "TariffPeriod").objects.create(
            version=version,
            name=peak["name"],
            start=time.fromisoformat(peak["start"]),
            end=time.fromisoformat(peak["end"]),
        )
    for surcharge in seeds["surcharges"]:
        apps.get_model("meters", "TariffSurcharge").objects.create(
            version=version, name=surcharge["name"], percent=Decimal(surcharge["percent"])
        )


class Migration(migrations.Migration):
    dependencies = [("meters", "0004_tariffs")]
    operations = [migrations.RunPython(add_tariffs, migrations.RunPython.noop)]
