"""Answers of the routes for the library of tariffs."""

from typing import Literal
from uuid import UUID

import msgspec

from portal.core.tariffs.wire import EditionEntry, TariffEntry
from portal.core.wire_fields import Instant


class EditionAnswer(EditionEntry, rename="camel", kw_only=True):
    """An edition of the library. It may be handed back as it is.

    `customers` have a municipality of its name, and `takenOver` of them a tariff of its name and first day.
    """

    id: UUID
    is_published: bool
    changed_at: Instant
    customers: int
    taken_over: int


class EditionsAnswer(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The library, by municipality, the last first day first."""

    editions: list[EditionAnswer]


class DifferenceAnswer(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """What an offer says otherwise than the tariff whose place it would take."""

    label: str
    before: str
    after: str


class OfferAnswer(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """An edition that is offered. `replaces` is the tariff it is compared with, null where there is none.

    `isMeant`: it goes on with a tariff there is. `tariff` is null where this release cannot read it.
    """

    id: UUID
    version: str
    municipality: str
    municipality_id: int | None
    time_zone_id: str
    source: str
    tariff: TariffEntry | None
    replaces: int | None
    differences: list[DifferenceAnswer]
    is_meant: bool
    is_waiting: bool
    answer: Literal["accepted", "drafted", "declined"] | None
    answered_at: Instant | None
    is_changed: bool
    is_withdrawn: bool
    may_undo: bool


class OffersAnswer(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """What is offered; what waits for an answer first."""

    offers: list[OfferAnswer]
