"""On whose behalf the present task works, for the audit trail.

A request, an event of a page or a command says it once, at its edge; the services write it down with what they
change. Nothing is allowed or refused by it: that is the guards' business. But what the database shows a limited
operator hangs on it: see `portal.core.database.limited`.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.core.access import limit_to_person, limited_person

if TYPE_CHECKING:
    from collections.abc import Generator
    from uuid import UUID

    from portal.core.access import Actor


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts and from which address; `kind` is user, api_key, command or system.

    What is done on behalf of a limited operator is limited to what they see.
    """

    name: str = ""
    kind: str = "system"
    id: UUID | None = None
    address: str = ""
    is_limited: bool = False


_SYSTEM = Acting()
_present: ContextVar[Acting] = ContextVar("acting", default=_SYSTEM)


def present() -> Acting:
    """Return on whose behalf this task works."""
    return _present.get()


def set_acting(actor: Actor | None, address: str = "") -> None:
    """Say it for the rest of this task."""
    who = of(actor, address)
    _present.set(who)
    _limit(who)


@contextmanager
def acting(who: Acting) -> Generator[None, None, None]:
    """Say it for a block."""
    token, before = _present.set(who), limited_person()
    _limit(who)
    try:
        yield
    finally:
        _present.reset(token)
        limit_to_person(before)


def _limit(who: Acting) -> None:
    limit_to_person(who.id if who.is_limited else None)


def of(actor: Actor | None, address: str = "") -> Acting:
    """Return the actor as somebody who acts."""
    if actor is None:
        return Acting("", "anonymous", None, address)
    return Acting(actor.email, actor.kind, actor.id, address, actor.is_limited)
