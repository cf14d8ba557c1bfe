"""The API's sentences are in the caller's language; its keys are the same for everybody."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from meters.models import Panel

RANGE = "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z"
WRONG = [
    "/api/panels/nope",
    "/api/panels/a/energy?from=x&to=y",
    f"/api/panels/a/energy?{RANGE}&by=minute",
    f"/api/panels/a/trends?{RANGE}&metrics=heat",
    f"/api/panels/a/trends?{RANGE}&points=1",
    "/api/panels/a/trends",
    "/panels/a/window?window=2y",
    "/overview/points?" + 61 * "panel=a&",
    f"/api/panels/a/episodes?{RANGE.replace('2026', '2020', 1)}",
    f"/api/comparison?{RANGE}&panels=nope",
    "/api/panels/a/bill?month=2026-13",
    "/api/panels/a/bill?month=2026-01",
    "/api/mqtt/history?limit=0",
    "/api/mqtt/history?topic=elsewhere",
    "/api/mqtt/last-values?panel=nope",
    "/api/mqtt/last-value/panel/a/volt",
    "/api/mqtt/last-value/elsewhere",
]


@pytest.mark.parametrize("path", WRONG)
def test_an_error_is_told_in_the_callers_language(client: Client, viewer: User, path: str) -> None:
    Panel.objects.create(name="a")
    client.force_login(viewer)
    english, indonesian = (client.get(path, headers={"Accept-Language": x}) for x in ("en", "id"))
    assert english.status_code == indonesian.status_code >= 400
    assert english.json().keys() == indonesian.json().keys()
    for key, sentence in english.json().items():
        assert indonesian.json()[key] != sentence


def test_who_may_not_publish_is_told_so_in_their_language(client: Client, viewer: User) -> None:
    client.force_login(viewer)
    answer = client.post(
        "/api/mqtt/publish",
        {"topic": "panel/a/volt", "message": 1},
        headers={"Accept-Language": "id"},
    )
    assert answer.status_code == 403
    assert "tidak boleh" in answer.json()["detail"]


def test_numbers_are_the_same_for_programs_everywhere(client: Client, viewer: User) -> None:
    client.force_login(viewer)
    Panel.objects.create(name="a", voltage=1230.45)
    answers = [
        client.get("/api/mqtt/last-values", headers={"Accept-Language": language}).content
        for language in ("en", "id")
    ]
    assert answers[0] == answers[1]
    assert b"1230.45" in answers[0]
