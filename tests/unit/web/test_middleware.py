"""One tab, several people: what is in the tab's memory belongs to whoever is signed in, and to nobody else."""

from typing import Any
from uuid import uuid4

import pytest
import reflex as rx
from reflex.event import Event

from portal.auth.guards import signed_in
from portal.core.access import Actor, Role
from portal.core.errors import Unavailable
from portal.web.events import middleware as middleware_module
from portal.web.events.identity import IdentityState
from portal.web.events.middleware import SessionMiddleware
from portal.web.events.recovery import RecoveryState

_PEOPLE = {
    "a-token": Actor(uuid4(), "alice@example.com", Role.ADMIN),
    "b-token": Actor(uuid4(), "bob@example.com", Role.USER),
}


class TabMemoryState(rx.State):
    """Stands for any page's state."""

    secret: str = ""

    @rx.event
    @signed_in
    def load(self) -> None: ...

    def forgotten(self) -> None: ...


_HYDRATE = "reflex___state____state.hydrate_and_load"
_SET_HYDRATED = "reflex___state____state.set_is_hydrated"
_LOAD = f"{TabMemoryState.get_full_name()}.load"


class Tab:
    """A browser tab: one tree of states, and events with the cookie of the moment."""

    def __init__(self) -> None:
        self.root = rx.State(_reflex_internal_init=True)

    async def send(self, name: str, token: str = "") -> Any:
        headers = {"cookie": f"portal_session={token}"} if token else {}
        event = Event(name=name, payload={}, router_data={"headers": headers, "token": "tab"})
        return await SessionMiddleware().preprocess(None, self.root, event)  # pyright: ignore[reportArgumentType]

    async def memory(self) -> TabMemoryState:
        return await self.root.get_state(TabMemoryState)

    async def who(self) -> str:
        return (await self.root.get_state(IdentityState)).email


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch) -> dict[str, Actor]:
    alive = dict(_PEOPLE)

    async def actor_of(token: str | None, **_: bool) -> Actor | None:
        return alive.get(token or "")

    monkeypatch.setattr(middleware_module, "actor_of", actor_of)
    monkeypatch.setattr(middleware_module.tabs, "forget_closed", lambda: None)
    return alive


@pytest.fixture
async def alices_tab(people: dict[str, Actor]) -> Tab:
    tab = Tab()
    await tab.send(_HYDRATE, "a-token")
    (await tab.memory()).secret = "Alice's"
    return tab


async def test_a_reload_by_the_same_person_keeps_what_is_there(alices_tab: Tab) -> None:
    assert await alices_tab.send(_HYDRATE, "a-token") is None
    assert (await alices_tab.memory()).secret == "Alice's"
    assert await alices_tab.who() == "alice@example.com"


@pytest.mark.parametrize("name", [_HYDRATE, _LOAD])
@pytest.mark.parametrize(("token", "email"), [("b-token", "bob@example.com"), ("", ""), ("unknown", "")])
async def test_for_anybody_else_it_is_wiped_first(alices_tab: Tab, name: str, token: str, email: str) -> None:
    await alices_tab.send(name, token)
    assert (await alices_tab.memory()).secret == ""
    assert await alices_tab.who() == email


async def test_it_is_wiped_when_the_session_has_ended(alices_tab: Tab, people: dict[str, Actor]) -> None:
    people.clear()
    await alices_tab.send(_HYDRATE, "a-token")
    assert (await alices_tab.memory()).secret == ""
    assert await alices_tab.who() == ""


@pytest.mark.parametrize("before", ["", "b-token"])
async def test_a_tab_that_nobody_can_say_the_owner_of_is_empty_and_loads_again(
    people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    """It is opened just as the database goes: whichever of its events comes last, it does not wait for ever."""
    tab = Tab()
    await tab.send(_HYDRATE, before)

    async def silence(_: str | None, **__: bool) -> Actor | None:
        raise Unavailable("The database does not answer.")

    monkeypatch.setattr(middleware_module, "actor_of", silence)
    for name in (_HYDRATE, _LOAD, _SET_HYDRATED):
        await tab.send(name, "a-token")
        away = await tab.root.get_state(RecoveryState)
        assert (away.is_away, away.is_unread) == (True, True), name
        assert await tab.who() == ""


async def test_a_call_under_a_changed_session_is_sent_away(alices_tab: Tab) -> None:
    update = await alices_tab.send(_LOAD, "b-token")
    assert [event.name for event in update.events] == ["_redirect"]


async def test_a_handler_without_a_guard_is_answered_with_nothing(alices_tab: Tab) -> None:
    update = await alices_tab.send(f"{TabMemoryState.get_full_name()}.forgotten", "a-token")
    assert (update.delta, update.events) == ({}, [])


async def test_a_variable_cannot_be_set_by_name(alices_tab: Tab) -> None:
    assert await alices_tab.send(f"{TabMemoryState.get_full_name()}.setvar", "a-token") is not None
