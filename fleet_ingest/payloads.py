"""Answers of the REST routes. Bodies are in `requests`, rows of the ingest routes in the `wire` modules of the core."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from portal.core.sites.wire import FormulaRow
from portal.core.tariffs.wire import TariffAnswer
from portal.core.wire_fields import Exact, Instant, RowProblem

Cursor = Annotated[str | None, msgspec.Meta(description="`cursor` of the next page; null after the last")]


class _Answer(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    pass


class BacklogAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """What a customer's stack last said that still waits there, and in how many seconds it expects to be done."""

    reported_at: Instant
    waiting_rows: int
    given_up_rows: int
    oldest_at: Instant | None
    drain_seconds: int


class CustomerAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A customer as the operators' list shows it.

    All readings stored by `energyAsOf` are in the energy; unless `energyIsComplete`, later ones are not yet.
    """

    id: UUID
    code: str
    name: str
    is_active: bool
    first_seen_at: Instant | None
    last_seen_at: Instant | None
    site_count: int
    device_count: int
    energy_today_kwh: Exact
    energy_as_of: Instant
    energy_is_complete: bool
    token_issued_at: Instant
    token_rotated_at: Instant | None
    previous_token_expires_at: Instant | None
    last_batch_rows: int | None
    push: BacklogAnswer | None


class CustomersAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A page of customers, by code."""

    customers: list[CustomerAnswer]
    next: Cursor


class IssuedTokenAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A customer's new token, shown once."""

    id: UUID
    code: str
    name: str
    token: str


class SiteDeviceAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A device of a site; a clock that is wrong is ahead by `clockSkewSeconds` (negative: behind).

    `parentId` is the meter above it, `formula` what a virtual one is made of, and `kind` follows from both.
    `previousTokenExpiresAt` is until when the token before the present one is honoured.
    """

    id: UUID
    site_id: UUID
    name: str
    external_id: str
    description: str
    max_power_kw: Exact | None
    register_digits: int | None
    is_active: bool
    last_reading_at: Instant | None
    clock_skew_seconds: int | None
    kind: Literal["bulk", "sub", "virtual"]
    parent_id: UUID | None
    formula: FormulaRow | None
    token_last4: str
    token_issued_at: Instant | None
    previous_token_expires_at: Instant | None


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
    """A page of sites, by name."""

    sites: list[SiteAnswer]
    next: Cursor


class DevicesAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A page of a site's devices, by name."""

    devices: list[SiteDeviceAnswer]
    next: Cursor


class DevicePostAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """One of a device's last posts: what it was answered, and what became of its rows.

    `rows` is null where they could not be counted; `reason` says why anything was refused.
    """

    posted_at: Instant
    status: int
    body_bytes: int | None
    rows: int | None
    stored_rows: int
    known_rows: int
    refused_rows: int
    reason: str
    address: str


class DevicePostsAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """The last posts of a device, newest first: a bounded number, and beside them the last that had trouble."""

    posts: list[DevicePostAnswer]


class IssuedDeviceAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A device's new token, shown once; a virtual meter has none."""

    id: UUID
    name: str
    external_id: str
    token: str | None


# Null is "not measured"; left out is "not asked for".
_Value = float | None | msgspec.UnsetType


class SampleAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A reading, or the readings of the bucket that begins at `time`, with the quantities that were asked for.

    Of a bucket the registers have their last value, the other quantities averages.
    """

    time: Instant
    sample_count: int
    active_power_kw: _Value = msgspec.UNSET
    reactive_power_kvar: _Value = msgspec.UNSET
    apparent_power_kva: _Value = msgspec.UNSET
    power_factor: _Value = msgspec.UNSET
    voltage_v: _Value = msgspec.UNSET
    frequency_hz: _Value = msgspec.UNSET
    energy_imported_kwh: _Value = msgspec.UNSET
    energy_exported_kwh: _Value = msgspec.UNSET
    reactive_energy_imported_kvarh: _Value = msgspec.UNSET
    reactive_energy_exported_kvarh: _Value = msgspec.UNSET
    apparent_energy_kvah: _Value = msgspec.UNSET
    voltage_l1_v: _Value = msgspec.UNSET
    voltage_l2_v: _Value = msgspec.UNSET
    voltage_l3_v: _Value = msgspec.UNSET
    current_l1_a: _Value = msgspec.UNSET
    current_l2_a: _Value = msgspec.UNSET
    current_l3_a: _Value = msgspec.UNSET
    current_n_a: _Value = msgspec.UNSET
    active_power_l1_kw: _Value = msgspec.UNSET
    active_power_l2_kw: _Value = msgspec.UNSET
    active_power_l3_kw: _Value = msgspec.UNSET
    power_factor_l1: _Value = msgspec.UNSET
    power_factor_l2: _Value = msgspec.UNSET
    power_factor_l3: _Value = msgspec.UNSET
    voltage_thd_percent: _Value = msgspec.UNSET
    current_thd_percent: _Value = msgspec.UNSET
    voltage_unbalance_percent: _Value = msgspec.UNSET
    current_unbalance_percent: _Value = msgspec.UNSET
    active_demand_kw: _Value = msgspec.UNSET
    apparent_demand_kva: _Value = msgspec.UNSET
    source: str | None


class MeasurementsAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A page of readings by time; the next page begins at `nextFrom`, which is null after the last."""

    device_id: UUID
    bucket: str
    measurements: list[SampleAnswer]
    next_from: Instant | None


class MunicipalityAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A municipality with its IANA time zone."""

    id: int
    name: str
    time_zone_id: str


class MunicipalitiesAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A page of municipalities, by name."""

    municipalities: list[MunicipalityAnswer]
    next: Cursor


class TariffsAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A page of tariffs in the shape they are imported in, by municipality and first day."""

    tariffs: list[TariffAnswer]
    next: Cursor


class StoredTariffAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A tariff as it was stored; without `id` it is new and was only tried. `replaced`: there was one like it."""

    id: int | None
    municipality: str
    name: str
    effective_from: date
    period_count: int
    replaced: bool


class UncoveredAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """Local dates, both included, that no active tariff of a municipality prices; without `last` all from `first`."""

    municipality: str
    first: date
    last: date | None


class StoredTariffsAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """The tariffs that were stored, all or none, and the days that are left without a price in their municipalities."""

    dry_run: bool
    tariffs: list[StoredTariffAnswer]
    uncovered: list[UncoveredAnswer]


class FleetHourAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """What arrived within an hour (UTC); hours in which nothing did are left out."""

    hour: Instant
    batches: int
    refused_batches: int
    rows_accepted: int
    rows_rejected: int


class OverviewAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """The fleet at this moment.

    Active customers pushed within the hour. `powerKw` adds the latest readings of the last 15 minutes, which
    `reportingDevices` have. Energy counts since 00:00 UTC; all readings stored by `energyAsOf` are in it, and unless
    `energyIsComplete`, later ones are not yet.
    """

    customers: int
    active_customers: int
    sites: int
    devices: int
    reporting_devices: int
    power_kw: float | None
    energy_today_kwh: Exact
    energy_as_of: Instant
    energy_is_complete: bool
    hours: list[FleetHourAnswer]


class FleetDeviceAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A customer's device; a clock that is wrong is ahead by `clockSkewSeconds` (negative: behind).

    What its customer used is what its bulk meters measured: others are not added up.
    """

    id: UUID
    name: str
    external_id: str
    is_active: bool
    last_reading_at: Instant | None
    clock_skew_seconds: int | None
    kind: Literal["bulk", "sub", "virtual"]
    parent_id: UUID | None
    energy_today_kwh: Exact


class FleetSiteAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A customer's site and its devices."""

    id: UUID
    name: str
    address: str
    is_active: bool
    municipality: str | None
    time_zone_id: str | None
    devices: list[FleetDeviceAnswer]


class IngestTotalsAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """What became of a customer's batches of one type."""

    batch_type: str
    batches: int
    refused_batches: int
    rows_accepted: int
    rows_rejected: int


class CustomerDetailAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A customer with its sites, devices and tariffs, and what it pushed in the last 24 hours.

    The energy of its devices goes as far as its own.
    """

    customer: CustomerAnswer
    last_day: list[IngestTotalsAnswer]
    sites: list[FleetSiteAnswer]
    tariffs: list[TariffAnswer]


class IngestEventAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """One handled or refused batch; `clientHwm` is the cursor as sent, `error` why it was refused as a whole.

    `status` is what it was answered, null of those before that was kept; `problems` are the first rejected rows.
    """

    id: UUID
    received_at: Instant
    batch_type: str
    rows_accepted: int
    rows_rejected: int
    batch_bytes: int
    client_hwm: str | None
    time_spread_seconds: float | None
    error: str | None
    status: int | None = None
    problems: list[RowProblem] = []


class IngestEventsAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A page of events, newest first; the next page is `before` `nextBefore`, which is null after the last."""

    events: list[IngestEventAnswer]
    next_before: Instant | None


class HealthAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """Whether the service works."""

    status: str


class ProblemAnswer(msgspec.Struct, frozen=True):
    """One thing that is wrong with a request, and where."""

    path: str
    message: str


class ErrorDetails(msgspec.Struct, frozen=True, omit_defaults=True):
    """What there is to say beside the message."""

    problems: list[ProblemAnswer] = []


class ErrorBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong, for a machine (`code`) and for a person (`message`)."""

    code: str
    message: str
    details: ErrorDetails | msgspec.UnsetType = msgspec.UNSET


class ErrorAnswer(msgspec.Struct, frozen=True):
    """Every answer that is not a success."""

    error: ErrorBody
