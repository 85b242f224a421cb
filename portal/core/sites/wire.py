"""Rows of the `sites`, `devices` and `municipalities` batches."""

from typing import Annotated
from uuid import UUID

import msgspec

from portal.core.wire_fields import Address, Description, Exact, ExternalId, Key, Name, ZoneName

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


class DeviceRow(msgspec.Struct, rename="camel", omit_defaults=False, kw_only=True):
    """A device; `maxPowerKw` is its rated power, absent where unknown.

    `clockSkewSeconds` is how far its board's clock is ahead (negative: behind), absent where it is right.
    """

    id: UUID
    site_id: UUID
    name: Name
    external_id: ExternalId
    description: Description | None = None
    max_power_kw: RatedPower | None = None
    is_active: bool = True
    clock_skew_seconds: Seconds | msgspec.UnsetType | None = msgspec.UNSET


class MunicipalityRow(msgspec.Struct, rename="camel", omit_defaults=False, kw_only=True):
    """A municipality with its IANA time zone."""

    id: Key
    name: Name
    time_zone_id: ZoneName
