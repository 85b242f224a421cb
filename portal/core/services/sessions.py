"""Log-ins and the sessions they open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core import acting, passwords
from portal.core.domain import lockout
from portal.core.domain.tokens import new_token, token_hash
from portal.core.errors import LockedOut, NotFound, Unauthenticated
from portal.core.log import logger
from portal.core.queries import accounts as people
from portal.core.queries import audit, login_attempts
from portal.core.queries import sessions as queries
from portal.core.queries.sessions import SessionLine

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from portal.core.domain.access import Actor
    from portal.core.queries.accounts import Credentials
    from portal.core.stack import Stack

__all__ = ["SessionLine", "SignedIn"]

SESSION_IDLE = timedelta(hours=12)
SESSION_LIFETIME = timedelta(days=30)
_TOUCH_EVERY = timedelta(minutes=1)
_FORGET_ATTEMPTS_AFTER = timedelta(days=90)
_WRONG = "The e-mail address or the password is wrong."
_CLOSED = "Too many failed log-ins: try again later."
_log = logger("accounts")


@dataclass(frozen=True)
class SignedIn:
    """A new session: the cookie's value, shown to the browser only, and who it is for."""

    token: str
    actor: Actor
    expires_at: datetime


@dataclass(frozen=True)
class _Attempt:
    email: str
    origin: str
    address: str
    agent: str
    credentials: Credentials | None = None
    closes_until: datetime | None = None


async def sign_in(stack: Stack, email: str, password: str, address: str = "", agent: str = "") -> SignedIn:
    """Open a session; `agent` is how the browser calls itself.

    Raises `Unauthenticated` for a wrong address or password alike, and `LockedOut` while repeated failures have
    closed this way in (see `domain.lockout`). The password is checked outside any transaction: it takes long.
    """
    asked = _clean(email).strip().lower()[:254]
    attempt = await _admit(
        stack, _Attempt(asked, lockout.origin_of(address), _clean(address)[:64], _clean(agent)[:200])
    )
    known = attempt.credentials
    matches, new_hash = await passwords.verify(password, known.password_hash if known else None)
    if known is None or not matches or not known.is_active:
        until = await _refuse(stack, attempt)
        raise LockedOut(_CLOSED, until) if until else Unauthenticated(_WRONG)
    return await _open(stack, attempt, known.actor, new_hash)


async def _admit(stack: Stack, attempt: _Attempt) -> _Attempt:
    """Count the attempt as failed before it is checked: many at once get no more guesses than one after the other."""
    now = stack.clock()
    rule = stack.settings.authentication
    bound = lockout.pair_bound(rule.max_failed_attempts, timedelta(minutes=rule.lockout_minutes))
    async with stack.db.transaction() as session:
        await login_attempts.hold(session, attempt.email, attempt.origin, now)
        standing = await login_attempts.standing(session, attempt.email, attempt.origin)
        until = standing.closed_until(now)
        if until is None:
            closes = await login_attempts.count(session, attempt.email, attempt.origin, bound, now)
            found = await people.find_credentials(session, attempt.email)
            return _Attempt(attempt.email, attempt.origin, attempt.address, attempt.agent, found, closes)
    _log.warning("log-in refused", address=attempt.address, locked=True)
    raise LockedOut(_CLOSED, until)


async def _refuse(stack: Stack, attempt: _Attempt) -> datetime | None:
    now = stack.clock()
    rule = stack.settings.authentication
    most, closed_for = rule.max_failed_attempts, timedelta(minutes=rule.lockout_minutes)
    who = acting.Acting(attempt.email, "anonymous", None, attempt.address)
    async with stack.db.transaction() as session:
        over_account = lockout.account_bound(most, closed_for)
        await login_attempts.count(session, attempt.email, lockout.ANY, over_account, now)
        over_address = lockout.address_bound(most, closed_for)
        await login_attempts.count(session, lockout.ANY, attempt.origin, over_address, now)
        await audit.record(session, "login.failed", attempt.email, by=who)
        if attempt.closes_until:
            detail = f"closed to this address until {attempt.closes_until:%Y-%m-%d %H:%M} UTC"
            await audit.record(session, "login.closed", attempt.email, detail, by=who)
    _log.warning("log-in refused", address=attempt.address, locked=attempt.closes_until is not None)
    return attempt.closes_until


async def _open(stack: Stack, attempt: _Attempt, actor: Actor, new_hash: str | None) -> SignedIn:
    now, token = stack.clock(), new_token()
    expires_at = now + SESSION_LIFETIME
    new = queries.NewSession(token_hash(token), actor.id, attempt.address, attempt.agent, now, expires_at)
    async with stack.db.transaction() as session:
        forget_before = now - _FORGET_ATTEMPTS_AFTER
        await login_attempts.note_success(session, attempt.email, attempt.origin, now, forget_before)
        await people.note_sign_in(session, actor.id, now, new_hash)
        await queries.insert(session, new)
        await audit.record(session, "login.succeeded", actor.email, by=acting.of(actor, attempt.address))
    return SignedIn(token, actor, expires_at)


async def session_actor(stack: Stack, token: str, *, is_use: bool = True) -> Actor | None:
    """Return who a session cookie belongs to, or None when it opens nothing (any more).

    `is_use=False` is for what a page asks by itself: an open page alone does not keep a session from being idle.
    """
    now, hashed = stack.clock(), token_hash(token)
    async with stack.db.transaction() as session:
        found = await queries.find(session, hashed, now, now - SESSION_IDLE)
        if found is not None and is_use and now - found.last_seen_at > _TOUCH_EVERY:
            await queries.touch(session, hashed, now)
        return found.actor if found else None


async def sign_out(stack: Stack, token: str) -> None:
    """End a session; ending one that is not open is no error."""
    async with stack.db.transaction() as session:
        actor = await queries.delete(session, token_hash(token))
        if actor is not None:
            await audit.record(session, "login.ended", actor.email)


async def list_sessions(stack: Stack, actor: Actor, token: str) -> tuple[SessionLine, ...]:
    """Return a person's own open sessions; `token` is the cookie of the one that asks."""
    now = stack.clock()
    async with stack.db.snapshot() as session:
        return await queries.list_open(session, actor.id, token_hash(token), now, now - SESSION_IDLE)


async def end_session(stack: Stack, actor: Actor, session_id: UUID) -> None:
    """End one of a person's own sessions. Raises `NotFound`, also for somebody else's."""
    async with stack.db.transaction() as session:
        if not await queries.delete_one(session, actor.id, session_id):
            raise NotFound("This session has ended already.")
        await audit.record(session, "login.ended", actor.email, "one other session")


async def end_other_sessions(stack: Stack, actor: Actor, token: str) -> int:
    """End every session of a person but the one that asks; returns how many."""
    async with stack.db.transaction() as session:
        ended = await queries.delete_all(session, actor.id, but=token_hash(token))
        await audit.record(session, "login.ended", actor.email, f"all other sessions ({ended})")
        return ended


async def ended_among(stack: Stack, token_hashes: Iterable[str]) -> frozenset[str]:
    """Return which of these sessions, named by the hash of their token, are over."""
    asked, now = frozenset(token_hashes), stack.clock()
    if not asked:
        return frozenset()
    async with stack.db.snapshot() as session:
        return asked - await queries.open_among(session, asked, now, now - SESSION_IDLE)


def _clean(value: str) -> str:
    """PostgreSQL stores no NUL; nobody has one in their address."""
    return value.replace("\x00", "")
