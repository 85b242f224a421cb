"""Which customers a limited operator sees. The rows themselves are held by `portal.core.database.limited`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlmodel import col

from portal.core.access import Role
from portal.core.fleet.tables import Customer, OperatorScope
from portal.core.identity.tables import ExternalIdentity, User

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class OperatorLine:
    """A person and the codes of the customers they see; None: all there are.

    `comes_by_provider`: they have signed in at the provider of single sign-on.
    """

    id: UUID
    email: str
    customers: tuple[str, ...] | None
    role: Role = Role.USER
    is_active: bool = True
    comes_by_provider: bool = False


async def ids_of(session: AsyncSession, codes: Collection[str]) -> dict[str, UUID]:
    """Return the ids of customers by their codes in lower case; those that are not there are left out."""
    wanted = [code.strip().lower() for code in codes]
    lower = func.lower(col(Customer.code))
    found = await session.execute(select(lower, col(Customer.id)).where(lower.in_(wanted)))
    return {code: customer_id for code, customer_id in found}  # noqa: C416 - of rows, of which `dict` knows nothing


async def replace(session: AsyncSession, user_id: UUID, customers: Collection[UUID]) -> None:
    """Let a person see these customers, in the place of those before."""
    await session.execute(delete(OperatorScope).where(col(OperatorScope.user_id) == user_id))
    rows = [{"user_id": user_id, "customer_id": each} for each in customers]
    if rows:
        await session.execute(insert(OperatorScope), rows)


async def codes_of(session: AsyncSession, user_id: UUID) -> tuple[str, ...]:
    """Return the codes of the customers that a limited person sees."""
    seen = (
        select(col(Customer.code))
        .join(OperatorScope, col(OperatorScope.customer_id) == col(Customer.id))
        .where(col(OperatorScope.user_id) == user_id)
        .order_by(func.lower(col(Customer.code)))
    )
    return tuple(await session.scalars(seen))


async def limited(session: AsyncSession) -> tuple[OperatorLine, ...]:
    """Return everybody who is limited, by address."""
    return tuple(each for each in await everybody(session) if each.customers is not None)


async def everybody(session: AsyncSession) -> tuple[OperatorLine, ...]:
    """Return everybody who has an account, by address."""
    by_provider = select(col(ExternalIdentity.user_id)).where(col(ExternalIdentity.user_id) == col(User.id))
    people = select(
        col(User.id),
        col(User.email),
        col(User.role),
        col(User.is_active),
        by_provider.exists(),
        col(User.is_limited),
    ).order_by(col(User.email))
    seen = await _codes_by_person(session)
    return tuple(
        OperatorLine(key, email, tuple(seen.get(key, ())) if is_limited else None, role, is_active, external)
        for key, email, role, is_active, external, is_limited in await session.execute(people)
    )


async def _codes_by_person(session: AsyncSession) -> dict[UUID, list[str]]:
    rows = (
        select(col(OperatorScope.user_id), col(Customer.code))
        .join(Customer, col(OperatorScope.customer_id) == col(Customer.id))
        .order_by(func.lower(col(Customer.code)))
    )
    found: dict[UUID, list[str]] = {}
    for person, code in await session.execute(rows):
        found.setdefault(person, []).append(code)
    return found
