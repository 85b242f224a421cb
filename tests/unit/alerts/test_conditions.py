"""What a rule watches for, and whether it is so."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from portal.core.alerts.rules.alert_rules import AlertKind, AlertRule, RuleFields, sound_rule
from portal.core.alerts.rules.conditions import (
    Condition,
    Holds,
    MonthCost,
    Observed,
    Watched,
    WindowFacts,
    conditions_of,
)
from portal.core.errors import Invalid

_ZONE = ZoneInfo("Africa/Johannesburg")
NOW = datetime(2026, 5, 18, 12, 0, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
YARD, MAIN, SUB = UUID(int=1), UUID(int=11), UUID(int=12)


def _rule(kind: AlertKind, **facts: object) -> AlertRule:
    plain = AlertRule(
        UUID(int=99), "A rule", kind, None, None, None, None, breaks_quiet_hours=False, is_active=True
    )
    return replace(plain, **facts)


def _meter(device_id: UUID = MAIN, *, is_bulk: bool = True, last: timedelta | None = None) -> Watched:
    at = NOW - (last or timedelta(minutes=1))
    return Watched(device_id, "Main" if is_bulk else "Cold room", YARD, "Yard", _ZONE, is_bulk, at, 100.0)


def _window(
    kw: float | None = None, factor: float | None = None, rise: float | None = None, minutes: int = 15
) -> WindowFacts:
    return WindowFacts(10, NOW - timedelta(minutes=minutes), NOW, kw, factor, rise)


def _seen(*meters: Watched, **facts: object) -> Observed:
    plain = Observed(NOW, _ZONE, meters or (_meter(),), {}, {}, {}, LONG_AGO)
    return replace(plain, **facts)


def _only(rule: AlertRule, seen: Observed) -> Condition:
    found = conditions_of(rule, seen)
    assert found is not None
    [condition] = found
    return condition


@pytest.mark.parametrize(
    ("last", "holds"),
    [(timedelta(minutes=29), Holds.NO), (timedelta(minutes=30), Holds.YES), (timedelta(days=3), Holds.YES)],
)
def test_a_meter_is_silent_from_the_minute_that_was_asked_for(last: timedelta, holds: Holds) -> None:
    found = _only(_rule(AlertKind.SILENT, minutes=30), _seen(_meter(last=last)))
    assert found.holds is holds


def test_silence_says_since_when_by_the_sites_clock() -> None:
    found = _only(_rule(AlertKind.SILENT, minutes=30), _seen(_meter(last=timedelta(hours=1))))
    assert (found.subject, found.words) == ("Main, Yard", "No reading since 13:00")


def test_nobody_is_silent_while_nobody_listened() -> None:
    """After the stack itself was down, every meter's last reading is old."""
    rule, meter = _rule(AlertKind.SILENT, minutes=30), _meter(last=timedelta(hours=5))
    just_begun = _seen(meter, listening_since=NOW - timedelta(minutes=29))
    assert _only(rule, just_begun).holds is Holds.UNKNOWN
    assert _only(rule, replace(just_begun, listening_since=NOW - timedelta(minutes=30))).holds is Holds.YES


def test_a_meter_that_never_said_anything_is_waited_for() -> None:
    waiting = replace(_meter(), last_reading_at=None)
    assert _only(_rule(AlertKind.SILENT, minutes=30), _seen(waiting)).holds is Holds.UNKNOWN


def test_power_adds_up_bulk_meters_alone() -> None:
    rule = _rule(AlertKind.POWER_ABOVE, threshold=Decimal(50), minutes=15, site_id=YARD, site_name="Yard")
    windows = {(15, MAIN): _window(50.0), (15, SUB): _window(30.0)}
    seen = _seen(_meter(), _meter(SUB, is_bulk=False), windows=windows)
    assert _only(rule, seen).holds is Holds.NO
    windows[15, MAIN] = _window(50.1)
    over = _only(rule, seen)
    assert (over.holds, over.subject, over.words) == (
        Holds.YES,
        "Yard",
        "50.1 kW over 15 min, limit 50 kW",
    )


def test_power_of_a_sub_meter_by_itself() -> None:
    rule = _rule(AlertKind.POWER_ABOVE, threshold=Decimal(20), minutes=15, device_id=SUB)
    seen = _seen(_meter(), _meter(SUB, is_bulk=False), windows={(15, SUB): _window(30.0)})
    assert _only(rule, seen).holds is Holds.YES


def test_few_minutes_are_no_mean_of_many() -> None:
    rule = _rule(AlertKind.POWER_ABOVE, threshold=Decimal(20), minutes=60)
    seen = _seen(windows={(60, MAIN): _window(30.0, minutes=40)})
    assert _only(rule, seen).holds is Holds.UNKNOWN


def test_a_days_energy_is_of_its_day() -> None:
    rule = _rule(AlertKind.ENERGY_ABOVE, threshold=Decimal(1000))
    found = _only(rule, _seen(day_kwh={MAIN: Decimal("1204.5")}))
    assert (found.holds, found.cause) == (Holds.YES, "all 2026-05-18")
    assert found.words == "1 204.5 kWh on 18 May, limit 1 000 kWh"
    late = replace(_seen(day_kwh={MAIN: Decimal(1)}), now=datetime(2026, 5, 18, 22, 30, tzinfo=UTC))
    assert _only(rule, late).cause == "all 2026-05-19"


def test_a_months_cost_is_in_money_and_of_its_month() -> None:
    rule = _rule(AlertKind.COST_ABOVE, threshold=Decimal(5000))
    costs = {None: MonthCost(Decimal("5187.8001"), "ZAR")}
    found = _only(rule, _seen(month_costs=costs))
    assert (found.holds, found.cause) == (Holds.YES, "all 2026-05")
    assert found.words == "ZAR 5 187.80 in May 2026, with fixed charges and VAT, limit 5 000.00"
    assert conditions_of(rule, _seen(month_costs=None)) is None


@pytest.mark.parametrize(
    ("kw", "factor", "holds"),
    [
        (40.0, 0.84, Holds.YES),
        (40.0, 0.85, Holds.NO),
        (1.9, 0.3, Holds.NO),  # idle: 2 % of the rated power
        (40.0, None, Holds.UNKNOWN),
    ],
)
def test_a_power_factor_counts_under_load(kw: float, factor: float | None, holds: Holds) -> None:
    rule = _rule(AlertKind.POWER_FACTOR_BELOW, threshold=Decimal("0.85"), minutes=60)
    seen = _seen(windows={(60, MAIN): _window(kw, factor, minutes=60)})
    assert _only(rule, seen).holds is holds


@pytest.mark.parametrize(
    ("kw", "rise", "holds"),
    [
        (40.0, 0.0, Holds.YES),
        (40.0, 0.001, Holds.NO),
        (1.0, 0.0, Holds.UNKNOWN),
        (None, 0.0, Holds.UNKNOWN),
    ],
)
def test_a_register_stands_still_where_there_is_power(
    kw: float | None, rise: float | None, holds: Holds
) -> None:
    rule = _rule(AlertKind.REGISTER_STILL, minutes=120)
    assert _only(rule, _seen(windows={(120, MAIN): _window(kw, rise=rise, minutes=120)})).holds is holds


@pytest.mark.parametrize(
    "given",
    [
        RuleFields(name="x", kind=AlertKind.POWER_ABOVE),
        RuleFields(name="x", kind=AlertKind.POWER_ABOVE, threshold=Decimal(0)),
        RuleFields(name="x", kind=AlertKind.POWER_FACTOR_BELOW, threshold=Decimal("1.2")),
        RuleFields(name="x", kind=AlertKind.POWER_ABOVE, threshold=Decimal("0.0000001")),
        RuleFields(name="x", kind=AlertKind.SILENT, minutes=4),
        RuleFields(name="x", kind=AlertKind.COST_ABOVE, threshold=Decimal(1), device_id=MAIN),
        RuleFields(name="x" * 101, kind=AlertKind.SILENT),
    ],
)
def test_a_rule_that_cannot_be_is_refused(given: RuleFields) -> None:
    with pytest.raises(Invalid):
        sound_rule(given)


def test_a_rule_has_what_its_kind_needs_and_no_more() -> None:
    silent = sound_rule(RuleFields(name="", kind=AlertKind.SILENT, threshold=Decimal(3), device_id=MAIN))
    assert silent == RuleFields(
        name="Meter silent",
        kind=AlertKind.SILENT,
        site_id=None,
        device_id=MAIN,
        threshold=None,
        minutes=30,
        breaks_quiet_hours=False,
        is_active=True,
        channels=[],
    )


def test_meter_events_that_wait_are_one_alert_of_their_meter() -> None:
    rule = _rule(AlertKind.METER_EVENT)
    assert _only(rule, _seen()).holds is Holds.NO
    found = _only(rule, _seen(waiting_events={MAIN: 2}))
    assert (found.holds, found.words) == (Holds.YES, "2 meter events wait for a decision")
