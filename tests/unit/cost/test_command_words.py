"""What `portal cost` says of a report to a person: the same figures that a program is told."""

import json
from dataclasses import replace
from datetime import UTC, date
from decimal import Decimal

import pytest

from portal.commands.cost import _instant, _words
from portal.core.cost.rules.cost import ChargesLeftOut, CostReport, FixedCost
from portal.core.cost.rules.currencies import with_fixed
from portal.core.cost.wire import cost_answer
from portal.core.exchange.batches import ENCODER
from tests.unit.cost.report_examples import NOTHING_USED

_REPORT = replace(NOTHING_USED, total_kwh=Decimal(1))
_PRICED = replace(_REPORT, base_cost=Decimal("2.505"), vat=Decimal("0.37575"), total=Decimal("2.88075"))
_CHARGE = FixedCost(
    date(2026, 7, 17), date(2026, 7, 31), "Mill", "TOU", Decimal(1500), Decimal(225), Decimal(1725)
)


def told(report: CostReport) -> list[str]:
    return _words(report, has_fixed=True).splitlines()


@pytest.mark.parametrize(
    ("amount", "hours", "readings"),
    [
        (1, "1 device hour has energy but no tariff: it costs", "1 reading was not believed."),
        (1200, "1,200 device hours have energy but no tariff: it costs", "1,200 readings were not believed."),
    ],
)
def test_what_is_counted_is_one_or_many(amount: int, hours: str, readings: str) -> None:
    lines = told(replace(_REPORT, buckets_without_tariff=amount, suspect_readings=amount))
    assert [line for line in lines if hours in line]
    assert readings in lines


def test_a_person_and_a_program_are_told_one_total() -> None:
    report = with_fixed(_PRICED, [("ZAR", _CHARGE)])
    answer = json.loads(ENCODER.encode(cost_answer(report)))
    assert (answer["baseCost"], answer["vat"], answer["total"]) == (1502.5, 225.38, 1727.88)
    assert told(report)[1:4] == [
        "Base   1,502.50 ZAR",
        "VAT    225.38 ZAR",
        "Total  1,727.88 ZAR (with 1,725.00 of fixed charges)",
    ]


def test_two_currencies_have_a_total_each_and_none_together() -> None:
    report = with_fixed(_PRICED, [("JPY", replace(_CHARGE, base_cost=Decimal("10666.6"), vat=Decimal(0)))])
    answer = json.loads(ENCODER.encode(cost_answer(report)))
    assert (answer["currency"], answer["total"]) == (None, None)
    assert [(each["currency"], each["total"]) for each in answer["totals"]] == [("ZAR", 2.88), ("JPY", 10667)]
    assert [line for line in told(report) if line.startswith(("In", "Total"))] == [
        "In ZAR: 1.000 kWh",
        "Total  2.88 ZAR (with 0 of fixed charges)",
        "In JPY: 0.000 kWh",
        "Total  10,667 JPY (with 10,667 of fixed charges)",
    ]


def test_an_admin_is_told_that_fixed_charges_are_not_in_it() -> None:
    assert _words(_PRICED, has_fixed=False).splitlines()[3] == "Total  2.88 ZAR (without fixed charges)"


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2026-07-17", "UTC", "2026-07-17T00:00:00+00:00"),
        ("2026-07-17", "Africa/Johannesburg", "2026-07-16T22:00:00+00:00"),
        ("2026-07-17T08:00:00Z", "Africa/Johannesburg", "2026-07-17T08:00:00+00:00"),
    ],
)
def test_a_date_is_of_the_zone_whose_days_are_asked_for(text: str, zone: str, instant: str) -> None:
    assert _instant("--from", text, zone).astimezone(UTC).isoformat() == instant


def test_what_is_not_included_is_said() -> None:
    left_out = ChargesLeftOut("TOU", "Town", ("Demand R 254.76 per kVA", "Legacy 25 c/kWh"))
    line = "Not included (TOU): Demand R 254.76 per kVA; Legacy 25 c/kWh"
    assert line in told(replace(_PRICED, left_out=(left_out,)))
