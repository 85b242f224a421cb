"""One alert for each cause until it ends, however often it comes and goes."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from portal.core.alerts.rules.alert_rules import AlertKind, AlertRule, OpenAlert
from portal.core.alerts.rules.conditions import Condition, Holds
from portal.core.alerts.rules.transitions import CLEAR_FOR, Begin, Change, End, GoOn, changes

_BEGIN = datetime(2026, 5, 18, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


def _rule(kind: AlertKind = AlertKind.POWER_ABOVE) -> AlertRule:
    return AlertRule(
        UUID(int=1), "Peak", kind, None, None, None, 15, breaks_quiet_hours=False, is_active=True
    )


def _step(
    holds: Holds, alert: OpenAlert | None, now: datetime, kind: AlertKind = AlertKind.POWER_ABOVE
) -> list[Change]:
    rule = _rule(kind)
    found = {rule.id: [Condition("all", "All sites", holds, "51 kW")]}
    return changes([rule], found, [] if alert is None else [alert], now)


def _open(clear_since: datetime | None = None, kind: AlertKind = AlertKind.POWER_ABOVE) -> OpenAlert:
    return OpenAlert(7, UUID(int=1), "all", kind, clear_since)


def test_it_begins_once() -> None:
    [begun] = _step(Holds.YES, None, _BEGIN)
    assert isinstance(begun, Begin)
    assert _step(Holds.YES, _open(), _BEGIN) == [GoOn(7, "51 kW", None)]


def test_nothing_begins_or_ends_where_nobody_knows() -> None:
    assert _step(Holds.UNKNOWN, None, _BEGIN) == []
    assert _step(Holds.UNKNOWN, _open(_BEGIN), _BEGIN + 2 * CLEAR_FOR) == []


def test_it_ends_when_its_cause_has_been_gone_for_ten_minutes() -> None:
    assert _step(Holds.NO, _open(), _BEGIN) == [GoOn(7, "", _BEGIN)]
    assert _step(Holds.NO, _open(_BEGIN), _BEGIN + CLEAR_FOR - _MINUTE) == []
    assert _step(Holds.NO, _open(_BEGIN), _BEGIN + CLEAR_FOR) == [End(7, "", is_told=True)]


def test_a_day_that_is_over_ends_its_alert_and_says_nothing() -> None:
    rule = _rule(AlertKind.ENERGY_ABOVE)
    found = {rule.id: [Condition("all 2026-05-19", "All sites", Holds.NO)]}
    alert = OpenAlert(7, rule.id, "all 2026-05-18", AlertKind.ENERGY_ABOVE)
    [ended] = changes([rule], found, [alert], _BEGIN)
    assert isinstance(ended, End)
    assert not ended.is_told


def test_what_is_not_watched_any_more_ends() -> None:
    assert [type(change) for change in changes([], {}, [_open()], _BEGIN)] == [End]
    gone = OpenAlert(7, None, "all", AlertKind.SILENT)
    assert [type(change) for change in changes([_rule()], {UUID(int=1): []}, [gone], _BEGIN)] == [End]


def test_what_was_not_looked_at_stays_as_it_is() -> None:
    rule = _rule(AlertKind.COST_ABOVE)
    alert = OpenAlert(7, rule.id, "all 2026-05", AlertKind.COST_ABOVE)
    assert changes([rule], {rule.id: None}, [alert], _BEGIN) == []


@given(st.lists(st.sampled_from(Holds), max_size=120))
def test_alerts_of_a_cause_never_overlap_and_are_ten_minutes_apart(holds: list[Holds]) -> None:
    """Looked at every minute, whatever it shows: after an end nothing begins but what holds, and none is open twice."""
    alert: OpenAlert | None = None
    clear_minutes = 0
    for minute, each in enumerate(holds):
        now = _BEGIN + minute * _MINUTE
        for change in _step(each, alert, now):
            match change:
                case Begin():
                    assert alert is None
                    assert each is Holds.YES
                    alert = _open()
                case GoOn():
                    assert alert is not None
                    alert = _open(change.clear_since)
                case End():
                    assert alert is not None
                    assert clear_minutes >= CLEAR_FOR / _MINUTE
                    alert = None
        # As many minutes as it was known, or not known, to be gone.
        if each is Holds.YES:
            clear_minutes = 0
        elif each is Holds.NO or clear_minutes:
            clear_minutes += 1
