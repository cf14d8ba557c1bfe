"""The small cast of the tests."""

import pytest
from django.contrib.auth.models import Permission, User
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
    """May publish test messages."""
    user = User.objects.create_user("operator", password="operator")
    user.user_permissions.add(Permission.objects.get(codename="publish_message"))
    return user


@pytest.fixture
def viewer(db: None) -> User:
    """May look, and nothing else."""
    return User.objects.create_user("viewer", password="viewer")
