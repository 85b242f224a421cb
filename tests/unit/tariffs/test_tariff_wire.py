"""Tariffs as JSON: exact, complete, and explained to the clerk who typed them."""

import json
from datetime import date, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.tariffs.rules.tariff_wire import (
    TariffInvalid,
    read_tariffs,
    tariff_from_wire,
    tariff_to_wire,
)
from portal.core.tariffs.rules.tariffs import Period
from tests.unit.tariffs.tariff_examples import tariff

EXAMPLE = """[{"municipality": "Example City", "name": "Domestic TOU", "effectiveFrom": "2026-01-01",
  "effectiveTo": null,
  "defaultRatePerKwh": 2.50, "fixedMonthlyCharge": 120.00, "vatRate": 0.15, "isActive": true, "somethingNew": 1,
  "periods": [{"name": "Peak", "daysOfWeek": 31, "startTime": "17:00", "endTime": "20:00", "ratePerKwh": 3.75}]}]"""


def example(**changes: object) -> dict:
    return json.loads(EXAMPLE)[0] | changes


def refused(raw: object) -> dict[str, str]:
    return dict(read_tariffs(raw)[1])


def test_the_specified_shape_is_read() -> None:
    (read,) = read_tariffs(json.loads(EXAMPLE))[0].values()
    assert (read.municipality, read.municipality_id, read.id, read.currency) == (
        "Example City",
        None,
        None,
        None,
    )
    assert (read.effective_from, read.effective_to) == (date(2026, 1, 1), None)
    assert (read.default_rate_per_kwh, read.fixed_monthly_charge, read.vat_rate) == (
        Decimal("2.5"),
        Decimal(120),
        Decimal("0.15"),
    )
    assert read.periods == (Period("Peak", 31, time(17), time(20), Decimal("3.75")),)


@pytest.mark.parametrize("rate", [0.1, "0.1", Decimal("0.1"), " 0.10 "])
def test_numbers_are_exact_however_they_come(rate: object) -> None:
    assert tariff_from_wire(example(defaultRatePerKwh=rate)).default_rate_per_kwh == Decimal("0.1")


def test_what_may_be_left_out_has_a_sound_default() -> None:
    bare = {
        "municipalityId": 3,
        "name": "Flat",
        "effectiveFrom": "2026-01-01",
        "defaultRatePerKwh": 2,
        "vatRate": 0,
    }
    read = tariff_from_wire(bare)
    assert (read.is_active, read.fixed_monthly_charge, read.periods, read.effective_to) == (True, 0, (), None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", 5),
        ("name", None),
        ("effectiveFrom", "2026-02-30"),
        ("effectiveFrom", "01/02/2026"),
        ("effectiveFrom", None),
        ("effectiveTo", "2025-12-31"),
        ("effectiveTo", 2026),
        ("defaultRatePerKwh", None),
        ("defaultRatePerKwh", "two"),
        ("defaultRatePerKwh", True),
        ("defaultRatePerKwh", "NaN"),
        ("defaultRatePerKwh", float("inf")),
        ("defaultRatePerKwh", -1_000_000),
        ("vatRate", 15),
        ("vatRate", None),
        ("fixedMonthlyCharge", "-1"),
        ("isActive", "yes"),
        ("currency", "rand"),
        ("municipality", None),
        ("municipality", ""),
        ("id", "seven"),
        ("periods", {}),
    ],
)
def test_each_wrong_field_is_named(field: str, value: object) -> None:
    assert list(refused([example(**{field: value})])) == [f"[0].{field}"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("daysOfWeek", 0),
        ("daysOfWeek", 128),
        ("daysOfWeek", "MTWTF"),
        ("daysOfWeek", True),
        ("startTime", "24:00"),
        ("startTime", "5pm"),
        ("startTime", None),
        ("startTime", "17:00:30"),
        ("endTime", "17:00"),
        ("ratePerKwh", "free"),
        ("ratePerKwh", -1_000_000),
    ],
)
def test_each_wrong_field_of_a_period_is_named(field: str, value: object) -> None:
    raw = example()
    raw["periods"][0][field] = value
    assert list(refused([example(), raw])) == [f"[1].periods[0].{field}"]


def test_everything_wrong_in_a_file_comes_at_once() -> None:
    first, second = example(vatRate=15, name=""), example(effectiveFrom="soon")
    second["periods"] += [dict(second["periods"][0], name="Evening", startTime="19:00", endTime="21:00")]
    found = refused([first, second, "a tariff"])
    assert set(found) == {"[0].vatRate", "[0].name", "[1].effectiveFrom", "[1].periods[1]", "[2]"}
    assert "Evening" in found["[1].periods[1]"]
    assert "Peak" in found["[1].periods[1]"]


def test_a_period_that_could_not_be_read_is_not_said_to_overlap() -> None:
    raw = example()
    raw["periods"] += [dict(raw["periods"][0], name="Other", startTime="?")]
    assert list(refused([raw])) == ["[0].periods[1].startTime"]


def test_strange_things_instead_of_periods_are_named() -> None:
    assert list(refused([example(periods=[3, example()["periods"][0], None])])) == [
        "[0].periods[0]",
        "[0].periods[2]",
    ]


@pytest.mark.parametrize("raw", [{}, None, "x", 3])
def test_a_file_must_be_an_array(raw: object) -> None:
    assert list(refused(raw)) == [""]


def test_the_last_second_of_the_day_ends_it() -> None:
    raw = example()
    raw["periods"][0]["endTime"] = "23:59:59"
    assert tariff_from_wire(raw).periods[0].end_time == time(23, 59)


def test_a_refusal_reads_as_one_line() -> None:
    with pytest.raises(TariffInvalid, match="vatRate: the VAT rate is a fraction from 0 to 1"):
        tariff_from_wire(example(vatRate=15))


_RATES = st.decimals(0, Decimal("999999.999999"), places=6)


@given(_RATES, st.decimals(0, 1, places=6), _RATES, st.one_of(st.none(), st.just("USD")))
def test_what_goes_out_comes_back_equal(
    rate: Decimal, vat: Decimal, charge: Decimal, currency: str | None
) -> None:
    sent = tariff(default_rate_per_kwh=rate, vat_rate=vat, fixed_monthly_charge=charge, currency=currency)
    assert tariff_from_wire(json.loads(json.dumps(tariff_to_wire(sent)))) == sent


def test_the_example_goes_out_as_it_came_in() -> None:
    raw = json.loads(EXAMPLE)[0]
    del raw["somethingNew"]
    assert tariff_to_wire(tariff_from_wire(raw)) == raw
