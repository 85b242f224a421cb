"""The beats of open pages: the moments at which they read again what they show.

Pages of a kind beat together, a little apart: each beat begins at a moment that is the same for all of this process,
and what they ask in it is read once, whoever asks first.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from time import monotonic
from typing import Any, Concatenate, ParamSpec, TypeVar
from zlib import crc32

import reflex as rx

from portal.core import languages
from portal.core.access import Actor
from portal.core.errors import Unavailable
from portal.core.identity.service import sessions
from portal.core.stack import Stack, current
from portal.web.events import loops, recovery, tabs
from portal.web.http.session import actor_of, fingerprint, token_in

# Tabs come within this share of a beat: together, all of them would keep the process busy at once.
_SPREAD = 0.2
Answer = TypeVar("Answer")
Asked = ParamSpec("Asked")


@dataclass(frozen=True)
class Beat:
    """A moment at which a page reads again: on whose behalf, since when an answer is new enough, and for how long."""

    actor: Actor
    began_at: float
    seconds: float

    async def read(
        self,
        service: Callable[Concatenate[Stack, Asked], Coroutine[Any, Any, Answer]],
        *args: Asked.args,
        **kwargs: Asked.kwargs,
    ) -> Answer:
        """Return what a service answers this process's stack, read once for all pages that ask it in this beat.

        An answer is shared with those who ask the same service with the same arguments and have the same rights. The
        service is told nothing else, so it cannot depend on who asks; it must not change anything.
        """
        stack = current()
        question = (service, args, tuple(sorted(kwargs.items())), self.actor.role)
        return await stack.shared.answer(
            question,
            lambda: service(stack, *args, **kwargs),
            since=self.began_at,
            keep_seconds=self.seconds,
        )

    async def words(
        self,
        reading: Callable[Concatenate[Stack, Asked], Coroutine[Any, Any, Answer]],
        *args: Asked.args,
        **kwargs: Asked.kwargs,
    ) -> Answer:
        """Return what is read and put into words, by `reading`, once for all pages that ask for it in one language."""
        stack, speech = current(), languages.present()

        async def worded() -> Answer:
            with languages.speaking(speech):
                return await reading(stack, *args, **kwargs)

        question = (reading, args, tuple(sorted(kwargs.items())), self.actor.role, speech)
        return await stack.shared.answer(question, worded, since=self.began_at, keep_seconds=self.seconds)


async def beats(state: rx.State, seconds: float) -> AsyncIterator[Beat]:
    """Come back every few seconds while the caller stays connected and signed in; the first time at once.

    For background handlers that keep a page up to date. Started by a page's `on_load` they end with the page; called in
    any other way they end with the connection at the latest, or when the same tab starts another of the same state.
    """
    tab, connection = state.router.session.client_token, state.router.session.session_id
    is_away, began_at = False, monotonic()
    with loops.begun(tab, state.get_full_name(), connection) as loop:
        while not loop.over.is_set() and tabs.is_connected(tab, connection):
            try:
                actor = await _actor_at(token_in(state.router.headers.cookie), began_at, seconds)
            except Unavailable as error:
                recovery.OUTAGE.note(error)
                if not is_away:
                    await recovery.say(state, is_away=True)
                is_away = True
            else:
                if actor is None:
                    return
                if is_away:
                    await recovery.say(state, is_away=False)
                is_away = False
                yield Beat(actor, began_at, seconds)
            began_at = await _next_beat(loop, seconds)


async def _next_beat(loop: loops.Loop, seconds: float) -> float:
    """Wait for the next beat, which begins at the same moment for all, and this tab's place in it; return its begin."""
    now = monotonic()
    begins_at = now if seconds <= 0 else (now // seconds + 1) * seconds
    await loop.pause(begins_at + _offset(loop.tab) * seconds - now)
    return begins_at


def _offset(tab: str) -> float:
    return crc32(tab.encode()) / 2**32 * _SPREAD


async def _actor_at(token: str | None, began_at: float, seconds: float) -> Actor | None:
    """Return who is signed in with a token, by one look for all sessions with tabs open here; it is no use of them."""
    session = fingerprint(token)
    if session in tabs.known_sessions():
        asked, open_sessions = await _shared(_open_sessions, began_at, seconds)
        if session in asked:
            return open_sessions.get(session)
    return await actor_of(token, is_use=False)


async def _shared(
    read: Callable[[Stack], Coroutine[Any, Any, Answer]], since: float, seconds: float
) -> Answer:
    stack = current()
    return await stack.shared.answer(read, lambda: read(stack), since=since, keep_seconds=seconds)


async def _open_sessions(stack: Stack) -> tuple[frozenset[str], dict[str, Actor]]:
    asked = tabs.known_sessions()
    return asked, await sessions.actors_among(stack, asked)
