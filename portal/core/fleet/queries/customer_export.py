"""What is handed out of a customer, as statements that the database itself writes as CSV or JSON lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert as insert_into
from sqlmodel import col

from portal.core.database.rows import row_if_any, rows_of, value_of
from portal.core.fleet.queries import erasure
from portal.core.fleet.tables import Customer, CustomerExport
from portal.core.readings.queries.narrow_sql import figure_sql
from portal.core.readings.rules.quantities import ALL_QUANTITIES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.parts import Part

# Why a table that holds rows of customers is not handed out. Every other one is, also one of a later release.
LEFT_OUT = {
    "customer_exports": "says when the customer was handed out",
    "daily_rollup": "follows from the readings",
    "hourly_rollup": "follows from the readings",
    "ended_tokens": "hashes of tokens that are honoured no more",
    "late_hours": "follows from the readings: what is to be brought up to date",
    "meter_heads": "follows from the readings: where the judging goes on",
    "meter_rivals": "follows from the readings: where the judging goes on",
    "moved_weeks": "how far an upgrade was",
    "push_epochs": "how far the customer's stack is with its push, for the machines alone",
    "recompute_passes": "follows from the readings: what is to be brought up to date",
    "register_links": "follows from the readings: where the judging goes on",
    "rollup_batches": "follows from the readings: what is to be brought up to date",
    "suspect_spans": "follows from the readings: meter_events says what is wrong with them",
}
_AS_CSV = ("hourly_energy", "daily_energy")
_OWN_FILES = ("reading_conflicts",)
_SECRETS = ("token_hash", "previous_token_hash", "number")
# One JSON text a line: neither of these two characters is ever in one, so none is quoted.
_LINES = {"format": "csv", "delimiter": "\x02", "quote": "\x01"}
_CSV = {"format": "csv", "header": True}
_INSTANT = "to_char({of} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
_CUSTOMER = f"""
SELECT to_jsonb(c) {" ".join(f"- '{name}'" for name in _SECRETS)} FROM fleet.customers c WHERE id = $1
"""
_AUDIT = """
SELECT to_jsonb(a) - 'id' FROM app.audit_events a JOIN fleet.customers c ON c.id = $1
WHERE a.action LIKE 'customer.%' AND lower(a.subject) = lower(c.code) ORDER BY a.id
"""
_TABLE = "SELECT to_jsonb(t) - 'customer' FROM {table} t WHERE t.{key} = $1"
_ENERGY = "SELECT {columns} FROM {table} t WHERE t.customer_id = $1 ORDER BY t.device_id, t.{at}"
_FIGURES = ", ".join(f"{figure_sql(each, f'r.{each.name}')} AS {each.name}" for each in ALL_QUANTITIES)
_READINGS = f"""
SELECT {_INSTANT.format(of="r.time")} AS time, {_FIGURES}, r.source
FROM fleet.stored_readings r WHERE r.customer = $1 AND r.meter = $2 ORDER BY r.time
"""
_VALUE = " ".join(
    f"WHEN {number} THEN {figure_sql(each, 'r.value')}" for number, each in enumerate(ALL_QUANTITIES)
)
_NAME = " ".join(f"WHEN {number} THEN '{each.wire_name}'" for number, each in enumerate(ALL_QUANTITIES))
_CONFLICTS = f"""
SELECT {_INSTANT.format(of="r.time")} AS time, d.id AS device_id, CASE r.quantity {_NAME} END AS quantity,
    CASE r.quantity {_VALUE} END AS value, {_INSTANT.format(of="r.first_seen_at")} AS first_seen_at
FROM fleet.reading_conflicts r JOIN fleet.devices d ON d.customer = r.customer AND d.meter = r.meter
WHERE r.customer = $1 ORDER BY r.meter, r.time, r.quantity
"""
_COLUMNS = """
SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
WHERE attrelid = to_regclass(:name) AND attnum > 0 AND NOT attisdropped
AND attname NOT IN ('customer_id', 'meter_state')
"""


class _Meter(NamedTuple):
    id: UUID
    meter: int


class _Whose(NamedTuple):
    number: int
    code: str


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file of an export: its name, the statement of its rows and what that is given, and whether it is CSV."""

    name: str
    statement: str
    given: tuple[object, ...]
    is_csv: bool = False


class ExportedCustomer(NamedTuple):
    """A customer's code and all files that hold what is kept of it."""

    code: str
    files: tuple[ExportFile, ...]


async def files_of(session: AsyncSession, customer_id: UUID) -> ExportedCustomer | None:
    """Return what is handed out of a customer; None where there is no such customer."""
    given = {"id": customer_id}
    whose = await row_if_any(
        session, _Whose, "SELECT number, code FROM fleet.customers WHERE id = :id", given
    )
    if whose is None:
        return None
    files = [
        ExportFile("customer.jsonl", _CUSTOMER, (customer_id,)),
        ExportFile("audit.jsonl", _AUDIT, (customer_id,)),
        ExportFile("reading_conflicts.csv", _CONFLICTS, (whose.number,), is_csv=True),
    ]
    for part in await erasure.holders(session):
        if _plain_name(part) not in {*LEFT_OUT, *_OWN_FILES}:
            key = customer_id if part.key == "customer_id" else whose.number
            files.append(await _file_of(session, part, key))
    meters = "SELECT id, meter FROM fleet.devices WHERE customer_id = :id ORDER BY id"
    for each in await rows_of(session, _Meter, meters, given):
        given_to = (whose.number, each.meter)
        files.append(ExportFile(f"readings/{each.id}.csv", _READINGS, given_to, is_csv=True))
    return ExportedCustomer(whose.code, tuple(files))


def _plain_name(part: Part) -> str:
    return part.name.partition(".")[2].strip('"')


async def _file_of(session: AsyncSession, part: Part, whose: object) -> ExportFile:
    name = _plain_name(part)
    if name not in _AS_CSV:
        return ExportFile(f"{name}.jsonl", _TABLE.format(table=part.name, key=part.key), (whose,))
    columns = await value_of(session, str, _COLUMNS, {"name": part.name}) or ""
    at = "hour" if name == "hourly_energy" else "day"
    statement = _ENERGY.format(columns=columns, table=part.name, at=at)
    return ExportFile(f"{name}.csv", statement, (whose,), is_csv=True)


async def copy_out(
    connection: asyncpg.Connection, file: ExportFile, take: Callable[[bytes], Awaitable[None]]
) -> int:
    """Hand what a file holds to `take`, bit by bit, as it can take it; returns how many rows there were."""
    options = _CSV if file.is_csv else _LINES
    said = await connection.copy_from_query(file.statement, *file.given, output=take, **options)
    return int(said.rsplit(" ", 1)[-1])


async def note_export(session: AsyncSession, customer_id: UUID, files: int, rows: int, sha256: str) -> None:
    """Remember that everything of a customer was handed out just now; of earlier times nothing is kept."""
    given = {"finished_at": func.now(), "files": files, "rows": rows, "manifest_sha256": sha256}
    noted = insert_into(CustomerExport).values(customer_id=customer_id, **given)
    await session.execute(
        noted.on_conflict_do_update(index_elements=[col(CustomerExport.customer_id)], set_=given)
    )


async def is_known(session: AsyncSession, customer_id: UUID) -> bool:
    """Tell whether there is such a customer, and keep it until the end of the transaction."""
    customer = await session.get(Customer, customer_id, with_for_update={"key_share": True})
    return customer is not None


class LastExport(NamedTuple):
    """When everything of a customer was last handed out whole; `is_current`: it has pushed nothing since."""

    finished_at: datetime
    rows: int
    manifest_sha256: str
    is_current: bool


async def last_export(session: AsyncSession, customer_id: UUID) -> LastExport | None:
    """Return the last export of a customer."""
    seen = col(Customer.last_seen_at)
    done = col(CustomerExport.finished_at)
    found = (
        select(
            done,
            col(CustomerExport.rows),
            col(CustomerExport.manifest_sha256),
            or_(seen.is_(None), done >= seen),
        )
        .join(Customer, col(Customer.id) == col(CustomerExport.customer_id))
        .where(col(Customer.id) == customer_id)
    )
    row = (await session.execute(found)).one_or_none()
    return None if row is None else LastExport(*row)
