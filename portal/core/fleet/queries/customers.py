"""Customers of the Admin stack."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import col

from portal.core.database.rows import row_if_any, rows_of
from portal.core.energy.rules.as_of import UNKNOWN, AsOf
from portal.core.energy.rules.live import FOR_EVER
from portal.core.fleet.tables import Customer, FleetDevice
from portal.core.sites.rules.meter_tree import DeviceKind, Formula, formula_of, kind_of
from portal.core.values.money import kwh_from_milliwh
from portal.core.values.pages import EVERYTHING, Asked, Key
from portal.core.values.versions import version_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.energy import Counted
    from portal.core.energy.rules.live import LiveHour
    from portal.core.fleet.queries.local_midnights import LocalMidnights


@dataclass(frozen=True)
class PushBacklog:
    """What a customer's stack last said it had not pushed yet; `oldest_at` is when the oldest of it arrived there."""

    reported_at: datetime
    waiting_rows: int
    given_up_rows: int
    oldest_at: datetime | None
    drain_seconds: int


@dataclass(frozen=True)
class CustomerLine:
    """A customer as the list shows it; `energy_today_kwh` is since 00:00 UTC."""

    id: UUID
    code: str
    name: str
    is_active: bool
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    site_count: int
    device_count: int
    energy_today_kwh: Decimal
    token_issued_at: datetime
    token_rotated_at: datetime | None
    previous_token_expires_at: datetime | None
    last_batch_rows: int | None
    push: PushBacklog | None = None
    energy_as_of: AsOf = UNKNOWN

    @property
    def version(self) -> str:
        """Another text after every change to the customer and its tokens; what it pushes has no part in it."""
        return version_of(
            self.id, self.code, self.name, self.is_active, self.token_issued_at, self.token_rotated_at
        )

    @property
    def key(self) -> Key:
        """Where the customer stands among all of them."""
        return (self.code.lower(),)


@dataclass(frozen=True)
class CustomerDevice:
    """A customer's device; a clock that is wrong is ahead by `clock_skew_seconds` (negative: behind)."""

    id: UUID
    name: str
    external_id: str
    is_active: bool
    last_reading_at: datetime | None
    energy_today_kwh: Decimal
    clock_skew_seconds: int | None = None
    kind: DeviceKind = DeviceKind.BULK
    parent_id: UUID | None = None
    formula: Formula | None = None


@dataclass(frozen=True)
class CustomerSite:
    """A customer's site and its devices."""

    id: UUID
    name: str
    address: str
    is_active: bool
    municipality: str | None
    time_zone_id: str | None
    devices: tuple[CustomerDevice, ...]
    energy_as_of: AsOf = UNKNOWN


_LINE = """
SELECT c.id, c.code, c.name, c.is_active, c.first_seen_at, c.last_seen_at,
       (SELECT count(*) FROM fleet.sites s WHERE s.customer_id = c.id) AS site_count,
       (SELECT count(*) FROM fleet.devices d WHERE d.customer_id = c.id AND d.kind <> 'virtual') AS device_count,
       (SELECT coalesce(sum(h.allocated_milliwh), 0)::bigint FROM fleet.hourly_energy h
         JOIN fleet.devices d ON d.customer_id = h.customer_id AND d.id = h.device_id AND d.kind = 'bulk'
         WHERE h.customer_id = c.id AND h.hour >= :today) AS today_milliwh,
       c.token_issued_at, c.token_rotated_at, c.previous_token_expires_at,
       (SELECT e.rows_accepted FROM fleet.ingest_events e
         WHERE e.customer_id = c.id AND e.batch_type = 'measurements'
         ORDER BY e.received_at DESC LIMIT 1) AS last_batch_rows,
       p.reported_at, p.waiting_rows + p.refused_rows AS waiting_rows, p.given_up_rows, p.oldest_at, p.drain_seconds
FROM fleet.customers c
LEFT JOIN fleet.push_reports p ON p.customer_id = c.id
"""


class _Line(NamedTuple):
    """What `_LINE` returns; a customer that never said how much waits has no `reported_at`."""

    id: UUID
    code: str
    name: str
    is_active: bool
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    site_count: int
    device_count: int
    today_milliwh: int
    token_issued_at: datetime
    token_rotated_at: datetime | None
    previous_token_expires_at: datetime | None
    last_batch_rows: int | None
    reported_at: datetime | None
    waiting_rows: int | None
    given_up_rows: int | None
    oldest_at: datetime | None
    drain_seconds: int | None


async def list_lines(
    session: AsyncSession, today: datetime, asked: Asked = EVERYTHING
) -> tuple[CustomerLine, ...]:
    """Return customers by code; `today` is the UTC midnight the day's energy counts from.

    The key of a page is the code in lower case.
    """
    where = "" if asked.after is None else "WHERE lower(c.code) > :code "
    after = {} if asked.after is None else {"code": asked.after[0]}
    statement = f"{_LINE}{where}ORDER BY lower(c.code) LIMIT CAST(:fetched AS bigint)"
    rows = await rows_of(session, _Line, statement, {"today": today, "fetched": asked.fetched, **after})
    return tuple(_line(row) for row in rows)


async def find_line(session: AsyncSession, customer_id: UUID, today: datetime) -> CustomerLine | None:
    """Return one customer."""
    given = {"today": today, "id": customer_id}
    row = await row_if_any(session, _Line, _LINE + " WHERE c.id = :id", given)
    return None if row is None else _line(row)


def _line(row: _Line) -> CustomerLine:
    return CustomerLine(
        id=row.id,
        code=row.code,
        name=row.name,
        is_active=row.is_active,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        site_count=row.site_count,
        device_count=row.device_count,
        energy_today_kwh=kwh_from_milliwh(row.today_milliwh),
        token_issued_at=row.token_issued_at,
        token_rotated_at=row.token_rotated_at,
        previous_token_expires_at=row.previous_token_expires_at,
        last_batch_rows=row.last_batch_rows,
        push=_backlog(row),
    )


def _backlog(row: _Line) -> PushBacklog | None:
    if row.reported_at is None:
        return None
    return PushBacklog(
        reported_at=row.reported_at,
        waiting_rows=row.waiting_rows or 0,
        given_up_rows=row.given_up_rows or 0,
        oldest_at=row.oldest_at,
        drain_seconds=row.drain_seconds or 0,
    )


async def with_live_energy(
    lines: Iterable[CustomerLine], counted: Counted, today: datetime
) -> tuple[CustomerLine, ...]:
    """Return lines with what is not stored yet of their energy, and how far that goes."""
    changes: dict[UUID, int] = defaultdict(int)
    for each in await live_of_bulk_meters(counted, today):
        changes[each.key[0]] += each.change.allocated_milliwh
    return tuple(
        replace(
            line,
            energy_today_kwh=line.energy_today_kwh + kwh_from_milliwh(changes[line.id]),
            energy_as_of=counted.as_of,
        )
        for line in lines
    )


async def live_of_bulk_meters(counted: Counted, since: datetime) -> list[LiveHour]:
    """Return the hours since then that are not stored as they are now, of meters that are added up."""
    live = list(counted.live.between(since, FOR_EVER))
    if not live:
        return []
    not_added = select(col(FleetDevice.customer_id), col(FleetDevice.id)).where(
        col(FleetDevice.id).in_({each.key[-1] for each in live}), col(FleetDevice.kind) != DeviceKind.BULK
    )
    left_out = {(customer, device) for customer, device in await counted.session.execute(not_added)}
    return [each for each in live if each.key not in left_out]


def sites_with_live_energy(
    sites: Sequence[CustomerSite], counted: Counted, midnights: LocalMidnights
) -> tuple[CustomerSite, ...]:
    """Return a customer's sites so."""
    began = {device.id: midnights.of(site.time_zone_id) for site in sites for device in site.devices}
    changes: dict[UUID, int] = defaultdict(int)
    for each in counted.live.between(midnights.earliest, FOR_EVER):
        device = each.key[-1]
        if device in began and each.hour >= began[device]:
            changes[device] += each.change.allocated_milliwh
    return tuple(
        replace(
            site,
            devices=_with_virtual(
                replace(
                    device, energy_today_kwh=device.energy_today_kwh + kwh_from_milliwh(changes[device.id])
                )
                for device in site.devices
            ),
            energy_as_of=counted.as_of,
        )
        for site in sites
    )


def _with_virtual(devices: Iterable[CustomerDevice]) -> tuple[CustomerDevice, ...]:
    """Return devices of a site, the virtual ones with what the others of it make them."""
    found = {device.id: device for device in devices}

    def kwh_of(device: CustomerDevice) -> Decimal:
        terms = () if device.formula is None else device.formula.signs()
        return sum((found[term].energy_today_kwh * sign for term, sign in terms if term in found), Decimal(0))

    return tuple(
        device if device.formula is None else replace(device, energy_today_kwh=kwh_of(device))
        for device in found.values()
    )


async def find_id(session: AsyncSession, code: str) -> UUID | None:
    """Return a customer's id by its code, whatever its case."""
    return await session.scalar(
        select(col(Customer.id)).where(func.lower(col(Customer.code)) == func.lower(code))
    )


async def find_code(session: AsyncSession, customer_id: UUID) -> str | None:
    """Return a customer's code by its id."""
    return await session.scalar(select(col(Customer.code)).where(col(Customer.id) == customer_id))


class CustomerName(NamedTuple):
    """What a customer is called."""

    id: UUID
    name: str
    code: str


async def names(session: AsyncSession) -> list[CustomerName]:
    """Return what every customer is called."""
    rows = select(col(Customer.id), col(Customer.name), col(Customer.code))
    return [CustomerName(*row) for row in await session.execute(rows)]


async def find_name(session: AsyncSession, customer_id: UUID) -> str | None:
    """Return a customer's name by its id."""
    return await session.scalar(select(col(Customer.name)).where(col(Customer.id) == customer_id))


async def is_known(session: AsyncSession, customer_id: UUID) -> bool:
    """Tell whether there is a customer of this id."""
    return await session.scalar(select(col(Customer.id)).where(col(Customer.id) == customer_id)) is not None


_SITES = """
SELECT s.id, s.name, s.address, s.is_active, m.name AS municipality, m.time_zone_id,
       d.id AS device_id, d.name AS device_name, d.external_id, d.is_active AS device_is_active,
       d.clock_skew_seconds, d.parent_id, d.formula,
       (SELECT r.time FROM fleet.last_stored(d.customer, d.meter, CAST(:until AS timestamptz)) r) AS last_reading_at,
       (SELECT coalesce(sum(h.allocated_milliwh), 0)::bigint FROM fleet.hourly_energy h
         WHERE h.customer_id = d.customer_id AND h.device_id = d.id
           AND h.hour >= coalesce(z.at, CAST(:own_midnight AS timestamptz))) AS today_milliwh
FROM fleet.sites s
LEFT JOIN fleet.municipalities m ON m.customer_id = s.customer_id AND m.id = s.local_municipality_id
LEFT JOIN unnest(CAST(:zones AS text[]), CAST(:midnights AS timestamptz[])) AS z (zone, at) ON z.zone = m.time_zone_id
LEFT JOIN fleet.devices d ON d.customer_id = s.customer_id AND d.site_id = s.id
WHERE s.customer_id = :customer_id
ORDER BY s.name, s.id, d.name
"""


class _DeviceAtSite(NamedTuple):
    """What `_SITES` returns; a site without devices is one row, with none of theirs."""

    id: UUID
    name: str
    address: str
    is_active: bool
    municipality: str | None
    time_zone_id: str | None
    device_id: UUID | None
    device_name: str | None
    external_id: str | None
    device_is_active: bool | None
    clock_skew_seconds: int | None
    parent_id: UUID | None
    formula: dict[str, list[str]] | None
    last_reading_at: datetime | None
    today_milliwh: int


async def list_sites(
    session: AsyncSession, customer_id: UUID, midnights: LocalMidnights, until: datetime
) -> tuple[CustomerSite, ...]:
    """Return a customer's sites with their devices, by name; a reading after `until` is nobody's last one."""
    given = {"customer_id": customer_id, "until": until} | midnights.given()
    rows = await rows_of(session, _DeviceAtSite, _SITES, given)
    devices: dict[UUID, list[CustomerDevice]] = {}
    for row in rows:
        devices.setdefault(row.id, []).extend(_devices_in(row))
    sites = {row.id: row for row in rows}
    return tuple(
        CustomerSite(
            r.id, r.name, r.address, r.is_active, r.municipality, r.time_zone_id, tuple(devices[r.id])
        )
        for r in sites.values()
    )


def _devices_in(row: _DeviceAtSite) -> list[CustomerDevice]:
    if row.device_id is None:
        return []
    energy = kwh_from_milliwh(row.today_milliwh)
    return [
        CustomerDevice(
            row.device_id,
            row.device_name or "",
            row.external_id or "",
            bool(row.device_is_active),
            row.last_reading_at,
            energy,
            row.clock_skew_seconds,
            kind_of(row.parent_id, formula_of(row.formula)),
            row.parent_id,
            formula_of(row.formula),
        )
    ]
