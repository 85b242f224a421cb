"""Cost: the worked example to the cent, and the laws of adding up."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.core.cost.rules.cost import (
    CostReport,
    DeviceRef,
    MixedCurrencies,
    Quality,
    WindowInvalid,
    check_window,
)
from portal.core.cost.rules.fixed_charges import fixed_charges
from portal.core.energy.rules.hours import MeterState, Rules, hourly_energy
from portal.core.energy.rules.registers import Reading, register_milliwh
from portal.core.values.money import exact_decimals, round_cents
from tests.unit.cost.usages import RateSlot, Usage, by_day_alone, price, rate_slots
from tests.unit.tariffs.tariff_examples import tariff

JOHANNESBURG = ZoneInfo("Africa/Johannesburg")
METER = DeviceRef(UUID(int=1), "Main", "Plant")
IDLE = DeviceRef(UUID(int=2), "Spare", "Plant")
FROM, TO = datetime(2026, 5, 18, tzinfo=UTC), datetime(2026, 5, 20, tzinfo=UTC)
KWH = 1_000_000


def slot(rate: str = "2.50", vat: str = "0.15", currency: str | None = None) -> RateSlot:
    return RateSlot(FROM, TO, 1, Decimal(rate), Decimal(vat), None, currency)


def use(kwh: float, day: date = date(2026, 5, 18), at: RateSlot | None = None, buckets: int = 1) -> Usage:
    return Usage(METER.device_id, day, at, register_milliwh(kwh), buckets)


def report(*usages: Usage, **changes: object) -> CostReport:
    question = {"devices": [METER, IDLE], "from_at": FROM, "to_at": TO, "currency": "ZAR"} | changes
    return price(usages, **question)  # type: ignore[arg-type]


def worked_example_usages() -> list[Usage]:
    register = [((8, 0), 1994), ((8, 40), 2000), ((10, 0), 2000), ((10, 20), 2020), ((10, 40), 2050)]
    readings = [Reading(FROM.replace(hour=h, minute=m), register_milliwh(kwh)) for (h, m), kwh in register]
    hours = hourly_energy(MeterState(), readings, Rules(timedelta(hours=2))).hours
    slots = rate_slots([tariff()], JOHANNESBURG, FROM, TO)
    return [
        Usage(
            METER.device_id,
            hour.date(),
            next(s for s in slots if s.start_at <= hour < s.end_at),
            e.allocated_milliwh,
            1,
        )
        for hour, e in hours.items()
    ]


def test_the_worked_example_comes_out_to_the_cent() -> None:
    found = report(*worked_example_usages())
    assert (found.total_kwh, found.base_cost, found.vat, found.total) == (56, 140, 21, 161)
    assert [str(round_cents(amount)) for amount in (found.base_cost, found.vat, found.total)] == [
        "140.00",
        "21.00",
        "161.00",
    ]
    assert (found.currency, found.buckets_without_tariff) == ("ZAR", 0)


def test_every_day_and_every_device_has_a_line() -> None:
    found = report(*worked_example_usages())
    assert [(day.date, day.kwh, day.total) for day in found.days] == [
        (date(2026, 5, 18), 56, 161),
        (date(2026, 5, 19), 0, 0),
    ]
    assert [(line.name, line.site_name, line.kwh, line.total) for line in found.devices] == [
        ("Main", "Plant", 56, 161),
        ("Spare", "Plant", 0, 0),
    ]


def test_days_are_those_the_window_touches() -> None:
    found = report(from_at=FROM.replace(hour=23), to_at=TO.replace(minute=1))
    assert [day.date.day for day in found.days] == [18, 19, 20]


def test_energy_without_a_tariff_is_counted_and_costs_nothing() -> None:
    found = report(use(5, buckets=3), use(0, buckets=4), use(2, at=slot()))
    assert (found.total_kwh, found.total) == (7, Decimal("5.75"))
    assert found.buckets_without_tariff == 3
    assert [line.buckets_without_tariff for line in found.devices] == [3, 0]


def test_vat_is_per_bucket_so_a_change_inside_the_window_stays_right() -> None:
    found = report(use(10, at=slot("2", "0.15")), use(10, at=slot("2", "0.14")))
    assert (found.base_cost, found.vat) == (40, Decimal("5.80"))


def test_nothing_is_rounded_before_the_edge() -> None:
    # Three times 0.335 is 1.005; rounded one by one it would be 1.02.
    found = report(*(use(1, at=slot("0.335", "0")) for _ in range(3)))
    assert str(found.total) == "1.005000000"
    assert round_cents(found.total) == Decimal("1.01")


def test_what_the_energy_left_open_is_reported_beside_it() -> None:
    found = report(quality=Quality(unallocated_milliwh=1_500_000, estimated_milliwh=2, suspect_readings=3))
    assert (found.unallocated_kwh, found.estimated_kwh, found.suspect_readings) == (
        Decimal("1.5"),
        Decimal("0.000002"),
        3,
    )
    assert found.total_kwh == 0


def test_money_of_two_currencies_is_never_added_up() -> None:
    with pytest.raises(MixedCurrencies, match="USD and ZAR"):
        report(use(1, at=slot()), use(1, at=slot(currency="USD")))
    assert report(use(1, at=slot(currency="USD"))).currency == "USD"
    assert report(use(1, at=slot(currency="ZAR")), use(1, at=slot())).currency == "ZAR"
    assert report(use(0, at=slot(currency="USD")), use(1, at=slot())).currency == "ZAR"


def test_usage_outside_the_question_is_an_error_not_a_silent_loss() -> None:
    with pytest.raises(ValueError, match="device"):
        report(use(1, at=slot()), devices=[IDLE])
    with pytest.raises(ValueError, match="2026-05-20"):
        report(use(1, day=TO.date(), at=slot()))


_USAGES = st.lists(
    st.builds(
        Usage,
        device_id=st.sampled_from([METER.device_id, IDLE.device_id]),
        day=st.sampled_from([date(2026, 5, 18), date(2026, 5, 19)]),
        slot=st.one_of(
            st.none(),
            st.builds(
                slot, st.decimals(0, 10**6 - 1, places=6).map(str), st.decimals(0, 1, places=6).map(str)
            ),
        ),
        milliwh=st.integers(0, 10**15),
        buckets=st.integers(1, 24),
    ),
    max_size=20,
)


@given(_USAGES)
@settings(max_examples=100, deadline=None)
def test_days_and_devices_add_up_to_the_total_exactly(usages: list[Usage]) -> None:
    found = report(*usages)
    with exact_decimals():
        for lines in (found.days, found.devices):
            assert sum(line.kwh for line in lines) == found.total_kwh
            assert sum(line.base_cost for line in lines) == found.base_cost
            assert sum(line.vat for line in lines) == found.vat
            assert sum(line.total for line in lines) == found.total
        assert found.total == found.base_cost + found.vat
    assert sum(line.buckets_without_tariff for line in found.devices) == found.buckets_without_tariff


@given(_USAGES)
@settings(max_examples=100, deadline=None)
def test_days_alone_cost_what_the_report_says(usages: list[Usage]) -> None:
    found = report(*usages)
    alone = by_day_alone(usages, from_at=FROM, to_at=TO, currency=found.currency)
    assert (alone.currency, alone.total_kwh, alone.total) == (found.currency, found.total_kwh, found.total)
    assert alone.days == found.days
    assert alone.is_priced == (found.buckets_without_tariff == 0)


@given(_USAGES, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_order_and_the_splitting_of_usage_do_not_matter(usages: list[Usage], chance) -> None:  # noqa: ANN001
    shuffled = [
        part
        for usage in usages
        for part in (
            Usage(usage.device_id, usage.day, usage.slot, usage.milliwh // 3, 0),
            Usage(usage.device_id, usage.day, usage.slot, usage.milliwh - usage.milliwh // 3, usage.buckets),
        )
    ]
    chance.shuffle(shuffled)
    assert report(*shuffled) == report(*usages)


@given(_USAGES)
@settings(max_examples=50, deadline=None)
def test_cost_is_additive_over_a_split_of_the_window(usages: list[Usage]) -> None:
    middle = FROM + timedelta(days=1)
    first = report(*(u for u in usages if u.day < middle.date()), to_at=middle)
    second = report(*(u for u in usages if u.day >= middle.date()), from_at=middle)
    whole = report(*usages)
    with exact_decimals():
        assert first.total + second.total == whole.total
    assert first.total_kwh + second.total_kwh == whole.total_kwh
    assert (*first.days, *second.days) == whole.days


@pytest.mark.parametrize(
    ("from_at", "to_at", "reason"),
    [
        (FROM.replace(tzinfo=None), TO, "'from' has no UTC offset"),
        (FROM, TO.replace(tzinfo=None), "'to' has no UTC offset"),
        (FROM, FROM, "after 'from'"),
        (TO, FROM, "after 'from'"),
        (FROM, FROM + timedelta(days=366, microseconds=1), "366 days"),
        (datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC, day=2), "1970 and 2200"),
        (datetime.max.replace(tzinfo=UTC, day=1), datetime.max.replace(tzinfo=UTC), "1970 and 2200"),
    ],
)
def test_windows_are_refused_with_the_reason(from_at: datetime, to_at: datetime, reason: str) -> None:
    with pytest.raises(WindowInvalid, match=reason):
        check_window(from_at, to_at)


def test_a_leap_year_fits_a_window() -> None:
    check_window(FROM, FROM + timedelta(days=366))


def test_fixed_charges_are_for_whole_local_months_only() -> None:
    old = tariff(effective_to=date(2026, 6, 30))
    new = tariff(id=2, effective_from=date(2026, 6, 15), fixed_monthly_charge=Decimal(150), currency="USD")
    start = datetime(2026, 4, 30, 22, tzinfo=UTC)  # 1 May in Johannesburg
    end = datetime(2026, 7, 31, 21, 59, tzinfo=UTC)  # a minute of July is missing
    charges = fixed_charges([old, new], JOHANNESBURG, start, end)
    assert [(c.month, c.tariff_id, c.amount, c.vat, c.currency) for c in charges] == [
        (date(2026, 5, 1), 1, 120, 18, None),
        (date(2026, 6, 1), 1, 120, 18, None),  # by the tariff of the month's first day
    ]
    whole = fixed_charges([old, new], JOHANNESBURG, start, end + timedelta(minutes=1))
    assert [(c.month, c.tariff_id, c.currency) for c in whole[2:]] == [(date(2026, 7, 1), 2, "USD")]
    assert fixed_charges([old], JOHANNESBURG, start + timedelta(seconds=1), end)[0].month == date(2026, 6, 1)
    assert fixed_charges([], JOHANNESBURG, start, end) == []
