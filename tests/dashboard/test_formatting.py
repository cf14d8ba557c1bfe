from decimal import Decimal

import pytest
from django.utils import translation

from dashboard import formatting


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
        assert formatting.money(Decimal(amount), currency) == text


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
    assert formatting.price(Decimal(amount), "IDR") == text


@pytest.mark.parametrize(("value", "text"), [("630.000", "630"), ("1.5000", "1.5"), ("0", "0")])
def test_a_plain_number_has_no_zeros_behind_it(value: str, text: str) -> None:
    assert formatting.plain(Decimal(value)) == text
