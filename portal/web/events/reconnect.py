"""Gives a page its own state back after a cut, though the server still holds the page's old connection.

A line that is cut without a goodbye (a phone that changes cell) leaves the server with a connection it believes in for
up to two minutes. The page is back within a second, under the same tab, and Reflex takes it for a copy of that tab: it
gets an empty state, and what was being edited is gone. Here the page says which page it is, so that the two can be told
apart.

This file is all of the product that relies on how Reflex keeps its connections; `install_reconnect` is its way in.
"""

import asyncio
from urllib.parse import parse_qs

import reflex as rx
from reflex.utils.token_manager import LocalTokenManager
from socketio import AsyncServer

from portal.web.events import loops
from portal.web.http.session import token_in

# A page goes by a random number that never leaves its memory, so that a duplicated tab, which copies sessionStorage, is
# not taken for the page it was made from. A reload alone may inherit it.
PAGE_ID = """(() => {
  try {
    const key = "page-id";
    const inherited = sessionStorage.getItem(key);
    sessionStorage.removeItem(key);
    const isReload = performance.getEntriesByType("navigation")[0]?.type === "reload";
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const id = isReload && inherited || Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
    addEventListener("pagehide", () => sessionStorage.setItem(key, id));
    addEventListener("pageshow", () => sessionStorage.removeItem(key));
    window.WebSocket = class extends WebSocket {
      constructor(address, ...rest) {
        const url = new URL(address, location.href);
        if (url.pathname.startsWith("/_event")) url.searchParams.set("page", id);
        super(url.href, ...rest);
      }
    };
  } catch {}
})()"""


class PageTokens(LocalTokenManager):
    """Hands a tab's state to the new connection of the same page; to any other connection it is Reflex's own.

    The same page is one that names the same page and brings the same session's cookie. Where nobody is signed in there
    is nothing to hand over.
    """

    def __init__(self, sio: AsyncServer, name: str) -> None:
        super().__init__()
        self._sio, self._name, self._closing = sio, name, set[asyncio.Task[None]]()

    async def link_token_to_sid(self, token: str, sid: str) -> str | None:
        """Link a connection to a tab; return another token when the tab is somebody else's."""
        held = self.token_to_socket.get(token)
        if held and held.sid != sid and (page := self._page_of(sid)) and page == self._page_of(held.sid):
            del self.token_to_socket[token]
            self.sid_to_token.pop(held.sid, None)
            loops.end_with(held.sid)
            self._close(held.sid)
        return await super().link_token_to_sid(token, sid)

    async def disconnect_token(self, token: str, sid: str) -> None:
        """Forget a connection and end its loops; the tab's link goes only if it is still this connection's."""
        loops.end_with(sid)
        held = self.token_to_socket.get(token)
        if held and held.sid != sid:
            self.sid_to_token.pop(sid, None)
        else:
            await super().disconnect_token(token, sid)

    def _close(self, sid: str) -> None:
        closing = asyncio.create_task(self._sio.disconnect(sid, namespace=self._name))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    def _page_of(self, sid: str) -> tuple[str, str] | None:
        """Return the page and the session a connection is of, if it is a signed-in page's."""
        environ = self._sio.get_environ(sid, self._name) or {}
        page = parse_qs(environ.get("QUERY_STRING", "")).get("page", [""])[0]
        session = token_in(environ.get("HTTP_COOKIE"))
        return (page, session) if page and session else None


def install_reconnect(app: rx.App) -> None:
    """Replace Reflex's own record of connections; nothing is connected yet."""
    if app.sio is not None and (events := app.event_namespace) is not None:
        events._token_manager = PageTokens(app.sio, events.namespace)  # noqa: SLF001 - Reflex offers no other way
