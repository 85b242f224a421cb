"""Pages beat while their tab is connected and its person signed in, and what many ask in a beat is read once."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from portal.core import stack as stacks
from portal.core.access import Actor, Role
from portal.core.shared_reads import SharedReads
from portal.web.events import beats as module
from portal.web.events import loops, tabs
from portal.web.events.beats import Beat, beats

ALICE = Actor(uuid4(), "alice@example.com", Role.ADMIN)
BOB = Actor(uuid4(), "bob@example.com", Role.USER)
_STATE: Any = SimpleNamespace(
    router=SimpleNamespace(
        headers=SimpleNamespace(cookie="portal_session=x"),
        session=SimpleNamespace(client_token="tab", session_id="line"),
    ),
    get_full_name=lambda: "a page",
)


@pytest.fixture
def sign_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[Actor | None], None]:
    def become(actor: Actor | None) -> None:
        async def actor_of(_: str | None, **__: bool) -> Actor | None:
            return actor

        monkeypatch.setattr(module, "actor_of", actor_of)

    return become


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """The tabs and the lines they have; the state's own is among them."""
    lines = {("tab", "line")}
    monkeypatch.setattr(tabs, "is_connected", lambda tab, line: (tab, line) in lines)
    return lines


async def test_beats_end_with_the_session(
    sign_in: Callable[[Actor | None], None], connected: set[tuple[str, str]]
) -> None:
    sign_in(BOB)
    count = 0
    async for _ in beats(_STATE, seconds=0):
        count += 1
        if count == 3:
            sign_in(None)
    assert count == 3


async def _beat(counts: list[int]) -> None:
    counts.append(0)
    mine = len(counts) - 1
    async for _ in beats(_STATE, seconds=600):
        counts[mine] += 1


async def test_a_tab_has_one_loop_of_a_kind(
    sign_in: Callable[[Actor | None], None], connected: set[tuple[str, str]]
) -> None:
    sign_in(BOB)
    counts: list[int] = []
    started = [asyncio.create_task(_beat(counts)) for _ in range(50)]
    async with asyncio.timeout(10):
        await asyncio.gather(*started[:-1])
    assert (loops.count(), started[-1].done()) == (1, False)
    loops.end_with("line")
    async with asyncio.timeout(10):
        await started[-1]
    assert loops.count() == 0


async def test_a_loop_without_a_connection_does_not_begin(
    sign_in: Callable[[Actor | None], None], connected: set[tuple[str, str]]
) -> None:
    sign_in(BOB)
    connected.clear()
    assert [beat async for beat in beats(_STATE, seconds=600)] == []
    assert loops.count() == 0


class Asked:
    """A service that counts how often it was read, and says what it was asked."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self, stack: Any, customer: str = "") -> str:
        self.count += 1
        await asyncio.sleep(0)
        return f"{customer} {self.count}"


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Any:
    """All that a beat needs of a stack."""
    one: Any = SimpleNamespace(shared=SharedReads())
    monkeypatch.setattr(stacks, "_installed", [one])
    return one


def _beat_of(actor: Actor, began_at: float = 0) -> Beat:
    return Beat(actor, began_at, 600)


async def test_a_question_is_read_once_in_a_beat(stack: Any) -> None:
    asked = Asked()
    answers = await asyncio.gather(*(_beat_of(ALICE).read(asked) for _ in range(10)))
    assert {*answers, await _beat_of(ALICE).read(asked)} == {" 1"}


async def test_customers_and_rights_share_nothing(stack: Any) -> None:
    asked = Asked()
    beats_of = [_beat_of(ALICE), _beat_of(BOB)]
    answers = [await beat.read(asked, customer) for beat in beats_of for customer in ("A", "C")]
    assert answers == ["A 1", "C 2", "A 3", "C 4"]
    assert await _beat_of(BOB).read(asked, "C") == "C 4"


async def test_stacks_share_nothing(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked()
    first = await _beat_of(ALICE).read(asked)
    monkeypatch.setattr(stacks, "_installed", [SimpleNamespace(shared=SharedReads())])
    assert (first, await _beat_of(ALICE).read(asked)) == (" 1", " 2")


async def test_a_later_beat_reads_again(stack: Any) -> None:
    asked = Asked()
    await _beat_of(ALICE).read(asked)
    assert await _beat_of(ALICE, module.monotonic()).read(asked) == " 2"


async def test_tabs_of_one_kind_begin_their_beats_together(
    sign_in: Callable[[Actor | None], None], connected: set[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(BOB)
    now, pauses = 1000.3, []

    async def pause(_: loops.Loop, seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(module, "monotonic", lambda: now)
    monkeypatch.setattr(loops.Loop, "pause", pause)
    found: list[float] = []
    async for beat in beats(_STATE, seconds=5):
        found.append(beat.began_at)
        if len(found) == 3:
            break
        now += 4
    assert found == [1000.3, 1005, 1010]
    assert all(0 < seconds <= 5 + 5 * module._SPREAD for seconds in pauses)
