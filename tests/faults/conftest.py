"""Each row of the fault matrix ends with a line about what became of its readings."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.faults.outcomes import PROPERTY
from tests.faults.plant import Outcome, Plant
from tests.services.fixtures import Services
from tests.services.mariadb import MariaDB


@pytest.fixture
def plant(request: pytest.FixtureRequest, services: Services) -> Iterator[Callable[..., Plant]]:
    """A factory of plants; what they leave running is ended, and their logs are shown on failure."""
    built: list[Plant] = []

    def build(**options: Any) -> Plant:
        built.append(Plant.build(services, **options))
        return built[-1]

    yield build
    for made in built:
        made.end()
        print(made.logs())


@pytest.fixture
def own_mariadb(services: Services) -> MariaDB:
    """A database server to break."""
    return services.mariadb()


@pytest.fixture
def exactly_once(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> Callable[[Outcome], None]:
    """Notes an outcome, and asserts that nothing is lost or doubled."""

    def check(outcome: Outcome) -> None:
        name = request.node.name.removeprefix("test_").replace("_", " ")
        record_property(PROPERTY, f"{name}: {outcome}")
        assert not outcome.lost, f"lost {outcome.lost[:20]}"
        assert not outcome.doubled, f"doubled {outcome.doubled[:20]}"
        assert outcome.stored + outcome.rejected == outcome.published

    return check
