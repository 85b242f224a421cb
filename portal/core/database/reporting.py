"""What other programs may read of a stack: the views of the schema `reporting`, and who may read them.

Grafana asks them with a role of its own (`portal.core.database.reader_role`), which has no right to anything else. At
the Admin a role whose name ends in a customer's id sees that customer alone: the views go by who has connected, which
a statement cannot change. They are made anew where they differ, and after the views they are made of.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.database import limited
from portal.core.database.rows import is_so, value_of, values_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

    from portal.core.database.layout import Layout

SCHEMA = "reporting"
_ENERGY = """
    {e.customer_id,} e.device_id, e.{at}, e.allocated_milliwh / 1e6::float8 AS allocated_kwh,
    e.unallocated_milliwh / 1e6::float8 AS unallocated_kwh, e.estimated_milliwh / 1e6::float8 AS estimated_kwh
"""
# By name: what it shows, `o` being what belongs to a customer.
_VIEWS = {
    "sites": "SELECT {o.customer_id,} o.id, o.name, o.address, o.is_active FROM {sites} o",
    "devices": """
        SELECT {o.customer_id,} o.id, o.site_id, s.name AS site, o.name, o.external_id, o.max_power_kw, o.is_active
        FROM {devices} o JOIN {sites} s ON {s.customer_id = o.customer_id AND} s.id = o.site_id
    """,
    "readings": "SELECT * FROM {power_measurements} o",
    "hours": "SELECT * FROM {hourly_per_device} o",
    "hourly_energy": "SELECT * FROM (SELECT {energy_by_hour} FROM {hourly_energy} e) o",
    "daily_energy": "SELECT * FROM (SELECT {energy_by_day} FROM {daily_energy} e) o",
}
_OF_CUSTOMERS = {
    "customers": """
        SELECT o.* FROM (
            SELECT c.id AS customer_id, c.code, c.name, c.is_active, c.first_seen_at, c.last_seen_at
            FROM fleet.customers c
        ) o
    """,
    "batches": """
        SELECT o.customer_id, o.received_at, o.batch_type, o.rows_accepted, o.rows_rejected, o.batch_bytes, o.error
        FROM fleet.ingest_events o
    """,
}
# `session_user` is who has connected: no SET changes it.
_OWN_CUSTOMER = r"""
CREATE OR REPLACE FUNCTION reporting.own_customer() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN session_user ~ '_[0-9a-f]{32}$' THEN right(session_user::text, 32)::uuid END
$$
"""
# At the Admin behind a barrier, and of one's own customer where one has one.
_MADE = """
CREATE VIEW reporting.{view}{ WITH (security_barrier)} AS {select}
{WHERE ((SELECT reporting.own_customer()) IS NULL OR o.customer_id = (SELECT reporting.own_customer()))}
"""
_IS_THERE = "SELECT to_regnamespace('reporting') IS NOT NULL"
_NOTED = "SELECT coalesce(obj_description(to_regnamespace('reporting')), '')"
_PRESENT = "SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('reporting') AND relkind = 'v'"
_ALL_VIEWS = """
SELECT format('reporting.%I', relname) FROM pg_class
WHERE relnamespace = to_regnamespace('reporting') AND relkind = 'v'
"""
# Whoever may look into the schema may read its views; its owner may anyway.
_READERS = """
SELECT quote_ident(r.rolname) FROM pg_namespace n, aclexplode(n.nspacl) a JOIN pg_roles r ON r.oid = a.grantee
WHERE n.nspname = 'reporting' AND a.privilege_type = 'USAGE' AND a.grantee <> n.nspowner
"""


async def let_read(session: AsyncSession, layout: Layout, role: str) -> None:
    """Make the views unless they are there, and let a role read them. `role` is a checked name."""
    await session.execute(text("CREATE SCHEMA IF NOT EXISTS reporting"))
    await session.execute(text(f"GRANT USAGE ON SCHEMA reporting TO {role}"))
    await make_again(session, layout)


async def make_again(session: AsyncSession, layout: Layout) -> None:
    """Make the views anew where they are missing or of another release, for those who could read them before.

    Does nothing where nobody was ever let in. Those of limited operators are made with them.
    """
    await limited.make_again(session, layout)
    if not await is_so(session, _IS_THERE):
        return
    statements = _statements(layout)
    digest = sha256("\n".join(statements).encode()).hexdigest()
    is_current = await value_of(session, str, _NOTED) == digest
    if not is_current or await value_of(session, int, _PRESENT) != len(_views(layout)):
        await drop(session)
        for statement in (*statements, f"COMMENT ON SCHEMA reporting IS '{digest}'"):
            await session.execute(text(statement))
    for role in await values_of(session, str, _READERS):
        await session.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA reporting TO {role}"))


async def drop(session: AsyncSession | AsyncConnection) -> None:
    """Drop the views before what they are made of changes; who may read them stays known."""
    await limited.drop(session)
    views = await values_of(session, str, _ALL_VIEWS)
    if views:
        await session.execute(text(f"DROP VIEW {', '.join(views)} CASCADE"))


def _views(layout: Layout) -> dict[str, str]:
    return _VIEWS | _OF_CUSTOMERS if layout.has_customers else _VIEWS


def _statements(layout: Layout) -> list[str]:
    energy = {
        f"energy_by_{at}": layout.sql(_ENERGY, at=at)  # a day is a date, an hour an instant
        for at in ("hour", "day")
    }
    made = [_OWN_CUSTOMER] if layout.has_customers else []
    for name, select in _views(layout).items():
        made.append(layout.sql(_MADE, view=name, select=layout.sql(select, **energy)))
    return made
