"""What the push decides: SPEC 6.2 line by line, and the laws of cutting and acknowledging batches."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.exchange.batches import BatchType
from portal.core.outbox.queries.push import Backlog, PushState, RowRefusal, WaitingReading
from portal.core.readings.wire import FleetReading
from portal.push import planner, responses
from portal.push.planner import LaneKind
from portal.push.responses import (
    AcceptedBatch,
    Failed,
    NotKnown,
    Oversized,
    Reply,
    Unauthorised,
    Unreachable,
    Wait,
)

NOW = datetime(2026, 5, 18, 12, 0, tzinfo=UTC)
STATE = PushState(BatchType.MEASUREMENTS)
DEVICE = UUID(int=1)
OLDEST, REFUSED, FRESHEST = LaneKind


def _answer(accepted: int, rejected: int = 0, errors: str = "") -> Reply:
    return Reply(200, f'{{"accepted": {accepted}, "rejected": {rejected}, "errors": [{errors}]}}'.encode())


def test_a_handled_batch_is_taken() -> None:
    assert responses.classify(_answer(3), 3, NOW) == AcceptedBatch({})


def test_refused_rows_are_named() -> None:
    reply = _answer(2, 1, '{"row": 1, "reason": "deviceId: unknown device"}')
    assert responses.classify(reply, 3, NOW) == AcceptedBatch({1: "deviceId: unknown device"})


def test_refused_rows_that_are_not_all_named_make_every_row_suspect() -> None:
    response = responses.classify(
        _answer(1, 2, '{"row": 0, "reason": "x"}, {"row": 9, "reason": "y"}'), 3, NOW
    )
    assert isinstance(response, AcceptedBatch)
    assert set(response.refused) == {0, 1, 2}
    assert response.refused[0] == "x"


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Please log in to the hotel's network</html>",
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"accepted": 2, "rejected": 0, "errors": []}',
        b'{"accepted": 4, "rejected": -1, "errors": []}',
        b'{"accepted": "3", "rejected": 0, "errors": []}',
    ],
)
def test_a_200_that_is_not_the_admins_acknowledges_nothing(body: bytes) -> None:
    assert isinstance(responses.classify(Reply(200, body), 3, NOW), Failed)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Unreachable("ConnectError"), Failed),
        (Reply(500, b"oops"), Failed),
        (Reply(503), Failed),
        (Reply(400, b'{"error": {"code": "invalid"}}'), Failed),
        (Reply(404), Failed),
        (Reply(204), Failed),
        (Reply(302), Failed),
        (Reply(401), Unauthorised),
        (Reply(413), Oversized),
        (Reply(429), Wait),
    ],
)
def test_every_other_answer_acknowledges_nothing(reply: Reply | Unreachable, kind: type) -> None:
    assert isinstance(responses.classify(reply, 3, NOW), kind)


def test_back_off_follows_the_table_and_stays_at_half_an_hour() -> None:
    state, waits = STATE, []
    for _ in range(7):
        state = planner.after_response(state, Failed("500"), NOW)
        assert state.next_attempt_at is not None
        waits.append((state.next_attempt_at - NOW) // timedelta(minutes=1))
    assert waits == [1, 2, 5, 10, 30, 30, 30]
    assert state.consecutive_failures == 7


@given(st.integers(1, 9), st.floats(0, 1, exclude_max=True))
def test_waits_are_spread_upwards_by_at_most_a_tenth(failures: int, chance: float) -> None:
    wait = planner.back_off(failures)
    assert wait <= planner.back_off(failures, chance) <= wait * 1.1
    state = planner.after_response(STATE, Wait(responses.LONGEST_WAIT, "429"), NOW, chance)
    assert not planner.is_due(state, NOW)
    assert planner.is_due(state, NOW + responses.LONGEST_WAIT * 1.1)


@pytest.mark.parametrize(
    ("pending", "retries", "most", "chance", "lanes"),
    [
        (0, 0, 3, 0, ()),
        (10, 0, 3, 0, (OLDEST,)),
        (100, 0, 3, 0, (OLDEST,)),
        (101, 0, 3, 0, (OLDEST, FRESHEST)),
        (101, 5, 3, 0.99, (OLDEST, REFUSED, FRESHEST)),
        (0, 5, 1, 0, (REFUSED,)),
        (101, 0, 1, 0.4, (OLDEST, FRESHEST)),
        (101, 0, 1, 0.6, (FRESHEST, OLDEST)),
        (101, 5, 2, 0.5, (REFUSED, FRESHEST, OLDEST)),
        (101, 5, 2, 0.99, (FRESHEST, OLDEST, REFUSED)),
    ],
)
def test_every_lane_that_has_work_gets_its_turn(
    pending: int, retries: int, most: int, chance: float, lanes: tuple[LaneKind, ...]
) -> None:
    assert planner.lanes(Backlog(pending, NOW, retries, 0), 100, most, chance) == lanes


def test_what_is_left_counts_down_to_nothing() -> None:
    left = Backlog(10, NOW, 5, 2)
    assert planner.left_after(left, 4) == Backlog(6, NOW, 5, 2)
    assert planner.left_after(left, 12) == Backlog(0, NOW, 3, 2)
    assert planner.left_after(left, 99) == Backlog(0, None, 0, 2)


def test_values_beside_readings_wait_behind_them_and_are_rows_as_well() -> None:
    left = Backlog(10, NOW, 5, 2, 4)
    assert left.waiting_rows == 14
    assert planner.left_after(left, 17) == Backlog(0, None, 0, 2, 2)


def test_the_drain_estimate_is_in_whole_ticks() -> None:
    assert [planner.drain_seconds(rows, 100, 60) for rows in (0, 1, 100, 101)] == [0, 60, 60, 120]


def test_success_forgets_failures() -> None:
    failed = planner.after_response(STATE, Failed("500"), NOW)
    state = planner.after_success(failed, NOW, NOW)
    assert (state.consecutive_failures, state.next_attempt_at, state.last_error) == (0, None, None)
    assert (state.last_cursor, state.last_synced_at) == (NOW, NOW)


def test_a_401_stops_without_a_next_attempt() -> None:
    state = planner.after_response(STATE, Unauthorised("401"), NOW)
    assert state.is_stopped
    assert not planner.is_due(state, NOW + timedelta(days=365))


def test_a_429_is_not_a_failure() -> None:
    state = planner.after_response(STATE, Wait(timedelta(seconds=7), "429"), NOW)
    assert state.consecutive_failures == 0
    assert not planner.is_due(state, NOW + timedelta(seconds=6))
    assert planner.is_due(state, NOW + timedelta(seconds=7))


def test_an_error_fits_its_column() -> None:
    state = planner.after_response(STATE, Failed("x" * 10_000), NOW)
    assert state.last_error is not None
    assert len(state.last_error) == 500


def test_a_wait_set_under_another_clock_does_not_count() -> None:
    """The clock stood a year ahead when the wait was set, then was put right."""
    state = planner.after_response(STATE, Failed("500"), NOW + timedelta(days=365))
    assert planner.is_due(state, NOW)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(minutes=2)),
        (" 0 ", timedelta(0)),
        ("Mon, 18 May 2026 12:05:00 GMT", timedelta(minutes=5)),
        (format_datetime(NOW + timedelta(minutes=3), usegmt=True), timedelta(minutes=3)),
        ("Mon, 18 May 2026 14:05:00 +0200", timedelta(minutes=5)),
        ("Mon, 18 May 2020 12:00:00 GMT", timedelta(0)),
        (None, timedelta(minutes=1)),
        ("", timedelta(minutes=1)),
        ("soon", timedelta(minutes=1)),
        ("-5", timedelta(minutes=1)),
        ("1.5", timedelta(minutes=1)),
        ("²", timedelta(minutes=1)),
        ("99999999999999999999", timedelta(hours=1)),
        ("Mon, 18 May 2099 12:00:00 GMT", timedelta(hours=1)),
    ],
)
def test_retry_after(header: str | None, wait: timedelta) -> None:
    assert responses.retry_after(header, NOW) == wait


@given(st.text(max_size=60))
def test_no_retry_after_breaks_the_push(header: str) -> None:
    assert timedelta(0) <= responses.retry_after(header, NOW) <= timedelta(hours=1)


@given(st.integers(2, 50_000), st.integers(1, 10**9), st.integers(1, 10**9))
def test_a_body_that_is_too_large_is_tried_with_fewer_rows(count: int, excess: int, max_bytes: int) -> None:
    assert 1 <= planner.fewer_rows(count, max_bytes + excess, max_bytes) < count


def test_halving_ends_at_one_row_and_grows_back() -> None:
    state, limits = STATE, []
    for sent in (5000, 2500, 3, 1):
        state = planner.shrunk(state, sent, "413")
        limits.append(state.batch_limit)
    assert limits == [2500, 1250, 1, 1]
    for _ in range(13):
        state = planner.regrown(state, 5000)
    assert state.batch_limit is None


def _entry(number: int, count: int) -> list[WaitingReading]:
    """Return the rows of an outbox entry of some readings, or its empty row."""
    if count == 0:
        return [WaitingReading(number, NOW, None)]
    times = (NOW + timedelta(seconds=second) for second in range(count))
    return [WaitingReading(number, NOW, FleetReading(time=time, device_id=DEVICE)) for time in times]


@given(
    st.lists(st.integers(0, 6), max_size=8),
    st.integers(1, 12),
    st.lists(st.integers(1, 12), min_size=60, max_size=60),
)
def test_acknowledging_passes_every_reading_exactly_once(
    counts: list[int], limit: int, cuts: list[int]
) -> None:
    """A model of the table: whatever is fetched and however it is cut, all rows go out once and in order."""
    left = {number: _entry(number, count) for number, count in enumerate(counts)}
    expected = [(n, row.reading.time) for n, rows in left.items() for row in rows if row.reading]
    sent: list[tuple[int, datetime]] = []
    for cut in cuts:
        everything = [row for rows in left.values() for row in (rows or [WaitingReading(0, NOW, None)])]
        fetched = everything[:limit]
        readings = [row for row in fetched if row.reading]
        batch = readings[:cut]
        sent += [(row.entry_id, row.reading.time) for row in batch if row.reading]
        acknowledgement = planner.acknowledge(fetched, len(batch), is_complete=len(fetched) < limit)
        for number in acknowledgement.finished_ids:
            del left[number]
        if acknowledgement.partial_id is not None:
            kept = [
                row
                for row in left[acknowledgement.partial_id]
                if row.reading and acknowledgement.sent_time and row.reading.time > acknowledgement.sent_time
            ]
            left[acknowledgement.partial_id] = kept or [WaitingReading(acknowledgement.partial_id, NOW, None)]
    assert sent == expected
    assert left == {}


def test_the_first_retry_is_due_at_once_and_the_fifth_refusal_is_the_last() -> None:
    row = RowRefusal(NOW, DEVICE, NOW, "deviceId: unknown device", tries=1)
    waits = []
    for tries in range(1, planner.MAX_TRIES):
        [again], given_up = planner.sort_refused([replace(row, tries=tries)], NOW)
        assert again.next_attempt_at is not None
        assert given_up == ()
        waits.append((again.next_attempt_at - NOW) // timedelta(minutes=1))
    assert waits == [0, 1, 2, 5]
    assert planner.sort_refused([replace(row, tries=5)], NOW) == ((), (replace(row, tries=5),))


def _refused(resource: BatchType) -> responses.ResponseClass:
    reply = Reply(
        400, b'{"error": {"code": "invalid", "message": "X-Batch-Type must be one of sites, devices."}}'
    )
    return responses.as_of_type(responses.classify(reply, 1, NOW), reply, resource)


def test_an_earlier_release_that_does_not_take_decisions_yet_is_no_failure() -> None:
    failing = replace(STATE, resource=BatchType.EVENTS, consecutive_failures=2)
    response = _refused(BatchType.EVENTS)

    assert isinstance(response, NotKnown)
    state = planner.after_response(failing, response, NOW)
    assert state.consecutive_failures == 0
    assert not planner.is_due(state, NOW + timedelta(hours=11))
    assert planner.is_due(state, NOW + timedelta(hours=12))


def test_a_bad_request_is_a_failure_for_what_every_release_takes() -> None:
    assert isinstance(_refused(BatchType.SITES), Failed)
