"""What an open dashboard is sent: at every beat what has changed since, and once a minute all of it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Self

import pytest

from portal.client.dashboard import state as page
from portal.client.dashboard import view
from portal.features.data_quality.seal import Seal

_SHOWN = view.DashboardView(view.DashboardFigures(power="1.00"), [], "", is_empty=False)
_EVERYTHING = {
    "is_loading",
    "failure",
    "figures",
    "sites",
    "waiting_note",
    "is_empty",
    "seal",
    "restore_seal",
}


class Page:
    """A state that notes what each of its changes sets."""

    def __init__(self) -> None:
        object.__setattr__(self, "sent", [])
        object.__setattr__(self, "_is_open", False)

    async def __aenter__(self) -> Self:
        object.__setattr__(self, "_is_open", True)
        self.sent.append({})
        return self

    async def __aexit__(self, *_: object) -> None:
        object.__setattr__(self, "_is_open", False)

    def __setattr__(self, name: str, value: object) -> None:
        assert self._is_open
        self.sent[-1][name] = value


async def _sent(monkeypatch: pytest.MonkeyPatch, *beats: tuple[float, view.DashboardView | None]) -> Page:
    """Have a page beat at these moments (seconds), each with what is read then."""
    found = dict(beats)

    async def come(_: object, **__: object) -> AsyncIterator[Any]:
        for began_at, _found in beats:
            yield SimpleNamespace(began_at=began_at)

    async def read(beat: Any) -> view.DashboardView | None:
        return found[beat.began_at]

    async def read_seals(_: object) -> tuple[Seal, Seal]:
        return Seal("Balanced"), Seal("Restored")

    monkeypatch.setattr(page, "beats", come)
    monkeypatch.setattr(page, "_view", read)
    monkeypatch.setattr(page, "_seals", read_seals)
    opened = Page()
    await page.DashboardState.follow.fn.__wrapped__(opened)
    return opened


async def test_a_beat_sends_what_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn_more = replace(_SHOWN, figures=replace(_SHOWN.figures, power="2.00"))
    opened = await _sent(monkeypatch, (0, _SHOWN), (5, _SHOWN), (10, drawn_more), (15, drawn_more))
    assert [set(changes) for changes in opened.sent] == [_EVERYTHING, {"figures"}]
    assert opened.sent[1]["figures"].power == "2.00"


async def test_once_a_minute_everything_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = await _sent(monkeypatch, *((at, _SHOWN) for at in (57, 60, 65, 115, 120)))
    assert [set(changes) for changes in opened.sent] == [_EVERYTHING] * 3


async def test_after_a_failure_all_figures_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = await _sent(monkeypatch, (0, _SHOWN), (5, None), (10, _SHOWN))
    assert "keeps trying" in opened.sent[1]["failure"]
    assert set(opened.sent[2]) == _EVERYTHING
    assert opened.sent[2]["failure"] == ""
