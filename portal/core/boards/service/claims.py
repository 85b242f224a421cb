"""A board comes by its token: somebody types its code in at a device, and the board collects it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core.audit import queries as audit
from portal.core.boards.queries import claims as queries
from portal.core.boards.rules.claim_codes import SECRET_BYTES, code_of, shown_code, sound_code
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.sites.queries import devices
from portal.core.sites.rules.meter_tree import DeviceKind
from portal.core.values.tokens import new_device_token
from portal.core.words import noted, say

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from portal.core.stack import Stack

CLAIM_HOLDS = timedelta(hours=24)
_NO_DEVICE = noted("There is no such device")
_UNCLAIMED = noted("Nobody has claimed this board yet")


@dataclass(frozen=True)
class Claim:
    """A code that was typed in for a device, as the board shows it; until then the board may collect its token."""

    external_id: str
    code: str
    expires_at: datetime


async def claim_board(stack: Stack, device: UUID | str, typed: str, *, site_id: UUID | None = None) -> Claim:
    """Give the board that shows a code to a device, by its id or external id: within a day it collects the token.

    With `site_id` only a device that stands there. Raises `Invalid` for what is no code, `NotFound`, and `Conflict`
    where the code was typed in for another device.
    """
    code, now = sound_code(typed), stack.clock()
    async with stack.db.transaction() as session:
        if isinstance(device, str):
            found = await devices.find_device(session, device, now, for_change=True)
        else:
            found = await devices.get_device(session, device, now, for_change=True)
        if found is None or site_id not in {None, found.site_id}:
            raise NotFound(_NO_DEVICE)
        if found.kind is DeviceKind.VIRTUAL:
            message = noted("A virtual meter is calculated: it has no board")
            raise Invalid(message)
        await queries.drop_expired(session, now)
        if not await queries.store_claim(session, found.id, code, now + CLAIM_HOLDS):
            message = noted("This code was typed in for another device")
            raise Conflict(message)
        await audit.record(session, "device.board_claimed", found.external_id, shown_code(code))
    return Claim(found.external_id, shown_code(code), now + CLAIM_HOLDS)


async def collect_token(stack: Stack, secret_hex: str) -> str:
    """Return a new token for the board with this secret, once its code was typed in for a device.

    It may ask again while the claim holds, because an answer may have been lost; a token of before ends. Raises
    `Invalid` for what is no secret, `NotFound` as long as nobody has claimed the board.
    """
    try:
        secret = bytes.fromhex(secret_hex)
    except ValueError:
        secret = b""
    if len(secret) != SECRET_BYTES:
        message = say("'secret' is {secret_bytes} bytes in hex", secret_bytes=SECRET_BYTES)
        raise Invalid(message)
    token = new_device_token()
    async with stack.db.transaction() as session:
        device_id = await queries.claimed_by(session, code_of(secret), stack.clock())
        found = (
            None
            if device_id is None
            else await devices.get_device(session, device_id, stack.clock(), for_change=True)
        )
        if found is None or not found.is_active:
            raise NotFound(_UNCLAIMED)
        await devices.replace_token(session, found.id, token, stack.clock(), None)
        await audit.record(session, "device.token_collected", found.external_id)
    return token
