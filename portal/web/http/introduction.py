"""A page joins its namespace as soon as its websocket is open, and says what pages say; all else is let go."""

import asyncio

from starlette.types import Message, Receive, Send

JOIN_SECONDS = 10
# engine.io's "message" and socket.io's "connect".
_JOINING = "40"
# How a client's packets of engine.io begin. Others make it fail, with a trace in the log.
_PACKETS = tuple("123456")
_POLICY_VIOLATION = 1008


class Introduction:
    """The messages of a websocket, which ends where none of them joins in time. Answering pings does not count.

    It ends as well with a message that is no packet.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._has_joined = False
        self._joins_by = asyncio.get_running_loop().time() + JOIN_SECONDS

    async def __call__(self) -> Message:
        try:
            async with asyncio.timeout_at(None if self._has_joined else self._joins_by):
                message = await self._receive()
        except TimeoutError:
            return await self._end("nothing joined")
        text = message.get("text")
        if text is not None and not text.startswith(_PACKETS):
            return await self._end("no packet")
        self._has_joined = self._has_joined or (text or "").startswith(_JOINING)
        return message

    async def _end(self, reason: str) -> Message:
        await self._send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": reason})
        return {"type": "websocket.disconnect", "code": _POLICY_VIOLATION}
