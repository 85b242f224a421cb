"""Statements that delete a customer bit by bit, and the note of how far that is.

Where a customer's rows are is found in the catalogue, so that neither engine's own tables are forgotten, nor one that
comes with a later release.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import delete, exists, func, or_, select, text, update
from sqlmodel import col

from portal.core.database.parts import Part
from portal.core.database.rows import is_so, rows_of, value_of, values_of
from portal.core.fleet.tables import Customer, CustomerExport, Decommission

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

MOST_ROWS = 20_000
"""How many rows one transaction deletes at most where they are not packed."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """A customer that is being deleted, by its id and its number."""

    id: UUID
    customer_id: UUID
    number: int


class _Holder(NamedTuple):
    name: str
    key: str


# What others refer to comes last; of readings and aggregates see `Storage.parts`.
_LAST = ("tariff_periods", "tariffs", "municipalities", "devices", "sites")
_HOLDERS = """
SELECT c.relname::text AS name, min(a.attname::text) AS key FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname IN ('customer', 'customer_id') AND NOT a.attisdropped
WHERE c.relnamespace = 'fleet'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
AND c.relname NOT IN ('meter_numbers', 'readings') AND c.relname NOT LIKE ALL ('{readings_%,power_%}')
GROUP BY 1 ORDER BY 1
"""
_SOME = """
WITH gone AS (
    DELETE FROM {name} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {name} WHERE {key} = :whose LIMIT :most)) RETURNING 1
) SELECT count(*) FROM gone
"""
# What returns rows would unpack them; so they are counted first.
_PACKED = "SELECT count(*) FROM {name} WHERE {key} = :whose"
_PACKS = "DELETE FROM {name} WHERE {key} = :whose"
_ANY_SIZE = "SELECT set_config('timescaledb.max_tuples_decompressed_per_dml_transaction', '0', true)"
_NOTE = """
UPDATE fleet.decommissions SET rows_deleted = rows_deleted + :count,
    to_shrink = jsonb_set(to_shrink, ARRAY[:name], to_jsonb(coalesce((to_shrink ->> :name)::bigint, 0) + :count))
WHERE id = :id
"""


async def holders(session: AsyncSession) -> list[Part]:
    """Return the tables that hold rows of customers beside readings, those first that refer to others."""
    found = await rows_of(session, _Holder, _HOLDERS)
    found.sort(key=lambda each: _LAST.index(each.name) if each.name in _LAST else -1)
    return [Part(f'fleet."{each.name}"', each.key, is_packed=False) for each in found]


async def delete_some(session: AsyncSession, leaving: Leaving, part: Part) -> bool:
    """Delete rows of a customer from a relation, and note how many; False where none is left there."""
    whose = leaving.number if part.key == "customer" else leaving.customer_id
    given: dict[str, object] = {"whose": whose}
    worded = {"name": part.name, "key": part.key}
    if part.is_packed:
        count = await value_of(session, int, _PACKED.format(**worded), given) or 0
        await session.execute(text(_ANY_SIZE))
        await session.execute(text(_PACKS.format(**worded)), given)
    else:
        count = await value_of(session, int, _SOME.format(**worded), given | {"most": MOST_ROWS}) or 0
    if count:
        await session.execute(text(_NOTE), {"id": leaving.id, "name": part.name, "count": count})
    return count > 0


_IS_LEFT = "SELECT EXISTS (SELECT 1 FROM fleet.readings WHERE customer = :number)"


async def has_readings(session: AsyncSession, leaving: Leaving) -> bool:
    """Tell whether readings of a customer are stored."""
    return await is_so(session, _IS_LEFT, {"number": leaving.number})


_FORGET_PROOFS = """
UPDATE fleet.energy_proofs SET customers = customers - CAST(:id AS text), differences = coalesce((
    SELECT jsonb_agg(d ORDER BY n) FROM jsonb_array_elements(differences) WITH ORDINALITY AS e (d, n)
    WHERE d ->> 'customer_id' IS DISTINCT FROM CAST(:id AS text)
), '[]') WHERE customers ? CAST(:id AS text) OR differences @> jsonb_build_array(
    jsonb_build_object('customer_id', CAST(:id AS text)))
"""
_READERS = "SELECT quote_ident(rolname) FROM pg_roles WHERE rolname LIKE :like"


async def forget(session: AsyncSession, leaving: Leaving) -> str:
    """Delete the customer itself, and what is said of it elsewhere, and return its code.

    Nothing may refer to it any more.
    """
    await session.execute(text(_FORGET_PROOFS), {"id": str(leaving.customer_id)})
    for role in await values_of(session, str, _READERS, {"like": f"%\\_{leaving.customer_id.hex}"}):
        await session.execute(text(f"DROP OWNED BY {role}"))
        await session.execute(text(f"DROP ROLE {role}"))
    gone = delete(Customer).where(col(Customer.id) == leaving.customer_id).returning(col(Customer.code))
    return await session.scalar(gone) or ""


async def keep_refresh_out(session: AsyncSession) -> None:
    """Let nobody bring hours up to date until the end of the transaction; to be asked for first."""
    await session.execute(text("LOCK TABLE fleet.refresh_lock IN EXCLUSIVE MODE"))


async def begin(session: AsyncSession, customer_id: UUID, number: int, now: datetime) -> UUID | None:
    """Note that a customer leaves, close it, and take its tokens from it for good; None where it leaves already."""
    if await is_leaving(session, customer_id):
        return None
    export = (
        await session.execute(
            select(col(CustomerExport.finished_at), col(CustomerExport.manifest_sha256)).where(
                col(CustomerExport.customer_id) == customer_id
            )
        )
    ).one_or_none()
    exported_at, checksum = (None, None) if export is None else export
    row = Decommission(
        number=number, whose=customer_id, begun_at=now, exported_at=exported_at, manifest_sha256=checksum
    )
    session.add(row)
    await session.execute(
        update(Customer)
        .where(col(Customer.id) == customer_id)
        .values(is_active=False, previous_token_hash=None, previous_token_expires_at=None)
    )
    await session.flush()
    return row.id


async def is_leaving(session: AsyncSession, customer_id: UUID) -> bool:
    """Tell whether a customer is being deleted."""
    return bool(await session.scalar(select(exists().where(col(Decommission.whose) == customer_id))))


async def is_handed_out(session: AsyncSession, customer_id: UUID) -> bool:
    """Tell whether everything of a customer was handed out since it last pushed, if it ever did."""
    exported = select(col(CustomerExport.finished_at)).where(col(CustomerExport.customer_id) == customer_id)
    seen = col(Customer.last_seen_at)
    found = select(or_(seen.is_(None), exported.scalar_subquery() >= seen)).where(
        col(Customer.id) == customer_id
    )
    return bool(await session.scalar(found))


async def number_of(session: AsyncSession, customer_id: UUID) -> int | None:
    """Return a customer's number."""
    return await session.scalar(select(col(Customer.number)).where(col(Customer.id) == customer_id))


async def listed(session: AsyncSession, *, only_open: bool = False) -> Sequence[Decommission]:
    """Return customers that leave or have left, the latest first."""
    found = select(Decommission).order_by(col(Decommission.begun_at).desc())
    if only_open:
        found = found.where(col(Decommission.finished_at).is_(None))
    return (await session.scalars(found)).all()


async def find(session: AsyncSession, decommission_id: UUID) -> Decommission | None:
    """Return one of them."""
    return await session.get(Decommission, decommission_id)


async def find_of(session: AsyncSession, customer_id: UUID) -> Decommission | None:
    """Return that of a customer."""
    return await session.scalar(select(Decommission).where(col(Decommission.whose) == customer_id))


async def note_deleted(session: AsyncSession, decommission_id: UUID) -> None:
    """Note that nothing of the customer is left."""
    await session.execute(
        update(Decommission)
        .where(col(Decommission.id) == decommission_id)
        .values(whose=None, deleted_at=func.now())
    )


async def note_shrunk(session: AsyncSession, decommission_id: UUID, name: str) -> None:
    """Note that a relation has given back its space."""
    await session.execute(
        text("UPDATE fleet.decommissions SET to_shrink = to_shrink - :name WHERE id = :id"),
        {"name": name, "id": decommission_id},
    )


async def note_finished(session: AsyncSession, decommission_id: UUID) -> bool:
    """Note that all is done, once no relation is left that has to give back space."""
    done = (
        update(Decommission)
        .where(
            col(Decommission.id) == decommission_id,
            col(Decommission.deleted_at).is_not(None),
            col(Decommission.to_shrink) == {},
        )
        .values(finished_at=func.now())
        .returning(col(Decommission.id))
    )
    return await session.scalar(done) is not None


_LOCK = 7_301_016


async def be_the_one(session: AsyncSession, leaving: Leaving) -> bool:
    """Tell whether nobody else deletes rows of this customer until the end of the transaction."""
    given = {"kind": _LOCK, "number": leaving.number}
    asked = "SELECT pg_try_advisory_xact_lock(CAST(:kind AS integer), CAST(:number AS integer))"
    return await value_of(session, bool, asked, given) or False
