"""The Admin's library of tariffs: asked for when an answer says that it offers something else than this stack knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.errors import PortalError
from portal.core.log import logger
from portal.core.tariffs.service import offers
from portal.core.tariffs.wire import EditionPage, EditionRow
from portal.push.asking import ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from portal.core.stack import Stack
    from portal.push.client import PushClient

# What an Admin may hand out, whatever it answers: a hundred pages are more than all municipalities of a country.
_MOST_PAGES = 100

_log = logger("push")


async def follow(stack: Stack, client: PushClient, stamp: str, step: Callable[[], None]) -> bool:
    """Ask for what the library offers, where it is something else than this stack was told of; tells whether it was.

    Nothing of it is ever in the way of the push: what does not work is said in the log, and tried with the next tick.
    `step` is called for each page.
    """
    try:
        if stamp == await offers.own_stamp(stack):
            return False
        rows = await _all(stack, client, step)
        await offers.take_in(stack, rows)
    except PortalError as error:
        _log.warning("The library of tariffs could not be asked for", reason=error.message)
        return False
    _log.info("The library of tariffs offers something else than before", editions=len(rows))
    return True


async def _all(stack: Stack, client: PushClient, step: Callable[[], None]) -> list[EditionRow]:
    rows: list[EditionRow] = []
    parameters: dict[str, str] = {}
    for _ in range(_MOST_PAGES):
        step()
        page = await ask(client, stack.clock, "tariff-editions", parameters, EditionPage)
        rows += page.rows
        if page.next is None:
            return rows
        parameters = {"after": str(page.next)}
    raise PortalError("The Admin's library has no end.")
