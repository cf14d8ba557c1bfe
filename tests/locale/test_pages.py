"""Every page, in two languages: a text that is the same in both was never marked for translation."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.urls import URLPattern, reverse
from django.utils import timezone, translation
from django.views import defaults

from dashboard import urls
from dashboard.models import Preference
from meters.models import IngestWorker, Panel, RejectedMessage
from tests.dashboard.history_cast import panel_with_history, priced
from tests.locale.visible import numbers_with_commas, texts

# Words that are the same in both languages: names, units, months, and what electrical engineers
# and programmers say in both.
SAME = {
    *("pelbiot", "mqtt", "api", "csv", "png", "json", "javascript", "iso", "utc", "tls", "http"),
    *("kwh", "kva", "kvar", "kvarh", "varh", "wbp", "lwbp", "ppj", "ppn", "idr", "spln", "wib"),
    *("panel", "broker", "host", "total", "normal", "alarm", "volt", "online", "offline", "status"),
    *("jan", "feb", "mar", "apr", "april", "jun", "jul", "sep", "september", "nov", "november"),
    *(
        "python",
        "django",
        "rest",
        "framework",
        "channels",
        "daphne",
        "paho",
        "redis",
        "uplot",
        "server",
    ),
    *("sqlite", "mariadb", "mysql", "mysqlclient", "spool", "keepalive", "qos"),
    *("admin", "administrator", "operator", "asia", "jakarta"),
    *("trafo", "hall", "test"),  # what this test calls its panels, places and tariffs
    *("search", "true"),  # pictures of Django's admin, which it doesn't mark itself
}
NO_WORD = re.compile(r"\{\w+\}|\S*/\S*")  # placeholders, paths and topics
WORD = re.compile(r"[^\W\d_]{3,}")


@pytest.fixture
def site(db: None) -> Panel:
    """Something to see on every page: history, a tariff, a worker, a rejected message."""
    panel = panel_with_history("trafo1", missing=range(40, 60), location="Hall", rated_power_kva=10)
    panel_with_history("trafo2", minutes=30)
    priced(panel)
    now = timezone.now()
    panel.advance("voltage", 230.45, now - timedelta(seconds=5))
    panel.save()
    IngestWorker.objects.create(
        client_id="i", host="h", pid=1, connected=True, started_at=now, heartbeat_at=now
    )
    RejectedMessage.objects.create(
        pk=1, topic="panel/trafo1/volt", payload="x", payload_bytes=1, reason="1:2", received_at=now
    )
    return panel


@pytest.fixture
def person(administrator: User, client: Client) -> Client:
    client.force_login(administrator)
    return client


def paths() -> Iterator[str]:
    """The address of each of our pages, found where they are declared."""
    for pattern in urls.urlpatterns:
        assert isinstance(pattern, URLPattern)
        known: dict[str, Any] = {"name": "trafo1", "key": 1}
        arguments = {name: known[name] for name in pattern.pattern.converters if name in known}
        yield reverse(pattern.name or "", kwargs=arguments)


ADMIN = [
    "/admin/",
    "/admin/meters/panel/",
    "/admin/meters/panel/add/",
    "/admin/meters/panel/1/change/",
    "/admin/meters/tariff/",
    "/admin/meters/tariffversion/add/",
    "/admin/meters/ingestworker/",
    "/admin/meters/rejectedmessage/",
    "/admin/meters/repair/",
    "/admin/meters/holiday/add/",
]


def seen(client: Client, path: str, language: str) -> set[str]:
    user = User.objects.get(username="administrator")
    Preference.objects.update_or_create(user=user, defaults={"language": language})
    client.cookies["django_language"] = language
    answer = client.get(path)
    if answer.status_code in (302, 405) or not answer["Content-Type"].startswith("text/html"):
        return set()
    assert answer["Content-Language"] == language
    return texts(answer.content.decode())


def untranslated(english: set[str], indonesian: set[str]) -> set[str]:
    return {
        text
        for text in english & indonesian
        if any(word.lower() not in SAME for word in WORD.findall(NO_WORD.sub("", text)))
    }


@pytest.mark.parametrize("path", [*paths(), *ADMIN])
def test_no_text_is_the_same_in_both_languages(person: Client, site: Panel, path: str) -> None:
    path = path.replace("/1/change", f"/{site.pk}/change")
    assert not untranslated(seen(person, path, "en"), seen(person, path, "id"))


@pytest.mark.parametrize("path", list(paths()))
@pytest.mark.parametrize("language", ["en", "id"])
def test_numbers_for_scripts_are_not_written_for_people(
    person: Client, site: Panel, path: str, language: str
) -> None:
    person.cookies["django_language"] = language
    answer = person.get(path)
    if answer.get("Content-Type", "").startswith("text/html"):
        assert numbers_with_commas(answer.content.decode()) == []


def test_neither_is_that_of_the_first_run_and_the_log_in(person: Client) -> None:
    for path in ("/", "/compare"):
        assert not untranslated(seen(person, path, "en"), seen(person, path, "id"))
    person.logout()
    assert not untranslated(seen(person, "/login/", "en"), seen(person, "/login/", "id"))
    wrong = {"username": "viewer", "password": "x"}
    pages = []
    for language in ("en", "id"):
        person.cookies["django_language"] = language
        pages.append(texts(person.post("/login/", wrong).content.decode()))
    assert not untranslated(*pages)


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_neither_is_that_of_an_error_page(db: None, status: int) -> None:
    pages = []
    for language in ("en", "id"):
        with translation.override(language):
            request = RequestFactory().get("/nothing")
            view: Any = {
                400: defaults.bad_request,
                403: defaults.permission_denied,
                404: defaults.page_not_found,
                500: defaults.server_error,
            }[status]
            arguments = (request,) if status == 500 else (request, Exception())
            answer = view(*arguments)
        assert answer.status_code == status
        pages.append(texts(answer.content.decode()))
    assert pages[0]
    assert not untranslated(*pages)


def test_the_guard_itself_sees_what_was_not_marked() -> None:
    page = '<p title="A hint">Some words <b>more</b></p><code>x y</code><i lang="en">ours</i>'
    assert texts(page) == {"A hint", "Some words", "more"}
    assert numbers_with_commas('<meter value="0,5" max="1.5" title="0,5">') == ["meter value=0,5"]
    script = '<script id="page" type="application/json">{"texts": {"a": "In a script"}}</script>'
    assert untranslated(texts(script), texts(script)) == {"In a script"}
    assert not untranslated({"MQTT", "{rate} kWh", "12,5 %"}, {"MQTT", "{rate} kWh", "12,5 %"})
