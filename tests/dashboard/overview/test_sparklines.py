"""The small line of a card."""

import re

import pytest

from dashboard.overview.sparklines import HEIGHT, WIDTH, path


def drawn(points: list[tuple[int, float]]) -> list[tuple[str, float, float]]:
    found = re.findall(r"([ML])([\d.]+) ([\d.]+)", path(points))
    return [(how, float(x), float(y)) for how, x, y in found]


def test_it_goes_over_the_whole_width_and_height() -> None:
    line = drawn([(0, 10.0), (1000, 20.0), (2000, 10.0)])
    assert line == [("M", 0, HEIGHT - 2), ("L", WIDTH / 2, 2), ("L", WIDTH, HEIGHT - 2)]


@pytest.mark.parametrize("points", [[], [(0, 1.0)]])
def test_less_than_two_points_are_no_line(points: list[tuple[int, float]]) -> None:
    assert path(points) == ""


def test_a_pause_is_a_gap_and_leaves_the_readings_beside_it_their_room() -> None:
    day_ms = 86_400_000
    line = drawn([(at, 1.0) for at in (0, 1000, 2000, day_ms, day_ms + 1000)])
    assert [how for how, _, _ in line] == ["M", "L", "L", "M", "L"]
    assert [round(x) for _, x, _ in line] == [0, 15, 30, 105, 120]


def test_a_steady_value_looks_steady() -> None:
    heights = [y for _, _, y in drawn([(0, 230.0), (1000, 230.1), (2000, 230.0)])]
    assert max(heights) - min(heights) < 1
