"""What many tabs show is read once: ten dashboards ask the database no more than one does."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from portal.client.dashboard import state as dashboard_state
from portal.core import energy, shared_reads
from portal.core import stack as stacks
from portal.core.access import Role
from portal.core.identity.service import accounts, sessions
from portal.core.stack import Stack
from portal.web.events import beats as beat_module
from portal.web.events import loops, tabs
from portal.web.events.beats import beats
from portal.web.http.session import fingerprint
from tests.integration.cost.test_cost import house
from tests.integration.recorder import recorded

__all__ = ["house"]

PASSWORD = "correct horse battery"
# What one dashboard asks in one beat.
MOST_STATEMENTS = 16


class Tabs:
    """Open tabs that beat when they are told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self._go = asyncio.Event()
        self._shown = 0
        self._moved = asyncio.Event()
        monkeypatch.setattr(beat_module, "monotonic", lambda: self.now)
        monkeypatch.setattr(shared_reads, "monotonic", lambda: self.now)
        monkeypatch.setattr(tabs, "is_connected", lambda *_: True)
        monkeypatch.setattr(tabs, "_TABS", {})
        monkeypatch.setattr(loops.Loop, "pause", self._pause)

    async def _pause(self, _: float) -> None:
        await self._go.wait()

    async def follow(self, name: str, token: str) -> None:
        """Read what the dashboard shows, as its page does, at every beat."""
        tabs.remember(fingerprint(token), name)
        state: Any = SimpleNamespace(
            router=SimpleNamespace(
                headers=SimpleNamespace(cookie=f"portal_session={token}"),
                session=SimpleNamespace(client_token=name, session_id=name),
            ),
            get_full_name=lambda: "dashboard",
        )
        async for beat in beats(state, seconds=5):
            found = await dashboard_state._view(beat)
            await dashboard_state._seals(beat)
            assert found is not None
            self._shown += 1
            self._moved.set()

    async def beat(self, count: int) -> list[str]:
        """Have every tab beat once and return what was asked of the database."""
        self._shown, self.now = 0, self.now + 5
        with recorded() as statements:
            self._go.set()
            self._go.clear()
            await self.opened(count)
        return statements

    async def opened(self, count: int) -> None:
        """Wait until so many have shown what they read."""
        async with asyncio.timeout(30):
            while self._shown < count:
                self._moved.clear()
                await self._moved.wait()


async def _session(stack: Stack, email: str, role: Role) -> str:
    await accounts.add_user(stack, email, role, PASSWORD)
    signed_in = await sessions.sign_in(stack, email, PASSWORD)
    assert isinstance(signed_in, sessions.SignedIn)
    return signed_in.token


@pytest.mark.parametrize("people", [1, 10])
async def test_ten_dashboards_ask_no_more_than_one(
    house: Stack, monkeypatch: pytest.MonkeyPatch, people: int
) -> None:
    monkeypatch.setattr(stacks, "_installed", [house])
    await energy.refresh(house)
    tokens = [await _session(house, f"person-{n}@example.com", Role.USER) for n in range(people)]
    opened, asked = Tabs(monkeypatch), []
    async with asyncio.TaskGroup() as group:
        following = [group.create_task(opened.follow("tab 0", tokens[0]))]
        await opened.opened(1)
        asked = await opened.beat(1)
        following += [group.create_task(opened.follow(f"tab {n}", tokens[n % people])) for n in range(1, 10)]
        await opened.opened(10)
        asked_by_ten = await opened.beat(10)
        for each in following:
            each.cancel()
    assert sorted(asked_by_ten) == sorted(asked)
    assert len(asked) <= MOST_STATEMENTS


async def test_who_signed_out_sees_no_further_beat(house: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacks, "_installed", [house])
    alice = await _session(house, "alice@example.com", Role.ADMIN)
    bob = await _session(house, "bob@example.com", Role.USER)
    opened = Tabs(monkeypatch)
    async with asyncio.TaskGroup() as group:
        hers = group.create_task(opened.follow("hers", alice))
        his = group.create_task(opened.follow("his", bob))
        await opened.opened(2)
        await sessions.sign_out(house, bob)
        await opened.beat(1)
        assert (hers.done(), his.done()) == (False, True)
        hers.cancel()
