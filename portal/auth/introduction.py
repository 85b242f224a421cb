"""A page joins its namespace as soon as its websocket is open; whoever does not is no page, and is let go."""

import asyncio

from starlette.types import Message, Receive, Send

JOIN_SECONDS = 10
# engine.io's "message" and socket.io's "connect".
_JOINING = "40"
_POLICY_VIOLATION = 1008


class Introduction:
    """The messages of a websocket, which ends where none of them joins in time. Answering pings does not count."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._has_joined = False
        self._joins_by = asyncio.get_running_loop().time() + JOIN_SECONDS

    async def __call__(self) -> Message:
        if self._has_joined:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._joins_by):
                message = await self._receive()
        except TimeoutError:
            await self._send(
                {"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": "nothing joined"}
            )
            return {"type": "websocket.disconnect", "code": _POLICY_VIOLATION}
        self._has_joined = (message.get("text") or "").startswith(_JOINING)
        return message
