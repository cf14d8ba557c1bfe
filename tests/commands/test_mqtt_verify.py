from collections.abc import Iterator

import pytest

from tests.services.installation import Installation
from tests.services.mariadb import MariaDB
from tests.services.processes import ServiceError
from tests.services.waiting import eventually


@pytest.fixture(scope="module")
def running(installation: Installation) -> Iterator[Installation]:
    installation.env["DJANGO_SUPERUSER_PASSWORD"] = "of-a-test"
    installation.manage("createsuperuser", "--noinput", "--username=root", "--email=r@example.com")
    yield installation
    installation.stop_all()


def panels(running: Installation, mariadb: MariaDB) -> list[tuple[str, int]]:
    database = running.env["DATABASE_URL"].rsplit("/", 1)[1]
    return mariadb.execute("SELECT name, active FROM meters_panel", database)


def sessions(running: Installation, mariadb: MariaDB) -> int:
    database = running.env["DATABASE_URL"].rsplit("/", 1)[1]
    return int(mariadb.execute("SELECT COUNT(*) FROM django_session", database)[0][0])


def test_a_system_that_runs_passes_every_check_and_is_left_as_it_was(
    running: Installation, mariadb: MariaDB
) -> None:
    web = running.start_web()
    ingest = running.start_ingest()
    eventually(lambda: web.status_of("/readyz") == 200, 30, "getting ready")
    output = running.manage("mqtt_verify", "--url", web.base_url).stdout
    assert "passed: 15, failed: 0" in output
    assert "FAILED" not in output
    assert panels(running, mariadb) == []
    assert sessions(running, mariadb) == 0
    ingest.kill()
    web.stop()


def test_without_an_ingest_it_fails_says_where_and_goes_on(
    running: Installation, mariadb: MariaDB
) -> None:
    web = running.start_web()
    with pytest.raises(ServiceError) as failure:
        running.manage("mqtt_verify", "--url", web.base_url, "--timeout", "1")
    output = str(failure.value)
    assert "ended with 1" in output
    assert "ok      GET /healthz" in output
    assert "FAILED  test reading in the database" in output
    assert "FAILED  test reading on the websocket" in output
    assert panels(running, mariadb) == [("pelbiot-verify", 0)], "the late reading needs its panel"
    assert sessions(running, mariadb) == 0
    web.stop()


def test_without_a_web_process_it_fails_without_a_traceback(running: Installation) -> None:
    with pytest.raises(ServiceError) as failure:
        running.manage("mqtt_verify", "--url", "http://127.0.0.1:9", "--timeout", "1")
    assert "no answer from http://127.0.0.1:9" in str(failure.value)
    assert "Traceback" not in str(failure.value)


def test_an_unknown_user_is_refused_with_what_to_do(running: Installation) -> None:
    with pytest.raises(ServiceError, match="createsuperuser"):
        running.manage("mqtt_verify", "--user", "nobody")
