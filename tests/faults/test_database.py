"""The database goes away, or misbehaves, while readings arrive."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.faults.plant import Outcome, Plant, short_or_long, wait_for
from tests.services.mariadb import PASSWORD, MariaDB, driver
from tests.services.ports import HOST
from tests.services.proxy import Proxy

RATE = 500
AWAY_S = short_or_long(3, 10)
READINGS = short_or_long(3_000, 10_000)

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_database_away(
    how: str,
    plant: Callable[..., Plant],
    own_mariadb: MariaDB,
    exactly_once: Callable[[Outcome], None],
) -> None:
    made = plant(mariadb=own_mariadb)
    ingest = made.start_ingest()
    made.publish(READINGS, rate=RATE)
    time.sleep(1)
    own_mariadb.stop() if how == "stopped" else own_mariadb.kill()
    time.sleep(AWAY_S)
    assert "they go to the spool" in ingest.log()
    own_mariadb.start()
    made.healed()
    exactly_once(made.settle())
    assert "the spool is empty again" in ingest.log()


def test_database_frozen(
    plant: Callable[..., Plant], own_mariadb: MariaDB, exactly_once: Callable[[Outcome], None]
) -> None:
    """It accepts connections and answers nothing; commits may come through later."""
    made = plant(mariadb=own_mariadb)
    made.start_ingest()
    made.publish(READINGS, rate=RATE)
    time.sleep(1)
    own_mariadb.freeze()
    time.sleep(short_or_long(6, 15))
    own_mariadb.thaw()
    made.healed()
    exactly_once(made.settle())


def test_database_read_only(
    plant: Callable[..., Plant], own_mariadb: MariaDB, exactly_once: Callable[[Outcome], None]
) -> None:
    made = plant(mariadb=own_mariadb)
    url = made.installation.env["DATABASE_URL"]
    name = url.rpartition("/")[2]
    own_mariadb.execute(f"CREATE USER app@'{HOST}' IDENTIFIED BY 'app'")
    own_mariadb.execute(f"GRANT ALL PRIVILEGES ON {name}.* TO app@'{HOST}'")
    ingest = made.start_ingest(DATABASE_URL=f"mysql://app:app@{HOST}:{own_mariadb.port}/{name}")
    made.publish(READINGS, rate=RATE)
    time.sleep(1)
    own_mariadb.execute("SET GLOBAL read_only = 1")
    time.sleep(AWAY_S)
    own_mariadb.execute("SET GLOBAL read_only = 0")
    made.healed()
    outcome = made.settle()
    exactly_once(outcome)
    assert outcome.rejected == 0
    assert "read-only" in ingest.log()


def test_ingest_killed_while_the_spool_drains(
    plant: Callable[..., Plant], own_mariadb: MariaDB, exactly_once: Callable[[Outcome], None]
) -> None:
    made = plant(mariadb=own_mariadb)
    ingest = made.start_ingest()
    own_mariadb.stop()
    made.publish(short_or_long(12_000, 60_000), rate=4_000).finish()
    ingest.process.kill()  # once more while all is in the spool
    ingest.start_again()
    own_mariadb.start()
    wait_for(lambda: made.rows() > 0, "draining")
    ingest.process.kill()
    made.healed()
    ingest.start_again()
    made.publish(1_000, rate=RATE)
    exactly_once(made.settle())


def test_spool_full(
    plant: Callable[..., Plant], own_mariadb: MariaDB, exactly_once: Callable[[Outcome], None]
) -> None:
    """The broker keeps what neither the database nor the spool can take."""
    made = plant(mariadb=own_mariadb)
    ingest = made.start_ingest(SPOOL_MAX_MB="1")
    own_mariadb.stop()
    for _ in range(10):  # how many it takes depends on how well the batches can be compressed
        made.publish(15_000, rate=6_000).finish()
        if "is full" in ingest.log():
            break
    made.publish(5_000, rate=6_000).finish()
    assert "nothing more is taken in" in ingest.log()
    own_mariadb.start()
    made.healed()
    wait_for(lambda: "is full" in str(ingest.row().get("last_error")), "saying so in the status")
    exactly_once(made.settle(limit_s=150))


def test_a_row_that_the_database_refuses(
    plant: Callable[..., Plant], own_mariadb: MariaDB, exactly_once: Callable[[Outcome], None]
) -> None:
    made = plant(mariadb=own_mariadb)
    own_mariadb.execute(
        "CREATE TRIGGER poison BEFORE INSERT ON meters_trend FOR EACH ROW IF NEW.voltage = 400 THEN"
        " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this one'; END IF",
        made.installation.env["DATABASE_URL"].rpartition("/")[2],
    )
    ingest = made.start_ingest()
    made.publish(READINGS, rate=RATE)
    wait_for(lambda: ingest.row().get("rejected", 0) > 0, "refusing")
    made.healed()
    outcome = made.settle()
    exactly_once(outcome)
    assert 1 <= outcome.rejected <= 4  # the row, with what was merged into it
    assert "not this one" in ingest.log()


def test_slow_database(
    plant: Callable[..., Plant], own_mariadb: MariaDB, exactly_once: Callable[[Outcome], None]
) -> None:
    """Every answer takes 500 ms."""
    made = plant(mariadb=own_mariadb)
    with Proxy(own_mariadb.port) as proxy:
        made.start_ingest(DATABASE_URL=_through(proxy, made))
        proxy.delay_s = 0.25
        made.publish(short_or_long(1_500, 15_000), rate=200)
        made.healed()
        exactly_once(made.settle(limit_s=150))


def test_connections_to_the_database_break_again_and_again(
    plant: Callable[..., Plant], own_mariadb: MariaDB, exactly_once: Callable[[Outcome], None]
) -> None:
    """Some break between a commit and its answer."""
    made = plant(mariadb=own_mariadb)
    with Proxy(own_mariadb.port) as proxy:
        made.start_ingest(DATABASE_URL=_through(proxy, made))
        made.publish(short_or_long(5_000, 30_000), rate=1_000)
        until = time.monotonic() + short_or_long(4, 25)
        while time.monotonic() < until:
            time.sleep(random.uniform(0.02, 0.3))
            proxy.cut()
        made.healed()
        exactly_once(made.settle())


def test_answers_of_the_database_get_lost(
    plant: Callable[..., Plant], own_mariadb: MariaDB, exactly_once: Callable[[Outcome], None]
) -> None:
    """Commits come through and are never answered; the server may not even know."""
    made = plant(mariadb=own_mariadb)
    with Proxy(own_mariadb.port) as proxy:
        made.start_ingest(DATABASE_URL=_through(proxy, made))
        made.publish(short_or_long(4_000, 20_000), rate=RATE)
        for _ in range(short_or_long(2, 4)):
            time.sleep(1)
            proxy.swallow("to_client")
            time.sleep(1)
            proxy.heal()
        made.healed()
        exactly_once(made.settle())


def test_another_client_holds_a_lock(
    plant: Callable[..., Plant], exactly_once: Callable[[Outcome], None]
) -> None:
    made = plant()
    made.start_ingest()
    made.publish(READINGS, rate=RATE)
    time.sleep(1)
    with _locked(made):
        time.sleep(AWAY_S)
    made.healed()
    exactly_once(made.settle())


def _through(proxy: Proxy, made: Plant) -> str:
    url = made.installation.env["DATABASE_URL"]
    return url.replace(f":{made.mariadb.port}/", f":{proxy.port}/")


@contextmanager
def _locked(made: Plant) -> Iterator[None]:
    """Someone works in the table of panels and doesn't commit."""
    connection = driver().connect(
        host=HOST,
        port=made.mariadb.port,
        user="root",
        password=PASSWORD,
        database=made.installation.env["DATABASE_URL"].rpartition("/")[2],
    )
    try:
        connection.cursor().execute("SELECT * FROM meters_panel FOR UPDATE")
        yield
    finally:
        connection.close()
