"""What App config says about the push."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from portal.core.errors import NotFound
from portal.core.exchange.batches import BatchType
from portal.core.exchange.rules import push_epoch
from portal.core.outbox.queries.push import Backlog, PushState
from portal.core.outbox.queries.push_dead_letters import DeadLetter, Decision
from portal.core.outbox.service.push import PushStatus
from portal.features.settings.app_config import view

NOW = datetime(2026, 5, 18, 12, 0, tzinfo=UTC)
STATE = PushState(BatchType.MEASUREMENTS)
DEAD_LETTER = DeadLetter(
    7, "measurements", "2026-05-18/meter", NOW, NOW, None, "unknown device", 5, NOW - timedelta(hours=3)
)
DECISION = Decision(NOW, "alice@example.com", "discard", "devices", "meter-1", "413", NOW)


def _status(*states: PushState, dead_letters: int = 1) -> PushStatus:
    backlog = Backlog(12, NOW, 3, dead_letters)
    return PushStatus(
        is_enabled=True,
        is_link_down=False,
        resources=states,
        backlog=backlog,
        dead_letters=(DEAD_LETTER,),
        decisions=(DECISION,),
    )


@pytest.mark.parametrize(
    ("state", "words", "tone", "next_try"),
    [
        (STATE, "In step", "ok", ""),
        (replace(STATE, is_stopped=True, next_attempt_at=NOW + timedelta(hours=1)), "Stopped", "fail", ""),
        (
            replace(STATE, consecutive_failures=2, next_attempt_at=NOW + timedelta(minutes=2)),
            "Failing",
            "warn",
            "Next try after 2026-05-18 12:02:00 UTC",
        ),
        (
            replace(STATE, next_attempt_at=NOW + timedelta(minutes=1)),
            "Waiting",
            "warn",
            "Next try after 2026-05-18 12:01:00 UTC",
        ),
        (replace(STATE, next_attempt_at=NOW - timedelta(minutes=1)), "In step", "ok", ""),
    ],
)
def test_a_resource_says_how_it_fares(state: PushState, words: str, tone: str, next_try: str) -> None:
    [row] = view.push_rows(_status(state), NOW)
    assert (row["status"], row["tone"], row["next_try"]) == (words, tone, next_try)


def test_a_stopped_push_says_what_to_do_and_the_command_stands_apart() -> None:
    reason = push_epoch.behind_words("ACME")
    stopped = replace(_status(STATE), behind_since=NOW, behind_reason=reason)
    words, command, rest = view.behind_words(stopped)
    assert (words[:9], command, rest) == (
        "The Admin",
        "portal push recover",
        " fetches what is missing here.",
    )
    assert view.push_rows(stopped, NOW)[0]["status"] == "Stopped"
    assert view.behind_words(_status(STATE)) == []
    assert view.behind_words(replace(stopped, is_enabled=False)) == []


def test_a_row_given_up_says_why_how_often_and_since_when() -> None:
    [row] = view.dead_letter_rows(_status(), NOW)
    assert (row["id"], row["reason"], row["tries"], row["since"]) == ("7", "unknown device", "5", "3 h ago")
    assert view.dead_letters_note(_status()) == ""
    assert view.dead_letters_note(_status(dead_letters=1234)) == "The latest 1 of 1\u2009234"


def test_a_decision_says_who_took_it() -> None:
    [row] = view.decision_rows(_status(), NOW)
    assert (row["who"], row["action"], row["row"]) == ("alice@example.com", "Discarded", "meter-1")


@pytest.mark.parametrize("chosen", ["", "-1", "seven", "9" * 30, "\u0667"])
def test_a_number_that_is_none_is_a_row_that_is_not_there(chosen: str) -> None:
    with pytest.raises(NotFound):
        view.dead_letter_number(chosen)


def test_all_rows_or_one() -> None:
    assert (view.dead_letter_number("all"), view.dead_letter_number("7")) == (None, 7)
