"""The Cost tab's texts, from a report."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from portal.core.cost.rules.cost import CostReport, DayCost, DeviceCost, FixedCost
from portal.core.energy.rules.as_of import AsOf
from portal.features.cost.view import build_cost

ZERO = Decimal(0)
MONDAY = datetime(2026, 5, 18, tzinfo=UTC)
WORKED = (Decimal(56), Decimal(140), Decimal(21), Decimal(161))
REPORT = CostReport(
    from_at=MONDAY,
    to_at=MONDAY + timedelta(days=2),
    currency="ZAR",
    total_kwh=WORKED[0],
    base_cost=WORKED[1],
    vat=WORKED[2],
    total=WORKED[3],
    buckets_without_tariff=0,
    unallocated_kwh=ZERO,
    estimated_kwh=ZERO,
    suspect_readings=0,
    days=(DayCost(date(2026, 5, 18), *WORKED), DayCost(date(2026, 5, 19), ZERO, ZERO, ZERO, ZERO)),
    devices=(DeviceCost(UUID(int=1), "Incomer", "Main mill", *WORKED, 0),),
    as_of=AsOf(MONDAY + timedelta(days=2, hours=1)),
)


def test_the_worked_example_comes_out_to_the_cent() -> None:
    shown = build_cost(REPORT)
    assert (shown.kwh, shown.base, shown.vat, shown.total) == (
        "56.00",
        "R\u00a0140.00",
        "R\u00a021.00",
        "R\u00a0161.00",
    )
    assert shown.vat_share == "15.0\u00a0% of base"
    assert shown.per_kwh == "R\u00a02.88 per kWh, all in"
    assert shown.total_cells == ["56.00", "140.00", "21.00", "161.00"]
    assert shown.warnings == []
    assert shown.as_of == "As of 20 May, 01:00"
    assert build_cost(REPORT, "Africa/Johannesburg").as_of == "As of 20 May, 03:00"


def test_what_a_kwh_came_to_has_fixed_charges_in_it_as_the_total_has() -> None:
    charge = FixedCost(
        date(2026, 5, 18), date(2026, 5, 19), "Mill", "TOU", Decimal(50), Decimal("7.5"), Decimal("57.5")
    )
    shown = build_cost(replace(REPORT, fixed=(charge,)))
    assert (shown.energy_cost, shown.fixed_and_vat, shown.total) == (
        "R\u00a0140.00",
        "R\u00a078.50",
        "R\u00a0218.50",
    )
    assert shown.fixed_and_vat_note == "R\u00a050.00 fixed, R\u00a028.50 VAT"
    assert shown.per_kwh == "R\u00a03.90 per kWh, all in"


def test_rows_are_days_and_devices() -> None:
    shown = build_cost(REPORT)
    assert [(row["label"], row["kwh"], row["total"]) for row in shown.days] == [
        ("Mon 18 May", "56.00", "161.00"),
        ("Tue 19 May", "0.00", "0.00"),
    ]
    assert [(row["label"], row["note"], row["base"]) for row in shown.devices] == [
        ("Incomer", "Main mill", "140.00")
    ]


def test_both_figures_have_a_bar_per_day() -> None:
    shown = build_cost(REPORT)
    for figure, values in (
        (shown.cost_figure, ["R\u00a0161.00", "R\u00a00.00"]),
        (shown.energy_figure, None),
    ):
        bars = figure["bars"]
        assert [bar["key"] for bar in bars] == ["2026-05-18", "2026-05-19"]
        said = [bar["rows"][-1]["value"] for bar in bars]
        assert said == (values or ["56.00 kWh", "0.00 kWh"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"buckets_without_tariff": 3}, "No tariff for 3 device hours"),
        ({"unallocated_kwh": Decimal("3.2")}, "3.20 kWh were used during gaps"),
        ({"estimated_kwh": Decimal("1.5")}, "1.50 kWh are estimated"),
        ({"as_of": AsOf(MONDAY, is_complete=False)}, "Some readings are still being added up"),
        ({"suspect_readings": 1}, "1 suspect reading was kept"),
        ({"suspect_readings": 4}, "4 suspect readings were kept"),
    ],
)
def test_what_is_wrong_with_the_figures_is_said(change: dict[str, object], words: str) -> None:
    [warning] = build_cost(replace(REPORT, **change)).warnings
    assert warning.startswith(words)


def test_a_device_without_tariff_is_marked() -> None:
    device = replace(REPORT.devices[0], buckets_without_tariff=1)
    [row] = build_cost(replace(REPORT, devices=(device,))).devices
    assert row["warning"] == "1 hour without tariff"


def test_nothing_used_costs_nothing_and_divides_by_nothing() -> None:
    empty = replace(REPORT, total_kwh=ZERO, base_cost=ZERO, vat=ZERO, total=ZERO, days=(), devices=())
    shown = build_cost(empty)
    assert (shown.has_devices, shown.has_energy, shown.per_kwh, shown.vat_share) == (False, False, "", "")
    assert shown.total == "R\u00a00.00"


def test_sites_of_one_name_stay_apart() -> None:
    half = tuple(amount / 2 for amount in WORKED)
    devices = tuple(
        DeviceCost(UUID(int=index), name, "Main mill", *half, 0, site_id=UUID(int=index % 2))
        for index, name in enumerate(("Old incomer", "New incomer"), start=1)
    )
    sites = build_cost(replace(REPORT, devices=devices)).sites
    assert [(row["label"], row["note"], row["kwh"], row["total"]) for row in sites] == [
        ("Main mill", "with Old incomer", "28.00", "80.50"),
        ("Main mill", "with New incomer", "28.00", "80.50"),
    ]
    together = tuple(replace(device, site_id=UUID(int=1)) for device in devices)
    [site] = build_cost(replace(REPORT, devices=together)).sites
    assert (site["note"], site["total"]) == ("", "161.00")


def test_a_report_in_two_currencies_shows_one_and_says_the_total_of_each() -> None:
    yen = replace(
        REPORT,
        currency="JPY",
        total_kwh=Decimal(4),
        base_cost=Decimal("10666.6"),
        vat=ZERO,
        total=Decimal("10666.6"),
    )
    both = replace(REPORT, others=(replace(yen, days=(), devices=()),))
    shown = build_cost(both)
    assert (shown.currency, shown.total, shown.currencies) == ("ZAR", "R\u00a0161.00", ["ZAR", "JPY"])
    [warning] = shown.warnings
    assert "R\u00a0161.00 and JPY\u00a010\u2009667 in total" in warning
    other = build_cost(both, currency="JPY")
    assert (other.total, other.total_cells[3], other.per_kwh) == (
        "JPY\u00a010\u2009667",
        "10\u2009667",
        "JPY\u00a02\u2009666.65 per kWh, all in",
    )
    assert build_cost(REPORT).currencies == []
