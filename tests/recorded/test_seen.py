from hypothesis import given
from hypothesis import strategies as st

from meters.recorded.seen import SeenMoments

MOMENTS = st.integers(0, 30)


@given(st.lists(MOMENTS), MOMENTS)
def test_it_is_a_set_whatever_the_order_of_the_rows(moments: list[int], asked: int) -> None:
    seen = SeenMoments()
    for moment in moments:
        seen.add([moment])
    assert (asked in seen) == (asked in set(moments))
