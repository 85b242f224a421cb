"""Whether credentials are known, for whoever decides how much to do for those that are not."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from portal.core.access import SESSION_IDLE
from portal.core.operations.queries import credentials as queries

if TYPE_CHECKING:
    from collections.abc import Collection

    from portal.core.stack import Stack


class Kind(StrEnum):
    """What a request proves itself by."""

    DEVICE = "device"
    CUSTOMER = "customer"
    API_KEY = "api_key"
    SESSION = "session"


async def known_among(stack: Stack, kind: Kind, hashes: Collection[str]) -> frozenset[str]:
    """Return those of the SHA-256 hashes (hex) that open something now. One question, however many there are.

    Raises `Unavailable` without a database.
    """
    now = stack.clock()
    async with stack.db.checks.connection() as connection:
        match kind:
            case Kind.DEVICE:
                return await queries.known_devices(connection, hashes, now)
            case Kind.CUSTOMER:
                return await queries.known_customers(connection, hashes, now)
            case Kind.API_KEY:
                return await queries.known_api_keys(connection, hashes)
            case Kind.SESSION:
                return await queries.known_sessions(connection, hashes, now, now - SESSION_IDLE)
