"""What people prove themselves with: a password, a code.

Each attempt is counted as failed before it is looked at: many at once get no more guesses than one after the other.
Passwords are checked outside any transaction, because that takes long.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core import acting, one_time_codes, passwords
from portal.core.domain import lockout
from portal.core.domain.tokens import token_hash
from portal.core.errors import LockedOut, Unauthenticated
from portal.core.log import logger
from portal.core.queries import accounts as people
from portal.core.queries import audit, login_attempts, second_factors
from portal.core.sealing import Seal, seal_of

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from portal.core.db import AsyncSession
    from portal.core.domain.access import Actor
    from portal.core.queries.accounts import Credentials
    from portal.core.stack import Stack

_CLOSED = "Too many failed log-ins: try again later."
_log = logger("accounts")


@dataclass(frozen=True)
class Attempt:
    """An attempt that is counted as failed; `closes_until` is set where it is the one too many."""

    email: str
    origin: str
    address: str
    known: Credentials | None
    closes_until: datetime | None
    with_code: bool


async def admit(stack: Stack, email: str, address: str, *, with_code: bool = False) -> Attempt:
    """Count an attempt and return what it is checked against. Raises `LockedOut` while this way is closed."""
    now, origin = stack.clock(), lockout.origin_of(address)
    async with stack.db.transaction() as session:
        await login_attempts.hold(session, email, origin, now)
        standing = await login_attempts.standing(session, email, origin)
        until = standing.closed_until(now, with_code=with_code)
        if until is None:
            closes = await login_attempts.count(session, email, origin, _pair_bound(stack), now)
            known = await people.find_credentials(session, email)
            return Attempt(email, origin, address, known, closes, with_code)
    _log.warning("log-in refused", address=address, locked=True)
    raise LockedOut(_CLOSED, until)


async def refuse(
    stack: Stack, attempt: Attempt, words: str, *, action: str = "login.failed"
) -> Unauthenticated:
    """Count a failure everywhere it counts, write it down, and return what to raise."""
    now, rule = stack.clock(), stack.settings.authentication
    most, closed_for = rule.max_failed_attempts, timedelta(minutes=rule.lockout_minutes)
    who = acting.present()
    if action == "login.failed":
        who = acting.Acting(attempt.email, "anonymous", None, attempt.address)
    counts = [
        (attempt.email, lockout.ANY, lockout.account_bound(most, closed_for)),
        (lockout.ANY, attempt.origin, lockout.address_bound(most, closed_for)),
    ]
    if attempt.with_code:
        counts.append((attempt.email, lockout.CODES, lockout.codes_bound(most)))
    async with stack.db.transaction() as session:
        for email, origin, bound in counts:
            await login_attempts.count(session, email, origin, bound, now)
        await audit.record_always(session, action, attempt.email, "code" if attempt.with_code else "", by=who)
        if attempt.closes_until:
            detail = f"closed to this address until {attempt.closes_until:%Y-%m-%d %H:%M} UTC"
            await audit.record_always(session, "login.closed", attempt.email, detail, by=who)
    _log.warning("log-in refused", address=attempt.address, locked=attempt.closes_until is not None)
    return LockedOut(_CLOSED, attempt.closes_until) if attempt.closes_until else Unauthenticated(words)


async def take_back(stack: Stack, session: AsyncSession, attempt: Attempt) -> None:
    """Uncount an attempt that was right but is no log-in by itself."""
    closed, bound = attempt.closes_until is not None, _pair_bound(stack)
    await login_attempts.take_back(session, attempt.email, attempt.origin, bound, closed=closed)


async def require(stack: Stack, actor: Actor, password: str, code: str | None = None) -> None:
    """Let somebody who is signed in prove that they are still there: by their password, and a code where one is given.

    Raises `Unauthenticated` when either is wrong, and `LockedOut`.
    """
    with_code = code is not None
    attempt = await admit(stack, actor.email, acting.present().address, with_code=with_code)
    matches, _ = await passwords.verify(password, attempt.known.password_hash if attempt.known else None)
    if matches:
        async with stack.db.transaction() as session:
            if code is None or await use_code(stack, session, actor.id, code):
                await take_back(stack, session, attempt)
                return
    words = "The password or the code is wrong." if with_code else "The present password is wrong."
    raise await refuse(stack, attempt, words, action="user.proof_refused")


async def use_code(stack: Stack, session: AsyncSession, user_id: UUID, typed: str) -> str:
    """Use up a code of a person's app or a recovery code; returns which in words, empty where it is neither."""
    code, factor = one_time_codes.plain(typed), await second_factors.find(session, user_id)
    if factor is None or factor.confirmed_at is None:
        return ""
    if not one_time_codes.is_app_code(code):
        used = await second_factors.use_recovery_code(session, user_id, token_hash(code))
        return f"recovery code, {factor.codes_left - 1} left" if used else ""
    secret = seal(stack).open(factor.sealed_secret)
    if secret is None:
        _log.error("a second factor was sealed under another key", user=str(user_id))
        return ""
    step = one_time_codes.matching_step(secret, code, stack.clock())
    return "code" if step is not None and await second_factors.use_step(session, user_id, step) else ""


def seal(stack: Stack) -> Seal:
    """Return what seals this stack's secrets."""
    settings = stack.settings
    return seal_of(settings.authentication.secret_key.get_secret_value(), settings.storage.data_directory)


def _pair_bound(stack: Stack) -> lockout.Bound:
    rule = stack.settings.authentication
    return lockout.pair_bound(rule.max_failed_attempts, timedelta(minutes=rule.lockout_minutes))
