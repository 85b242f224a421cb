"""Whether what a rule watches for is so, from what the meters show: pure, and told the time.

A condition has a cause: what there is one alert of, until it ends. Of a day's energy and a month's cost the day and the
month belong to it, so that each has its own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.core.alerts.rules.alert_rules import AlertKind, AlertRule
from portal.core.values.money import round_money
from portal.core.words import say

LEAST_LOAD_SHARE, LEAST_LOAD_KW = 0.02, 0.5
"""A meter has a load above this share of its rated power, or above so many kW where that is not known."""
_MOST_OF_WINDOW = 0.8
_FEW_READINGS = 3


class Holds(Enum):
    """Whether a condition holds; nobody knows of a meter whose readings are missing."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Watched:
    """A meter that is watched, and its last reading up to now. `zone` is its site's."""

    device_id: UUID
    name: str
    site_id: UUID
    site_name: str
    zone: ZoneInfo
    is_bulk: bool
    last_reading_at: datetime | None = None
    rated_kw: float | None = None

    @property
    def subject(self) -> str:
        """Its name and its site's."""
        return f"{self.name}, {self.site_name}"

    @property
    def least_load_kw(self) -> float:
        """From where on it has a load."""
        return LEAST_LOAD_KW if self.rated_kw is None else self.rated_kw * LEAST_LOAD_SHARE


@dataclass(frozen=True)
class WindowFacts:
    """A meter's readings of the last minutes: how many, from when to when, means, and how the register stood."""

    samples: int
    first_at: datetime
    last_at: datetime
    mean_kw: float | None
    power_factor: float | None
    register_rise_kwh: float | None


@dataclass(frozen=True)
class MonthCost:
    """What the month has cost so far, with VAT and fixed charges."""

    amount: Decimal
    currency: str


@dataclass(frozen=True)
class Observed:
    """What is known of all meters at `now`.

    `windows` by minutes and meter, `day_kwh` since local midnight by meter, `month_costs` by site (None: all of them),
    None where they were not looked at this time, `waiting_events` that wait for a decision by meter. What was silent
    before `listening_since` nobody could hear.
    """

    now: datetime
    zone: ZoneInfo
    meters: Sequence[Watched]
    windows: Mapping[tuple[int, UUID], WindowFacts]
    day_kwh: Mapping[UUID, Decimal]
    month_costs: Mapping[UUID | None, MonthCost] | None
    listening_since: datetime
    waiting_events: Mapping[UUID, int] = field(default_factory=dict[UUID, int])


@dataclass(frozen=True)
class Condition:
    """Whether something is so: `cause` tells it apart, `words` say it, `subject` is what it is about."""

    cause: str
    subject: str
    holds: Holds
    words: str = ""
    site_id: UUID | None = None
    device_id: UUID | None = None


def conditions_of(rule: AlertRule, seen: Observed) -> list[Condition] | None:
    """Return every condition that a rule speaks of; None where what it needs was not looked at this time."""
    if rule.kind is AlertKind.COST_ABOVE:
        return _cost(rule, seen)
    meters = [meter for meter in seen.meters if _is_about(rule, meter)]
    each: Mapping[AlertKind, Callable[[AlertRule, Watched, Observed], Condition]] = {
        AlertKind.SILENT: _silent,
        AlertKind.POWER_FACTOR_BELOW: _power_factor,
        AlertKind.REGISTER_STILL: _register,
        AlertKind.METER_EVENT: _events,
    }
    if rule.kind in each:
        return [each[rule.kind](rule, meter, seen) for meter in meters]
    if rule.device_id is None:
        meters = [meter for meter in meters if meter.is_bulk]
    return [_power(rule, meters, seen) if rule.kind is AlertKind.POWER_ABOVE else _energy(rule, meters, seen)]


def _is_about(rule: AlertRule, meter: Watched) -> bool:
    if rule.device_id is not None:
        return meter.device_id == rule.device_id
    return rule.site_id in {None, meter.site_id}


def _of_meter(meter: Watched, holds: Holds, words: str = "") -> Condition:
    return Condition(f"meter {meter.device_id}", meter.subject, holds, words, meter.site_id, meter.device_id)


def _of_rule(rule: AlertRule, holds: Holds, words: str, period: str = "") -> Condition:
    site = f"{rule.device_name}, {rule.site_name}" if rule.device_id else rule.site_name
    thing = rule.device_id or rule.site_id or "all"
    cause = f"{thing} {period}".rstrip()
    return Condition(cause, site or "All sites", holds, words, rule.site_id, rule.device_id)


def _silent(rule: AlertRule, meter: Watched, seen: Observed) -> Condition:
    if meter.last_reading_at is None:
        return _of_meter(meter, Holds.UNKNOWN)
    heard = max(meter.last_reading_at, seen.listening_since)
    if seen.now - meter.last_reading_at < rule.lasting:
        return _of_meter(meter, Holds.NO)
    if seen.now - heard < rule.lasting:
        return _of_meter(meter, Holds.UNKNOWN)
    return _of_meter(
        meter,
        Holds.YES,
        say("No reading since {since}", since=local_words(meter.last_reading_at, seen.now, meter.zone)),
    )


def _power_factor(rule: AlertRule, meter: Watched, seen: Observed) -> Condition:
    found = _covered(rule, meter, seen)
    if found is None or found.power_factor is None or rule.threshold is None:
        return _of_meter(meter, Holds.UNKNOWN)
    # Of an idle plant the power factor says nothing.
    if found.mean_kw is not None and abs(found.mean_kw) < meter.least_load_kw:
        return _of_meter(meter, Holds.NO)
    holds = Holds.YES if found.power_factor < float(rule.threshold) else Holds.NO
    words = say(
        "Power factor {found} over {minutes} min, wanted {wanted}",
        found=f"{found.power_factor:.2f}",
        minutes=rule.minutes,
        wanted=f"{rule.threshold:.2f}",
    )
    return _of_meter(meter, holds, words)


def _register(rule: AlertRule, meter: Watched, seen: Observed) -> Condition:
    found = _covered(rule, meter, seen)
    if found is None or found.register_rise_kwh is None or found.mean_kw is None:
        return _of_meter(meter, Holds.UNKNOWN)
    if found.mean_kw < meter.least_load_kw:
        return _of_meter(meter, Holds.UNKNOWN)
    holds = Holds.YES if found.register_rise_kwh == 0 else Holds.NO
    words = say(
        "The register has stood still for {minutes} min at {power}",
        minutes=rule.minutes,
        power=kw_words(found.mean_kw),
    )
    return _of_meter(meter, holds, words)


def _events(_: AlertRule, meter: Watched, seen: Observed) -> Condition:
    waiting = seen.waiting_events.get(meter.device_id, 0)
    words = (
        say("A meter event waits for a decision")
        if waiting == 1
        else say("{count} meter events wait for a decision", count=waiting)
    )
    return _of_meter(meter, Holds.YES if waiting else Holds.NO, words)


def _covered(rule: AlertRule, meter: Watched, seen: Observed) -> WindowFacts | None:
    """Return a meter's window where its readings fill it."""
    found = seen.windows.get((rule.minutes or 0, meter.device_id))
    if found is None or found.samples < _FEW_READINGS:
        return None
    return found if found.last_at - found.first_at >= rule.lasting * _MOST_OF_WINDOW else None


def _power(rule: AlertRule, meters: Iterable[Watched], seen: Observed) -> Condition:
    means = [found.mean_kw for meter in meters if (found := _covered(rule, meter, seen)) is not None]
    known = [mean for mean in means if mean is not None]
    if not known or rule.threshold is None:
        return _of_rule(rule, Holds.UNKNOWN, "")
    holds = Holds.YES if sum(known) > rule.threshold else Holds.NO
    words = say(
        "{power} over {minutes} min, limit {limit} kW",
        power=kw_words(sum(known)),
        minutes=rule.minutes,
        limit=amount_words(rule.threshold),
    )
    return _of_rule(rule, holds, words)


def _energy(rule: AlertRule, meters: Sequence[Watched], seen: Observed) -> Condition:
    zone = meters[0].zone if meters and (rule.site_id or rule.device_id) else seen.zone
    day = seen.now.astimezone(zone).date()
    known = [seen.day_kwh[meter.device_id] for meter in meters if meter.device_id in seen.day_kwh]
    if not known or rule.threshold is None:
        return _of_rule(rule, Holds.UNKNOWN, "", day.isoformat())
    used = sum(known, Decimal(0))
    holds = Holds.YES if used > rule.threshold else Holds.NO
    words = say(
        "{used} kWh on {day}, limit {limit} kWh",
        used=amount_words(used),
        day=f"{day:%-d %b}",
        limit=amount_words(rule.threshold),
    )
    return _of_rule(rule, holds, words, day.isoformat())


def _cost(rule: AlertRule, seen: Observed) -> list[Condition] | None:
    if seen.month_costs is None:
        return None
    month = seen.now.astimezone(seen.zone).date().replace(day=1)
    found = seen.month_costs.get(rule.site_id)
    if found is None or rule.threshold is None:
        return [_of_rule(rule, Holds.UNKNOWN, "", f"{month:%Y-%m}")]
    holds = Holds.YES if found.amount > rule.threshold else Holds.NO
    spent = f"{round_money(found.amount, found.currency):,}".replace(",", " ")
    limit = f"{round_money(rule.threshold, found.currency):,}".replace(",", " ")
    words = say(
        "{currency} {spent} in {month}, with fixed charges and VAT, limit {limit}",
        currency=found.currency,
        spent=spent,
        month=f"{month:%B %Y}",
        limit=limit,
    )
    return [_of_rule(rule, holds, words, f"{month:%Y-%m}")]


def local_words(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return an instant by the clock of a zone, with its date unless that is today."""
    local = at.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == now.astimezone(zone).date() else f"{local:%-d %b %H:%M}"


def duration_words(lasted: timedelta) -> str:
    """Return a duration like "35 min", "4 h" or "3 days"."""
    minutes = int(lasted.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


def kw_words(kw: float) -> str:
    """Return a power with the digits that matter."""
    return f"{amount_words(Decimal(repr(round(kw, 3))))} kW"


def amount_words(amount: Decimal) -> str:
    """Return an amount with three digits behind the point at most, and thin groups."""
    digits = 1 if abs(amount) >= 100 else 2
    text = f"{amount:,.{digits}f}".replace(",", " ")
    return text.rstrip("0").rstrip(".")
