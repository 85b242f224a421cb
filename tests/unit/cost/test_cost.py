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
    FixedCost,
    MixedCurrencies,
    Quality,
    WindowInvalid,
    check_window,
)
from portal.core.cost.rules.currencies import with_fixed
from portal.core.cost.rules.fixed_charges import FixedCharge, fixed_charges
from portal.core.cost.rules.shown_cost import as_shown
from portal.core.cost.rules.totals import total_of, totals_of
from portal.core.energy.rules.registers import Reading, register_milliwh
from portal.core.values.currencies import minor_unit
from portal.core.values.money import exact_decimals, round_money
from tests.judged_registers import hours_of
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
    hours = hours_of(readings)
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
    assert [str(round_money(amount, "ZAR")) for amount in (found.base_cost, found.vat, found.total)] == [
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
    assert round_money(found.total, "ZAR") == Decimal("1.01")


def test_what_the_energy_left_open_is_reported_beside_it() -> None:
    found = report(quality=Quality(unallocated_milliwh=1_500_000, estimated_milliwh=2, suspect_readings=3))
    assert (found.unallocated_kwh, found.estimated_kwh, found.suspect_readings) == (
        Decimal("1.5"),
        Decimal("0.000002"),
        3,
    )
    assert found.total_kwh == 0


def test_money_of_two_currencies_is_never_added_up() -> None:
    usages = use(1, at=slot()), use(1, at=slot(currency="USD"))
    with pytest.raises(MixedCurrencies, match="USD and ZAR"):
        by_day_alone(usages, from_at=FROM, to_at=TO, currency="ZAR")


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


def july_to_august(start: datetime, end: datetime) -> list[FixedCharge]:
    return fixed_charges([tariff(fixed_monthly_charge=Decimal(3100))], JOHANNESBURG, start, end)


def local(month: int, day: int) -> datetime:
    return datetime(2026, month, day, tzinfo=JOHANNESBURG)


def test_a_billing_period_carries_its_part_of_each_month() -> None:
    charges = july_to_august(local(7, 17), local(8, 17))
    assert [(c.first_day, c.last_day, c.amount, c.vat) for c in charges] == [
        (date(2026, 7, 17), date(2026, 7, 31), 1500, 225),
        (date(2026, 8, 1), date(2026, 8, 16), 1600, 240),
    ]


def test_a_whole_month_is_charged_as_printed_and_parts_of_it_add_up() -> None:
    rates = [tariff(fixed_monthly_charge=Decimal("2519.88"))]
    [whole] = fixed_charges(rates, JOHANNESBURG, local(7, 1), local(8, 1))
    parts = [
        fixed_charges(rates, JOHANNESBURG, local(7, 1), local(7, 8))[0],
        fixed_charges(rates, JOHANNESBURG, local(7, 8), local(8, 1))[0],
    ]
    assert (whole.amount, whole.vat) == (Decimal("2519.88"), Decimal("377.982"))
    with exact_decimals():
        assert abs(parts[0].amount + parts[1].amount - whole.amount) < Decimal("1e-19")


def test_each_day_is_charged_by_the_tariff_that_holds_then() -> None:
    old = tariff(effective_to=date(2026, 6, 14))
    new = tariff(id=2, effective_from=date(2026, 6, 15), fixed_monthly_charge=Decimal(150), currency="USD")
    charges = fixed_charges([old, new], JOHANNESBURG, local(6, 1), local(7, 1))
    assert [(c.first_day.day, c.last_day.day, c.tariff_id, c.amount, c.currency) for c in charges] == [
        (1, 14, 1, 56, None),
        (15, 30, 2, 80, "USD"),
    ]
    assert fixed_charges([], JOHANNESBURG, local(6, 1), local(7, 1)) == []
    assert fixed_charges([old], JOHANNESBURG, local(6, 15), local(7, 1)) == []


def test_a_day_carries_its_whole_share_from_its_midnight_on() -> None:
    [today] = july_to_august(local(7, 17), local(7, 17) + timedelta(hours=1))
    assert today.amount == 100
    assert july_to_august(local(7, 17) + timedelta(seconds=1), local(7, 18)) == []
    windows = [local(7, 1) + timedelta(hours=7 * n) for n in range(60)]
    with exact_decimals():
        assert sum(c.amount for n in range(59) for c in july_to_august(windows[n], windows[n + 1])) == sum(
            c.amount for c in july_to_august(windows[0], windows[-1])
        )


def test_money_of_two_currencies_has_a_report_of_each() -> None:
    found = report(use(1), use(2, at=slot()), use(4, at=slot("1.00", "0", "USD"), day=date(2026, 5, 19)))
    assert [(part.currency, part.total_kwh, part.total) for part in found.parts] == [
        ("ZAR", 3, Decimal("5.75")),
        ("USD", 4, 4),
    ]
    assert [device.name for device in found.devices] == ["Main", "Spare"]
    assert [device.name for device in found.others[0].devices] == ["Main"]
    assert (found.buckets_without_tariff, found.others[0].buckets_without_tariff) == (1, 0)
    shown = as_shown(found)
    assert [(each.currency, each.total) for each in totals_of(shown)] == [
        ("ZAR", Decimal("5.75")),
        ("USD", 4),
    ]


def test_what_is_used_in_one_foreign_currency_is_a_report_in_that() -> None:
    found = report(use(4, at=slot("1.00", "0", "USD")))
    assert (found.currency, found.total, found.others) == ("USD", 4, ())
    assert [device.name for device in found.devices] == ["Main", "Spare"]


def charge(amount: str) -> FixedCost:
    base = Decimal(amount)
    return FixedCost(date(2026, 5, 1), date(2026, 5, 31), "Plant", "TOU", base, Decimal(0), base)


def test_fixed_charges_are_in_the_total_of_their_currency() -> None:
    found = with_fixed(report(use(2, at=slot())), [("ZAR", charge("1.25")), ("JPY", charge("100.5"))])
    assert [(each.currency, each.total, each.fixed) for each in totals_of(as_shown(found))] == [
        ("ZAR", Decimal("7.00"), Decimal("1.25")),
        ("JPY", 101, 101),
    ]
    alone = with_fixed(report(), [("USD", charge("3"))])
    assert [(part.currency, len(part.fixed), len(part.devices)) for part in alone.parts] == [("USD", 1, 2)]


@pytest.mark.parametrize(
    ("currency", "rate", "kwh", "total"),
    [("JPY", "31.373", 340, "10667"), ("KWD", "0.00190", 300, "0.570"), ("ZAR", "2.50", 56, "140.00")],
)
def test_money_has_the_digits_of_its_currency(currency: str, rate: str, kwh: int, total: str) -> None:
    found = as_shown(report(use(kwh, at=slot(rate, "0", currency)), currency=currency))
    assert str(found.total) == str(total_of(found).total) == total


@given(
    st.lists(
        st.tuples(st.integers(0, 5_000_000), st.sampled_from(("1.8549", "2.3302", "-0.05", "7.797"))),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from(("ZAR", "JPY", "KWD")),
)
@settings(max_examples=60, deadline=None)
def test_a_shown_row_is_within_a_minor_unit_of_its_exact_value(
    used: list[tuple[int, str]], currency: str
) -> None:
    days = [FROM.date() + timedelta(days=n) for n in range(len(used))]
    exact = report(
        *(
            Usage(METER.device_id, day, slot(rate, "0.15"), milliwh, 1)
            for day, (milliwh, rate) in zip(days, used, strict=True)
        ),
        to_at=FROM + timedelta(days=len(used)),
        currency=currency,
    )
    shown, unit = as_shown(exact), minor_unit(currency)
    for line, row in zip(exact.days, shown.days, strict=True):
        assert all(
            abs(getattr(row, name) - getattr(line, name)) <= unit for name in ("base_cost", "vat", "total")
        )
        assert row.base_cost + row.vat == row.total
        assert sum((part.total for part in row.periods), Decimal(0)) == row.total
    assert sum((row.total for row in shown.days), Decimal(0)) == shown.total
