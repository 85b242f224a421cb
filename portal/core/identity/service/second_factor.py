"""The second factor of a person: an authenticator app, and recovery codes for when it is lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core.audit import queries as audit
from portal.core.brand import queries as branding
from portal.core.errors import Conflict, NotFound, Unauthenticated
from portal.core.identity import proof
from portal.core.identity.queries import accounts, login_attempts, second_factors, sessions
from portal.core.identity.secrets import one_time_codes
from portal.core.values.tokens import token_hash
from portal.core.words import noted, say

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from portal.core.access import Actor
    from portal.core.database.db import AsyncSession
    from portal.core.identity.queries.accounts import Credentials
    from portal.core.stack import Stack

SETUP_LIFETIME = timedelta(minutes=15)
_ON_ALREADY = noted("A second factor is on already: turn it off first.")
_NOT_ON = noted("No second factor is on.")
_NO_SETUP = noted("The set-up took too long: start it again.")
_WRONG_CODE = noted(
    "The code does not fit. Is the clock of your phone right? Type the one that is shown now."
)


@dataclass(frozen=True)
class Status:
    """Whether a person has a second factor, since when, and how many recovery codes are left."""

    is_on: bool
    since: datetime | None
    codes_left: int


@dataclass(frozen=True)
class Setup:
    """What an authenticator app is given once: `address` to scan, `secret` to type."""

    secret: str
    address: str


async def status(stack: Stack, actor: Actor) -> Status:
    """Return how a person's own second factor stands."""
    async with stack.db.snapshot() as session:
        found = await second_factors.find(session, actor.id)
    if found is None or found.confirmed_at is None:
        return Status(is_on=False, since=None, codes_left=0)
    return Status(is_on=True, since=found.confirmed_at, codes_left=found.codes_left)


async def begin(stack: Stack, actor: Actor, password: str) -> Setup:
    """Make a secret for an app; nothing is asked for before `confirm`.

    Raises `Unauthenticated` for a wrong password, `LockedOut`, `Conflict` when a second factor is on.
    """
    await proof.require(stack, actor, password)
    secret = one_time_codes.new_secret()
    sealed = proof.seal(stack).close(secret)
    async with stack.db.transaction() as session:
        if not await second_factors.start(session, actor.id, sealed, stack.clock()):
            raise Conflict(_ON_ALREADY)
        row = await branding.find(session)
    issuer = row.product_name if row else stack.settings.application.name
    return Setup(secret, one_time_codes.app_address(secret, actor.email, issuer))


async def confirm(stack: Stack, actor: Actor, code: str, token: str) -> tuple[str, ...]:
    """Turn the second factor on by a first code; returns the recovery codes, which are shown once.

    Every other session of the person ends (`token` is the cookie of the one that asks). Raises `Unauthenticated` for
    a wrong code, `NotFound` without a set-up, `Conflict` when it is on already.
    """
    now = stack.clock()
    async with stack.db.transaction() as session:
        found = await second_factors.find(session, actor.id)
        if found is None or found.created_at <= now - SETUP_LIFETIME:
            raise NotFound(_NO_SETUP)
        secret = proof.seal(stack).open(found.sealed_secret) or ""
        step = one_time_codes.matching_step(secret, one_time_codes.plain(code), now) if secret else None
        if step is None:
            raise Unauthenticated(_WRONG_CODE)
        if not await second_factors.confirm(session, actor.id, step, now):
            raise Conflict(_ON_ALREADY)
        await sessions.delete_all(session, actor.id, but=token_hash(token))
        await audit.record(session, "user.second_factor_on", actor.email)
        return await _issue_codes(session, actor)


async def renew_recovery_codes(stack: Stack, actor: Actor, password: str, code: str) -> tuple[str, ...]:
    """Return new recovery codes, shown once; those before are void.

    Raises `Unauthenticated` for a wrong password or code, `LockedOut`, `Conflict` without a second factor.
    """
    await proof.require(stack, actor, password, code)
    async with stack.db.transaction() as session:
        await audit.record(session, "user.recovery_codes_renewed", actor.email)
        return await _issue_codes(session, actor)


async def turn_off(stack: Stack, actor: Actor, password: str, code: str, token: str) -> None:
    """Turn one's own second factor off; every other session ends. Raises as `renew_recovery_codes`."""
    await proof.require(stack, actor, password, code)
    async with stack.db.transaction() as session:
        if not await second_factors.remove(session, actor.id):
            raise Conflict(_NOT_ON)
        await sessions.delete_all(session, actor.id, but=token_hash(token))
        await audit.record(session, "user.second_factor_off", actor.email)


async def reset(stack: Stack, user: UUID | str) -> UUID:
    """Take the second factor of somebody who lost it away; their sessions end. Returns whose it was.

    `user` is the account's id, or its address. Raises `NotFound` for an unknown account, `Conflict` when it has none.
    """
    async with stack.db.transaction() as session:
        found = await _account(session, user)
        if not await second_factors.remove(session, found.actor.id):
            raise Conflict("This account has no second factor.")
        await sessions.delete_all(session, found.actor.id)
        await login_attempts.forget(session, found.actor.email)
        await audit.record(session, "user.second_factor_reset", found.actor.email)
    return found.actor.id


async def _account(session: AsyncSession, user: UUID | str) -> Credentials:
    if isinstance(user, str):
        found = await accounts.find_credentials(session, user.strip().lower())
        if found is None:
            raise NotFound(say("There is no account for {strip}.", strip=user.strip()))
        return found
    found = await accounts.credentials_of(session, user)
    if found is None:
        raise NotFound("There is no such account.")
    return found


async def _issue_codes(session: AsyncSession, actor: Actor) -> tuple[str, ...]:
    codes = one_time_codes.new_recovery_codes()
    await second_factors.put_recovery_codes(
        session, actor.id, [token_hash(one_time_codes.plain(code)) for code in codes]
    )
    return codes
