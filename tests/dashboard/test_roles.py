"""The three roles: what each may, and that the groups are kept without taking anything away."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.test import Client

from dashboard.permissions import REJECTED, SYSTEM
from meters.models import Panel

PUBLISH, CHANGE = "meters.publish_message", "meters.change_panel"
MAY = {
    "Viewers": {"meters.view_panel"},
    "Operators": {"meters.view_panel", PUBLISH, SYSTEM, REJECTED},
    "Administrators": {"meters.view_panel", PUBLISH, SYSTEM, REJECTED, CHANGE},
}
OPERATORS_PAGES = ["/system", "/system/figures", "/system/rejected", "/system/rejected.csv"]


@pytest.fixture
def member(db: None) -> Callable[[str], User]:
    def make(group: str) -> User:
        user = User.objects.create_user(f"one of {group}")
        user.groups.add(Group.objects.get(name=group))
        return user

    return make


def page(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("role", list(MAY))
def test_each_role_may_what_it_is_for_and_no_more(member: Callable[[str], User], role: str) -> None:
    someone = member(role)
    asked = MAY["Administrators"] | {"auth.change_user"}
    assert {each for each in asked if someone.has_perm(each)} == MAY[role]


def test_migrating_again_gives_back_what_a_role_needs_and_leaves_what_was_added(db: None) -> None:
    operators = Group.objects.get(name="Operators")
    added = Permission.objects.get(codename="repair_readings")
    operators.permissions.set([added])
    Group.objects.filter(name="Viewers").delete()
    call_command("migrate", verbosity=0)
    codenames = set(operators.permissions.values_list("codename", flat=True))
    assert {"repair_readings", "publish_message", "view_ingestworker"} <= codenames
    viewers = Group.objects.get(name="Viewers")
    assert [each.codename for each in viewers.permissions.all()] == ["view_panel"]


def test_migrating_twice_changes_nothing(db: None) -> None:
    def held() -> list[tuple[str, str]]:
        pairs = Group.objects.values_list("name", "permissions__codename")
        return sorted((name, codename or "") for name, codename in pairs)

    before = held()
    call_command("migrate", verbosity=0)
    assert held() == before


@pytest.mark.parametrize("path", OPERATORS_PAGES)
def test_a_viewer_is_told_who_may_see_a_page_for_operators(viewer: User, path: str) -> None:
    answer = page(viewer).get(path)
    assert answer.status_code == 403
    assert "for operators and administrators" in answer.content.decode()


@pytest.mark.parametrize("path", OPERATORS_PAGES)
def test_operators_and_administrators_see_the_pages_for_operators(
    operator: User, administrator: User, member: Callable[[str], User], path: str
) -> None:
    for user in (operator, administrator, member("Administrators")):
        assert page(user).get(path).status_code == 200


@pytest.mark.parametrize("path", OPERATORS_PAGES)
def test_a_stranger_is_sent_to_the_log_in(client: Client, db: None, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={path}")


def test_the_navigation_shows_the_system_page_to_those_who_may(
    viewer: User, operator: User
) -> None:
    assert 'href="/system"' not in page(viewer).get("/compare").content.decode()
    assert 'href="/system"' in page(operator).get("/compare").content.decode()


def test_the_notice_leads_those_who_may_to_the_system_page(viewer: User, operator: User) -> None:
    Panel.objects.create(name="a")
    for path in ("/", "/panels/a/"):
        assert "notice__help" not in page(viewer).get(path).content.decode()
        assert 'class="notice__help" href="/system"' in page(operator).get(path).content.decode()
