"""Runs before every event: keeps one person's state from another, and drops unguarded handlers."""

import reflex as rx
from reflex.app import App
from reflex.event import Event
from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, StateUpdate
from reflex_base.registry import RegisteredEventHandler, RegistrationContext

from portal.core import languages
from portal.core.errors import Unavailable
from portal.core.log import logger
from portal.web.events import recovery, tabs
from portal.web.events.access import access_of, refusal
from portal.web.events.brand_watch import BrandState, known_version
from portal.web.events.identity import IdentityState
from portal.web.events.recovery import RecoveryState
from portal.web.http.session import actor_of, fingerprint, speech_of, token_in

_log = logger("auth")
_HYDRATE_HANDLERS = ("hydrate", "hydrate_and_load")
# Handlers of the framework's own states: hydration, page loads, browser storage.
_FRAMEWORK_MODULE = "reflex.state"


class SessionMiddleware(Middleware):
    """A tab's state outlives a logout, so it is wiped as soon as the tab's session is another one."""

    async def preprocess(self, app: App, state: BaseState, event: Event) -> StateUpdate | None:
        """Return None to let the event through, or the update to answer it with instead."""
        if not may_be_called(RegistrationContext.get().event_handlers.get(event.name)):
            _log.warning("unguarded handler called", handler=event.name)
            return StateUpdate()
        headers = (event.router_data or state.router_data).get("headers", {})
        token = token_in(headers.get("cookie", ""))
        root = state._get_root_state()  # noqa: SLF001 - Reflex offers no other way from a substate to the tree
        identity = await root.get_state(IdentityState)
        is_hydrate = event.name.rsplit(".", 1)[-1] in _HYDRATE_HANDLERS
        if is_hydrate:
            away = await root.get_state(RecoveryState)
            away.is_away = away.is_unread = False
        was_somebody, session = bool(identity._session), fingerprint(token)  # noqa: SLF001
        if is_hydrate or identity._session != session:  # noqa: SLF001
            await _admit(root, identity, token, tab=_tab_of(event, state))
            if was_somebody and not is_hydrate:
                return StateUpdate(events=Event.from_event_type(refusal(None)))
        if not token:  # who is signed in is spoken to as they said: the guards know it
            languages.speak(speech_of(None, headers.get("accept-language") or headers.get("accept_language")))
        if is_hydrate:
            (await root.get_state(BrandState)).version = known_version()
        return None


def may_be_called(registered: RegisteredEventHandler | None) -> bool:
    """Tell whether a handler carries a guard or is one of the framework's own; what is not there harms nobody."""
    if registered is None or registered.states[0].__module__ == _FRAMEWORK_MODULE:
        return True
    return access_of(registered.handler.fn) is not None


async def _admit(root: BaseState, identity: IdentityState, token: str | None, tab: str) -> None:
    session = fingerprint(token)
    try:
        actor = await actor_of(token)
    except Unavailable:
        # Nobody can say whose session it is: a tab keeps what it held for this one, and nothing it held for another.
        # The wipe takes along what an event before this one said of the database, so it is said again.
        if identity._session != session:  # noqa: SLF001
            root.reset()
            await recovery.load_again(root)
        return
    same_person = identity._session == session and actor is not None  # noqa: SLF001
    if identity._session and not same_person:  # noqa: SLF001
        root.reset()
    identity._show(actor, session if actor else "")  # noqa: SLF001
    if actor:
        tabs.forget_closed()
        tabs.remember(session, tab)


def _tab_of(event: Event, state: BaseState) -> str:
    return str((event.router_data or state.router_data).get("token", ""))


def install_middleware(app: rx.App) -> None:
    """Put the middleware before Reflex's own, which answers hydration and would not let it see those events."""
    app.add_middleware(SessionMiddleware(), index=0)
