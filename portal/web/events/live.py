"""What has to reach open pages within seconds, whichever process brought it about.

A session that ended and a brand that changed are announced by the database (NOTIFY). A look every few seconds covers
what no announcement says (an idle session) and what was missed while the connection was away.
"""

import asyncio

from portal.core.brand.queries import CHANGED
from portal.core.identity.queries.sessions import ENDED
from portal.core.identity.service import sessions
from portal.core.log import logger
from portal.core.outages import Outage
from portal.core.stack import Stack
from portal.web.events import brand_watch, tabs

_LOOK_EVERY_SECONDS = 5
_log = logger("live")


async def follow(stack: Stack) -> None:
    """Keep open pages true until cancelled."""
    await asyncio.gather(_look_now_and_then(stack), _listen(stack))


async def _look_now_and_then(stack: Stack) -> None:
    outage = Outage(_log, "Open pages are not looked at")
    while True:
        with outage.noted():
            tabs.forget_closed()
            for session in await sessions.ended_among(stack, tabs.known_sessions()):
                await tabs.sign_out_everywhere(session, is_over=False)
            await brand_watch.refresh(stack)
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


async def _listen(stack: Stack) -> None:
    outage = Outage(_log, "Announcements of the database are not heard")
    while True:
        with outage.noted():
            await _listen_once(stack, outage)
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


async def _listen_once(stack: Stack, outage: Outage) -> None:
    """Handle announcements until the connection is gone."""
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    connection = await stack.db.dedicated()
    try:
        for channel in (ENDED, CHANGED):
            await connection.add_listener(channel, lambda _, __, name, text: heard.put_nowait((name, text)))
        connection.add_termination_listener(lambda _: heard.put_nowait(("", "")))
        outage.over()
        while True:
            channel, payload = await heard.get()
            if channel == ENDED:
                await tabs.sign_out_everywhere(payload)
            elif channel == CHANGED:
                await brand_watch.refresh(stack, is_changed=True)
            else:
                return
    finally:
        await connection.close(timeout=1)
