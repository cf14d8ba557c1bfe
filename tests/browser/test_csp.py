"""The pages that are not ours, under our strict Content-Security-Policy."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person
from tests.services.installation import Installation

People = Callable[..., Person]


@pytest.fixture(scope="module")
def site(installation: Installation) -> Iterator[str]:
    installation.env["DJANGO_SUPERUSER_PASSWORD"] = "of-a-test"
    installation.manage(
        "createsuperuser", "--noinput", "--username=engineer", "--email=e@example.com"
    )
    yield installation.start_web().base_url
    installation.stop_all()


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/admin/", "text=Ingest workers"),
        ("/admin/meters/panel/add/", "text=nominal voltage"),
        ("/admin/meters/tariffversion/add/", "text=factor K"),
        ("/api/mqtt/status", "text=clientId"),
        ("/api/docs/", "text=mqtt/history"),
        ("/compare", "text=No panel yet"),
    ],
)
def test_it_works_without_a_violation_and_without_another_host(
    site: str, person: People, path: str, shown: str
) -> None:
    someone = person(site)
    someone.log_in("engineer", "of-a-test")
    someone.page.goto(site + path)
    expect(someone.page.locator(shown).first).to_be_visible(timeout=15_000)
    someone.picture("csp" + path.replace("/", "-"))


def test_the_policy_allows_nothing_inline_and_no_other_host(site: str, person: People) -> None:
    someone = person(site)
    answer = someone.page.goto(f"{site}/login/")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "default-src 'none'" in policy
