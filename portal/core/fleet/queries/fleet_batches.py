"""Statements behind the fleet ingest. Each takes the customer's id, which comes from the token alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from sqlalchemy import and_, bindparam, func, insert, or_, select, text, update
from sqlmodel import col

from portal.core.database import small_keys
from portal.core.database.columns import Instant
from portal.core.database.db import driver_connection
from portal.core.database.layout import LAYOUTS
from portal.core.database.prepared import Prepared, PreparedChange
from portal.core.database.rows import values_of
from portal.core.energy.queries.learned import LearnedMeter
from portal.core.exchange.batches import ENCODER
from portal.core.fleet.queries import fleet_devices
from portal.core.fleet.tables import Customer, DeviceAlias, IngestEvent
from portal.core.settings import RunMode
from portal.core.sites.wire import LearnedRow
from portal.core.tariffs.queries import tariffs as tariff_queries

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime, timedelta

    import asyncpg
    import msgspec
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.sites.wire import DeviceRow, MunicipalityRow, SiteRow
    from portal.core.tariffs.rules.tariffs import Tariff

_Row = TypeVar("_Row", "SiteRow", "DeviceRow", "MunicipalityRow")

# The rows travel as one JSON parameter: decimals stay exact, and a batch of any size is one statement.
# Sorted by key against deadlocks between two batches of the same customer.
_UPSERT_SITES = """
INSERT INTO fleet.sites (customer_id, id, name, address, is_active, local_municipality_id, received_at)
SELECT :customer_id, id, name, coalesce(address, ''), "isActive", "localMunicipalityId", now()
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
  AS row(id uuid, name text, address text, "isActive" boolean, "localMunicipalityId" integer)
ORDER BY id
ON CONFLICT (customer_id, id) DO UPDATE SET name = excluded.name, address = excluded.address,
  is_active = excluded.is_active, local_municipality_id = excluded.local_municipality_id, received_at = now(),
  ended_at = NULL
"""

_UPSERT_DEVICES = """
INSERT INTO fleet.devices
  (customer_id, id, site_id, name, external_id, description, max_power_kw, is_active, clock_skew_seconds, parent_id,
  formula, kind, register_digits, learned, received_at, customer, meter)
SELECT c.id, row.id, "siteId", row.name, "externalId", coalesce(row.description, ''), "maxPowerKw", row."isActive",
  "clockSkewSeconds", "parentId", row.formula,
  CASE WHEN row.formula IS NOT NULL THEN 'virtual' WHEN "parentId" IS NOT NULL THEN 'sub' ELSE 'bulk' END,
  "registerDigits", row.learned, now(), c.number, coalesce(d.meter, new.meter)
FROM fleet.customers c CROSS JOIN jsonb_to_recordset(CAST(:rows AS jsonb))
  AS row(id uuid, "siteId" uuid, name text, "externalId" text, description text, "maxPowerKw" numeric,
         "isActive" boolean, "clockSkewSeconds" integer, "parentId" uuid, formula jsonb,
         "registerDigits" smallint, learned jsonb)
LEFT JOIN fleet.devices d ON d.customer_id = :customer_id AND d.id = row.id
LEFT JOIN unnest(CAST(:new_ids AS uuid[]), CAST(:numbers AS integer[])) AS new(id, meter) ON new.id = row.id
WHERE c.id = :customer_id
ORDER BY row.id
ON CONFLICT (customer_id, id) DO UPDATE SET site_id = excluded.site_id, name = excluded.name,
  external_id = excluded.external_id, description = excluded.description, max_power_kw = excluded.max_power_kw,
  is_active = excluded.is_active, clock_skew_seconds = excluded.clock_skew_seconds, parent_id = excluded.parent_id,
  formula = excluded.formula, kind = excluded.kind, register_digits = excluded.register_digits,
  learned = coalesce(excluded.learned, devices.learned), received_at = now(), ended_at = NULL
"""

_OTHER_POWER = """
SELECT d.id FROM fleet.devices d
JOIN jsonb_to_recordset(CAST(:rows AS jsonb)) AS row(id uuid, "maxPowerKw" numeric, "registerDigits" smallint)
    ON row.id = d.id
WHERE d.customer_id = :customer_id
  AND (d.max_power_kw, d.register_digits) IS DISTINCT FROM (row."maxPowerKw"::numeric(12, 3), row."registerDigits")
ORDER BY d.id FOR NO KEY UPDATE OF d
"""

_UPSERT_MUNICIPALITIES = """
INSERT INTO fleet.municipalities (customer_id, id, name, time_zone_id, received_at)
SELECT :customer_id, id, name, "timeZoneId", now()
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row(id integer, name text, "timeZoneId" text)
ORDER BY id
ON CONFLICT (customer_id, id) DO UPDATE SET name = excluded.name, time_zone_id = excluded.time_zone_id,
  received_at = now(), ended_at = NULL
"""

_HAS_ALIASES = select(col(DeviceAlias.id)).where(col(DeviceAlias.customer_id) == col(Customer.id)).exists()
_CUSTOMER = Prepared(
    select(col(Customer.id), col(Customer.code), col(Customer.number), _HAS_ALIASES).where(
        col(Customer.is_active),
        or_(
            col(Customer.token_hash) == bindparam("hash"),
            and_(
                col(Customer.previous_token_hash) == bindparam("hash"),
                col(Customer.previous_token_expires_at) > bindparam("now"),
            ),
        ),
    )
)
_OF_EVENT = (
    "customer_id",
    "batch_type",
    "rows_accepted",
    "rows_rejected",
    "batch_bytes",
    "client_hwm",
    "time_spread",
    "error",
    "status",
    "problems",
)
_NEW_EVENT = insert(IngestEvent).values(
    id=func.gen_random_uuid(), **{name: bindparam(name) for name in _OF_EVENT}
)
# Whoever finds the row locked lets it be: another batch of the same customer is noting the same thing, and
# waiting for its commit would make parallel batches queue up.
_FREE = (
    select(col(Customer.id))
    .where(col(Customer.id) == bindparam("customer_id"))
    .with_for_update(skip_locked=True, key_share=True)
)
_IS_SEEN = (
    update(Customer)
    .where(col(Customer.id) == _FREE.scalar_subquery())
    .values(
        first_seen_at=func.coalesce(col(Customer.first_seen_at), func.now()),
        last_seen_at=func.now(),
        # One that is ahead comes from a clock that is wrong.
        newest_reading_at=func.greatest(
            col(Customer.newest_reading_at), func.least(bindparam("newest", type_=Instant), func.now())
        ),
    )
)
_EVENT = PreparedChange(_NEW_EVENT)
_SEEN = PreparedChange(_IS_SEEN)
_EVENT_AND_SEEN = PreparedChange(_IS_SEEN.add_cte(_NEW_EVENT.cte("event")))


@dataclass(frozen=True, slots=True)
class KnownCustomer:
    """A customer whose token was presented; few have devices that were added again (`has_aliases`)."""

    id: UUID
    code: str
    number: int
    has_aliases: bool = False


@dataclass(frozen=True, slots=True)
class HandledBatch:
    """What an ingest event records. `client_hwm` is the cursor as sent; `error` says why a batch was refused.

    `problems` are lines of the first rejected rows, each with its number and why.
    """

    batch_type: str
    batch_bytes: int
    client_hwm: str | None
    rows_accepted: int = 0
    rows_rejected: int = 0
    time_spread: timedelta | None = None
    error: str | None = None
    status: int = 200
    problems: str | None = None


async def customer_by_token_hash(
    connection: asyncpg.Connection, token_hash: str, now: datetime
) -> KnownCustomer | None:
    """Return the active customer with this current token, or with this previous one while it is honoured."""
    row = await _CUSTOMER.first(connection, hash=token_hash, now=now)
    return None if row is None else KnownCustomer(*row)


async def known_sites(session: AsyncSession, customer_id: UUID, ids: Collection[UUID]) -> set[UUID]:
    """Return those of the ids that are sites of this customer."""
    statement = "SELECT id FROM fleet.sites WHERE customer_id = :customer_id AND id = ANY(:ids)"
    return set(await values_of(session, UUID, statement, {"customer_id": customer_id, "ids": list(ids)}))


async def known_municipalities(session: AsyncSession, customer_id: UUID, ids: Collection[int]) -> set[int]:
    """Return those of the ids that are municipalities of this customer."""
    statement = "SELECT id FROM fleet.municipalities WHERE customer_id = :customer_id AND id = ANY(:ids)"
    return set(await values_of(session, int, statement, {"customer_id": customer_id, "ids": list(ids)}))


async def upsert_sites(session: AsyncSession, customer_id: UUID, rows: Sequence[SiteRow]) -> None:
    """Insert or update sites by id; of two rows with one id the last holds."""
    await _upsert(session, _UPSERT_SITES, customer_id, _last_by_id(rows))


async def devices_of_other_power(
    session: AsyncSession, customer_id: UUID, rows: Sequence[DeviceRow]
) -> list[UUID]:
    """Return the known devices whose rated power the rows change."""
    given = {"customer_id": customer_id, "rows": _as_json(_last_by_id(rows))}
    return await values_of(session, UUID, _OTHER_POWER, given)


def learned_of(customer_id: UUID, rows: Sequence[DeviceRow]) -> list[LearnedMeter]:
    """Return what rows say that the Client has learned; nothing of those of an earlier Client."""
    found = {row.id: row.learned for row in rows if isinstance(row.learned, LearnedRow)}
    return [
        LearnedMeter(
            (customer_id, device_id),
            each.watts,
            each.count_milliwh,
            tuple((rung.at, rung.watts) for rung in each.rungs),
        )
        for device_id, each in found.items()
    ]


async def numbers_for_new(session: AsyncSession, customer_id: UUID, ids: Collection[UUID]) -> dict[UUID, int]:
    """Return numbers for those of the ids that are no devices of this customer yet."""
    new = sorted(set(ids) - await fleet_devices.known_ids(session, customer_id, ids))
    if not new:
        return {}
    numbers = await small_keys.give_out(session, LAYOUTS[RunMode.ADMIN], len(new), customer_id)
    return dict(zip(new, numbers, strict=True))


async def upsert_devices(
    session: AsyncSession, customer_id: UUID, rows: Sequence[DeviceRow], numbers: Mapping[UUID, int]
) -> None:
    """Insert or update devices by id; their sites must exist, and the new ones have their `numbers`."""
    await session.execute(
        text(_UPSERT_DEVICES),
        {
            "customer_id": customer_id,
            "rows": _as_json(_last_by_id(rows)),
            "new_ids": list(numbers),
            "numbers": list(numbers.values()),
        },
    )


async def upsert_municipalities(
    session: AsyncSession, customer_id: UUID, rows: Sequence[MunicipalityRow]
) -> None:
    """Insert or update municipalities by id."""
    await _upsert(session, _UPSERT_MUNICIPALITIES, customer_id, _last_by_id(rows))


async def replace_tariffs(session: AsyncSession, customer_id: UUID, tariffs: Sequence[Tariff]) -> None:
    """Insert or update tariffs by id and replace the parts of each; their municipalities must exist.

    Periods are numbered per customer, so the customer's row is locked meanwhile.
    """
    await session.execute(
        select(col(Customer.id)).where(col(Customer.id) == customer_id).with_for_update(key_share=True)
    )
    await tariff_queries.replace_pushed(session, customer_id, tariffs)


async def record_batch(session: AsyncSession, customer_id: UUID, batch: HandledBatch) -> None:
    """Write the ingest event of a handled batch within a session's transaction."""
    await record_event(await driver_connection(session), customer_id, batch)


async def mark_seen(session: AsyncSession, customer_id: UUID) -> None:
    """Note that the customer pushed just now, within a session's transaction."""
    await _SEEN.run(await driver_connection(session), customer_id=customer_id, newest=None)


async def record_event(connection: asyncpg.Connection, customer_id: UUID, batch: HandledBatch) -> None:
    """Write the ingest event of a batch, handled or refused."""
    await _EVENT.run(connection, customer_id=customer_id, **_of_event(batch))


async def record_and_mark(
    connection: asyncpg.Connection, customer_id: UUID, batch: HandledBatch, newest: datetime | None = None
) -> None:
    """Write the ingest event of a batch and note that the customer pushed, in one statement.

    `newest` is the time of the newest reading of the batch, None of none.
    """
    await _EVENT_AND_SEEN.run(connection, customer_id=customer_id, newest=newest, **_of_event(batch))


def _of_event(batch: HandledBatch) -> dict[str, object]:
    return {name: getattr(batch, name) for name in _OF_EVENT if name != "customer_id"}


async def _upsert(
    session: AsyncSession, statement: str, customer_id: UUID, rows: Sequence[msgspec.Struct]
) -> None:
    await session.execute(text(statement), {"customer_id": customer_id, "rows": _as_json(rows)})


def _last_by_id(rows: Sequence[_Row]) -> list[_Row]:
    return list({row.id: row for row in rows}.values())


def _as_json(rows: Sequence[msgspec.Struct]) -> str:
    return ENCODER.encode(rows).decode()
