"""People who sign in at a provider of single sign-on: what they may do here follows from their groups there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.core.access import SESSION_LIFETIME, Role
from portal.core.audit import acting
from portal.core.audit import queries as audit
from portal.core.errors import Conflict, Unauthenticated
from portal.core.identity.queries import accounts, external, sessions
from portal.core.identity.queries.sessions import NewSession
from portal.core.values.texts import shown_text
from portal.core.values.tokens import new_token, token_hash
from portal.core.words import noted

if TYPE_CHECKING:
    from uuid import UUID

    from portal.core.database.db import AsyncSession
    from portal.core.identity.queries.accounts import Credentials
    from portal.core.identity.rules.groups import Admission
    from portal.core.stack import Stack

_CLOSED = noted("This account is deactivated.")
_TAKEN = noted(
    "There is an account with a password for this address already. An admin has to remove "
    "it, or the provider has to say another address."
)


@dataclass(frozen=True, slots=True)
class ProvedPerson:
    """Who a provider says somebody is: its own name for them, for good, and an address that it has verified."""

    issuer: str
    subject: str
    email: str


async def admit(stack: Stack, person: ProvedPerson, admission: Admission) -> UUID:
    """Have an account for a person with the rights of their groups, made when they first come; returns its id.

    Who is limited to customers sees none until they are said; what was set by hand stays where groups say none. Their
    sessions end where rights change. Raises `Unauthenticated` for a deactivated account, `Conflict` where the address
    belongs to an account with a password, or where the last admin would be none any more.
    """
    role = Role.ADMIN if admission.is_admin else Role.USER
    is_limited = admission.customers is not None
    async with stack.db.transaction() as session:
        owner = await external.owner_of(session, person.issuer, person.subject)
        found = await accounts.credentials_of(session, owner) if owner else await _by_address(session, person)
        if found is None:
            return await _make(session, person, role, is_limited=is_limited)
        if not found.is_active:
            raise Unauthenticated(_CLOSED)
        if owner is None:
            await external.link(session, person.issuer, person.subject, found.actor.id)
        if not admission.says_customers:
            is_limited = found.actor.is_limited
        if (found.actor.role, found.actor.is_limited) != (role, is_limited):
            await _change(session, found, role, is_limited=is_limited)
        return found.actor.id


async def _by_address(session: AsyncSession, person: ProvedPerson) -> Credentials | None:
    """Return the account of an address; one with a password is its owner's, whoever a provider says they are."""
    found = await accounts.find_credentials(session, person.email)
    if found is not None and found.password_hash is not None:
        raise Conflict(_TAKEN)
    return found


async def _make(session: AsyncSession, person: ProvedPerson, role: Role, *, is_limited: bool) -> UUID:
    user_id = await accounts.insert_user(session, person.email, role, None)
    if user_id is None:
        raise Conflict(_TAKEN)
    await external.take_rights(session, user_id, role, is_limited=is_limited)
    await external.link(session, person.issuer, person.subject, user_id)
    await audit.record(session, "user.added", person.email, f"as {role}, by single sign-on")
    return user_id


async def _change(session: AsyncSession, found: Credentials, role: Role, *, is_limited: bool) -> None:
    before = found.actor.role
    if before is Role.ADMIN and not await accounts.other_admins(session, found.actor.id):
        raise Conflict("This is the last active admin, and the groups of the provider say that it is none.")
    await external.take_rights(session, found.actor.id, role, is_limited=is_limited)
    await sessions.delete_all(session, found.actor.id)
    detail = f"role: {before} → {role}, by single sign-on"
    await audit.record(session, "user.role_changed", found.actor.email, detail)


async def open_session(stack: Stack, user_id: UUID, address: str = "", agent: str = "") -> str:
    """Open a session of a person whom a provider has just proved; returns the cookie's value.

    Raises `Unauthenticated` for a deactivated account.
    """
    now, token = stack.clock(), new_token()
    address, browser = shown_text(address)[:64], shown_text(agent)[:200]
    async with stack.db.transaction() as session:
        found = await accounts.credentials_of(session, user_id)
        if found is None or not found.is_active:
            raise Unauthenticated(_CLOSED)
        await accounts.note_sign_in(session, user_id, now)
        new = NewSession(token_hash(token), user_id, address, browser, now, now + SESSION_LIFETIME)
        await sessions.insert(session, new)
        who = acting.of(found.actor, address)
        await audit.record(session, "login.succeeded", found.actor.email, "by single sign-on", by=who)
    return token
