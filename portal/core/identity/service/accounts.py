"""People: who may log in, as what, and how they get and change their password."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core.access import SESSION_LIFETIME, Role
from portal.core.audit import acting
from portal.core.audit import queries as audit
from portal.core.errors import Conflict, Invalid, NotFound, Unauthenticated
from portal.core.identity import proof
from portal.core.identity.queries import accounts as queries
from portal.core.identity.queries import login_attempts, sessions
from portal.core.identity.queries.accounts import UserLine
from portal.core.identity.queries.sessions import NewSession
from portal.core.identity.secrets import passwords
from portal.core.settings import DEFAULT_ADMIN_EMAIL, DEFAULT_ADMIN_PASSWORD
from portal.core.values.texts import shown_text, text_problem
from portal.core.values.tokens import new_token, token_hash
from portal.core.words import noted, say

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from portal.core.access import Actor
    from portal.core.database.db import AsyncSession
    from portal.core.identity.queries.accounts import Credentials
    from portal.core.stack import Stack

__all__ = ["PasswordLink", "UserLine"]

LINK_LIFETIME = timedelta(days=3)
_EMAIL = re.compile(r"[^@\s\x00]+@[^@\s.\x00]+(\.[^@\s.\x00]+)*")
_LONGEST_EMAIL = 254
_UNKNOWN = noted("There is no such account.")
_LAST_ADMIN = noted("This is the last active admin: make somebody else an admin first.")
_IS_LIMITED = noted(
    "This person is limited to some customers, and an admin sees all of them: take the limit away first."
)
_VOID_LINK = noted("This link has been used or has expired. Ask an admin for a new one.")


@dataclass(frozen=True)
class PasswordLink:
    """A link by which a person sets their password once; `token` is shown once and only its hash is kept."""

    id: UUID
    email: str
    token: str
    expires_at: datetime


async def add_user(stack: Stack, email: str, role: Role, password: str) -> UUID:
    """Add an account. Raises `Invalid` for a poor address or password, `Conflict` for a taken address."""
    address = _address(email)
    _check_password(password, address)
    hashed = await passwords.hash_password(password)
    async with stack.db.transaction() as session:
        return await _insert(session, address, role, hashed)


async def invite_user(stack: Stack, email: str, role: Role) -> PasswordLink:
    """Add an account without a password, and issue the link to set it. Raises as `add_user`."""
    address = _address(email)
    async with stack.db.transaction() as session:
        user_id = await _insert(session, address, role, None)
        return await _issue(stack, session, user_id, address)


async def renew_link(stack: Stack, user_id: UUID) -> PasswordLink:
    """Issue a new link to set the password; the one before is void, the password stays until it is set.

    Raises `NotFound`, and `Conflict` for a deactivated account.
    """
    async with stack.db.transaction() as session:
        found = await _known(session, user_id)
        if not found.is_active:
            raise Conflict("This account is deactivated: activate it first.")
        await audit.record(session, "user.link_issued", found.actor.email)
        return await _issue(stack, session, user_id, found.actor.email)


async def set_password(stack: Stack, token: str, password: str) -> str:
    """Set a password by a link; every session of the person ends. Returns their address.

    Raises `Unauthenticated` for a link that is used up, expired or unknown, `Invalid` for a poor password.
    """
    now = stack.clock()
    _check_password(password)
    hashed = await passwords.hash_password(password)
    async with stack.db.transaction() as session:
        owner = await queries.link_owner(session, token_hash(token), now)
        if owner is None:
            raise Unauthenticated(_VOID_LINK)
        await queries.set_password(session, owner.actor.id, hashed, now)
        await sessions.delete_all(session, owner.actor.id)
        await login_attempts.forget(session, owner.actor.email)
        who = acting.of(owner.actor, acting.present().address)
        await audit.record(session, "user.password_set", owner.actor.email, "by link", by=who)
    return owner.actor.email


async def change_password(stack: Stack, actor: Actor, present: str, wanted: str, agent: str = "") -> str:
    """Change one's own password; every session ends, and one is opened for the caller: returns its token.

    Raises `Unauthenticated` when the present password is wrong (which counts like a failed log-in), `Invalid` for a
    poor new one.
    """
    _check_password(wanted, actor.email)
    await proof.require(stack, actor, present)
    hashed = await passwords.hash_password(wanted)
    now, token, address = stack.clock(), new_token(), acting.present().address[:64]
    async with stack.db.transaction() as session:
        await queries.set_password(session, actor.id, hashed, now)
        await sessions.delete_all(session, actor.id)
        new = NewSession(token_hash(token), actor.id, address, agent[:200], now, now + SESSION_LIFETIME)
        await sessions.insert(session, new)
        await audit.record(session, "user.password_changed", actor.email)
    return token


async def list_users(stack: Stack) -> tuple[UserLine, ...]:
    """Return everybody who may or might log in, by address."""
    async with stack.db.snapshot() as session:
        return await queries.list_users(session, stack.clock())


async def set_role(stack: Stack, user_id: UUID, role: Role) -> None:
    """Make a person an admin or a user; their sessions end, unless that is what they are.

    Raises `NotFound`, `Conflict` for the last admin.
    """
    async with stack.db.transaction() as session:
        known = await _known(session, user_id)
        if known.actor.role is role:
            return
        if role is not Role.ADMIN:
            await _keep_an_admin(session, user_id)
        elif known.actor.is_limited:
            raise Conflict(_IS_LIMITED)
        email = await queries.set_role(session, user_id, role)
        if email is None:
            raise NotFound(_UNKNOWN)
        await sessions.delete_all(session, user_id)
        await audit.record(session, "user.role_changed", email, f"role: {known.actor.role} → {role}")


async def set_active(stack: Stack, user_id: UUID, *, is_active: bool) -> None:
    """Activate or deactivate a person; deactivating ends their sessions. Raises as `set_role`."""
    async with stack.db.transaction() as session:
        if (await _known(session, user_id)).is_active == is_active:
            return
        if not is_active:
            await _keep_an_admin(session, user_id)
        email = await queries.set_active(session, user_id, is_active=is_active)
        if email is None:
            raise NotFound(_UNKNOWN)
        await sessions.delete_all(session, user_id)
        await audit.record(session, "user.activated" if is_active else "user.deactivated", email)


async def ensure_first_admin(stack: Stack) -> bool:
    """Create the first admin from the settings on a stack without accounts; tells whether it did."""
    chosen = stack.settings.authentication
    address = chosen.default_admin_email.strip().lower()
    async with stack.db.transaction() as session:
        if await queries.count_users(session):
            return False
        hashed = await passwords.hash_password(chosen.default_admin_password.get_secret_value())
        made = await queries.insert_user(session, address, Role.ADMIN, hashed)
        await audit.record(session, "user.added", address, "first admin, from the settings")
    return made is not None


async def holder_of_default_password(stack: Stack) -> str | None:
    """Return the first admin's address while whoever knows the documentation can sign in with it, else None.

    What counts is the account: the setting may have been changed after it was made, or the password before.
    """
    addresses = {stack.settings.authentication.default_admin_email.strip().lower(), DEFAULT_ADMIN_EMAIL}
    for address in sorted(addresses):
        async with stack.db.snapshot() as session:
            found = await queries.find_credentials(session, address)
        if found is not None and found.is_active and found.password_hash is not None:
            matches, _ = await passwords.verify(DEFAULT_ADMIN_PASSWORD, found.password_hash)
            if matches:
                return address
    return None


async def _insert(session: AsyncSession, address: str, role: Role, hashed: str | None) -> UUID:
    user_id = await queries.insert_user(session, address, role, hashed)
    if user_id is None:
        raise Conflict(say("There is an account for {address} already", address=address))
    await audit.record(session, "user.added", address, f"as {role}")
    return user_id


async def _issue(stack: Stack, session: AsyncSession, user_id: UUID, address: str) -> PasswordLink:
    now, token = stack.clock(), new_token()
    expires_at = now + LINK_LIFETIME
    await queries.put_link(session, user_id, token_hash(token), now, expires_at)
    return PasswordLink(user_id, address, token, expires_at)


async def _keep_an_admin(session: AsyncSession, user_id: UUID) -> None:
    others = await queries.other_admins(session, user_id)
    found = await queries.credentials_of(session, user_id)
    if found is not None and found.is_active and found.actor.role is Role.ADMIN and not others:
        raise Conflict(_LAST_ADMIN)


async def _known(session: AsyncSession, user_id: UUID) -> Credentials:
    found = await queries.credentials_of(session, user_id)
    if found is None:
        raise NotFound(_UNKNOWN)
    return found


def _address(email: str) -> str:
    address = email.strip().lower()
    if len(address) > _LONGEST_EMAIL or text_problem(address) or not _EMAIL.fullmatch(address):
        raise Invalid(
            say("{address} is not an e-mail address", address=f"{shown_text(address[:_LONGEST_EMAIL])!r}")
        )
    return address


def _check_password(password: str, email: str = "") -> None:
    if len(password) < passwords.MIN_LENGTH:
        raise Invalid(
            say("A password needs at least {min_length} characters", min_length=passwords.MIN_LENGTH)
        )
    if len(password) > passwords.MAX_LENGTH or "\x00" in password:
        raise Invalid(
            say(
                "A password has at most {max_length} characters, all of them visible",
                max_length=passwords.MAX_LENGTH,
            )
        )
    if email and password.lower() == email:
        raise Invalid("A password has to be another word than the e-mail address")
