"""In which language a request is answered, and how somebody chooses it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client

from dashboard.languages import accepted
from dashboard.models import Preference

PAGE = "/login/"


def spoken(client: Client, path: str = PAGE, **headers: Any) -> str:
    answer = client.get(path, headers=headers)
    return str(answer["Content-Language"])


def test_a_script_is_answered_in_the_language_of_its_page(page: Client, viewer: User) -> None:
    Preference.objects.create(user=viewer, language="id")
    assert spoken(page, "/", **{"X-Page-Language": "en"}) == "en"
    assert spoken(page, "/", **{"X-Page-Language": "tlh"}) == "id"


def choose(client: Client, language: str, **more: str) -> Any:
    return client.post("/language", {"language": language, **more})


@pytest.fixture
def page(viewer: User, client: Client) -> Client:
    client.force_login(viewer)
    return client


@pytest.mark.parametrize(
    ("own", "cookie", "site", "browser", "language"),
    [
        ("id", "en", "en", "en", "id"),
        ("en", "id", "id", "id", "en"),
        (None, "id", "en", "en", "id"),
        (None, "en", "id", "id", "en"),
        (None, None, "id", "en", "id"),
        (None, None, "en", "id", "en"),
        (None, None, None, "id-ID,id;q=0.9,en;q=0.8", "id"),
        (None, None, None, "nl,id;q=0.5", "id"),
        (None, None, None, "nl", "en"),
        (None, None, None, None, "en"),
        (None, "tlh", None, "id", "id"),
        ("tlh", "id", None, None, "id"),
    ],
)
def test_the_persons_choice_comes_before_the_browsers_and_the_sites(
    page: Client,
    viewer: User,
    settings: Any,
    own: str | None,
    cookie: str | None,
    site: str | None,
    browser: str | None,
    language: str,
) -> None:
    if own:
        Preference.objects.create(user=viewer, language=own)
    if cookie:
        page.cookies[settings.LANGUAGE_COOKIE_NAME] = cookie
    settings.LANGUAGE_CODE, settings.LANGUAGE_CODE_IS_SET = site or "en", site is not None
    headers = {"Accept-Language": browser} if browser else {}
    answer = page.get("/compare", headers=headers)
    assert answer["Content-Language"] == language
    assert f'<html lang="{language}">' in answer.content.decode()


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("id", "id"),
        ("ID-id", "id"),
        ("en-GB,id;q=0.9", "en"),
        ("fr-CH, fr;q=0.9, en;q=0.8, id;q=0.7", "en"),
        ("*", None),
        ("", None),
        ("nonsense;;q=,", None),
        ("x" * 5000, None),
    ],
)
def test_a_browsers_wishes_are_understood(header: str, language: str | None) -> None:
    assert accepted(header) == language


def test_a_choice_before_the_log_in_lasts_on_this_browser(client: Client, db: None) -> None:
    answer = choose(client, "id", next="/login/?next=/compare")
    assert (answer.status_code, answer["Location"]) == (302, "/login/?next=/compare")
    assert answer.cookies["django_language"]["max-age"] == 31_536_000
    assert spoken(client) == "id"
    assert not Preference.objects.exists()


def test_a_choice_after_the_log_in_follows_the_person_to_other_browsers(
    page: Client, viewer: User
) -> None:
    answer = choose(page, "id", next="/compare?range=week")
    assert answer["Location"] == "/compare?range=week"
    assert "django_language" not in answer.cookies, "it is not for who logs in here next"
    other = Client()
    other.force_login(viewer)
    assert spoken(other, "/compare") == "id"
    choose(page, "en")
    assert spoken(other, "/compare") == "en"


def test_one_persons_choice_is_not_anothers(page: Client, operator: User) -> None:
    choose(page, "id")
    other = Client()
    other.force_login(operator)
    assert spoken(other, "/compare") == "en"


@pytest.mark.parametrize(("own", "afterwards"), [(None, "id"), ("en", "en")])
def test_the_choice_before_the_log_in_is_kept_for_who_has_none(
    client: Client, viewer: User, own: str | None, afterwards: str
) -> None:
    if own:
        Preference.objects.create(user=viewer, language=own)
    choose(client, "id")
    client.post("/login/", {"username": "viewer", "password": "viewer"})
    assert Preference.objects.get(user=viewer).language == afterwards
    assert spoken(client, "/compare") == afterwards


@pytest.mark.parametrize("language", ["", "tlh", "en\r\nSet-Cookie: a=b"])
def test_an_unknown_language_is_refused(client: Client, db: None, language: str) -> None:
    answer = choose(client, language)
    assert answer.status_code == 400
    assert "was not understood" in answer.content.decode()
    assert not answer.cookies


@pytest.mark.parametrize("elsewhere", ["https://example.com/", "//example.com", "javascript:x", ""])
def test_it_never_leads_to_another_site(client: Client, db: None, elsewhere: str) -> None:
    assert choose(client, "id", next=elsewhere)["Location"] == "/"


def test_a_link_changes_no_language(client: Client, db: None) -> None:
    assert client.get("/language?language=id").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    assert choose(strict, "id").status_code == 403


def test_refusals_on_the_way_to_a_page_are_told_in_the_language_too(
    client: Client, db: None
) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["django_language"] = "id"
    assert "Formulir sudah kedaluwarsa" in choose(strict, "en").content.decode()
    assert "Tidak ditemukan" in strict.get("/nothing/here").content.decode()


def test_caches_are_told_what_the_language_depends_on(
    client: Client, db: None, settings: Any
) -> None:
    assert {"Cookie", "Accept-Language"} <= set(client.get(PAGE)["Vary"].split(", "))
    settings.LANGUAGE_CODE_IS_SET = True
    assert "Accept-Language" not in client.get(PAGE)["Vary"]


@pytest.mark.parametrize("path", ["/login/", "/compare"])
def test_each_page_offers_the_languages_in_their_own_names(page: Client, path: str) -> None:
    if path == PAGE:
        page.logout()
    choose(page, "id")
    content = page.get(f"{path}?a=b").content.decode()
    assert 'lang="en" aria-pressed="false">English<' in content
    assert 'lang="id" aria-pressed="true">Bahasa Indonesia<' in content
    assert f'name="next" value="{path}?a=b"' in content


def test_a_database_that_is_away_costs_the_choice_and_not_the_page(
    client: Client, monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    client.cookies["sessionid"] = "of-somebody"
    client.cookies["django_language"] = "id"

    def away(*_: Any) -> None:
        raise OperationalError

    monkeypatch.setattr("django.contrib.auth.get_user", away)
    monkeypatch.setattr("django.contrib.auth.middleware.auth.get_user", away)
    assert spoken(client, "/healthz") == "id"


def test_health_is_told_without_asking_the_database(client: Client) -> None:
    assert client.get("/healthz").status_code == 200
