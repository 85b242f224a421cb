"""Codes of boards, what they say of themselves, and which release they are offered."""

from __future__ import annotations

import secrets
from uuid import UUID, uuid4

import pytest

from node import claim
from portal.core.boards.rules.board_settings import sound_settings
from portal.core.boards.rules.board_words import BoardWord, board_word
from portal.core.boards.rules.claim_codes import code_of, shown_code, sound_code
from portal.core.boards.rules.releases import Fate, Rollout, fate_of, offered, sound_version
from portal.core.errors import Invalid


def test_board_and_portal_make_the_same_code_of_a_secret() -> None:
    for _ in range(50):
        secret = secrets.token_bytes(32)
        assert shown_code(code_of(secret)) == claim.code_of(secret.hex())


def test_a_code_is_taken_as_people_type_it() -> None:
    assert sound_code(" 7xk4 9mtc-o2qf ") == "7XK49MTC02QF"
    assert sound_code("iLo0-1111-2222") == "110011112222"


@pytest.mark.parametrize("typed", ["", "7XK4-9MTC", "7XK4-9MTC-02QFX", "7XK4-9MTC-02Q!", "UUUU-UUUU-UUUU"])
def test_what_is_no_code_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        sound_code(typed)


def test_what_a_board_says_is_read_and_anything_else_is_nothing() -> None:
    assert board_word("1.0.0 3 -71") == BoardWord("1.0.0", 3, -71)
    assert board_word("1.0.0 3") == BoardWord("1.0.0", 3)
    assert board_word("1.0.0 0 0 1.1.0") == BoardWord("1.0.0", 0, None, "1.1.0")
    for other in (
        "",
        "1.0.0",
        "x" * 33 + " 1",
        "1.0.0 -1",
        "1.0.0 1 loud",
        "1.0.0 1 -71 1.1.0 more",
        "<b> 1",
    ):
        assert board_word(other) is None, other


def test_a_share_of_the_boards_is_offered_a_release_and_always_the_same() -> None:
    boards = [uuid4() for _ in range(2000)]
    tenth = [each for each in boards if offered(each, "1.0.0", "", "", [Rollout("1.1.0", 10)])]
    assert 120 < len(tenth) < 280
    half = {each for each in boards if offered(each, "1.0.0", "", "", [Rollout("1.1.0", 50)])}
    assert set(tenth) <= half, "whoever has it keeps it when more are to"
    other = [each for each in boards if offered(each, "1.0.0", "", "", [Rollout("1.2.0", 10)])]
    assert set(other) != set(tenth), "others, for another release"


@pytest.mark.parametrize(
    ("running", "failed", "pinned", "release"),
    [
        ("1.0.0", "", "", "1.10.0"),
        ("1.10.0", "", "", ""),
        ("2.0.0", "", "", ""),
        ("1.0.0", "1.10.0", "", "1.9.0"),
        ("1.10.0", "", "1.9.0", "1.9.0"),
        ("1.9.0", "", "1.9.0", ""),
        ("1.10.0", "1.9.0", "1.9.0", ""),
        ("1.0.0", "", "3.0.0", ""),
        ("homemade", "", "", "1.10.0"),
    ],
)
def test_the_newest_is_offered_to_whoever_runs_an_older_one(
    running: str, failed: str, pinned: str, release: str
) -> None:
    there = [Rollout("1.9.0", 100), Rollout("1.10.0", 100), Rollout("1.11.0", 0)]
    assert offered(UUID(int=7), running, failed, pinned, there) == release


@pytest.mark.parametrize(
    ("running", "failed", "pinned", "fate"),
    [
        ("1.10.0", "", "", Fate.CONFIRMED),
        ("1.10.0", "1.10.0", "", Fate.CONFIRMED),
        ("1.0.0", "1.10.0", "", Fate.FAILED),
        ("1.0.0", "", "", Fate.OFFERED),
        ("1.0.0", "1.9.0", "", Fate.OFFERED),
        ("1.0.0", "", "1.9.0", Fate.APART),
        ("2.0.0", "", "", Fate.APART),
        ("2.0.0", "", "1.10.0", Fate.OFFERED),
    ],
)
def test_what_became_of_a_release_is_told_by_what_a_board_says(
    running: str, failed: str, pinned: str, fate: Fate
) -> None:
    there = [Rollout("1.9.0", 100), Rollout("1.10.0", 100)]
    assert fate_of("1.10.0", UUID(int=7), running, failed, pinned, there) is fate


def test_versions_and_settings_have_to_be_sound() -> None:
    assert sound_version("1.10.0") == "1.10.0"
    for wrong in ("", "1.0", "1.0.0-rc1", "v1.0.0", "1.0.0\n"):
        with pytest.raises(Invalid):
            sound_version(wrong)
    assert sound_settings({"transformerRatios": [400, 400, 200, 5]}) == {
        "transformerRatios": [400, 400, 200, 5]
    }
    for wrong in (
        {"periodSeconds": True},
        {"periodSeconds": 4},
        {"everySeconds": 30, "periodSeconds": 60},
        {"quantities": "voltageV"},
        {"quantities": ["colour"]},
        {"transformerRatios": [400, 400, 0, 5]},
        {"serialRegisters": [1]},
        {"token": "x"},
    ):
        with pytest.raises(Invalid):
            sound_settings(wrong)
