"""Who may call an event handler.

Any websocket client can call every public method of every state, with or without a page. So each
handler carries exactly one of `@public`, `@signed_in` and `@admin_only`, under `@rx.event`; the session
middleware drops calls to a handler that carries none.
"""

import functools
import inspect
from collections.abc import AsyncIterator
from typing import Any, TypeVar, cast

import reflex as rx

from portal.core import languages
from portal.core.access import Actor
from portal.core.audit.acting import acting, of, set_acting
from portal.core.errors import Unavailable
from portal.core.languages import tr
from portal.web.events import recovery
from portal.web.events.access import MARK, Access, Handler, access_of, allows, refusal
from portal.web.http.session import actor_of, speech_of, token_in

# A guard gives back what it was put on, so that a handler keeps its own type.
Guarded = TypeVar("Guarded", bound=Handler)


def public(handler: Guarded) -> Guarded:
    """Let anybody call this handler: it must neither read nor change anything that is somebody's."""
    return _marked(handler, Access.PUBLIC)


def signed_in(handler: Guarded) -> Guarded:
    """Let everybody who is signed in call this handler; others are sent to the login page."""
    return _guarded(handler, Access.SIGNED_IN)


def admin_only(handler: Guarded) -> Guarded:
    """Let admins call this handler; others are sent away."""
    return _guarded(handler, Access.ADMIN)


async def actor_behind(state: rx.State) -> Actor | None:
    """Return who is behind the browser tab this state belongs to, asked of the server each time.

    Raises `Unavailable` while the database cannot say.
    """
    actor = await actor_of(token_in(state.router.headers.cookie))
    recovery.OUTAGE.over()
    return actor


def _marked(handler: Guarded, access: Access) -> Guarded:
    if access_of(handler) is not None:
        message = f"{handler.__qualname__} carries two guards"
        raise TypeError(message)
    setattr(handler, MARK, access)
    return handler


def _guarded(handler: Guarded, access: Access) -> Guarded:
    if access_of(handler) is not None:
        message = f"{handler.__qualname__} carries two guards"
        raise TypeError(message)
    guard = _guarded_stream if inspect.isasyncgenfunction(handler) else _guarded_call
    return cast("Guarded", _marked(guard(handler, access), access))


def _guarded_stream(handler: Handler, access: Access) -> Handler:
    @functools.wraps(handler)
    async def stream(self: rx.State, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        try:
            actor = await actor_behind(self)
        except Unavailable as error:
            await _say_unavailable(self, handler, error)
            return
        if not allows(access, actor):
            yield refusal(actor)
            return
        set_acting(actor, self.router.session.client_ip)
        languages.speak(speech_of(actor))
        async for update in handler(self, *args, **kwargs):
            yield update
        await recovery.note_outcome(self, handler.__name__)

    return stream


def _guarded_call(handler: Handler, access: Access) -> Handler:
    @functools.wraps(handler)
    async def call(self: rx.State, *args: Any, **kwargs: Any) -> Any:
        try:
            actor = await actor_behind(self)
        except Unavailable as error:
            return await _say_unavailable(self, handler, error)
        if not allows(access, actor):
            return refusal(actor)
        with acting(of(actor, self.router.session.client_ip)), languages.speaking(speech_of(actor)):
            result = handler(self, *args, **kwargs)
            answer = await result if inspect.isawaitable(result) else result
            await recovery.note_outcome(self, handler.__name__)
        return answer

    return call


async def _say_unavailable(state: rx.State, handler: Handler, error: Unavailable) -> None:
    """Nobody can say whether the caller may do this, so it is not done, and the page says so."""
    recovery.OUTAGE.note(error)
    await recovery.note_unread(state, handler.__name__)
    if hasattr(state, "failure") and not recovery.is_background(state):
        state.failure = tr(error.said)
