"""What many ask for at the same time is read once.

Nobody gets an answer that was begun before the moment they ask for, and one question is read once at a time: who needs
a newer answer than the one being read waits for its end, and all who wait share the next.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar, cast

from portal.core.access import limit_to_person, limited_person

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Hashable
    from uuid import UUID

Answer = TypeVar("Answer")


@dataclass(frozen=True, eq=False)
class _Reading:
    """A question being read, or read; `began_at` is by the monotonic clock."""

    began_at: float
    task: asyncio.Task[object]


class SharedReads:
    """The answers of this process that are being read, or may still be given."""

    def __init__(self) -> None:
        self._readings: dict[Hashable, _Reading] = {}

    async def answer(
        self,
        question: Hashable,
        read: Callable[[], Coroutine[Any, Any, Answer]],
        *,
        since: float,
        keep_seconds: float,
        is_for_all: bool = False,
    ) -> Answer:
        """Return an answer whose reading began at `since` (monotonic seconds) or later; raises what `read` raises.

        `question` must name everything the answer depends on, and whose it is. `read` runs on nobody's behalf: in a
        context of its own, and to its end also when whoever asked goes away. But what is asked for a limited operator
        is read as they see it and told to them alone, unless it `is_for_all`. An answer is given for `keep_seconds`, an
        error only to those who wait for it.
        """
        person = None if is_for_all else limited_person()
        if person is not None:
            question = (question, person)
        while True:
            found = self._readings.get(question)
            if found is None or (found.task.done() and found.began_at < since):
                found = self._begin(question, read, keep_seconds, person)
            if found.began_at >= since:
                return cast("Answer", await asyncio.shield(found.task))
            with suppress(Exception):  # it is told to those whose answer it was to be
                await asyncio.shield(found.task)

    def running_since(self, question: Hashable) -> float | None:
        """Return when the reading of a question began that is under way (monotonic seconds); None where none is."""
        found = self._readings.get(question)
        return None if found is None or found.task.done() else found.began_at

    def _begin(
        self,
        question: Hashable,
        read: Callable[[], Coroutine[Any, Any, object]],
        keep_seconds: float,
        person: UUID | None,
    ) -> _Reading:
        task = asyncio.create_task(_read_as(person, read), context=Context())
        begun = self._readings[question] = _Reading(monotonic(), task)
        task.add_done_callback(lambda _: self._keep(question, begun, keep_seconds))
        return begun

    def _keep(self, question: Hashable, done: _Reading, seconds: float) -> None:
        if done.task.cancelled() or done.task.exception() is not None:
            self._forget(question, done)
        else:
            asyncio.get_running_loop().call_later(seconds, self._forget, question, done)

    def _forget(self, question: Hashable, reading: _Reading) -> None:
        if self._readings.get(question) is reading:
            del self._readings[question]

    async def close(self) -> None:
        """End what is being read."""
        tasks = [reading.task for reading in self._readings.values() if not reading.task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def __len__(self) -> int:
        """Return how many questions are being read or have an answer that may still be given."""
        return len(self._readings)


async def _read_as(person: UUID | None, read: Callable[[], Coroutine[Any, Any, object]]) -> object:
    """Read in a context of its own as one limited operator sees it, or as everybody else."""
    limit_to_person(person)
    return await read()
