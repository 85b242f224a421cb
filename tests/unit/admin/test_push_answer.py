"""Why a batch did not land, in words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from portal.admin.customer_detail.events.address import BatchesAsked, chosen, events_address, events_in
from portal.admin.customer_detail.events.answer import build_answer
from portal.admin.customer_detail.events.view import (
    build_events,
    build_figures,
    draw_history,
    new_words,
    size_words,
    spread_words,
    strangers,
)
from portal.core.fleet.rules.push_diagnosis import PushCause, PushFacts, diagnose, waiting_estimate
from portal.core.fleet.rules.refused_pushes import Refusal, in_lines, problems_in
from portal.core.fleet.service.fleet_views import IngestEventLine
from portal.core.fleet.service.push_history import PushBucket, PushHistory, StoredBatchLine
from portal.core.fleet.tables import UnknownPush
from portal.core.wire_fields import RowProblem
from tests.unit.admin.test_customers_view import ACME, NOW

ZONE = "Africa/Johannesburg"
LAST = StoredBatchLine(NOW - timedelta(minutes=51), "measurements", 540)
OLD_TOKEN = Refusal(
    ACME.id,
    "measurements",
    401,
    "an old token, ended 2026-11-20T11:10:00Z (ends 7d1c)",
    NOW - timedelta(minutes=50),
    NOW - timedelta(minutes=40),
    5,
    "7d1c",
)
TOO_LARGE = replace(OLD_TOKEN, status=413, reason="The body is too large.", batch_type="tariffs")
HISTORY = PushHistory(
    customer=ACME,
    cause=PushCause.LANDS,
    refusals=(),
    last_stored=LAST,
    since=NOW - timedelta(hours=24),
    width=timedelta(minutes=15),
    buckets=(
        PushBucket(NOW - timedelta(hours=20), 15, 0, 8_100, 0),
        PushBucket(NOW - timedelta(hours=1), 15, 2, 8_098, 2),
    ),
    event_count=30,
    waiting_rows=27_000,
    is_estimate=True,
    unknown=(),
)


@pytest.mark.parametrize(
    ("facts", "cause"),
    [
        (PushFacts(True, NOW, (), 0), PushCause.LANDS),
        (PushFacts(True, NOW, (), 2), PushCause.ROWS_REJECTED),
        (PushFacts(False, NOW, (OLD_TOKEN,), 0), PushCause.DISABLED),
        (PushFacts(True, NOW, (TOO_LARGE, OLD_TOKEN), 0), PushCause.OLD_TOKEN),
        (PushFacts(True, NOW, (TOO_LARGE,), 9), PushCause.REFUSED),
        (PushFacts(True, None, (), 0), PushCause.NEVER),
        (PushFacts(True, None, (TOO_LARGE,), 0), PushCause.REFUSED),
        (PushFacts(True, NOW - timedelta(hours=1), (), 0), PushCause.LANDS),
        (PushFacts(True, NOW - timedelta(hours=1, seconds=1), (), 0), PushCause.SILENT),
    ],
)
def test_one_cause_is_told(facts: PushFacts, cause: PushCause) -> None:
    assert diagnose(facts, NOW) is cause


def test_an_estimate_looks_like_one() -> None:
    day = timedelta(hours=24)
    assert waiting_estimate(739_204, day, timedelta(minutes=51)) == 26_000
    assert waiting_estimate(0, day, day) == 0
    assert waiting_estimate(10, day, timedelta(0)) == 0


def test_an_old_token_is_named_with_what_is_kept_and_what_to_do() -> None:
    said = build_answer(replace(HISTORY, cause=PushCause.OLD_TOKEN, refusals=(OLD_TOKEN,)), ZONE, NOW)
    assert said["title"] == (
        "Nothing has landed since 20 Nov, 13:09, because the Client still uses its old token"
    )
    assert "(ends 7d1c), last 40 min ago. After a 401" in said["words"]
    assert said["words"].endswith("waits at the Client, about 27\u2009000 readings.")
    assert (said["action"], said["tone"], len(said["steps"])) == ("rotate", "fail", 2)
    never = replace(HISTORY, cause=PushCause.OLD_TOKEN, refusals=(OLD_TOKEN,), last_stored=None)
    assert build_answer(never, ZONE, NOW)["title"].startswith("Nothing has ever landed, because")


@pytest.mark.parametrize("cause", PushCause)
def test_every_cause_has_a_heading_and_a_tone(cause: PushCause) -> None:
    said = build_answer(replace(HISTORY, cause=cause, refusals=(OLD_TOKEN,)), ZONE, NOW)
    assert said["title"]
    assert (said["tone"] == "ok") is (cause is PushCause.LANDS)


def test_a_refusal_of_one_type_is_told_with_its_reason() -> None:
    said = build_answer(replace(HISTORY, cause=PushCause.REFUSED, refusals=(TOO_LARGE,)), ZONE, NOW)
    assert said["title"] == "Batches of tariffs are refused since 20 Nov, 13:10"
    assert said["words"].startswith("413: The body is too large. Last 40 min ago. Nothing is lost")


def test_the_figures_of_a_span() -> None:
    shown = build_figures(replace(HISTORY, refusals=(OLD_TOKEN,)), ZONE, NOW)
    assert (shown["last"], shown["last_note"]) == ("13:09", "51 min ago, 540 rows of measurements")
    assert (shown["refused"], shown["refused_note"]) == ("5", "401, since 20 Nov, 13:10")
    assert (shown["stored"], shown["stored_note"]) == ("16\u2009198", "28 batches")
    assert (shown["rejected"], shown["rejected_note"]) == ("2", "0.012\u00a0%")


def test_the_chart_has_stored_rejected_and_silence() -> None:
    drawn = draw_history(HISTORY, ZONE, NOW)
    assert [len(bar["parts"]) for bar in drawn["bars"]] == [1, 2]
    assert drawn["bars"][1]["title"] == "20 Nov, 13:00, 2 batches refused"
    assert [gap["words"] for gap in drawn["gaps"]] == ["nothing was stored"] * 2
    assert draw_history(replace(HISTORY, buckets=()), ZONE, NOW)["bars"] == []


LINE = IngestEventLine(
    id=ACME.id,
    received_at=datetime(2026, 11, 20, 11, 28, 3, tzinfo=UTC),
    batch_type="measurements",
    rows_accepted=538,
    rows_rejected=2,
    batch_bytes=12_345,
    client_hwm="2026-11-20T11:28:02Z",
    time_spread=timedelta(seconds=60),
    error=None,
    status=200,
    problems=in_lines([RowProblem(17, "deviceId: unknown device"), RowProblem(402, "time is\nbefore 2010")]),
)


def test_a_batch_says_what_became_of_each_row() -> None:
    [row] = build_events([LINE], ZONE, NOW)
    assert (row["received"], row["stored"], row["rejected"], row["size"]) == (
        "13:28:03",
        "538",
        "2",
        "12\u00a0kB",
    )
    assert (row["status"], row["words"], row["tone"]) == ("200", "2 rows rejected", "warn")
    assert row["problems"] == ["Row 17: deviceId: unknown device", "Row 402: time is before 2010"]
    [refused] = build_events([replace(LINE, error="too large", status=413, problems=None)], ZONE, NOW)
    assert (refused["stored"], refused["status"], refused["words"], refused["tone"]) == (
        "\u2013", "413", "too large", "fail",
    )  # fmt: skip
    [older] = build_events([replace(LINE, error="no", status=None)], ZONE, NOW)
    assert older["status"] == "refused"
    [earlier] = build_events([replace(LINE, received_at=LINE.received_at - timedelta(days=2))], ZONE, NOW)
    assert earlier["received"] == "18 Nov 13:28:03"


def test_of_many_rejected_rows_the_first_are_kept() -> None:
    lines = in_lines([RowProblem(number, "x" * 999) for number in range(100_000)])
    assert lines is not None
    assert len(lines) <= 4000
    assert len(list(problems_in(lines))) == 20
    assert in_lines([]) is None
    assert list(problems_in(None)) == []


def test_sizes_and_spreads_in_words() -> None:
    assert [size_words(size) for size in (12, 900, 1_500, 1_040_000)] == [
        "12\u00a0B", "900\u00a0B", "1.5\u00a0kB", "1.0\u00a0MB",
    ]  # fmt: skip
    spreads = [
        None,
        timedelta(0),
        timedelta(seconds=90),
        timedelta(minutes=20),
        timedelta(minutes=64),
        timedelta(days=5),
    ]
    assert [spread_words(spread) for spread in spreads] == [
        "\u2013", "0\u00a0s", "90\u00a0s", "20\u00a0min", "1\u00a0h\u00a004\u00a0min", "5 days",
    ]  # fmt: skip


def test_a_token_that_nobody_has_shows_its_end_only() -> None:
    push = UnknownPush(
        address="10.0.0.9",
        token_length=64,
        token_last4="7d1c",
        batch_type="sites",
        first_at=NOW,
        last_at=NOW,
        pushes=3,
    )
    short = UnknownPush(
        address="", token_length=0, token_last4="", batch_type="unknown", first_at=NOW, last_at=NOW, pushes=1
    )
    rows = strangers(replace(HISTORY, unknown=(push, short)), NOW)
    assert [row["token"] for row in rows] == ["ends in 7d1c", "no token"]


def test_the_address_says_which_batches() -> None:
    asked = BatchesAsked("tariffs", only_problems=True, span="7d")
    assert events_address("ID", asked) == "/customers/ID?tab=events&type=tariffs&problem=1&span=7d"
    assert events_in({"type": "tariffs", "problem": "1", "span": "7d"}) == asked
    assert events_in({"type": "x", "span": "1y", "before": "then"}) == BatchesAsked()
    assert events_in({"before": "2026-11-20T11:28:03Z"}).before == LINE.received_at
    assert chosen(replace(asked, before=NOW), "type", "") == replace(asked, batch_type="")


def test_new_batches_are_counted_and_nothing_moves() -> None:
    assert new_words(["b", "a"], ["c", "b", "a"]) == "1 new"
    assert new_words(["b"], ["d", "c"]) == "2 or more new"
    assert new_words(["b"], ["b"]) == ""
