"""The websocket without a page: what a client of our own making can call, and what it gets to see."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Self
from uuid import uuid4

import httpx
import pytest
import socketio
from socketio.exceptions import ConnectionError as NotConnected

from tests.architecture.fresh_process import loaded
from tests.e2e.conftest import ALICE, BOB
from tests.e2e.running import RunningStack

_NAMESPACE = "/_event"
_HYDRATE = ("reflex___state____state.hydrate", "reflex___state____state.hydrate_and_load")
_STATES = "reflex___state____state.portal___"
_LOOPS = (
    f"{_STATES}client___dashboard___state____dashboard_state.follow",
    f"{_STATES}features___settings___app_config___state____app_config_state.follow",
)
_SITE = "Harbour store of the websocket tests"
_QUIET_S = 0.4
_SOCKETS = 8
_PATIENCE_S = 60
_BUSY = "busy-with-the-websocket@example.com"
_USER = "user-of-the-websocket-tests@example.com"


class Socket:
    """A bare client of the portal's websocket."""

    def __init__(
        self,
        stack: RunningStack,
        *,
        cookie: str = "",
        origin: str | None = None,
        token: str = "",
        page: str = "",
    ) -> None:
        self._url = f"{stack.url}?token={token or uuid4()}" + (f"&page={page}" if page else "")
        self._headers = {"Cookie": cookie} if cookie else {}
        if origin is not None:
            self._headers["Origin"] = origin
        self._io = socketio.AsyncClient(reconnection=False)
        self.frames: list[Any] = []
        self._io.on("event", self.frames.append, namespace=_NAMESPACE)
        self.other_tokens: list[str] = []
        self._io.on("new_token", self.other_tokens.append, namespace=_NAMESPACE)

    async def __aenter__(self) -> Self:
        await self._io.connect(
            self._url,
            namespaces=[_NAMESPACE],
            socketio_path=_NAMESPACE,
            transports=["websocket"],
            headers=self._headers,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._io.disconnect()

    @property
    def is_open(self) -> bool:
        return _NAMESPACE in self._io.namespaces

    async def call(
        self, handler: str, path: str = "/", *, is_answered: bool = False, **payload: Any
    ) -> list[Any]:
        """Call a handler and return what comes back before it is quiet again.

        What is answered is waited for, however busy the machine is.
        """
        before = len(self.frames)
        await self.send(handler, path, **payload)
        if is_answered:
            await _until(lambda: _sent_to(self.frames[before:]) != [])
        await asyncio.sleep(_QUIET_S)
        return self.frames[before:]

    async def send(
        self, handler: str, path: str = "/", query: dict[str, str] | None = None, **payload: Any
    ) -> None:
        """Call a handler without waiting for anything; `query` are also the parts of the address that have names."""
        router = {"pathname": path, "asPath": path, "query": query or {}}
        await self._io.emit(
            "event", {"name": handler, "payload": payload, "router_data": router}, namespace=_NAMESPACE
        )


@pytest.fixture(scope="module")
def metered(client_stack: RunningStack) -> RunningStack:
    """The Client stack with something to see."""
    client_stack.command("site", "add", _SITE)
    client_stack.command("device", "add", "Meter", "--site", _SITE, "--external-id", f"WS-{uuid4()}")
    return client_stack


@pytest.fixture(params=["Client", "Admin"])
def handlers(request: pytest.FixtureRequest) -> tuple[str, dict[str, str]]:
    found = loaded(request.param)["handlers"]
    return request.param, {name: handler["access"] for name, handler in found.items()}


def _cookie(stack: RunningStack, email: str) -> str:
    return f"portal_session={stack.kept_session(email)}"


async def test_alice_gets_the_figures(metered: RunningStack) -> None:
    """The other tests of this file mean nothing unless the same call does answer somebody."""
    async with Socket(metered, cookie=_cookie(metered, ALICE)) as socket:
        await socket.call(_HYDRATE[1])
        for _ in range(round(_PATIENCE_S / _QUIET_S)):
            if _SITE in json.dumps(socket.frames):
                return
            await asyncio.sleep(_QUIET_S)
    pytest.fail(f"no figures in {socket.frames}")


async def test_nobody_gets_anything_from_any_handler(
    metered: RunningStack, admin_stack: RunningStack, handlers: tuple[str, dict[str, str]]
) -> None:
    mode, names = handlers
    stack = metered if mode == "Client" else admin_stack
    guarded = {name for name, access in names.items() if access in ("signed in", "admin")}

    async def call_each(own: list[str]) -> str:
        async with Socket(stack) as socket:
            await socket.call(_HYDRATE[0])  # the first event of all sends what a new state is
            for name in own:
                answers = await socket.call(name, is_answered=name in guarded)
                if name in guarded:
                    assert _sent_to(answers) == [["/login"]], name
            return json.dumps(socket.frames)

    seen = await _shared_out(list(names), call_each)
    assert guarded
    assert not [secret for secret in (_SITE, ALICE, BOB, "ACME", "Acme Cold Storage") if secret in seen]


async def test_a_session_that_ended_gets_nothing(metered: RunningStack) -> None:
    cookie = f"portal_session={metered.new_session(ALICE)}"
    _sign_out(metered, cookie)
    async with Socket(metered, cookie=cookie) as socket:
        for name in _HYDRATE:
            await socket.call(name)
        assert _SITE not in json.dumps(socket.frames)
        assert ALICE not in json.dumps(socket.frames)


async def test_a_plain_user_cannot_call_what_is_for_admins(
    metered: RunningStack, admin_stack: RunningStack, handlers: tuple[str, dict[str, str]]
) -> None:
    mode, names = handlers
    stack, email = (metered, BOB) if mode == "Client" else (admin_stack, _USER)
    if stack is admin_stack:
        admin_stack.add_user(_USER, "user")

    async def call_each(own: list[str]) -> str:
        async with Socket(stack, cookie=_cookie(stack, email)) as socket:
            # Without loading a page: the dashboard, which is Bob's to see, would send its figures in between.
            await socket.call(_HYDRATE[0])
            for name in own:
                answers = await socket.call(name, is_answered=True)
                assert _sent_to(answers) == [["/"]], (name, answers)
        return ""

    await _shared_out([name for name, access in names.items() if access == "admin"], call_each)


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "null"])
async def test_a_page_of_another_site_cannot_connect(metered: RunningStack, origin: str) -> None:
    with pytest.raises(NotConnected):
        async with Socket(metered, cookie=_cookie(metered, ALICE), origin=origin):
            pass


async def test_our_own_page_can_connect(metered: RunningStack) -> None:
    async with Socket(metered, origin=metered.url) as socket:
        assert await socket.call(_HYDRATE[1])


async def test_a_page_that_is_back_gets_its_tab_and_nobody_else_does(metered: RunningStack) -> None:
    """The tab's token and the page's number are both known to the thief; the session's cookie is not."""
    alice, bob = _cookie(metered, ALICE), _cookie(metered, BOB)
    tab, page = str(uuid4()), uuid4().hex
    async with Socket(metered, cookie=alice, token=tab, page=page) as before:
        await before.call(_HYDRATE[0])
        for cookie, number in (("", page), (bob, page), (alice, uuid4().hex), (alice, "")):
            async with Socket(metered, cookie=cookie, token=tab, page=number) as thief:
                await thief.call(_HYDRATE[0])
                assert len(thief.other_tokens) == 1
                assert thief.other_tokens != [tab]
                assert (ALICE in json.dumps(thief.frames)) == (cookie == alice)
        assert before.is_open
        async with Socket(metered, cookie=alice, token=tab, page=page) as back:
            await back.call(_HYDRATE[0])
            assert back.other_tokens == []
            await _until(lambda: not before.is_open)
            assert await back.call(_HYDRATE[0])


async def test_loops_of_a_raw_client_are_one_of_a_kind_and_end_with_it(metered: RunningStack) -> None:
    """A page's loop called by hand, again and again, with no page behind it."""
    before = _live_pages(metered)
    async with Socket(metered, cookie=_cookie(metered, ALICE)) as socket:
        await socket.call(_HYDRATE[0])
        for _ in range(40):
            for follow in _LOOPS:
                await socket.send(follow)
        await _until(lambda: _live_pages(metered) == before + len(_LOOPS))
        assert _live_pages(metered) == before + len(_LOOPS)
    await _until(lambda: _live_pages(metered) == before)


async def test_a_raw_client_cannot_fill_the_audit_trail(metered: RunningStack) -> None:
    """Somebody with an account of their own and no page; what they did before within the hour is put in by hand."""
    metered.add_user(_BUSY, "admin")
    brand = {
        "product_name": "Acme Energy & Co",
        "primary_color": "#1f5fd6",
        "accent_color": "#1f5fd6",
        "appearance": "system",
    }
    async with Socket(metered, cookie=_cookie(metered, _BUSY)) as socket:
        await socket.call(_HYDRATE[0])
        for _ in range(60):
            await socket.send(
                f"{_STATES}features___settings___branding___state____branding_state.save", form=brand
            )
        await _until(lambda: "Saved, and shown" in json.dumps(socket.frames))
        metered.execute(
            "INSERT INTO app.audit_events (at, action, actor_kind, actor_id, actor_name, address) "
            "SELECT now() - n * interval '1 millisecond', 'brand.changed', 'user', id, email, '' "
            f"FROM app.users, generate_series(1, 290) AS n WHERE email = '{_BUSY}'"
        )
        for number in range(30):
            form = {"name": f"busy {number}", "scope": "read"}
            await socket.send(
                f"{_STATES}features___settings___api_keys___state____api_keys_state.add", form=form
            )
        await _until(lambda: "the most that is taken" in json.dumps(socket.frames))
    # Room for what runs at the same moment; the sixty saves of one and the same brand were a single row.
    assert 300 <= metered.count(f"FROM app.audit_events WHERE actor_name = '{_BUSY}'") <= 310
    metered.execute("DELETE FROM app.api_keys WHERE name LIKE 'busy %'")


def _live_pages(stack: RunningStack) -> int:
    text = httpx.get(f"{stack.url}/metrics").text
    return int(
        float(next(line for line in text.splitlines() if line.startswith("portal_live_pages ")).split()[1])
    )


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - it is another process that changes
            await asyncio.sleep(0.1)


async def _shared_out(names: list[str], call_each: Callable[[list[str]], Awaitable[str]]) -> str:
    """Have every handler called once by one of several sockets at a time; return what all of them have seen."""
    assert names
    shares = [names[first::_SOCKETS] for first in range(_SOCKETS)]
    return "".join(await asyncio.gather(*(call_each(share) for share in shares)))


def _sign_out(stack: RunningStack, cookie: str) -> None:
    httpx.post(f"{stack.url}/auth/logout", headers={"Cookie": cookie})


def _sent_to(answers: list[Any]) -> list[list[str]]:
    """Where the caller is sent. A handler that streams ends with a frame of its own: it must hold nothing."""
    return [_redirects(answer) for answer in answers if not _is_empty(answer)]


def _is_empty(answer: Any) -> bool:
    update = json.loads(answer) if isinstance(answer, str) else answer
    return not update.get("events") and not update.get("delta")


def _redirects(answer: Any) -> list[str]:
    update = json.loads(answer) if isinstance(answer, str) else answer
    return [event["payload"]["path"] for event in update.get("events") or [] if event["name"] == "_redirect"]
