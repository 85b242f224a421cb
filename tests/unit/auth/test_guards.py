"""Guards decide by who is signed in, whatever kind of handler they are put on."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
import reflex as rx

from portal.auth import guards
from portal.auth.guards import admin_only, public, signed_in
from portal.core.access import Actor, Role
from portal.web.events.access import Access, access_of, refusal

ALICE = Actor(uuid4(), "alice@example.com", Role.ADMIN)
BOB = Actor(uuid4(), "bob@example.com", Role.USER)
_STATE: Any = SimpleNamespace(
    router=SimpleNamespace(
        headers=SimpleNamespace(cookie="portal_session=x"),
        session=SimpleNamespace(client_ip="203.0.113.7"),
    )
)


@pytest.fixture
def sign_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[Actor | None], None]:
    def become(actor: Actor | None) -> None:
        async def actor_of(_: str | None, **__: bool) -> Actor | None:
            return actor

        monkeypatch.setattr(guards, "actor_of", actor_of)

    return become


def plain(self: Any, word: str = "") -> str:
    return f"plain {word}"


async def waiting(self: Any, word: str = "") -> str:
    return f"waiting {word}"


async def stream(self: Any, word: str = "") -> Any:
    yield f"first {word}"
    yield f"second {word}"


async def outcome(handler: Any, *arguments: str) -> list[Any]:
    result = handler(_STATE, *arguments)
    return [item async for item in result] if hasattr(result, "__aiter__") else [await result]


def where_to(events: list[Any]) -> list[str]:
    return [str(value) for event in events for key, value in event.args if str(key) == "path"]


@pytest.mark.parametrize("handler", [plain, waiting, stream])
@pytest.mark.parametrize(
    ("guard", "actor"),
    [(signed_in, ALICE), (signed_in, BOB), (admin_only, ALICE)],
    ids=["signed in, admin", "signed in, user", "admin only, admin"],
)
async def test_who_may_gets_through_with_the_arguments(
    sign_in: Callable[[Actor | None], None], handler: Any, guard: Any, actor: Actor
) -> None:
    sign_in(actor)
    assert all(str(item).endswith("word") for item in await outcome(guard(handler), "word"))


@pytest.mark.parametrize("handler", [plain, waiting, stream])
@pytest.mark.parametrize(
    ("guard", "actor", "path"),
    [(signed_in, None, '"/login"'), (admin_only, None, '"/login"'), (admin_only, BOB, '"/"')],
)
async def test_who_may_not_is_sent_away_and_nothing_runs(
    sign_in: Callable[[Actor | None], None], handler: Any, guard: Any, actor: Actor | None, path: str
) -> None:
    sign_in(actor)
    assert where_to(await outcome(guard(handler))) == [path]


async def test_a_public_handler_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_: str | None) -> Actor:
        pytest.fail("a public handler looked the session up")

    monkeypatch.setattr(guards, "actor_of", never)
    assert public(plain)(_STATE, "word") == "plain word"


@pytest.mark.parametrize("second", [public, signed_in, admin_only])
@pytest.mark.parametrize("first", [public, signed_in, admin_only])
def test_two_guards_on_one_handler_fail_at_import(first: Any, second: Any) -> None:
    def handler(self: Any) -> None: ...

    guarded = first(handler)
    with pytest.raises(TypeError, match="two guards"):
        second(guarded)


def test_the_mark_is_there_after_reflex_has_taken_the_handler() -> None:
    class GuardMarkState(rx.State):
        @rx.event(background=True)
        @signed_in
        async def follow(self) -> None: ...

        @rx.event
        @admin_only
        def change(self) -> None: ...

        def nobody_thought_of_it(self) -> None: ...

    access = {name: access_of(handler.fn) for name, handler in GuardMarkState.event_handlers.items()}
    assert access["follow"] is Access.SIGNED_IN
    assert access["change"] is Access.ADMIN
    assert access["nobody_thought_of_it"] is None


def test_a_refusal_leads_strangers_to_the_login_page_and_others_home() -> None:
    assert where_to([refusal(None)]) == ['"/login"']
    assert where_to([refusal(BOB)]) == ['"/"']
