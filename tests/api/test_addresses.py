"""What holds for every address of the API."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

READING = ["status", "last-values", "history", "topics"]


@pytest.mark.parametrize("name", READING)
def test_it_answers_with_and_without_a_trailing_slash(api: Client, name: str) -> None:
    for path in (f"/api/mqtt/{name}", f"/api/mqtt/{name}/"):
        answer = api.get(path)
        assert answer.status_code == 200
        assert answer["Content-Type"] == "application/json"


def test_a_post_keeps_its_body_with_a_trailing_slash(operator: User) -> None:
    client = Client()
    client.force_login(operator)
    answer = client.post("/api/mqtt/publish/", {"topic": "x"}, content_type="application/json")
    assert answer.status_code == 400
    assert set(answer.json()) == {"topic", "message"}


@pytest.mark.parametrize("path", [*(f"mqtt/{name}" for name in READING), "schema", "docs"])
def test_a_stranger_is_refused(client: Client, db: None, path: str) -> None:
    assert client.get(f"/api/{path}").status_code == 403


@pytest.mark.parametrize("name", READING)
def test_a_person_can_browse_it(api: Client, name: str) -> None:
    answer = api.get(f"/api/mqtt/{name}", headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert b"<html" in answer.content


def test_the_description_is_complete(capsys: Any) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")


def test_it_describes_itself_and_its_documentation_loads_nothing_from_elsewhere(
    api: Client,
) -> None:
    schema = api.get("/api/schema/", headers={"Accept": "application/json"}).json()
    assert {path for path in schema["paths"] if "mqtt" in path} == {
        "/api/mqtt/status",
        "/api/mqtt/last-values",
        "/api/mqtt/history",
        "/api/mqtt/last-value/{topic}",
        "/api/mqtt/publish",
        "/api/mqtt/topics",
    }
    page = api.get("/api/docs/").content.decode()
    assert "swagger-ui" in page
    assert "http://" not in page.replace("http://testserver", "")
    assert "https://" not in page
