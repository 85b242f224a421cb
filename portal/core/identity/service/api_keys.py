"""Keys by which machines use the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.core.access import Scope
from portal.core.audit import queries as audit
from portal.core.errors import Conflict, NotFound
from portal.core.identity.queries import api_keys as queries
from portal.core.identity.queries.api_keys import KeyLine
from portal.core.values.texts import sound_name
from portal.core.values.tokens import new_api_key, token_hash
from portal.core.words import say

if TYPE_CHECKING:
    from uuid import UUID

    from portal.core.access import Actor
    from portal.core.stack import Stack

__all__ = ["IssuedKey", "KeyLine"]

_LONGEST_NAME = 100


@dataclass(frozen=True)
class IssuedKey:
    """A new machine key; `key` is shown once."""

    id: UUID
    name: str
    key: str
    scope: Scope


async def add_api_key(stack: Stack, name: str, scope: Scope = Scope.MANAGE) -> IssuedKey:
    """Issue a machine key. Raises `Invalid` for a poor name, `Conflict` for a taken one."""
    label = sound_name("An API key's name", name, _LONGEST_NAME)
    key = new_api_key()
    async with stack.db.transaction() as session:
        key_id = await queries.insert(session, label, token_hash(key), scope)
        if key_id is None:
            raise Conflict(say("There is an API key named {label} already", label=f"{label!r}"))
        await audit.record(session, "api_key.issued", label, f"may {scope}")
    return IssuedKey(key_id, label, key, scope)


async def list_api_keys(stack: Stack) -> tuple[KeyLine, ...]:
    """Return the keys in use, by name."""
    async with stack.db.snapshot() as session:
        return await queries.list_open(session)


async def revoke_api_key(stack: Stack, key: UUID | str) -> KeyLine:
    """Revoke a key, given by its id or its name, at once; its name is free again. Raises `NotFound`."""
    async with stack.db.transaction() as session:
        line = await queries.revoke(session, key, stack.clock())
        if line is None:
            named = (
                f"There is no API key named {key!r}" if isinstance(key, str) else "There is no such API key."
            )
            raise NotFound(named)
        await audit.record(session, "api_key.revoked", line.name, f"could {line.scope}")
    return line


async def api_key_actor(stack: Stack, key: str) -> Actor | None:
    """Return the machine a key belongs to, or None."""
    async with stack.db.transaction() as session:
        return await queries.use(session, token_hash(key), stack.clock())
