"""What a websocket may put before the framework: known handlers with arguments that fit them, and nothing else.

Reflex takes any name and any arguments into its queue, and logs what it cannot use, with all that came with it. So
everything a client sends is looked at here first; what is refused leaves one short line at most. All that depends on
how Reflex and Socket.IO hand their messages on is in this file.
"""

from __future__ import annotations

import inspect
import re
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from reflex_base.registry import RegistrationContext

from portal.core.budget import Budget, Grant
from portal.core.identity.rules.lockout import origin_of
from portal.core.log import MORE, logger
from portal.core.log_text import safe
from portal.web.events import browser_reports
from portal.web.events.middleware import may_be_called

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import reflex as rx
    from reflex.app import EventNamespace

_log = logger("pages")
# What the framework calls when a page has broken; it prints all it is sent.
_BROWSER_TROUBLE = ".handle_frontend_exception"
_TAB = re.compile(r"[0-9a-zA-Z-]{8,64}")
_LONGEST_NAME, _LONGEST_LOCATION, _MOST_KEYS = 300, 4096, 50
_LINES_EACH, _LINES_TOGETHER = 5, 60


class EventGate:
    """Stands before one namespace; `sent` is how the framework takes a message, by the name of its kind."""

    def __init__(self, namespace: EventNamespace) -> None:
        self._namespace = namespace
        self._server: Any = namespace.server
        self._sent: Callable[..., Awaitable[Any]] = namespace.trigger_event
        self._take: Callable[..., Awaitable[None]] = namespace.on_event
        self._budget = Budget(_LINES_EACH, _LINES_TOGETHER)

    async def trigger_event(self, kind: Any, sid: str, *rest: Any) -> Any:
        """Pass a message on to the framework, when it is one of those a page sends.

        Socket.IO calls this itself when a socket opens and closes; a client that sends "connect" as a message would
        choose its own address and headers.
        """
        match kind:
            case "connect" if rest and rest[0] is self._environ(sid):
                if not _TAB.fullmatch(_tab_in(rest[0])):
                    return False
                return await self._sent(kind, sid, *rest)
            case "disconnect" if not self._is_open(sid):
                return await self._sent(kind, sid, *rest)
            case "event" if len(rest) == 1:
                return await self.on_event(sid, rest[0])
            case "ping":
                return await self._sent(kind, sid)
            case "client_error":
                report = rest[0] if rest and isinstance(rest[0], dict) else {}
                words = report.get("message") or report.get("error_type")
                browser_reports.note(words, self.address_of(sid))
            case _:
                self._note(sid, "unknown message", kind if isinstance(kind, str) else "")
        return None

    async def on_event(self, sid: str, data: Any) -> None:
        """Put the call of a handler into the queue, when there is such a handler and it can be called like this."""
        name = data.get("name") if isinstance(data, dict) else None
        if isinstance(name, str) and name.endswith(_BROWSER_TROUBLE):
            payload = data.get("payload")
            words = payload.get("info") if isinstance(payload, dict) else None
            browser_reports.note(words, self.address_of(sid))
        elif wrong := _wrong_with(data):
            self._note(sid, wrong, name if isinstance(name, str) else "")
        elif self._namespace.sid_to_token.get(sid) is not None:
            await self._take(sid, data)

    def address_of(self, sid: str) -> str:
        """Return the address a socket comes from, as the proxies in front say."""
        client = (self._environ(sid) or {}).get("asgi.scope", {}).get("client") or ("",)
        return str(client[0])

    def _environ(self, sid: str) -> dict[str, Any] | None:
        return self._server.get_environ(sid, self._namespace.namespace)

    def _is_open(self, sid: str) -> bool:
        """Whether Socket.IO still has the socket: it closes one before it says so."""
        return self._server.manager.is_connected(sid, self._namespace.namespace)

    def _note(self, sid: str, why: str, name: str) -> None:
        address = self.address_of(sid)
        grant = self._budget.take(origin_of(address))
        if grant is not Grant.NO:
            note = {"note": MORE} if grant is Grant.LAST else {}
            _log.warning("websocket message refused", why=why, name=safe(name, 80), address=address, **note)


def install_gate(app: rx.App) -> None:
    """Let everything that comes over the websocket through the gate first."""
    namespace = app.event_namespace
    if namespace is None:
        message = "the app has no state, and so no websocket to guard"
        raise RuntimeError(message)
    gate = EventGate(namespace)
    # On the object, not in a class of its own: Reflex makes the namespace, and offers no way to name another.
    # A page's first event comes with the opening of its socket, by `on_event`.
    vars(namespace).update(trigger_event=gate.trigger_event, on_event=gate.on_event)


def _wrong_with(data: Any) -> str:
    """Return why a call is refused; empty where it is not."""
    if not isinstance(data, dict) or not isinstance(data.get("name"), str):
        return "not a call"
    name, payload = data["name"], data.get("payload", {})
    registered = RegistrationContext.get().event_handlers.get(name) if len(name) <= _LONGEST_NAME else None
    if registered is None:
        return "unknown handler"
    if not may_be_called(registered):
        return "unguarded handler"
    if not isinstance(payload, dict) or not _fits(registered.handler.fn, payload):
        return "arguments that do not fit"
    return "" if _is_location(data.get("router_data", {})) else "no location"


def _fits(handler: Callable[..., Any], payload: dict[str, Any]) -> bool:
    try:
        # What is missing is for the handler's guard to answer, or for the handler to fail by.
        _signature(handler).bind_partial(None, **payload)
    except TypeError:
        return False
    return True


@cache
def _signature(handler: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(handler)


def _is_location(router: Any) -> bool:
    """Whether this says where a page is: texts, and a query of texts."""
    if not isinstance(router, dict) or len(router) > _MOST_KEYS:
        return False
    query = router.get("query", {})
    texts = [value for key, value in router.items() if key != "query"]
    if not isinstance(query, dict) or len(query) > _MOST_KEYS:
        return False
    for value in query.values():
        texts += value if isinstance(value, list) else [value]
    return all(isinstance(one, str) and len(one) <= _LONGEST_LOCATION for one in texts)


def _tab_in(environ: dict[str, Any]) -> str:
    return parse_qs(str(environ.get("QUERY_STRING", ""))).get("token", [""])[0]
