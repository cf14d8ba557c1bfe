"""The small cast of the tests."""

import pytest
from django.contrib.auth.models import Group, User
from hypothesis import settings

pytest_plugins = ["tests.distribution", "tests.services.fixtures", "tests.faults.outcomes"]
# No deadline: a machine that does something else just now is not a failure.
settings.register_profile("pelbiot", deadline=None)
settings.load_profile("pelbiot")


@pytest.fixture
def administrator(db: None) -> User:
    return User.objects.create_superuser("administrator", password="administrator")


@pytest.fixture
def operator(db: None) -> User:
    """May publish test messages, and see how the system is."""
    user = User.objects.create_user("operator", password="operator")
    user.groups.add(Group.objects.get(name="Operators"))
    return user


@pytest.fixture
def viewer(db: None) -> User:
    """May look, and nothing else."""
    user = User.objects.create_user("viewer", password="viewer")
    user.groups.add(Group.objects.get(name="Viewers"))
    return user
