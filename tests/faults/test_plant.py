"""The plant's own counting."""

from collections.abc import Callable

from tests.faults.plant import Outcome, Plant, wait_for


def test_where_all_was_stored_before_the_fault_ended_some_more_shows_that_storing_goes_on(
    plant: Callable[..., Plant], exactly_once: Callable[[Outcome], None]
) -> None:
    made = plant()
    made.start_ingest()
    made.publish(50, rate=0).finish()
    wait_for(lambda: made.ingest.row()["stored"] == 50, "storing")
    made.healed()
    outcome = made.settle(limit_s=20)
    exactly_once(outcome)
    assert outcome.published == 150
    assert outcome.recovery_s is not None
