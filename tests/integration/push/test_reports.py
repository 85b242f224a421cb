"""What the Client says about its backlog, and what Olga sees of it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from portal.core.boards.rules.board_words import BoardWord, board_word
from portal.core.boards.service import boards
from portal.core.exchange.sync import PushReport, boards_header, parse_boards, parse_report
from portal.core.fleet.service import customers
from portal.core.outbox.service import push
from tests.integration.databases import Clock
from tests.integration.push.rig import START, Rig

OpenRig = Callable[..., Awaitable[Rig]]


async def _shown(rig: Rig) -> customers.PushBacklog:
    [line] = await customers.list_customers(rig.admin)
    assert line.push is not None
    return line.push


async def test_the_admin_shows_what_waits_and_how_long_it_takes(rigs: OpenRig) -> None:
    rig = await rigs(FleetIngest__BatchSize="100", FleetIngest__IntervalSeconds="60")
    await rig.store(await rig.add_device(), 1000)
    await rig.tick()
    shown = await _shown(rig)
    [[oldest]] = await rig.on_client("SELECT received_at FROM app.push_outbox")
    assert (shown.waiting_rows, shown.oldest_at, shown.given_up_rows) == (700, oldest, 0)
    assert shown.drain_seconds == 180
    assert shown.waiting_rows == (await push.backlog(rig.client)).pending_rows
    await rig.drain()
    shown = await _shown(rig)
    assert (shown.waiting_rows, shown.oldest_at, shown.drain_seconds) == (0, None, 0)


async def test_refused_readings_count_as_waiting_until_they_are_given_up(rig: Rig, clock: Clock) -> None:
    device = await rig.add_device()
    await rig.store(device, 20)
    await rig.tick()
    await rig.on_client(
        "INSERT INTO app.push_retries (time, device_id, received_at, reason, next_attempt_at) "
        "SELECT time, device_id, received_at - interval '1 day', 'no', :later "
        "FROM monitoring.power_measurements LIMIT 3",
        later=clock.now + timedelta(minutes=5),
    )
    await rig.store(device, 1, start=START + timedelta(hours=1))
    await rig.tick()
    shown = await _shown(rig)
    [[oldest]] = await rig.on_client("SELECT min(received_at) FROM app.push_retries")
    assert (shown.waiting_rows, shown.oldest_at, shown.given_up_rows) == (3, oldest, 0)
    await rig.on_client("DELETE FROM app.push_retries")
    await rig.on_client(
        "INSERT INTO app.push_dead_letters (row_key, reason, tries) VALUES ('a', 'no', 5), ('b', 'no', 5)"
    )
    await rig.on_client("UPDATE monitoring.sites SET address = 'elsewhere'")
    await rig.tick()
    shown = await _shown(rig)
    assert (shown.waiting_rows, shown.given_up_rows) == (0, 2)


async def test_a_customer_that_never_pushed_has_no_report(rig: Rig) -> None:
    [line] = await customers.list_customers(rig.admin)
    assert line.push is None


async def test_batches_cut_by_bytes_make_the_estimate_longer(rigs: OpenRig) -> None:
    rig = await rigs(FleetIngest__BatchMaxBytes="4096", FleetIngest__IntervalSeconds="60")
    await rig.store(await rig.add_device(), 1000)
    await rig.tick()
    shown = await _shown(rig)
    ticks = 0
    while (await rig.tick()).pending_rows:
        ticks += 1
    assert abs(shown.drain_seconds / 60 - ticks) <= 2


async def test_silent_boards_are_told_with_what_they_keep(rig: Rig, clock: Clock) -> None:
    silent, loud, mute = [await rig.add_device(name) for name in ("silent", "loud", "mute")]
    await boards.change_settings(rig.client, silent, {"periodSeconds": 30})
    for device, ring in ((silent, "26112"), (loud, "26112"), (mute, "")):
        word = board_word("1.0.0 1 -71", ring)
        assert word is not None
        await boards.hear(rig.client, device, word, clock.now - timedelta(hours=0 if device == loud else 3))
    assert await boards.silent_boards(rig.client) == {silent: 13_056}
    await rig.drain()
    [[said]] = await rig.on_admin("SELECT board_minutes FROM fleet.push_reports")
    assert said == {str(silent): 13_056}
    await boards.hear(rig.client, silent, BoardWord("1.0.0", 1), clock.now)
    assert await boards.silent_boards(rig.client) == {}
    assert (await boards.get_board(rig.client, silent)).board.ring_readings == 26_112


def test_what_cannot_be_read_of_boards_is_left_out() -> None:
    device = UUID(int=5)
    assert parse_boards(boards_header({device: 60})) == {device: 60}
    assert parse_boards(None) == parse_boards("") == parse_boards("x=1, 7") == {}
    assert parse_boards(f"{device.hex}=-1, {device.hex}={'9' * 30}") == {device: 10_000_000}
    assert len(parse_boards(boards_header({UUID(int=n): n for n in range(100)}))) == 20


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "waiting=1",
        "waiting=-1; refused=0; given-up=0; oldest=; drain=0",
        "waiting=x; refused=0; given-up=0; oldest=; drain=0",
        "waiting=1; refused=0; given-up=0; oldest=yesterday; drain=0",
        "waiting=1; refused=0; given-up=0; oldest=2026-05-18T12:00:00; drain=0",
        "waiting=" + "1" * 500,
    ],
)
def test_a_report_that_cannot_be_read_is_none(text: str | None) -> None:
    assert parse_report(text) is None


def test_a_report_reads_back_as_it_was_written() -> None:
    at = datetime(2026, 5, 18, 12, 0, 0, 123456, tzinfo=UTC)
    for report in (PushReport(1, 2, 3, at, 60), PushReport(0, 0, 0, None, 0)):
        assert parse_report(report.header()) == report


def test_a_report_of_absurd_figures_fits_its_columns() -> None:
    report = parse_report(f"waiting={10**30}; refused=0; given-up=0; oldest=; drain={10**30}")
    assert report is not None
    assert report.waiting_rows < 2**63
