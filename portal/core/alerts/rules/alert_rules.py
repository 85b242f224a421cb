"""What can be watched, and what a rule says of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypedDict
from uuid import UUID

from portal.core.errors import Invalid
from portal.core.values.numbers import is_sound
from portal.core.values.texts import sound_name
from portal.core.values.versions import version_of
from portal.core.words import noted, say

LONGEST_RULE_NAME = 100


class AlertKind(StrEnum):
    """What a rule looks at."""

    SILENT = "silent"
    POWER_ABOVE = "power_above"
    ENERGY_ABOVE = "energy_above"
    COST_ABOVE = "cost_above"
    POWER_FACTOR_BELOW = "power_factor_below"
    REGISTER_STILL = "register_still"
    METER_EVENT = "meter_event"


@dataclass(frozen=True)
class KindFacts:
    """What a kind is called and needs.

    `unit` is of its threshold, empty where it has none; `minutes` are those a rule has by default, None where the kind
    asks for none. `is_each` looks at every meter by itself; the others at all of them together.
    """

    label: str
    unit: str = ""
    minutes: int | None = None
    is_each: bool = False
    most: Decimal = Decimal(1_000_000_000)


KINDS = {
    AlertKind.SILENT: KindFacts(noted("Meter silent"), minutes=30, is_each=True),
    AlertKind.POWER_ABOVE: KindFacts(noted("Power above"), "kW", 15),
    AlertKind.ENERGY_ABOVE: KindFacts(noted("Energy of a day above"), "kWh"),
    AlertKind.COST_ABOVE: KindFacts(noted("Month's cost above"), "money"),
    AlertKind.POWER_FACTOR_BELOW: KindFacts(
        noted("Power factor below"), "", 60, is_each=True, most=Decimal(1)
    ),
    AlertKind.REGISTER_STILL: KindFacts(noted("Register stands still"), minutes=120, is_each=True),
    AlertKind.METER_EVENT: KindFacts(noted("Meter event to decide"), is_each=True),
}
WITH_THRESHOLD = frozenset(
    (
        AlertKind.POWER_ABOVE,
        AlertKind.ENERGY_ABOVE,
        AlertKind.COST_ABOVE,
        AlertKind.POWER_FACTOR_BELOW,
    )
)
LEAST_MINUTES, MOST_MINUTES = 5, 7 * 24 * 60


class RuleFields(TypedDict, total=False):
    """What may be said of a rule; `site_id` or `device_id` is what it is about, neither: everything."""

    name: str
    kind: AlertKind
    site_id: UUID | None
    device_id: UUID | None
    threshold: Decimal | None
    minutes: int | None
    breaks_quiet_hours: bool
    is_active: bool
    channels: list[UUID]


@dataclass(frozen=True)
class AlertRule:
    """A rule: what is watched, of what, and which channels are told. `minutes` is how long it must last."""

    id: UUID
    name: str
    kind: AlertKind
    site_id: UUID | None
    device_id: UUID | None
    threshold: Decimal | None
    minutes: int | None
    breaks_quiet_hours: bool
    is_active: bool
    # What it is about, by name; empty for everything.
    site_name: str = ""
    device_name: str = ""
    channels: tuple[UUID, ...] = ()

    @property
    def version(self) -> str:
        """Another text after every change of the rule."""
        threshold = None if self.threshold is None else self.threshold.normalize()
        return version_of(
            self.id,
            self.name,
            self.kind,
            self.site_id,
            self.device_id,
            threshold,
            self.minutes,
            self.breaks_quiet_hours,
            self.is_active,
            sorted(map(str, self.channels)),
        )

    @property
    def lasting(self) -> timedelta:
        """How long it must last, or over how long it is averaged."""
        return timedelta(minutes=self.minutes or 0)


@dataclass(frozen=True)
class OpenAlert:
    """An alert that has not ended; `clear_since` is since when its cause has been gone."""

    id: int
    rule_id: UUID | None
    cause: str
    kind: AlertKind
    clear_since: datetime | None = None


def sound_rule(given: RuleFields) -> RuleFields:
    """Return all that a rule says, complete. Raises `Invalid` with what does not fit its kind."""
    kind = given.get("kind")
    if kind is None:
        message = say("'kind' is one of {alertkind}", alertkind=", ".join(AlertKind))
        raise Invalid(message)
    facts = KINDS[kind]
    if kind is AlertKind.COST_ABOVE and given.get("device_id") is not None:
        message = noted("A month's cost is of a site or of all sites, not of a meter")
        raise Invalid(message)
    return RuleFields(
        name=sound_name("A rule's name", given.get("name", "") or facts.label, LONGEST_RULE_NAME),
        kind=kind,
        site_id=None if given.get("device_id") is not None else given.get("site_id"),
        device_id=given.get("device_id"),
        threshold=_threshold(kind, given.get("threshold")),
        minutes=_minutes(facts, given.get("minutes")),
        breaks_quiet_hours=given.get("breaks_quiet_hours", False),
        is_active=given.get("is_active", True),
        channels=sorted(set(given.get("channels", []))),
    )


def _threshold(kind: AlertKind, value: Decimal | None) -> Decimal | None:
    if kind not in WITH_THRESHOLD:
        return None
    if value is None or not is_sound(value) or not 0 < value <= KINDS[kind].most:
        unit = KINDS[kind].unit
        message = f"{KINDS[kind].label} what? 'threshold' is above 0 and at most {KINDS[kind].most:,} {unit}".rstrip()
        raise Invalid(message)
    if round(value, 6) != value:
        message = noted("'threshold' has at most 6 decimals")
        raise Invalid(message)
    return value


def _minutes(facts: KindFacts, value: int | None) -> int | None:
    if facts.minutes is None:
        return None
    minutes = facts.minutes if value is None else value
    if not LEAST_MINUTES <= minutes <= MOST_MINUTES:
        message = say(
            "'minutes' is from {least_minutes} to {most_minutes}",
            least_minutes=LEAST_MINUTES,
            most_minutes=MOST_MINUTES,
        )
        raise Invalid(message)
    return minutes
