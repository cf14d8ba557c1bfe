"""The colours of panels side by side: seen on their sheet, and told apart, by colour-blind eyes too."""

import math
import re
from itertools import combinations

import pytest

from tests.services.installation import REPOSITORY

Colour = tuple[float, float, float]
TOKENS = (REPOSITORY / "static/css/tokens.css").read_text()
# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
EYES = {
    "ordinary": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
SCHEMES = {"light": 0, "dark": 1}


def token(name: str, scheme: str) -> Colour:
    found = re.search(rf"--{name}: light-dark\(#(\w{{6}}), #(\w{{6}})\)", TOKENS)
    assert found, name
    return linear(found.groups()[SCHEMES[scheme]])


def linear(colour: str) -> Colour:
    def channel(at: int) -> float:
        value = int(colour[at : at + 2], 16) / 255
        return float(value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4)

    return channel(0), channel(2), channel(4)


def luminance(colour: Colour) -> float:
    return 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]


def seen(colour: Colour, eyes: str) -> Colour:
    red, green, blue = (
        min(1.0, max(0.0, sum(a * b for a, b in zip(row, colour, strict=True))))
        for row in EYES[eyes]
    )
    return red, green, blue


def lab(colour: Colour) -> Colour:
    """CIE 1976 L*a*b* under D65."""
    red, green, blue = colour
    x, y, z = (
        channel ** (1 / 3) if channel > 0.008856 else 7.787 * channel + 16 / 116
        for channel in (
            (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047,
            luminance(colour),
            (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883,
        )
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def series(scheme: str) -> list[Colour]:
    return [token(f"series-{number}", scheme) for number in range(1, 7)]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_each_is_seen_on_its_sheet(scheme: str) -> None:
    sheet = luminance(token("surface", scheme))
    for colour in series(scheme):
        low, high = sorted((luminance(colour), sheet))
        assert (high + 0.05) / (low + 0.05) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("eyes", EYES)
def test_any_two_are_told_apart(scheme: str, eyes: str) -> None:
    colours = [lab(seen(colour, eyes)) for colour in series(scheme)]
    assert min(math.dist(one, other) for one, other in combinations(colours, 2)) >= 19
