"""Log-ins and the sessions they open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core.access import SESSION_IDLE, SESSION_LIFETIME
from portal.core.audit import acting
from portal.core.audit import queries as audit
from portal.core.errors import NotFound
from portal.core.identity import proof
from portal.core.identity.queries import accounts as people
from portal.core.identity.queries import login_attempts, second_factors
from portal.core.identity.queries import sessions as queries
from portal.core.identity.queries.sessions import SessionLine
from portal.core.identity.rules.lockout import account_key
from portal.core.identity.secrets import passwords
from portal.core.values.texts import shown_text
from portal.core.values.tokens import new_token, token_hash
from portal.core.words import noted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from portal.core.access import Actor
    from portal.core.database.db import AsyncSession
    from portal.core.stack import Stack

__all__ = ["CodeWanted", "SessionLine", "SignedIn"]

CODE_LIFETIME = timedelta(minutes=5)
_TOUCH_EVERY = timedelta(minutes=1)
_FORGET_ATTEMPTS_AFTER = timedelta(days=90)
_WRONG = "The e-mail address or the password is wrong."
_WRONG_CODE = "The code is wrong or was used already."
_VOID_STEP = noted("This log-in took too long or was finished already: start again.")


@dataclass(frozen=True)
class SignedIn:
    """A new session: the cookie's value, shown to the browser only, and who it is for."""

    token: str
    actor: Actor
    expires_at: datetime


@dataclass(frozen=True)
class CodeWanted:
    """The password was right and a code is still to come; `token` finishes this log-in and opens nothing else."""

    token: str
    expires_at: datetime


async def sign_in(
    stack: Stack, email: str, password: str, address: str = "", agent: str = ""
) -> SignedIn | CodeWanted:
    """Open a session, or ask for the code of a second factor; `agent` is how the browser calls itself.

    Raises `Unauthenticated` for a wrong address or password alike, and `LockedOut` while repeated failures have
    closed this way in (see `rules.lockout`).
    """
    attempt = await proof.admit(stack, account_key(_clean(email)), _clean(address)[:64])
    known = attempt.known
    matches, new_hash = await passwords.verify(password, known.password_hash if known else None)
    if known is None or not matches or not known.is_active:
        raise await proof.refuse(stack, attempt, _WRONG)
    async with stack.db.transaction() as session:
        if new_hash:
            await people.renew_hash(session, known.actor.id, new_hash)
        if known.has_second_factor:
            return await _want_code(stack, session, attempt, known.actor)
        return await _open(stack, session, attempt, known.actor, agent)


async def finish_sign_in(stack: Stack, token: str, code: str, address: str = "", agent: str = "") -> SignedIn:
    """Open the session of a log-in that waits for its code, by a code of the app or a recovery code.

    Raises `NotFound` when no log-in waits under this token (any more), `Unauthenticated` for a wrong or used code,
    and `LockedOut`.
    """
    async with stack.db.snapshot() as session:
        owner = await second_factors.step_owner(session, token_hash(token), stack.clock())
        known = await people.credentials_of(session, owner) if owner else None
    if known is None:
        raise NotFound(_VOID_STEP)
    attempt = await proof.admit(stack, known.actor.email, _clean(address)[:64], with_code=True)
    async with stack.db.transaction() as session:
        used = await proof.use_code(stack, session, known.actor.id, code)
        if used:
            if not await second_factors.take_step(session, token_hash(token)):
                raise NotFound(_VOID_STEP)
            return await _open(stack, session, attempt, known.actor, agent, how=f"with a {used}")
    raise await proof.refuse(stack, attempt, _WRONG_CODE)


async def _want_code(stack: Stack, session: AsyncSession, attempt: proof.Attempt, actor: Actor) -> CodeWanted:
    """The attempt is uncounted, not forgotten: the right password must not give new guesses at the code."""
    now, token = stack.clock(), new_token()
    await proof.take_back(stack, session, attempt)
    await second_factors.put_step(session, token_hash(token), actor.id, now, now + CODE_LIFETIME)
    who = acting.Acting(actor.email, "anonymous", actor.id, attempt.address)
    await audit.record(session, "login.code_wanted", actor.email, by=who)
    return CodeWanted(token, now + CODE_LIFETIME)


async def _open(
    stack: Stack, session: AsyncSession, attempt: proof.Attempt, actor: Actor, agent: str, how: str = ""
) -> SignedIn:
    now, token = stack.clock(), new_token()
    expires_at = now + SESSION_LIFETIME
    forget_before = now - _FORGET_ATTEMPTS_AFTER
    await people.note_sign_in(session, actor.id, now)
    await proof.take_back(stack, session, attempt)
    await login_attempts.note_success(session, attempt.email, attempt.origin, now, forget_before)
    browser = _clean(agent)[:200]
    new = queries.NewSession(token_hash(token), actor.id, attempt.address, browser, now, expires_at)
    await queries.insert(session, new)
    await audit.record(session, "login.succeeded", actor.email, how, by=acting.of(actor, attempt.address))
    return SignedIn(token, actor, expires_at)


async def session_actor(stack: Stack, token: str, *, is_use: bool = True) -> Actor | None:
    """Return who a session cookie belongs to, or None when it opens nothing (any more).

    `is_use=False` is for what a page asks by itself: an open page alone does not keep a session from being idle.
    """
    now, hashed = stack.clock(), token_hash(token)
    async with stack.db.checks.connection() as connection:
        found = await queries.find(connection, hashed, now, now - SESSION_IDLE)
        if found is not None and is_use and now - found.last_seen_at > _TOUCH_EVERY:
            await queries.touch(connection, hashed, now)
        return found.actor if found else None


async def actors_among(stack: Stack, token_hashes: Iterable[str]) -> dict[str, Actor]:
    """Return who the open ones of these sessions belong to, by the hash of their token; it is no use of them."""
    now = stack.clock()
    async with stack.db.checks.connection() as connection:
        return await queries.find_among(connection, token_hashes, now, now - SESSION_IDLE)


async def sign_out(stack: Stack, token: str) -> None:
    """End a session; ending one that is not open is no error."""
    async with stack.db.transaction() as session:
        actor = await queries.delete_by_hash(session, token_hash(token))
        if actor is not None:
            await audit.record_always(session, "login.ended", actor.email)


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
        await audit.record_always(session, "login.ended", actor.email, "one other session")


async def end_other_sessions(stack: Stack, actor: Actor, token: str) -> int:
    """End every session of a person but the one that asks; returns how many."""
    async with stack.db.transaction() as session:
        ended = await queries.delete_all(session, actor.id, but=token_hash(token))
        if ended:
            await audit.record_always(session, "login.ended", actor.email, f"all other sessions ({ended})")
        return ended


async def ended_among(stack: Stack, token_hashes: Iterable[str]) -> frozenset[str]:
    """Return which of these sessions, named by the hash of their token, are over."""
    asked, now = frozenset(token_hashes), stack.clock()
    if not asked:
        return frozenset()
    async with stack.db.snapshot() as session:
        return asked - await queries.open_among(session, asked, now, now - SESSION_IDLE)


def _clean(value: str) -> str:
    """Nobody has a control character in their address, and PostgreSQL stores no NUL."""
    return shown_text(value)
