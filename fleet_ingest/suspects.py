"""Finds the known among the unknown, at a price that does not grow with their number.

A credential from an address that has sent too many wrong ones is neither refused for that (a board behind the same
router has done nothing wrong) nor worth a question to the database of its own (a flood of wrong ones would be one of
questions). All that come while a question is under way are asked about together in the next: one connection, one
short statement at a time, whatever comes.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from portal.core.operations.service.credentials import Kind, known_among

if TYPE_CHECKING:
    from portal.core.stack import Stack

_AT_ONCE = 500


class Suspects:
    """The questions of one process."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[Kind, str], asyncio.Future[bool]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def is_known(self, stack: Stack, kind: Kind, token_hash: str) -> bool:
        """Tell whether a credential opens something. Raises as the database does."""
        key = (kind, token_hash)
        answer = self._waiting.get(key)
        if answer is None:
            answer = self._waiting[key] = asyncio.get_running_loop().create_future()
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(stack))
        # Shielded: several requests may wait for one answer, and one that hangs up ends its own wait only.
        return await asyncio.shield(answer)

    async def _ask(self, stack: Stack) -> None:
        while self._waiting:
            kind = next(iter(self._waiting))[0]
            asked = [key for key in self._waiting if key[0] is kind][:_AT_ONCE]
            answers = {token_hash: self._waiting.pop((kind, token_hash)) for _, token_hash in asked}
            try:
                known = await known_among(stack, kind, answers)
            except BaseException as error:
                for answer in answers.values():
                    answer.set_exception(error if isinstance(error, Exception) else ConnectionError())
                    answer.exception()  # whoever waited may be gone
                if not isinstance(error, Exception):
                    raise
            else:
                for token_hash, answer in answers.items():
                    answer.set_result(token_hash in known)
