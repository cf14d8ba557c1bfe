from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from meters.energy.validity import Difference, Span, differences, spans


def january(day: int) -> date:
    return date(2026, 1, day)


def test_what_has_no_end_ends_where_the_next_begins() -> None:
    assert spans([(january(5), date.max, "b"), (january(1), date.max, "a")]) == [
        Span(january(1), january(5), "a"),
        Span(january(5), date.max, "b"),
    ]


def test_what_ends_earlier_leaves_a_gap() -> None:
    assert spans([(january(1), january(3), "a"), (january(5), january(9), "b")]) == [
        Span(january(1), january(3), "a"),
        Span(january(5), january(9), "b"),
    ]


def test_something_where_there_was_nothing_rewrites_nothing() -> None:
    before = [Span(january(5), date.max, "a")]
    after = [Span(january(1), january(5), "b"), Span(january(5), date.max, "a")]
    assert list(differences(before, after)) == [Difference(january(1), january(5), rewrites=False)]
    assert list(differences(after, before)) == [Difference(january(1), january(5), rewrites=True)]


timelines = st.lists(
    st.tuples(st.integers(1, 30), st.integers(1, 31), st.sampled_from("ab")),
    max_size=5,
    unique_by=lambda item: item[0],
).map(lambda items: spans((january(first), january(until), holds) for first, until, holds in items))


@given(before=timelines, after=timelines)
def test_differences_are_those_of_each_single_day(
    before: list[Span[str]], after: list[Span[str]]
) -> None:
    def at(timeline: list[Span[str]], day: date) -> str:
        return "".join(span.holds for span in timeline if span.first <= day < span.until)

    found = {
        january(day): change.rewrites
        for change in differences(before, after)
        for day in range(change.first.day, change.until.day)
    }
    days = [january(day) for day in range(1, 32)]
    assert found == {
        day: bool(at(before, day)) for day in days if at(before, day) != at(after, day)
    }
