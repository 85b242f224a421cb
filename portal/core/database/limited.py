"""What an operator sees who is limited to some customers: the schema `scoped`, and a role that has rights to it alone.

Who may see everything works as the portal's own role. A transaction of a limited operator takes the role
`portal_limited` instead, and says whose transaction it is; both end with it. To that role the schema `fleet` is closed,
with all its tables, partitions and chunks. In `scoped` there is a view of the same name for each relation of `fleet`
that says whose its rows are, behind a barrier, of the operator's customers alone. Statements are worded for `fleet`;
those of such a transaction are put to `scoped` on their way. One that was not would be refused, not answered.

Row-level security would not do: it and compressed hypertables exclude each other, and of continuous aggregates there is
none. It holds the tables of `app`, of which a limited operator has their own rows.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from portal.core.database.rows import is_so, rows_of, value_of, values_of
from portal.core.database.scoped_role import ROLE, SCHEMA

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

    from portal.core.database.layout import Layout

SECRET_COLUMNS = ("token_hash", "previous_token_hash")
# Nobody's rows, which are needed to read others, or which everybody may read: how energy is computed, what boards call
# themselves, the tariffs that are kept for all customers.
_OF_NOBODY = ("energy_rule", "reading_sources", "rollup_windows", "tariff_editions")
# Who may see whom is for those who may see everything; and what goes with an upgrade is not to be held by a view.
_CLOSED = (
    "decommissions",
    "earlier_hours",
    "ended_tokens",
    "hours_to_fill",
    "meter_numbers",
    "operator_scopes",
    "power_measurements_wide",
    "readings_twin",
)

_SEEN = r"""
CREATE FUNCTION scoped.seen() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT coalesce(array_agg(s.customer_id), '{}') FROM fleet.operator_scopes s
    WHERE s.user_id = nullif(current_setting('portal.person', true), '')::uuid
$$
"""
_SEEN_NUMBERS = r"""
CREATE FUNCTION scoped.seen_numbers() RETURNS integer[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT coalesce(array_agg(c.number), '{}')
    FROM fleet.operator_scopes s JOIN fleet.customers c ON c.id = s.customer_id
    WHERE s.user_id = nullif(current_setting('portal.person', true), '')::uuid
$$
"""
# An index leads to a meter's last reading, but not through a barrier: so the customer is looked at first.
_FUNCTIONS = (
    """
CREATE FUNCTION scoped.last_stored(of_customer integer, of_meter integer, until timestamptz)
RETURNS SETOF fleet.stored_readings LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT r.* FROM fleet.last_stored(of_customer, of_meter, until) r
    WHERE of_customer = ANY (scoped.seen_numbers())
$$
""",
    """
CREATE FUNCTION scoped.next_imported(of_customer integer, of_meter integer, since timestamptz, most integer)
RETURNS SETOF fleet.stored_readings LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT r.* FROM fleet.next_imported(of_customer, of_meter, since, most) r
    WHERE of_customer = ANY (scoped.seen_numbers())
$$
""",
)
_PROOFS = """
CREATE VIEW scoped.energy_proofs WITH (security_barrier) AS
SELECT p.id, p.checked_at, p.meter_count, p.day_count, coalesce((
    SELECT jsonb_agg(d) FROM jsonb_array_elements(p.differences) d
    WHERE (d ->> 'customer_id')::uuid = ANY ((SELECT scoped.seen())::uuid[])
), '[]') AS differences, (
    SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(p.customers) e
    WHERE e.key::uuid = ANY ((SELECT scoped.seen())::uuid[])
) AS customers FROM fleet.energy_proofs p
"""
_RELATIONS = """
SELECT c.relname::text AS name,
    coalesce(bool_or(a.attname = 'customer_id'), false) AS has_id,
    coalesce(bool_or(a.attname = 'customer'), false) AS has_number,
    string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'fleet'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
AND a.attname <> ALL (CAST(:secrets AS text[])) GROUP BY c.relname ORDER BY 1
"""
_VIEW = "CREATE VIEW scoped.{name} WITH (security_barrier) AS SELECT {columns} FROM fleet.{name}{where}"
_OF_CUSTOMER = " WHERE {key} = ANY ((SELECT scoped.{seen}())::{kind}[])"
# Of `app` what a person needs for their own account, and no more rows than their own: see the policies.
_GRANTS = (
    f"GRANT USAGE ON SCHEMA {SCHEMA}, app TO {ROLE}",
    f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO {ROLE}",
    f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {SCHEMA} FROM PUBLIC",
    f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {SCHEMA} TO {ROLE}",
    f"GRANT SELECT, INSERT ON app.audit_events TO {ROLE}",
    f"GRANT SELECT, UPDATE (password_hash, password_changed_at, last_sign_in_at) ON app.users TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON app.sessions, app.second_factors, app.recovery_codes TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON app.login_attempts TO {ROLE}",
    f"GRANT SELECT, DELETE ON app.password_links, app.login_steps TO {ROLE}",
    f"GRANT SELECT ON app.branding, app.brand_images TO {ROLE}",
)
_MAY_MAKE = "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
_MAKE_ROLE = f"""
DO $$ BEGIN
    CREATE ROLE {ROLE} NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""
_HAS_ROLE = f"SELECT to_regrole('{ROLE}') IS NOT NULL"
_MAY_TAKE = f"SELECT pg_has_role(current_user, '{ROLE}', 'MEMBER')"
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(7301019)"
_IS_THERE = "SELECT to_regnamespace('scoped') IS NOT NULL"
_NOTED = "SELECT coalesce(obj_description(to_regnamespace('scoped')), '')"
_PRESENT = "SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('scoped') AND relkind = 'v'"


class _Relation(NamedTuple):
    name: str
    has_id: bool
    has_number: bool
    columns: str


async def ensure(session: AsyncSession, layout: Layout) -> None:
    """Have the views and the role, before the first operator is limited.

    Without a right to make roles, and without the role, there are no limited operators: see `is_possible`.
    """
    await session.execute(text(_ONE_AT_A_TIME))
    await session.execute(text("CREATE SCHEMA IF NOT EXISTS scoped"))
    await make_again(session, layout)


async def make_again(session: AsyncSession, layout: Layout) -> None:
    """Make the views anew where they are missing or not of what is in `fleet` now, and let the role read them.

    Does nothing where nobody was ever limited.
    """
    if not layout.has_customers or not await is_so(session, _IS_THERE):
        return
    statements = await _statements(session)
    digest = sha256("\n".join((*statements, *_GRANTS)).encode()).hexdigest()
    is_current = await value_of(session, str, _NOTED) == digest
    views = sum(" VIEW " in each for each in statements)
    if not is_current or await value_of(session, int, _PRESENT) != views:
        await drop(session)
        for statement in (*statements, f"COMMENT ON SCHEMA scoped IS '{digest}'"):
            await session.execute(text(statement.replace("::", "\\:\\:")))
    await _let_read(session)


async def _let_read(session: AsyncSession) -> None:
    if not await is_so(session, _HAS_ROLE):
        if not await is_so(session, _MAY_MAKE):
            return
        await session.execute(text(_MAKE_ROLE))
    if not await is_so(session, _MAY_TAKE) and await is_so(session, _MAY_MAKE):
        await session.execute(text(f"GRANT {ROLE} TO CURRENT_USER"))
    for statement in _GRANTS:
        await session.execute(text(statement))


async def is_possible(session: AsyncSession) -> bool:
    """Tell whether a transaction can be limited here."""
    return await is_so(session, _HAS_ROLE) and await is_so(session, _MAY_TAKE)


async def drop(session: AsyncSession | AsyncConnection) -> None:
    """Drop the views before what they are made of changes; that there were some stays known."""
    if await is_so(session, _IS_THERE):
        await session.execute(text("DROP SCHEMA scoped CASCADE"))
        await session.execute(text("CREATE SCHEMA scoped"))


async def _statements(session: AsyncSession) -> list[str]:
    found = await rows_of(session, _Relation, _RELATIONS, {"secrets": list(SECRET_COLUMNS)})
    views = [_view(each) for each in found if each.name not in {*_CLOSED, "energy_proofs"}]
    functions = set(await values_of(session, str, _FUNCTION_NAMES))
    made = [each for each in _FUNCTIONS if _name_of(each) in functions]
    return [_SEEN, _SEEN_NUMBERS, *views, _PROOFS, *made]


_FUNCTION_NAMES = "SELECT proname::text FROM pg_proc WHERE pronamespace = 'fleet'::regnamespace"


def _name_of(function: str) -> str:
    return function.partition("scoped.")[2].partition("(")[0]


def _view(relation: _Relation) -> str:
    """Return what makes the view of a relation; one that does not say whose its rows are shows none of them."""
    if relation.name == "customers":
        where = _OF_CUSTOMER.format(key="id", seen="seen", kind="uuid")
    elif relation.has_number and relation.name != "devices":
        where = _OF_CUSTOMER.format(key="customer", seen="seen_numbers", kind="integer")
    elif relation.has_id:
        where = _OF_CUSTOMER.format(key="customer_id", seen="seen", kind="uuid")
    elif relation.name in _OF_NOBODY:
        where = ""
    else:  # of all customers together: there, and empty
        where = " WHERE false"
    return _VIEW.format(name=relation.name, columns=relation.columns, where=where)
