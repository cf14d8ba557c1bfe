from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.utils import translation

from dashboard import formatting


def apart(text: str) -> str:
    """With a space at which no line ends."""
    return text.replace(" ", formatting.NBSP)


@pytest.mark.parametrize(
    ("language", "currency", "amount", "text"),
    [
        ("id", "IDR", "1234567.89", "Rp 1.234.567,89"),
        ("en", "IDR", "1234567.89", "IDR 1,234,567.89"),
        ("id", "USD", "1234.5", "USD 1.234,50"),
        ("en", "IDR", "0", "IDR 0.00"),
        ("en", "IDR", "-1234.5", "-IDR 1,234.50"),
        ("en", "IDR", "-0.001", "IDR 0.00"),
        ("en", "IDR", "0.005", "IDR 0.01"),
        ("en", "IDR", "12345678901234567890.12", "IDR 12,345,678,901,234,567,890.12"),
    ],
)
def test_money_is_written_as_its_readers_write_it(
    language: str, currency: str, amount: str, text: str
) -> None:
    with translation.override(language):
        assert formatting.money(Decimal(amount), currency) == apart(text)


def test_an_unknown_amount_is_not_nothing() -> None:
    assert formatting.money(None, "IDR") == formatting.NOT_MEASURED


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("1035.7800", "IDR 1,035.78"),
        ("1501.881", "IDR 1,501.881"),
        ("925", "IDR 925.00"),
        ("1E+3", "IDR 1,000.00"),
        ("0", "IDR 0.00"),
        ("0.12345678", "IDR 0.123457"),
    ],
)
def test_a_price_keeps_the_digits_it_has(amount: str, text: str) -> None:
    assert formatting.price(Decimal(amount), "IDR") == apart(text)


@pytest.mark.parametrize(
    ("language", "months"),
    [
        ("en", "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
        ("id", "Jan Feb Mar Apr Mei Jun Jul Agu Sep Okt Nov Des"),
    ],
)
def test_dates_have_the_months_of_their_readers(language: str, months: str) -> None:
    with translation.override(language):
        written = [
            formatting.date(datetime(2026, month, 26, 3, tzinfo=UTC)) for month in range(1, 13)
        ]
    assert written == [f"26 {month} 2026" for month in months.split()]


@pytest.mark.parametrize(
    ("language", "moment"),
    [("en", "26 Aug 2026 10:30:45 WIB"), ("id", "26 Agu 2026 10.30.45 WIB")],
)
def test_a_moment_is_told_with_its_zone_as_its_readers_write_it(language: str, moment: str) -> None:
    at = datetime(2026, 8, 26, 3, 30, 45, tzinfo=UTC)
    with translation.override(language):
        assert formatting.full(at) == moment
        assert formatting.to_the_minute(at) in moment.replace(".45", "").replace(":45", "")


@pytest.mark.parametrize(("value", "text"), [("630.000", "630"), ("1.5000", "1.5"), ("0", "0")])
def test_a_plain_number_has_no_zeros_behind_it(value: str, text: str) -> None:
    assert formatting.plain(Decimal(value)) == text
