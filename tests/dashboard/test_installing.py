"""The manifest, by which a browser installs the page like a program."""

import struct

import pytest
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.test import Client
from django.urls import reverse


def test_everybody_gets_a_manifest_that_browsers_take_for_one(client: Client) -> None:
    answer = client.get("/manifest.webmanifest")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/manifest+json"
    assert "Set-Cookie" not in answer
    manifest = answer.json()
    assert (manifest["name"], manifest["short_name"]) == ("PELBIOT", "PELBIOT")
    assert manifest["display"] == "standalone"
    assert manifest["start_url"] == manifest["scope"] == reverse("dashboard")
    assert len(manifest["description"]) > 20


def test_its_icons_exist_in_the_sizes_it_says(client: Client) -> None:
    icons = client.get("/manifest.webmanifest").json()["icons"]
    assert {(icon["sizes"], icon["purpose"]) for icon in icons if "png" in icon["type"]} == {
        (size, purpose) for size in ("192x192", "512x512") for purpose in ("any", "maskable")
    }
    for icon in icons:
        path = finders.find(icon["src"].removeprefix("/static/"))
        assert path, icon["src"]
        if icon["type"] == "image/png":
            with open(str(path), "rb") as file:
                head = file.read(24)
            assert head[:8] == b"\x89PNG\r\n\x1a\n"
            assert "{}x{}".format(*struct.unpack(">II", head[16:24])) == icon["sizes"]


def test_its_icons_have_the_addresses_of_the_collected_files(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staticfiles_storage, "url", lambda name: f"/static/fingerprint/{name}")
    icons = client.get("/manifest.webmanifest").json()["icons"]
    assert all(icon["src"].startswith("/static/fingerprint/img/") for icon in icons)


def test_it_speaks_the_readers_language(client: Client) -> None:
    manifest = client.get("/manifest.webmanifest", headers={"accept-language": "id"}).json()
    assert manifest["lang"] == "id"


@pytest.mark.django_db
def test_every_page_names_it_and_the_icon_of_phones(client: Client) -> None:
    page = client.get("/login/").text
    assert '<link rel="manifest" href="/manifest.webmanifest">' in page
    assert 'rel="apple-touch-icon" href="/static/img/app/apple-touch-icon.png"' in page
    assert page.count('name="theme-color"') == 2
