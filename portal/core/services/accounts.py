"""Log-ins, sessions, accounts and machine keys."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from passlib.context import CryptContext

from portal.core.domain.access import Actor, Role
from portal.core.domain.tokens import new_api_key, new_token, token_hash
from portal.core.errors import Conflict, Invalid, LockedOut, Unauthenticated
from portal.core.log import logger
from portal.core.queries import accounts as queries

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from portal.core.settings import Authentication
    from portal.core.stack import Stack

SESSION_IDLE = timedelta(hours=12)
SESSION_LIFETIME = timedelta(days=30)
_TOUCH_EVERY = timedelta(minutes=1)
MIN_PASSWORD_LENGTH = 10
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)*")
_WRONG = "The e-mail address or the password is wrong."
_log = logger("accounts")


@dataclass(frozen=True)
class SignedIn:
    """A new session: the cookie's value, shown to the browser only, and who it is for."""

    token: str
    actor: Actor
    expires_at: datetime


@dataclass(frozen=True)
class IssuedKey:
    """A new machine key; `key` is shown once."""

    id: UUID
    name: str
    key: str


@cache
def _passwords() -> CryptContext:
    # Argon2id with the parameters of RFC 9106's second recommendation: 64 MiB, 3 passes, 4 lanes.
    return CryptContext(
        schemes=["argon2"],
        argon2__type="ID",
        argon2__memory_cost=65536,
        argon2__rounds=3,
        argon2__parallelism=4,
    )


@cache
def _nobodys_hash() -> str:
    return _passwords().hash("an account that does not exist costs as much to check")


async def sign_in(stack: Stack, email: str, password: str, address: str = "") -> SignedIn:
    """Open a session.

    Raises `Unauthenticated` for a wrong address or password alike, and `LockedOut` while the account
    is closed after repeated failures.
    """
    now = stack.clock()
    async with stack.db.transaction() as session:
        found = await queries.credentials_for_update(session, email.strip().lower())
        locked_until = None if found is None else found.locked_until
        if locked_until is None or locked_until <= now:
            known_hash = found.password_hash if found else _nobodys_hash()
            matches = await asyncio.to_thread(_passwords().verify, password, known_hash)
            if found and found.is_active and matches:
                token = new_token()
                expires_at = now + SESSION_LIFETIME
                await queries.insert_session(session, found.actor.id, token_hash(token), now, expires_at)
                return SignedIn(token, found.actor, expires_at)
            locked_until = None
            if found:
                failures, locked_until = _after_failure(
                    found.failed_attempts, now, stack.settings.authentication
                )
                await queries.record_failure(session, found.actor.id, failures, locked_until)
    _log.warning("log-in refused", address=address, locked=locked_until is not None)
    if locked_until is not None:
        message = "Too many failed log-ins: this account is closed for a while."
        raise LockedOut(message, locked_until)
    raise Unauthenticated(_WRONG)


def _after_failure(failures: int, now: datetime, rule: Authentication) -> tuple[int, datetime | None]:
    """Count one more failure; at the bound the account closes and the count starts again."""
    if failures + 1 < rule.max_failed_attempts:
        return failures + 1, None
    return 0, now + timedelta(minutes=rule.lockout_minutes)


async def session_actor(stack: Stack, token: str) -> Actor | None:
    """Return who a session cookie belongs to, or None when it opens nothing (any more)."""
    now, hashed = stack.clock(), token_hash(token)
    async with stack.db.transaction() as session:
        found = await queries.find_session(session, hashed, now, now - SESSION_IDLE)
        if found is not None and now - found.last_seen_at > _TOUCH_EVERY:
            await queries.touch_session(session, hashed, now)
        return found.actor if found else None


async def sign_out(stack: Stack, token: str) -> None:
    """End a session; ending one that is not open is no error."""
    async with stack.db.transaction() as session:
        await queries.delete_session(session, token_hash(token))


async def add_user(stack: Stack, email: str, role: Role, password: str) -> UUID:
    """Add an account. Raises `Invalid` for a poor address or password, `Conflict` for a taken address."""
    address = email.strip().lower()
    if not _EMAIL.fullmatch(address):
        message = f"{email!r} is not an e-mail address"
        raise Invalid(message)
    if len(password) < MIN_PASSWORD_LENGTH:
        message = f"A password needs at least {MIN_PASSWORD_LENGTH} characters"
        raise Invalid(message)
    hashed = await asyncio.to_thread(_passwords().hash, password)
    async with stack.db.transaction() as session:
        user_id = await queries.insert_user(session, address, role, hashed)
    if user_id is None:
        message = f"There is an account for {address} already"
        raise Conflict(message)
    return user_id


async def ensure_first_admin(stack: Stack) -> bool:
    """Create the first admin from the settings on a stack without accounts; tells whether it did."""
    chosen = stack.settings.authentication
    async with stack.db.transaction() as session:
        if await queries.count_users(session):
            return False
        hashed = await asyncio.to_thread(_passwords().hash, chosen.default_admin_password.get_secret_value())
        made = await queries.insert_user(
            session, chosen.default_admin_email.strip().lower(), Role.ADMIN, hashed
        )
    return made is not None


async def add_api_key(stack: Stack, name: str) -> IssuedKey:
    """Issue a machine key. Raises `Invalid` for an empty name, `Conflict` for a taken one."""
    label = name.strip()
    if not label:
        message = "An API key needs a name"
        raise Invalid(message)
    key = new_api_key()
    async with stack.db.transaction() as session:
        key_id = await queries.insert_api_key(session, label, token_hash(key))
    if key_id is None:
        message = f"There is an API key named {label!r} already"
        raise Conflict(message)
    return IssuedKey(key_id, label, key)


async def api_key_actor(stack: Stack, key: str) -> Actor | None:
    """Return the machine a key belongs to, or None."""
    async with stack.db.transaction() as session:
        return await queries.use_api_key(session, token_hash(key), stack.clock())
