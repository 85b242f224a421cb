"""Bodies and answers of the REST routes. The rows of the ingest routes are in `portal.core.wire`."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from portal.core.wire.fields import Exact, Name


class _Answer(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    pass


class CustomerAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A customer as the operators' list shows it."""

    id: UUID
    code: str
    name: str
    is_active: bool
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    site_count: int
    device_count: int
    energy_today_kwh: Exact
    token_issued_at: datetime
    token_rotated_at: datetime | None
    previous_token_expires_at: datetime | None
    last_batch_rows: int | None


class CustomersAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """Every customer, by code."""

    customers: list[CustomerAnswer]


class NewCustomer(msgspec.Struct, rename="camel", kw_only=True):
    """A customer to register."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
    name: Name


class Rotation(msgspec.Struct, rename="camel", kw_only=True):
    """How long the present token stays valid; 0 ends it at once."""

    grace_hours: Annotated[float, msgspec.Meta(ge=0)] = 24


class IssuedTokenAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A customer's new token, shown once."""

    id: UUID
    code: str
    name: str
    token: str


class SiteDeviceAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A device of a site."""

    id: UUID
    name: str
    external_id: str
    description: str
    max_power_kw: Exact | None
    is_active: bool
    last_reading_at: datetime | None


class SiteAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A site with its devices."""

    id: UUID
    name: str
    address: str
    municipality_id: int | None
    municipality: str | None
    time_zone_id: str | None
    is_active: bool
    devices: list[SiteDeviceAnswer]


class SitesAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """Every site, by name."""

    sites: list[SiteAnswer]


class HealthAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """Whether the service works."""

    status: str


class ErrorBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong, for a machine (`code`) and for a person (`message`)."""

    code: str
    message: str
    details: dict[str, Any] | None = None


class ErrorAnswer(msgspec.Struct, frozen=True):
    """Every answer that is not a success."""

    error: ErrorBody
