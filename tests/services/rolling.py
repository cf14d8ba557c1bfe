"""Writing readings and checking rollups in an installation's database, as processes beside others.

python -m tests.services.rolling fill           as many readings as rollers need some rounds for
python -m tests.services.rolling write SECONDS  live and late ones; prints the longest transaction
python -m tests.services.rolling check          all rollups against the brute-force computation
"""

import random
import sys
import time

import django
from django.conf import settings

PANELS = ("trafo1", "trafo2", "trafo3")
STEP_US = 4_000_000
ROWS = 9_000


def main(what: str, seconds: float = 0.0) -> None:
    django.setup()
    {"fill": fill, "write": lambda: write(seconds), "check": check}[what]()


def fill() -> None:
    from meters.models import Panel
    from tests.energy.filling import fill as fill_panel
    from tests.energy.test_rolling import START

    chance = random.Random(1)
    for name in PANELS:
        panel = Panel.objects.create(name=name, rated_power_kva=61.3, phases=3)
        fill_panel(panel, [(START + n * STEP_US, values(chance, n)) for n in range(ROWS)])


def values(chance: random.Random, n: int) -> dict[str, float]:
    found = {"power": float(chance.randrange(90_000)), "voltage": float(chance.randrange(380, 420))}
    if n % 3 == 0:
        found["ampere"] = float(chance.randrange(300))
    if n % 50 == 0:
        found["energy_register"] = 1000 + n / 8
    return found


def write(seconds: float) -> None:
    """Batches as the ingest's, by its own store: one live reading a panel and some late ones."""
    from meters.ingest.sample import Batch, Sample
    from tests.energy.test_rolling import START
    from tests.ingest.messages import new_store

    store, chance, longest_s, batch = new_store(), random.Random(2), 0.0, 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        samples = []
        for panel in PANELS:
            live = START + (ROWS + batch) * STEP_US
            late = [START + chance.randrange(ROWS * STEP_US) for _ in range(2)]
            for moment in (live, *late):
                measured = {"power": float(chance.randrange(90_000)), "voltage": 401.0}
                samples.append(Sample(panel, moment, fresh=False, values=measured))
        before = time.monotonic()
        store.save(Batch(samples), None, f"batch {batch}")
        longest_s = max(longest_s, time.monotonic() - before)
        batch += 1
        time.sleep(0.02)
    print(f"{batch} {longest_s:.3f}")


def check() -> None:
    from meters.models import DirtyRange, Panel
    from tests.energy.test_rolling_with_register import expect

    assert not DirtyRange.objects.exists()
    for panel in Panel.objects.all():
        expect(panel, settings.TIME_ZONE)
    print("equal")


if __name__ == "__main__":
    main(sys.argv[1], *map(float, sys.argv[2:]))
