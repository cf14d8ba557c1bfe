from dataclasses import replace
from datetime import date, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meters.energy.billing import (
    Bill,
    PeriodUsage,
    Stretch,
    excess_kvarh,
    gathered,
    make_bill,
    shifted,
)
from meters.energy.prices import Period, Surcharge, Terms

D = Decimal
PEAK = Period("WBP", frozenset(range(1, 8)), time(17), time(22), "ignore", None)
I3_TM = Terms("IDR", "LWBP", D("1035.78"), D("1.5"), (PEAK,), D("1114.74"))


def stretch(
    lwbp: str = "80000",
    wbp: str = "20000",
    kvarh: str | None = "70000",
    kva: str | None = "630",
    terms: Terms = I3_TM,
) -> Stretch:
    """January of a factory under I-3/TM."""
    usage = (
        PeriodUsage("LWBP", terms.price_per_kwh, D(lwbp)),
        PeriodUsage("WBP", terms.price(PEAK), D(wbp)),
    )
    return Stretch(
        tariff="I-3/TM",
        first=date(2026, 1, 1),
        until=date(2026, 2, 1),
        share=D(1),
        terms=terms,
        contract_kva=None if kva is None else D(kva),
        usage=usage,
        kvarh=None if kvarh is None else D(kvarh),
    )


def lines(bill: Bill) -> dict[str, Decimal]:
    return {line.name: line.amount for line in bill.lines}


def test_the_known_bill_of_a_factory_to_the_rupiah() -> None:
    """I-3/TM, 630 kVA, K = 1.5: 113,935,800 for energy, a minimum of 26,101,656 that does not bind,
    8,946,420 for reactive energy by the exact tangent (0.6197 would make it 8,951,362)."""
    bill = make_bill([stretch()])
    assert bill.energy_amount == D("113935800.00")
    assert bill.minimum_amount == D("26101656.00")
    assert not bill.minimum_binds
    reactive = lines(bill)["Reactive energy"]
    assert reactive.quantize(D(1)) == D("8946420")
    assert lines(bill) == {
        "LWBP": D("82862400.00"),
        "WBP": D("31073400.00"),
        "Reactive energy": D("8946419.62"),
    }
    assert bill.total == D("122882219.62")
    assert bill.currency == "IDR"


def test_reactive_energy_is_billed_below_the_limit_only() -> None:
    at_limit = make_bill([stretch(kvarh="61974")])  # power factor 0.8500019
    below = make_bill([stretch(kvarh="61975")])
    assert "Reactive energy" not in lines(at_limit)
    assert lines(below)["Reactive energy"] == D("631.12")
    assert below.power_factor is not None
    assert below.power_factor < D("0.85")


def test_without_a_price_or_without_reactive_energy_there_is_no_such_line() -> None:
    free = stretch(terms=replace(I3_TM, kvarh_price=D(0)))
    unknown = stretch(kvarh=None)
    for bill in (make_bill([free]), make_bill([unknown])):
        assert set(lines(bill)) == {"LWBP", "WBP"}
    assert make_bill([unknown]).power_factor is None


def test_the_excess_is_beyond_the_tangent_of_the_limit() -> None:
    assert excess_kvarh(D(100000), D(70000), D("0.85")).quantize(D("0.001")) == D("8025.566")
    assert excess_kvarh(D(100), D(10), D("0.85")) == 0
    assert excess_kvarh(D(100), D(10), D(1)) == 10


def test_a_small_month_costs_the_minimum() -> None:
    bill = make_bill([stretch(lwbp="1000", wbp="0", kvarh=None)])
    assert bill.minimum_binds
    assert lines(bill)["Up to the minimum"] == D("26101656.00") - D("1035780.00")
    assert bill.total == bill.minimum_amount


def test_without_a_contract_there_is_no_minimum() -> None:
    bill = make_bill([stretch(lwbp="1", wbp="0", kvarh=None, kva=None)])
    assert bill.total == D("1035.78")


def test_surcharges_are_percentages_of_all_other_lines_and_not_of_each_other() -> None:
    taxed = replace(I3_TM, surcharges=(Surcharge("PPJ", D(3)), Surcharge("PPN", D(11))))
    bill = make_bill([stretch(terms=taxed)])
    assert lines(bill)["PPJ"] == D("3686466.59")
    assert lines(bill)["PPN"] == D("13517044.16")
    assert bill.total == D("122882219.62") + D("3686466.59") + D("13517044.16")


def half(part: Stretch, number: int, **changed: object) -> Stretch:
    first, until = [(date(2026, 1, 1), date(2026, 1, 16)), (date(2026, 1, 16), date(2026, 2, 1))][
        number
    ]
    days = D((until - first).days)
    return replace(part, first=first, until=until, share=days / 31, **changed)  # type: ignore[arg-type]


def test_a_month_in_which_the_version_changes_is_billed_by_each_in_its_days() -> None:
    dearer = replace(I3_TM, price_per_kwh=D(2000))
    first, second = half(stretch(), 0), half(stretch(terms=dearer), 1)
    bill = make_bill([first, second])
    usage = [(line.name, line.price, line.stretch.first.day) for line in bill.lines[:4]]
    assert usage == [
        ("LWBP", D("1035.78"), 1),
        ("WBP", D("1553.670"), 1),
        ("LWBP", D(2000), 16),
        ("WBP", D("3000.0"), 16),
    ]
    expected = (D("1035.78") * 15 + D(2000) * 16) * 40 * 630 / 31
    assert bill.minimum_amount == expected.quantize(D("0.01"))


def test_a_version_that_changes_nothing_changes_no_bill() -> None:
    """Reactive energy is judged over the month: a good half makes up for a bad one."""
    one = make_bill([stretch(lwbp="80000", wbp="0", kvarh="60000")])
    parts = [
        half(stretch(lwbp="50000", wbp="0", kvarh="10000"), 0),
        half(stretch(lwbp="30000", wbp="0", kvarh="50000"), 1),
    ]
    two = make_bill(parts)
    assert two.total == one.total
    assert two.minimum_amount == one.minimum_amount
    assert [line.kind for line in two.lines].count("reactive") == 2


def test_a_surcharge_is_on_the_days_of_its_version_only() -> None:
    taxed = replace(I3_TM, surcharges=(Surcharge("PPJ", D(10)),))
    first, second = half(stretch(kvarh=None), 0), half(stretch(kvarh=None, terms=taxed), 1)
    (tax,) = [line for line in make_bill([first, second]).lines if line.kind == "surcharge"]
    assert tax.amount == D("11393580.00")
    assert tax.stretch is second


def test_months_of_two_currencies_and_of_no_tariff_have_no_bill() -> None:
    other = stretch(terms=replace(I3_TM, currency="USD"))
    for stretches in ([stretch(), other], []):
        with pytest.raises(ValueError, match="one currency"):
            make_bill(stretches)


def test_load_that_is_shifted_costs_the_base_price() -> None:
    quarter = shifted(stretch(), D(25))
    assert {each.name: each.kwh for each in quarter.usage} == {"LWBP": 85000, "WBP": 15000}
    assert {each.name: each.kwh for each in shifted(stretch(), D(100)).usage} == {
        "LWBP": 100000,
        "WBP": 0,
    }
    assert shifted(stretch(), D(0)).kwh == stretch().kwh


def test_usage_of_one_name_and_price_is_one() -> None:
    each = PeriodUsage("LWBP", D(1), D(2))
    assert gathered([each, PeriodUsage("WBP", D(3), D(1)), each]) == [
        PeriodUsage("LWBP", D(1), D(4)),
        PeriodUsage("WBP", D(3), D(1)),
    ]


amounts = st.decimals(0, 10**6, places=3)


@given(
    kwh=st.lists(amounts, min_size=2, max_size=2),
    kvarh=amounts,
    kva=st.decimals(0, 1000, places=2),
    days=st.integers(1, 30),
    percent=st.decimals(0, 100, places=2),
)
def test_the_total_is_the_sum_of_the_lines_and_never_below_the_minimum(
    kwh: list[Decimal], kvarh: Decimal, kva: Decimal, days: int, percent: Decimal
) -> None:
    whole = stretch(str(kwh[0]), str(kwh[1]), str(kvarh), str(kva))
    parts = [
        replace(whole, until=date(2026, 1, 1 + days), share=D(days) / 31),
        replace(whole, first=date(2026, 1, 1 + days), share=D(31 - days) / 31),
    ]
    for stretches in ([whole], parts, [shifted(part, percent) for part in parts]):
        bill = make_bill(stretches)
        assert bill.total == sum(line.amount for line in bill.lines)
        assert bill.total >= bill.minimum_amount
        assert all(line.amount == line.amount.quantize(D("0.01")) for line in bill.lines)
