"""Lena over the websocket, without a page: no handler tells her anything of a customer that she does not see."""

import asyncio
import json

from tests.architecture.fresh_process import loaded
from tests.e2e.conftest import LimitedPerson
from tests.e2e.running import RunningStack
from tests.e2e.test_websocket import Socket

_HYDRATE = "reflex___state____state.hydrate"


async def test_no_handler_tells_her_anything_of_the_other(
    admin_stack: RunningStack, lena: LimitedPerson
) -> None:
    """Each is called on the other customer's address, and with its id wherever it takes one."""
    handlers = loaded("Admin")["handlers"]
    names = [name for name, each in handlers.items() if each["access"] in ("signed in", "admin")]
    assert any("fleet_state" in name for name in names)
    other, code = lena.other, lena.other_code
    dialog = {"which": "rotate", "chosen_id": other, "name": "x"}
    query = {"customer_id": other, "tab": "events", "q": code, "month": "2026-05", "site": other}

    async def call_each(own: list[str]) -> str:
        async with Socket(admin_stack, cookie=f"portal_session={lena.session}") as socket:
            await socket.call(_HYDRATE)
            for name in own:
                for payload in ({}, {"customer_id": other}, dialog):
                    await socket.send(name, f"/customers/{other}", query, **payload)
                await asyncio.sleep(0.3)
            await asyncio.sleep(3)
            return json.dumps(socket.frames)

    seen = "".join(await asyncio.gather(*[call_each(names[start::4]) for start in range(4)]))
    # What she asks with she knows already; the name, the site and the meter she does not.
    assert [each for each in lena.secrets[1:] if each in seen] == []
    assert lena.own_name in seen, "else the calls told nothing at all"
