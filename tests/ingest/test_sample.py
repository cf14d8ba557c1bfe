from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from meters.ingest.sample import MERGE_WINDOW_US, Batch, Sample, beside_the_grid
from meters.metrics import METRICS
from meters.mqtt.link import Received
from meters.mqtt.timestamps import to_datetime
from tests.ingest.messages import NOW_S, TOPICS, message, new_sampler, timed

FOUR = ("volt", "ampere", "power", "energy_cost")


def rows(*batches: Batch) -> dict[tuple[str, int], dict[str, float]]:
    """What the database would hold after these batches."""
    held: dict[tuple[str, int], dict[str, float]] = {}
    for batch in batches:
        for sample in batch.samples:
            held.setdefault((sample.panel, sample.moment_us), {}).update(sample.values)
    return held


def only(batch: Batch) -> Sample:
    (sample,) = batch.samples
    return sample


def test_four_topics_of_a_moment_share_a_sample() -> None:
    messages = [
        message(f"panel/trafo1/{name}", at_s=NOW_S + i / 100) for i, name in enumerate(FOUR)
    ]
    sample = only(new_sampler().sample(messages))
    assert sample.values.keys() == METRICS.keys()
    assert sample.messages == messages
    assert sample.fresh


def test_four_topics_of_a_moment_share_a_sample_across_batches() -> None:
    sampler = new_sampler()
    batches = [sampler.sample([message(f"panel/trafo1/{name}")]) for name in FOUR]
    assert [only(batch).fresh for batch in batches] == [True, False, False, False]
    assert [len(values) for values in rows(*batches).values()] == [4]


def test_they_share_it_also_at_a_whole_millisecond() -> None:
    messages = [message(f"panel/trafo1/{name}", at_s=1_768_449_600.0) for name in FOUR]
    assert len(new_sampler().sample(messages).samples) == 1


def test_a_metric_seen_again_opens_another_sample() -> None:
    batch = new_sampler().sample([message(payload="230"), message(payload="231")])
    assert [sample.values for sample in batch.samples] == [{"voltage": 230.0}, {"voltage": 231.0}]
    assert len(rows(batch)) == 2


def test_a_metric_seen_again_in_the_next_batch_opens_another_sample() -> None:
    sampler = new_sampler()
    batches = [sampler.sample([message(payload=payload)]) for payload in ("230", "231")]
    assert len(rows(*batches)) == 2
    assert all(only(batch).fresh for batch in batches)


def test_a_metric_that_joined_in_another_batch_is_taken_too() -> None:
    sampler = new_sampler()
    topics = ("panel/trafo1/volt", "panel/trafo1/power", "panel/trafo1/power")
    batches = [sampler.sample([message(topic)]) for topic in topics]
    assert [only(batch).fresh for batch in batches] == [True, False, True]
    assert len(rows(*batches)) == 2


def test_a_clock_that_jumps_back_and_forth_puts_no_two_readings_into_one_place() -> None:
    messages = [message(at_s=NOW_S + offset_s) for offset_s in (0, -2, 0, -2, 0)]
    moments = [sample.moment_us for sample in new_sampler().sample(messages).samples]
    assert len(set(moments)) == 5


def test_a_reading_after_the_window_opens_another_sample() -> None:
    late = NOW_S + (MERGE_WINDOW_US + 10) / 1e6
    messages = [message("panel/trafo1/volt"), message("panel/trafo1/power", at_s=late)]
    assert len(new_sampler().sample(messages).samples) == 2


def test_panels_do_not_share() -> None:
    messages = [message("panel/trafo1/volt"), message("panel/trafo2/power")]
    assert len(new_sampler().sample(messages).samples) == 2


def test_a_moment_of_the_meter_merges_across_batches_and_ignores_receipt() -> None:
    sampler = new_sampler()
    moment = "2026-01-15T10:30:45+07:00"
    volt, power = timed(230, moment), timed(2300, moment, "panel/trafo1/power")
    batches = [sampler.sample([volt]), sampler.sample([message(), power])]
    assert {"voltage": 230.0, "power": 2300.0} in rows(*batches).values()
    assert not only(batches[0]).fresh
    assert to_datetime(only(batches[0]).moment_us).isoformat() == "2026-01-15T03:30:45+00:00"


def test_the_same_moment_of_the_meter_twice_keeps_the_later_message() -> None:
    moment = "2026-01-15T03:30:45Z"
    sample = only(new_sampler().sample([timed(230, moment), timed(231, moment)]))
    assert sample.values == {"voltage": 231.0}
    assert len(sample.messages) == 2


def test_a_clock_set_back_a_little_does_not_put_readings_into_older_samples() -> None:
    messages = [message(at_s=NOW_S), message(at_s=NOW_S - 0.4), message(at_s=NOW_S - 0.5)]
    moments = [sample.moment_us for sample in new_sampler().sample(messages).samples]
    assert moments == sorted(set(moments))


def test_a_bad_message_is_rejected_with_its_reason_and_the_others_are_kept() -> None:
    bad = message(payload="230,5")
    batch = new_sampler().sample([message(), bad, message("panel/trafo1/power")])
    (rejection,) = batch.rejections
    assert rejection.message is bad
    assert "decimal comma" in rejection.reason
    assert len(only(batch).messages) == 2


def test_a_topic_of_another_shape_is_rejected() -> None:
    batch = new_sampler().sample([message("panel/trafo 1/volt"), message("other/x")])
    assert len(batch.rejections) == 2


def test_what_was_forgotten_is_not_joined() -> None:
    sampler = new_sampler()
    sampler.sample([message()])
    sampler.forget()
    assert only(sampler.sample([message("panel/trafo1/power")])).fresh


@given(st.floats(1.2e9, 4e9))
def test_a_moment_of_receipt_is_never_a_whole_millisecond(at_s: float) -> None:
    messages = [message(at_s=at_s) for _ in range(3)]
    assert all(sample.moment_us % 1000 for sample in new_sampler().sample(messages).samples)


# A few panels and metrics, close moments, many coincidences: whole milliseconds of the meters',
# receipts that repeat or go back, batches cut anywhere.
MESSAGES = st.lists(
    st.builds(
        lambda panel, name, value, at_us, moment, retained: message(
            f"panel/{panel}/{name}",
            value if moment is None else f'{{"value": {value}, "timestamp": {moment}}}',
            at_s=NOW_S + at_us / 1e6,
            retained=retained,
        ),
        st.sampled_from(["a", "A", "b b"]),
        st.sampled_from([*FOUR, "other"]),
        st.integers(0, 9).map(str) | st.just("NaN"),
        st.sampled_from([0, 1, 2, 999, 1000, 300_000, -1, -2_000_000]),
        st.none() | st.sampled_from([1_768_449_600_123, 1_768_449_600_124]),
        st.booleans() | st.just(False),
    ),
    max_size=30,
)


@given(st.lists(MESSAGES, max_size=4))
def test_every_message_ends_in_exactly_one_place(groups: list[list[Received]]) -> None:
    sampler = new_sampler()
    for messages in groups:
        batch = sampler.sample(messages)
        placed = Counter(id(one) for sample in batch.samples for one in sample.messages)
        placed.update(id(rejection.message) for rejection in batch.rejections)
        assert placed == Counter(map(id, messages))


@settings(max_examples=200)
@given(st.lists(MESSAGES, max_size=4))
def test_no_reading_is_overwritten_but_by_one_of_the_same_moment_of_the_meter(
    groups: list[list[Received]],
) -> None:
    sampler = new_sampler()
    held: dict[tuple[str, int], set[str]] = {}
    for messages in groups:
        for sample in sampler.sample(messages).samples:
            while sample.fresh and (sample.panel, sample.moment_us) in held:
                sample.moment_us = beside_the_grid(sample.moment_us + 1)  # as the store does
            metrics = [TOPICS.locate(one.topic)[1] for one in sample.messages]
            standing = held.setdefault((sample.panel, sample.moment_us), set())
            if sample.moment_us % 1000:
                assert len(metrics) == len(set(metrics))
                assert standing.isdisjoint(metrics)
            standing.update(metrics)
