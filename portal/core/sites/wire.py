"""Rows of the `sites`, `devices` and `municipalities` batches."""

from typing import Annotated
from uuid import UUID

import msgspec

from portal.core.sites.rules.meter_tree import MOST_TERMS, Formula
from portal.core.wire_fields import Address, Description, Exact, ExternalId, Instant, Key, Name, ZoneName

RatedPower = Annotated[Exact, msgspec.Meta(extra_json_schema={"minimum": 0, "exclusiveMaximum": 999_999_999})]


class SiteRow(msgspec.Struct, rename="camel", omit_defaults=False, kw_only=True):
    """A site; `localMunicipalityId` is the Client's own municipality id."""

    id: UUID
    name: Name
    address: Address | None = None
    is_active: bool = True
    local_municipality_id: Key | None = None


MOST_SECONDS = 2_147_483_647
"""68 years: a clock that is further off is sent as off by so much, for no device is refused for its clock."""
Seconds = Annotated[int, msgspec.Meta(ge=-MOST_SECONDS, le=MOST_SECONDS)]


class FormulaRow(msgspec.Struct, rename="camel", kw_only=True, frozen=True):
    """What a virtual meter is: the sum of the devices `plus` less those of `minus`."""

    plus: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=MOST_TERMS)]
    minus: Annotated[list[UUID], msgspec.Meta(max_length=MOST_TERMS)] = []


def formula_row(formula: Formula | None) -> FormulaRow | None:
    """Return a formula as it travels."""
    return None if formula is None else FormulaRow(plus=list(formula.plus), minus=list(formula.minus))


Watts = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
MOST_RUNGS = 20


class LearnedRung(msgspec.Struct, rename="camel", kw_only=True, frozen=True):
    """A bound on power (W), and the instant of the reading by which it was learned."""

    at: Instant
    watts: Watts


class LearnedRow(msgspec.Struct, rename="camel", kw_only=True, frozen=True):
    """What a meter's readings have taught the Client: the bound (W) and its rungs, and one count of the register."""

    watts: Watts | None = None
    count_milliwh: Annotated[int, msgspec.Meta(ge=1, le=1 << 62)] | None = None
    rungs: Annotated[list[LearnedRung], msgspec.Meta(max_length=MOST_RUNGS)] = []


class DeviceRow(msgspec.Struct, rename="camel", omit_defaults=False, kw_only=True):
    """A device; `maxPowerKw` is its rated power, absent where unknown.

    `clockSkewSeconds` is how far its board's clock is ahead (negative: behind), absent where it is right. `parentId` is
    the meter above it, absent for a bulk meter; `formula` is there for a virtual one, which has no readings.
    `registerDigits` are those of whole kWh, absent where nobody has said how many its register has.
    `learned` is what it is judged by where nobody has said so, absent until its readings have taught anything.
    """

    id: UUID
    site_id: UUID
    name: Name
    external_id: ExternalId
    description: Description | None = None
    max_power_kw: RatedPower | None = None
    is_active: bool = True
    clock_skew_seconds: Seconds | msgspec.UnsetType | None = msgspec.UNSET
    parent_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    formula: FormulaRow | msgspec.UnsetType | None = msgspec.UNSET
    register_digits: int | msgspec.UnsetType | None = msgspec.UNSET
    learned: LearnedRow | msgspec.UnsetType | None = msgspec.UNSET

    @property
    def made_of(self) -> Formula | None:
        """The formula of a virtual meter."""
        if not isinstance(self.formula, FormulaRow):
            return None
        return Formula(tuple(self.formula.plus), tuple(self.formula.minus))

    @property
    def stands_below(self) -> UUID | None:
        """The meter above it."""
        return self.parent_id if isinstance(self.parent_id, UUID) else None


class MunicipalityRow(msgspec.Struct, rename="camel", omit_defaults=False, kw_only=True):
    """A municipality with its IANA time zone."""

    id: Key
    name: Name
    time_zone_id: ZoneName
