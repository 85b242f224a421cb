"""Meter events and decisions as they travel: what is answered, and what is asked for."""

from typing import Annotated, Any
from uuid import UUID

import msgspec

from fleet_ingest.payloads import Cursor
from fleet_ingest.requests import Body
from portal.core.energy.rules.judging import ProposalKind, SuspectReason, SwitchKind
from portal.core.quality.rules.answers import EventAnswer
from portal.core.wire_fields import Exact, Instant

Note = Annotated[str, msgspec.Meta(min_length=1, max_length=1000, description="kept with the decision")]
Register = Annotated[Exact, msgspec.Meta(extra_json_schema={"minimum": 0, "exclusiveMaximum": 1_000_000_000})]
CtRatio = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[1-9][0-9]{0,5}/[1-9][0-9]{0,5}\Z",
        description="what the meter does not know of its current transformers, such as 100/5",
    ),
]


class _Answer(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    pass


class ProposedEventAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """What seems to have happened to a meter.

    `closingKwh` and `openingKwh` are what its register showed in the accepted readings before and after, `kwh` the
    energy counted between them. `answers` are what may be said about it.
    """

    id: str
    device_id: UUID
    device_name: str
    external_id: str
    site_name: str
    kind: ProposalKind
    at: Instant
    until: Instant
    readings: int
    closing_kwh: Exact | None
    opening_kwh: Exact | None
    kwh: Exact
    reasons: list[SuspectReason]
    shift_seconds: int | None
    learned_kw: Exact | None
    proposed_at: Instant
    is_waiting: bool


class MeterEventsAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A page of meter events, the latest first."""

    events: list[ProposedEventAnswer]
    next: Cursor


class SpanEffectAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """The energy of a time as an answer would have it, and by how much that is more; money with VAT where priced.

    Without readings that are believed `kwh` is null: none is known, which is not the same as 0.
    """

    kwh: Exact | None
    kwh_change: Exact
    cost_change: Exact | None


class EffectAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """What an answer would do to the local day of the event, and to all that follows it."""

    answer: EventAnswer
    day: SpanEffectAnswer
    since: SpanEffectAnswer


class DecisionAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """What somebody decided; `eventId` is the event it is about, `undoes` the decision that it undoes."""

    id: UUID
    device_id: UUID
    event_id: str | None
    # Any: an object of JSON; `object` has no schema.
    says: dict[str, Any] | None
    undoes: UUID | None
    note: str
    author: str
    decided_at: Instant


class MeterEventDetailAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A meter event with what each answer to it would do, and what was decided about it before."""

    event: ProposedEventAnswer
    day: str
    currency: str
    effects: list[EffectAnswer]
    decisions: list[DecisionAnswer]


class DecisionLineAnswer(DecisionAnswer, rename="camel", frozen=True, kw_only=True):
    """A decision with its meter; one that was undone is not in force."""

    device_name: str
    site_name: str
    is_in_force: bool


class DecisionLinesAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """Decisions, the latest first."""

    decisions: list[DecisionLineAnswer]


class DecisionsAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """The decisions that were made together."""

    decisions: list[DecisionAnswer]


class _SwitchBody(Body, rename="camel", kw_only=True, forbid_unknown_fields=True):
    note: Note
    closing_kwh: Register | None = None
    opening_kwh: Register | None = None
    ct_ratio: CtRatio | None = None


class NewDecision(_SwitchBody, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """An answer to an event. Registers, time, CT ratio and kind belong to `correct`."""

    answer: EventAnswer
    kind: SwitchKind | None = None
    at: Instant | None = None


class NewSwitch(_SwitchBody, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """What happened to a meter at a time, whether the judge found it or not."""

    device_id: UUID
    kind: SwitchKind
    at: Instant


class NewUndoing(Body, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """Why a decision is undone."""

    note: Note
