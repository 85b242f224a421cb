"""Boards and firmware in words, and their settings as they are typed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from portal.client.boards.forms import AS_NOW, EVERYTHING, boxes_of, percent_in, settings_in
from portal.client.boards.view import build_boards, build_part
from portal.core.boards.queries.boards import UNHEARD, DeviceBoard
from portal.core.boards.queries.releases import StoredRelease
from portal.core.boards.rules.board_settings import sound_settings
from portal.core.boards.service.rollouts import BoardProgress, ReleaseProgress, Rollouts
from portal.core.errors import Invalid

NOW = datetime(2026, 11, 26, 12, 20, tzinfo=UTC)
ZONE = "Africa/Johannesburg"
HEARD = UNHEARD._replace(running="1.0.0", heard_at=NOW - timedelta(minutes=3), signal_dbm=-71)
DEVICE = DeviceBoard(UUID(int=1), "Cold store", "Main", "main-1", HEARD)


def _lines(*boards: DeviceBoard, offered: str = "") -> list[tuple[str, str, str]]:
    shown = build_boards(Rollouts((), tuple(BoardProgress(each, offered) for each in boards)), ZONE, NOW)
    return [(line["release"], line["tone"], line["settings"]) for line in shown.boards]


def test_the_worst_of_a_board_is_said_first() -> None:
    fell_back = HEARD._replace(failed_release="1.1.0", pinned_release="1.2.0")
    pinned = HEARD._replace(pinned_release="1.0.0")
    waits = HEARD._replace(settings_version=3, applied_version=2)
    assert _lines(DEVICE) == [("", "", "As it was made")]
    assert _lines(DEVICE, offered="1.1.0")[0][:2] == ("1.1.0 is offered", "neutral")
    assert _lines(replace(DEVICE, board=fell_back), offered="1.2.0")[0][:2] == (
        "Fell back from 1.1.0",
        "fail",
    )
    assert _lines(replace(DEVICE, board=pinned))[0][0] == "Stays at 1.0.0"
    assert _lines(replace(DEVICE, board=waits))[0][2] == "Version 3, wait for it"
    recovered = HEARD._replace(running="1.1.0", failed_release="1.1.0")
    assert _lines(replace(DEVICE, board=recovered)) == [("", "", "As it was made")]


def test_the_summary_counts_what_has_to_be_looked_at() -> None:
    boards = [replace(DEVICE, board=HEARD._replace(failed_release="1.1.0")), DEVICE]
    release = StoredRelease("1.1.0", 10, NOW, 70_000)
    found = Rollouts((ReleaseProgress(release, 0, 1, 1),), tuple(BoardProgress(each, "") for each in boards))
    shown = build_boards(found, ZONE, NOW)
    assert shown.summary == "2 boards, 1 could not run a release"
    [line] = shown.releases
    assert (line["share"], line["confirmed"], line["offered"], line["failed"]) == ("10 %", "0", "1", "1")


def test_the_panel_says_what_a_board_is_and_what_waits_for_it() -> None:
    part = build_part(
        replace(DEVICE, board=HEARD._replace(failed_release="1.1.0", settings_version=1)), ZONE, NOW
    )
    assert dict(part.facts)["Firmware"] == "1.0.0"
    assert dict(part.facts)["Signal"] == "-71 dBm"
    assert "could not run 1.1.0" in part.trouble
    assert "wait" in part.waits
    assert not build_part(replace(DEVICE, board=UNHEARD), ZONE, NOW).is_known


def test_what_stands_in_the_boxes_comes_back_as_it_was() -> None:
    settings = sound_settings(
        {
            "periodSeconds": 30,
            "everySeconds": 600,
            "quantities": ["voltageV", "activePowerKw"],
            "transformerRatios": [400, 400, 200, 5],
            "serialRegisters": [61184, 2],
        }
    )
    boxes = boxes_of(replace(DEVICE, board=HEARD._replace(settings=settings, settings_version=1)))
    form = {
        name: getattr(boxes, name)
        for name in ("period", "every", "address", "ratios", "serial", "quantities")
    }
    assert boxes.quantities == AS_NOW
    assert sound_settings(settings_in(form, settings)) == settings
    assert settings_in(dict.fromkeys(form, ""), settings) == {}
    everything = settings_in({"quantities": EVERYTHING}, {})
    again = boxes_of(replace(DEVICE, board=HEARD._replace(settings=sound_settings(everything))))
    assert again.quantities == EVERYTHING


@pytest.mark.parametrize("typed", ["", "ten", "-1", "1.5", "\u0661", "9" * 10])
def test_what_is_no_number_is_refused_in_words(typed: str) -> None:
    with pytest.raises(Invalid):
        percent_in({"percent": typed})
    if typed:
        with pytest.raises(Invalid):
            settings_in({"period": typed}, {})
