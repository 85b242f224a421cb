"""Statements behind the fleet ingest. Each takes the customer's id, which comes from the token alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import and_, func, insert, or_, select, text, update
from sqlmodel import col

from portal.core.models.fleet import Customer, FleetTariffPeriod, IngestEvent
from portal.core.wire.batches import ENCODER

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime, timedelta

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.wire.registry import DeviceRow, MunicipalityRow, SiteRow
    from portal.core.wire.tariffs import TariffRow

# The rows travel as one JSON parameter: decimals stay exact, and a batch of any size is one statement.
# Sorted by key against deadlocks between two batches of the same customer.
_UPSERT_SITES = """
INSERT INTO fleet.sites (customer_id, id, name, address, is_active, local_municipality_id, received_at)
SELECT :customer_id, id, name, coalesce(address, ''), "isActive", "localMunicipalityId", now()
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
  AS row(id uuid, name text, address text, "isActive" boolean, "localMunicipalityId" integer)
ORDER BY id
ON CONFLICT (customer_id, id) DO UPDATE SET name = excluded.name, address = excluded.address,
  is_active = excluded.is_active, local_municipality_id = excluded.local_municipality_id, received_at = now()
"""

_UPSERT_DEVICES = """
INSERT INTO fleet.devices
  (customer_id, id, site_id, name, external_id, description, max_power_kw, is_active, received_at)
SELECT :customer_id, id, "siteId", name, "externalId", coalesce(description, ''), "maxPowerKw", "isActive", now()
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
  AS row(id uuid, "siteId" uuid, name text, "externalId" text, description text, "maxPowerKw" numeric,
         "isActive" boolean)
ORDER BY id
ON CONFLICT (customer_id, id) DO UPDATE SET site_id = excluded.site_id, name = excluded.name,
  external_id = excluded.external_id, description = excluded.description, max_power_kw = excluded.max_power_kw,
  is_active = excluded.is_active, received_at = now()
"""

_UPSERT_MUNICIPALITIES = """
INSERT INTO fleet.municipalities (customer_id, id, name, time_zone_id, received_at)
SELECT :customer_id, id, name, "timeZoneId", now()
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row(id integer, name text, "timeZoneId" text)
ORDER BY id
ON CONFLICT (customer_id, id) DO UPDATE SET name = excluded.name, time_zone_id = excluded.time_zone_id,
  received_at = now()
"""

_UPSERT_TARIFFS = """
INSERT INTO fleet.tariffs (customer_id, id, municipality_id, name, effective_from, effective_to,
  default_rate_per_kwh, fixed_monthly_charge, vat_rate, currency, is_active, received_at)
SELECT :customer_id, id, "municipalityId", name, "effectiveFrom", "effectiveTo", "defaultRatePerKwh",
  "fixedMonthlyCharge", "vatRate", currency, "isActive", now()
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
  AS row(id integer, "municipalityId" integer, name text, "effectiveFrom" date, "effectiveTo" date,
         "defaultRatePerKwh" numeric, "fixedMonthlyCharge" numeric, "vatRate" numeric, currency text,
         "isActive" boolean)
ORDER BY id
ON CONFLICT (customer_id, id) DO UPDATE SET municipality_id = excluded.municipality_id, name = excluded.name,
  effective_from = excluded.effective_from, effective_to = excluded.effective_to,
  default_rate_per_kwh = excluded.default_rate_per_kwh, fixed_monthly_charge = excluded.fixed_monthly_charge,
  vat_rate = excluded.vat_rate, currency = excluded.currency, is_active = excluded.is_active, received_at = now()
"""

_DELETE_PERIODS = """
DELETE FROM fleet.tariff_periods WHERE customer_id = :customer_id AND tariff_id = ANY(:tariff_ids)
"""

# Periods have no id on the wire. They are numbered per customer; the customer's row is locked meanwhile.
_INSERT_PERIODS = """
INSERT INTO fleet.tariff_periods
  (customer_id, id, tariff_id, name, days_of_week, start_time, end_time, rate_per_kwh)
SELECT :customer_id, CAST(:last_id AS integer) + row_number() OVER (ORDER BY tariff.place, period.place), tariff.id,
  period.body ->> 'name', CAST(period.body ->> 'daysOfWeek' AS integer), CAST(period.body ->> 'startTime' AS time),
  CAST(period.body ->> 'endTime' AS time), CAST(period.body ->> 'ratePerKwh' AS numeric)
FROM ROWS FROM (jsonb_to_recordset(CAST(:rows AS jsonb)) AS (id integer, periods jsonb))
  WITH ORDINALITY AS tariff(id, periods, place),
  jsonb_array_elements(tariff.periods) WITH ORDINALITY AS period(body, place)
"""


@dataclass(frozen=True, slots=True)
class KnownCustomer:
    """A customer whose token was presented."""

    id: UUID
    code: str


@dataclass(frozen=True, slots=True)
class HandledBatch:
    """What an ingest event records. `client_hwm` is the cursor as sent; `error` says why a batch was refused."""

    batch_type: str
    batch_bytes: int
    client_hwm: str | None
    rows_accepted: int = 0
    rows_rejected: int = 0
    time_spread: timedelta | None = None
    error: str | None = None


async def customer_by_token_hash(
    session: AsyncSession, token_hash: str, now: datetime
) -> KnownCustomer | None:
    """Return the active customer with this current token, or with this previous one while it is honoured."""
    statement = select(col(Customer.id), col(Customer.code)).where(
        col(Customer.is_active),
        or_(
            col(Customer.token_hash) == token_hash,
            and_(
                col(Customer.previous_token_hash) == token_hash, col(Customer.previous_token_expires_at) > now
            ),
        ),
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else KnownCustomer(row.id, row.code)


async def known_sites(session: AsyncSession, customer_id: UUID, ids: Collection[UUID]) -> set[UUID]:
    """Return those of the ids that are sites of this customer."""
    statement = text("SELECT id FROM fleet.sites WHERE customer_id = :customer_id AND id = ANY(:ids)")
    found = await session.scalars(statement, {"customer_id": customer_id, "ids": list(ids)})
    return set(found.all())


async def known_devices(session: AsyncSession, customer_id: UUID, ids: Collection[UUID]) -> set[UUID]:
    """Return those of the ids that are devices of this customer."""
    statement = text("SELECT id FROM fleet.devices WHERE customer_id = :customer_id AND id = ANY(:ids)")
    found = await session.scalars(statement, {"customer_id": customer_id, "ids": list(ids)})
    return set(found.all())


async def known_municipalities(session: AsyncSession, customer_id: UUID, ids: Collection[int]) -> set[int]:
    """Return those of the ids that are municipalities of this customer."""
    statement = text(
        "SELECT id FROM fleet.municipalities WHERE customer_id = :customer_id AND id = ANY(:ids)"
    )
    found = await session.scalars(statement, {"customer_id": customer_id, "ids": list(ids)})
    return set(found.all())


async def upsert_sites(session: AsyncSession, customer_id: UUID, rows: Sequence[SiteRow]) -> None:
    """Insert or update sites by id; of two rows with one id the last holds."""
    await _upsert(session, _UPSERT_SITES, customer_id, _last_by_id(rows))


async def upsert_devices(session: AsyncSession, customer_id: UUID, rows: Sequence[DeviceRow]) -> None:
    """Insert or update devices by id; their sites must exist."""
    await _upsert(session, _UPSERT_DEVICES, customer_id, _last_by_id(rows))


async def upsert_municipalities(
    session: AsyncSession, customer_id: UUID, rows: Sequence[MunicipalityRow]
) -> None:
    """Insert or update municipalities by id."""
    await _upsert(session, _UPSERT_MUNICIPALITIES, customer_id, _last_by_id(rows))


async def replace_tariffs(session: AsyncSession, customer_id: UUID, rows: Sequence[TariffRow]) -> None:
    """Insert or update tariffs by id and replace the periods of each; their municipalities must exist."""
    tariffs = _last_by_id(rows)
    await session.execute(
        select(col(Customer.id)).where(col(Customer.id) == customer_id).with_for_update(key_share=True)
    )
    await _upsert(session, _UPSERT_TARIFFS, customer_id, tariffs)
    ids = [tariff.id for tariff in tariffs]
    await session.execute(text(_DELETE_PERIODS), {"customer_id": customer_id, "tariff_ids": ids})
    last = select(func.coalesce(func.max(FleetTariffPeriod.id), 0)).where(
        col(FleetTariffPeriod.customer_id) == customer_id
    )
    last_id = await session.scalar(last)
    parameters = {"customer_id": customer_id, "last_id": last_id, "rows": _as_json(tariffs)}
    await session.execute(text(_INSERT_PERIODS), parameters)


async def record_batch(session: AsyncSession, customer_id: UUID, batch: HandledBatch) -> None:
    """Write the ingest event of a batch, handled or refused."""
    await session.execute(
        insert(IngestEvent).values(
            id=uuid4(),
            customer_id=customer_id,
            batch_type=batch.batch_type,
            batch_bytes=batch.batch_bytes,
            client_hwm=batch.client_hwm,
            rows_accepted=batch.rows_accepted,
            rows_rejected=batch.rows_rejected,
            time_spread=batch.time_spread,
            error=batch.error,
        )
    )


async def mark_seen(session: AsyncSession, customer_id: UUID) -> None:
    """Note that the customer pushed just now. Last in its transaction: the row stays locked until the commit."""
    seen = {"first_seen_at": func.coalesce(Customer.first_seen_at, func.now()), "last_seen_at": func.now()}
    await session.execute(update(Customer).where(col(Customer.id) == customer_id).values(seen))


async def _upsert(session: AsyncSession, statement: str, customer_id: UUID, rows: Sequence[Any]) -> None:
    await session.execute(text(statement), {"customer_id": customer_id, "rows": _as_json(rows)})


def _last_by_id(rows: Sequence[Any]) -> list[Any]:
    return list({row.id: row for row in rows}.values())


def _as_json(rows: Sequence[Any]) -> str:
    return ENCODER.encode(rows).decode()
