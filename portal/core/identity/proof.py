"""What people prove themselves with: a password, a code.

Each attempt is counted as failed before it is looked at: many at once get no more guesses than one after the other.
Passwords are checked outside any transaction, because that takes long.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core.audit import acting
from portal.core.audit import queries as audit
from portal.core.budget import Budget, Grant
from portal.core.errors import LockedOut, Unauthenticated
from portal.core.identity.queries import accounts as people
from portal.core.identity.queries import login_attempts, second_factors
from portal.core.identity.rules import lockout
from portal.core.identity.secrets import one_time_codes, passwords
from portal.core.identity.secrets.sealing import Sealer, seal_of
from portal.core.log import MORE, logger
from portal.core.values.tokens import token_hash
from portal.core.words import noted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from portal.core.access import Actor
    from portal.core.database.db import AsyncSession
    from portal.core.identity.queries.accounts import Credentials
    from portal.core.stack import Stack

_CLOSED = noted("Too many failed log-ins: try again later.")
_log = logger("accounts")
# The audit trail has every attempt that was looked at; the log says that there are some.
_lines = Budget(each=10, together=30)


@dataclass(frozen=True)
class Attempt:
    """An attempt that is counted as failed in all of `ways`; `closed`: those it closed."""

    email: str
    origin: str
    address: str
    known: Credentials | None
    ways: tuple[lockout.Way, ...]
    closed: frozenset[login_attempts.Key]
    with_code: bool


async def admit(stack: Stack, email: str, address: str, *, with_code: bool = False) -> Attempt:
    """Count an attempt everywhere it counts, and return what it is checked against.

    Raises `LockedOut` while this way is closed; nothing is written then.
    """
    now, rule, origin = stack.clock(), stack.settings.authentication, lockout.origin_of(address)
    closed_for = timedelta(minutes=rule.lockout_minutes)
    ways = lockout.ways_of(
        email, origin, max_failures=rule.max_failed_attempts, closed_for=closed_for, with_code=with_code
    )
    async with stack.db.transaction() as session:
        _require_open(
            email, origin, await login_attempts.look(session, ways), now, address, with_code=with_code
        )
        counts = await login_attempts.hold(session, ways, now)
        # Again, since others may have been counted meanwhile.
        _require_open(email, origin, counts, now, address, with_code=with_code)
        counted = {way.key: counts[way.key].with_one_more(way.bound, now) for way in ways}
        await login_attempts.put(session, counted)
        known = await people.find_credentials(session, email)
    closed = frozenset(
        key for key, count in counted.items() if count.closed_until != counts[key].closed_until
    )
    return Attempt(email, origin, address, known, ways, closed, with_code)


def _require_open(
    email: str,
    origin: str,
    counts: Mapping[login_attempts.Key, lockout.Count],
    now: datetime,
    address: str,
    *,
    with_code: bool,
) -> None:
    until = lockout.LockoutState.of(email, origin, counts).closed_until(now, with_code=with_code)
    if until is not None:
        _say_refused(address, origin, locked=True)
        raise LockedOut(_CLOSED, until)


async def refuse(
    stack: Stack, attempt: Attempt, words: str, *, action: str = "login.failed"
) -> Unauthenticated:
    """Write down a failure, which is counted already, and return what to raise."""
    now, who = stack.clock(), acting.present()
    if action == "login.failed":
        who = acting.Acting(attempt.email, "anonymous", None, attempt.address)
    async with stack.db.transaction() as session:
        counts = await login_attempts.look(session, attempt.ways)
        lockout_state = lockout.LockoutState.of(attempt.email, attempt.origin, counts)
        await audit.record_always(session, action, attempt.email, "code" if attempt.with_code else "", by=who)
        if lockout_state.pair_until and (attempt.email, attempt.origin) in attempt.closed:
            detail = f"closed to this address until {lockout_state.pair_until:%Y-%m-%d %H:%M} UTC"
            await audit.record_always(session, "login.closed", attempt.email, detail, by=who)
    until = lockout_state.closed_until(now, with_code=attempt.with_code)
    _say_refused(attempt.address, attempt.origin, locked=until is not None)
    return LockedOut(_CLOSED, until) if until and attempt.closed else Unauthenticated(words)


def _say_refused(address: str, origin: str, *, locked: bool) -> None:
    grant = _lines.take(origin)
    if grant is not Grant.NO:
        note = {"note": MORE} if grant is Grant.LAST else {}
        _log.warning("log-in refused", address=address, locked=locked, **note)


async def take_back(stack: Stack, session: AsyncSession, attempt: Attempt) -> None:
    """Uncount an attempt that was right, everywhere: it was no failure."""
    counts = await login_attempts.hold(session, attempt.ways, stack.clock())
    await login_attempts.put(
        session, {way.key: counts[way.key].with_one_less(way.bound) for way in attempt.ways}
    )


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


def seal(stack: Stack) -> Sealer:
    """Return what seals this stack's secrets."""
    keys, directory = stack.settings.authentication, stack.settings.storage.data_directory
    return seal_of(keys.secret_key.get_secret_value(), keys.earlier_secret_keys.get_secret_value(), directory)
