"""Operators who are limited to some customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.access import Role
from portal.core.audit import queries as audit
from portal.core.database import limited, scoped_role
from portal.core.database.layout import LAYOUTS
from portal.core.errors import Conflict, Invalid, Misconfigured, NotFound
from portal.core.fleet.queries import operators as queries
from portal.core.fleet.queries.operators import OperatorLine
from portal.core.identity.queries import accounts, sessions
from portal.core.settings import RunMode
from portal.core.words import say

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from portal.core.database.db import AsyncSession
    from portal.core.stack import Stack

__all__ = ["OperatorLine"]

_NO_ROLE = (
    f"Nobody can be limited here: the portal's own role may not make roles. Have the database's admin do so: "
    f"CREATE ROLE {scoped_role.ROLE} NOLOGIN; GRANT {scoped_role.ROLE} TO the portal's role. Then start again."
)


async def limit(stack: Stack, email: str, codes: Collection[str] | None) -> OperatorLine:
    """Let a person see the customers of these codes alone, or all of them again (None); their sessions end.

    Who is limited may look, and changes nothing. Raises `NotFound` for an unknown address, `Invalid` for an unknown
    code, `Conflict` for an admin, `Misconfigured` where the database cannot hold it.
    """
    async with stack.db.transaction() as session:
        found = await accounts.find_credentials(session, email.strip().lower())
        if found is None:
            raise NotFound("There is no such account.")
        if codes is not None and found.actor.role is Role.ADMIN:
            raise Conflict("An admin sees every customer: make this person a user first")
        await _apply(session, found.actor.id, found.actor.email, codes)
        return OperatorLine(
            found.actor.id, found.actor.email, None if codes is None else tuple(sorted(codes))
        )


async def follow_groups(stack: Stack, email: str, codes: Collection[str] | None) -> None:
    """Let a person see the customers that the groups of single sign-on say, or all; unknown codes are left out.

    Raises `NotFound`, `Misconfigured`.
    """
    async with stack.db.transaction() as session:
        found = await accounts.find_credentials(session, email)
        if found is None:
            raise NotFound("There is no such account.")
        known = None if codes is None else await queries.ids_of(session, codes)
        if known is None and not found.actor.is_limited:
            return
        seen = {code.lower() for code in await queries.codes_of(session, found.actor.id)}
        if known is None or not found.actor.is_limited or seen != known.keys():
            await _apply(session, found.actor.id, found.actor.email, None if known is None else [*known])


async def list_limited(stack: Stack) -> tuple[OperatorLine, ...]:
    """Return everybody who is limited to some customers, by address."""
    async with stack.db.snapshot() as session:
        return await queries.limited(session)


async def list_operators(stack: Stack) -> tuple[OperatorLine, ...]:
    """Return everybody who has an account, with what they see, by address."""
    async with stack.db.snapshot() as session:
        return await queries.everybody(session)


async def _require_possible(session: AsyncSession) -> None:
    await limited.ensure(session, LAYOUTS[RunMode.ADMIN])
    if not await limited.is_possible(session):
        raise Misconfigured(_NO_ROLE)


async def _apply(session: AsyncSession, user_id: UUID, email: str, codes: Collection[str] | None) -> None:
    """Write it down, unless that is what they see already."""
    if codes is not None:
        await _require_possible(session)
    ids = await queries.ids_of(session, codes or ())
    if missing := [code for code in codes or () if code.strip().lower() not in ids]:
        raise Invalid(say("There is no customer with code {missing}", missing=f"{missing[0]!r}"))
    await accounts.set_limited(session, user_id, is_limited=codes is not None)
    await queries.replace(session, user_id, [*ids.values()])
    await sessions.delete_all(session, user_id)
    seen = "every customer" if codes is None else ", ".join(sorted(codes)) or "no customer"
    await audit.record(session, "user.scope_changed", email, f"sees {seen}")
