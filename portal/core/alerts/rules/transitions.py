"""What happens to alerts: they begin, go on, and end; one for each cause, however often it comes and goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from portal.core.alerts.rules.alert_rules import AlertKind, AlertRule, OpenAlert
from portal.core.alerts.rules.conditions import Condition, Holds
from portal.core.words import noted

CLEAR_FOR = timedelta(minutes=10)
"""A cause is over when it has been gone for so long: what comes and goes is one alert."""
OF_A_PERIOD = frozenset((AlertKind.ENERGY_ABOVE, AlertKind.COST_ABOVE))
"""These end with their day or month, which nobody needs to be told."""


@dataclass(frozen=True)
class Begin:
    """An alert that begins."""

    rule: AlertRule
    condition: Condition


@dataclass(frozen=True)
class GoOn:
    """An alert that goes on; `words` are empty where nothing new is known, `clear_since` says if its cause is gone."""

    alert_id: int
    words: str
    clear_since: datetime | None


@dataclass(frozen=True)
class End:
    """An alert that ends, and why; `is_told` says whether that is worth a message."""

    alert_id: int
    why: str
    is_told: bool


Change = Begin | GoOn | End


def changes(
    rules: Sequence[AlertRule],
    found: Mapping[UUID, Sequence[Condition] | None],
    open_alerts: Sequence[OpenAlert],
    now: datetime,
) -> list[Change]:
    """Return what happens at `now`: `found` are the conditions of every active rule, None where not looked at."""
    made: list[Change] = []
    by_cause = {(alert.rule_id, alert.cause): alert for alert in open_alerts}
    present: set[tuple[UUID | None, str]] = set()
    for rule in rules:
        for condition in found.get(rule.id) or ():
            present.add((rule.id, condition.cause))
            alert = by_cause.get((rule.id, condition.cause))
            change = _begun(rule, condition) if alert is None else _gone_on(alert, condition, now)
            made += [change] if change is not None else []
    waiting = {rule.id for rule in rules if found.get(rule.id) is None}
    known = {rule.id for rule in rules}
    for alert in open_alerts:
        if (alert.rule_id, alert.cause) not in present and alert.rule_id not in waiting:
            made.append(_ended_without(alert, is_watched=alert.rule_id in known))
    return made


def _begun(rule: AlertRule, condition: Condition) -> Change | None:
    return Begin(rule, condition) if condition.holds is Holds.YES else None


def _gone_on(alert: OpenAlert, condition: Condition, now: datetime) -> Change | None:
    if condition.holds is Holds.UNKNOWN:
        return None
    if condition.holds is Holds.YES:
        return GoOn(alert.id, condition.words, None)
    if alert.clear_since is None:
        return GoOn(alert.id, "", now)
    if now - alert.clear_since >= CLEAR_FOR:
        return End(alert.id, "", is_told=alert.kind not in OF_A_PERIOD)
    return None


def _ended_without(alert: OpenAlert, *, is_watched: bool) -> End:
    if is_watched and alert.kind in OF_A_PERIOD:
        return End(alert.id, noted("Its day or month is over"), is_told=False)
    return End(alert.id, noted("It is not watched any more"), is_told=False)
