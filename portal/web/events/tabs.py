"""Which browser tabs of this process belong to which session, so that a logout reaches all of them."""

import reflex as rx
from reflex.event import Event
from reflex.state import StateUpdate
from reflex_base.registry import RegistrationContext

_TABS: dict[str, set[str]] = {}


def remember(session: str, tab: str) -> None:
    """Note that a tab runs under a session (its fingerprint)."""
    if session and tab:
        _TABS.setdefault(session, set()).add(tab)


def known_sessions() -> frozenset[str]:
    """Return the sessions (their fingerprints) that have tabs open in this process."""
    return frozenset(_TABS)


def connected_tabs() -> list[str]:
    """Return every tab that is connected to this process, whoever it belongs to."""
    namespace = RegistrationContext.get().app.event_namespace
    return list(namespace.token_to_sid) if namespace else []


def is_connected(tab: str, connection: str) -> bool:
    """Tell whether this is the connection a tab has to this process."""
    namespace = RegistrationContext.get().app.event_namespace
    return namespace is not None and namespace.token_to_sid.get(tab) == connection


async def sign_out_everywhere(session: str, *, is_over: bool = True) -> None:
    """Send every open tab of a session to the login page and close its connection.

    `is_over` says that somebody ended the session, which then forgets its drafts too: it has not only grown old.
    """
    app = RegistrationContext.get().app
    namespace = app.event_namespace
    tabs = _TABS.pop(session, set())
    if namespace is None or app.sio is None:
        return
    login = "/login?signed-out=1" if is_over else "/login"
    to_login = StateUpdate(events=Event.from_event_type(rx.redirect(login, replace=True)))
    for tab in tabs:
        if sid := namespace.token_to_sid.get(tab):
            await namespace.emit_update(to_login, token=tab)
            await app.sio.disconnect(sid, namespace=namespace.namespace)


def forget_closed() -> None:
    """Drop tabs that are no longer connected; called now and then so that the record cannot grow for ever."""
    namespace = RegistrationContext.get().app.event_namespace
    connected = set(namespace.token_to_sid) if namespace else set()
    for session in list(_TABS):
        _TABS[session] &= connected
        if not _TABS[session]:
            del _TABS[session]
