"""What the push does when the Admin is away, says no, or asks for less (SPEC 6.2)."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from portal.core.exchange.batches import BatchType
from portal.core.outbox.service import push
from portal.core.values.tokens import token_hash
from tests.integration.databases import Clock
from tests.integration.push.rig import START, Rig, Sent, line_of, with_fleet

OpenRig = Callable[..., Awaitable[Rig]]
READINGS = BatchType.MEASUREMENTS


async def _ready(rig: Rig, rows: int = 20) -> None:
    """A device the Admin knows, and readings that wait."""
    device = await rig.add_device()
    await rig.tick()
    await rig.store(device, rows)
    rig.network.sent.clear()


@pytest.mark.parametrize(
    "trouble",
    [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.Response(500), httpx.Response(503)],
    ids=["refused", "time-out", "500", "503"],
)
async def test_while_the_admin_is_away_waits_grow_and_nothing_is_lost(
    rig: Rig, clock: Clock, trouble: httpx.Response | Exception
) -> None:
    await _ready(rig)
    rig.network.always = trouble
    waits = []
    for _ in range(6):
        await rig.tick()
        state = await rig.state()
        assert state.next_attempt_at is not None
        waits.append((state.next_attempt_at - clock.now) // timedelta(minutes=1))
        clock.now = state.next_attempt_at - timedelta(seconds=1)
        asked = len(rig.network.sent)
        await rig.tick()
        assert len(rig.network.sent) == asked, "asked before the wait was over"
        clock.now = state.next_attempt_at
    assert waits == [1, 2, 5, 10, 30, 30]
    assert (await rig.state()).consecutive_failures == 6
    rig.network.always = None
    await rig.tick()
    await rig.assert_mirrored()
    state = await rig.state()
    assert (state.consecutive_failures, state.last_error, state.next_attempt_at) == (0, None, None)


async def test_a_resource_that_fails_does_not_hold_up_the_others(rig: Rig) -> None:
    await _ready(rig)
    await rig.add_device("meter-2")
    rig.network.always = lambda sent: httpx.Response(500) if sent.batch_type == "devices" else None
    report = await rig.tick()
    assert line_of(report, BatchType.DEVICES).error is not None
    assert line_of(report, READINGS).sent == 20
    assert (await rig.state()).consecutive_failures == 0


async def test_a_page_of_another_server_is_no_acknowledgement(rig: Rig) -> None:
    await _ready(rig)
    rig.network.always = httpx.Response(200, text="<html>Welcome to the hotel</html>")
    report = await rig.tick()
    assert line_of(report, READINGS).sent == 0
    assert report.pending_rows == 20


async def test_a_401_stops_until_the_push_starts_again(rig: Rig, clock: Clock) -> None:
    await _ready(rig)
    rig.network.always = httpx.Response(401)
    with capture_logs() as events:
        await rig.tick()
    [stopped] = [event for event in events if event["log_level"] == "error"]
    assert "Admin link down" in stopped["event"]
    assert rig.token not in str(events)
    rig.network.always = None
    clock.advance(days=30)
    assert line_of(await rig.tick(), READINGS).sent == 0
    assert (await push.status(rig.client)).is_link_down
    await push.clear_stops(rig.client)
    assert line_of(await rig.tick(), READINGS).sent == 20
    assert not (await push.status(rig.client)).is_link_down


@pytest.mark.parametrize(
    "change", [{"token": SecretStr("cd" * 32)}, {"url": "https://new.test/api/fleet/ingest"}]
)
async def test_a_401_clears_by_itself_when_url_or_token_change(rig: Rig, change: dict[str, Any]) -> None:
    await _ready(rig)
    rig.network.always = httpx.Response(401)
    await rig.tick()
    assert (await push.status(rig.client)).is_link_down
    fleet = rig.client.settings.fleet_ingest
    renewed = with_fleet(rig, fleet.model_copy(update=change))
    assert not (await push.status(renewed.client)).is_link_down
    rig.network.always = None
    await rig.on_admin("UPDATE fleet.customers SET token_hash = :h", h=token_hash("cd" * 32))
    report = await replace(renewed, network=rig.network).tick()
    if "token" in change:
        assert line_of(report, READINGS).sent == 20
    assert (await push.status(rig.client)).is_link_down is False


async def test_waits_end_with_the_settings_that_were_their_reason(rig: Rig) -> None:
    await _ready(rig)
    rig.network.always = httpx.ConnectError("no such host")
    for _ in range(4):
        await rig.tick(forced=True)
    assert (await rig.state()).consecutive_failures == 4
    rig.network.always = None
    fleet = rig.client.settings.fleet_ingest.model_copy(update={"url": "https://right.test/api/fleet/ingest"})
    report = await with_fleet(rig, fleet).tick()
    assert line_of(report, READINGS).sent == 20


async def test_a_back_off_outlives_a_restart_and_a_stop_of_a_tick(rig: Rig, clock: Clock) -> None:
    await _ready(rig)
    rig.network.always = httpx.Response(500)
    for _ in range(3):
        await rig.tick(forced=True)
    before = await rig.state()
    restarted = with_fleet(rig, rig.client.settings.fleet_ingest)
    assert await restarted.state() == before
    clock.advance(minutes=4)
    rig.network.always = None
    assert line_of(await restarted.tick(), READINGS).sent == 0
    clock.advance(minutes=1)
    assert line_of(await restarted.tick(), READINGS).sent == 20


async def test_waits_are_spread_by_chance(rig: Rig, clock: Clock) -> None:
    await _ready(rig)
    rig.network.always = httpx.Response(503)
    await rig.tick(chance=0.5)
    state = await rig.state()
    assert state.next_attempt_at == clock.now + timedelta(seconds=63)


async def test_a_wrong_token_is_answered_401_by_the_real_admin(rig: Rig) -> None:
    await _ready(rig)
    await rig.on_admin("UPDATE fleet.customers SET is_active = false")
    await rig.tick()
    assert (await rig.state()).is_stopped


async def test_batches_are_halved_until_the_admin_takes_them_and_grow_again(rigs: OpenRig) -> None:
    rig = await rigs(FleetIngest__BatchSize="100", FleetIngest__MaxBatchesPerTick="20")
    await _ready(rig, rows=400)
    rig.network.always = lambda sent: httpx.Response(413) if len(sent.rows) > 30 else None
    await rig.tick()
    sizes = [len(sent.rows) for sent in rig.network.sent]
    assert sizes[:4] == [100, 50, 25, 25]
    await rig.assert_mirrored()
    rig.network.always = None
    await rig.store(await rig.add_device("meter-2"), 400)
    await rig.tick()
    assert (await rig.state()).batch_limit is None
    await rig.assert_mirrored()


async def test_the_real_limit_of_the_admin_is_met_by_halving(rigs: OpenRig) -> None:
    rig = await rigs(admin_rows=200)
    await _ready(rig, rows=250)
    await rig.drain()
    await rig.assert_mirrored()
    assert [len(sent.rows) for sent in rig.network.sent] == [250, 125, 125]


async def test_one_row_that_is_too_large_is_put_aside_and_the_rest_goes_on(rigs: OpenRig) -> None:
    rig = await rigs(FleetIngest__BatchSize="16", FleetIngest__MaxBatchesPerTick="20")
    await _ready(rig, rows=50)
    poison = (START + timedelta(seconds=21)).isoformat().replace("+00:00", "Z")

    def admin(sent: Sent) -> httpx.Response | None:
        return httpx.Response(413) if any(row["time"] == poison for row in sent.rows) else None

    rig.network.always = admin
    await rig.drain()
    [[count]] = await rig.on_admin("SELECT count(*) FROM fleet.power_measurements")
    assert count == 49
    status = await push.status(rig.client)
    [dead_letter] = status.dead_letters
    assert dead_letter.time == START + timedelta(seconds=21)
    assert "413" in dead_letter.reason
    assert status.backlog.dead_letters == 1


@pytest.mark.parametrize(
    ("header", "seconds"), [("90", 90), ("Mon, 18 May 2026 12:10:00 GMT", 600), (None, 60), ("nonsense", 60)]
)
async def test_a_429_is_waited_out(rig: Rig, clock: Clock, header: str | None, seconds: int) -> None:
    await _ready(rig)
    rig.network.before.append(httpx.Response(429, headers={"Retry-After": header} if header else None))
    await rig.tick()
    clock.advance(seconds=seconds - 1)
    assert line_of(await rig.tick(), READINGS).sent == 0
    clock.advance(seconds=1)
    assert line_of(await rig.tick(), READINGS).sent == 20
    assert (await rig.state()).consecutive_failures == 0


async def test_an_answer_lost_after_the_admin_committed_doubles_nothing(rig: Rig) -> None:
    await _ready(rig)
    rig.network.after.append(httpx.ReadError("connection reset"))
    await rig.tick()
    [[stored]] = await rig.on_admin("SELECT count(*) FROM fleet.power_measurements")
    assert stored == 20, "the case is not the one this test is about"
    await rig.tick(forced=True)
    await rig.assert_mirrored()
    assert rig.network.rows_of(READINGS) == 40


async def test_readings_of_a_device_the_admin_does_not_know_follow_once_it_does(rig: Rig) -> None:
    """The Admin's operator lost the registry: the Client sends it again by itself."""
    await _ready(rig)
    await rig.on_admin("DELETE FROM fleet.devices")
    await rig.on_admin("DELETE FROM fleet.sites")
    report = await rig.tick()
    assert line_of(report, READINGS).rejected == 20
    assert (report.pending_rows, report.retry_rows) == (0, 20)
    report = await rig.tick()
    assert line_of(report, BatchType.DEVICES).accepted == 1
    assert line_of(report, READINGS).accepted == 20
    assert (report.retry_rows, report.dead_letters) == (0, 0)
    await rig.assert_mirrored()


async def test_refused_rows_wait_for_sites_and_devices_without_using_up_their_tries(
    rig: Rig, clock: Clock
) -> None:
    await _ready(rig)
    await rig.on_admin("DELETE FROM fleet.devices")
    rig.network.always = lambda sent: httpx.Response(500) if sent.batch_type == "devices" else None
    for _ in range(12):
        await rig.tick()
        clock.advance(minutes=31)
    rig.network.always = None
    report = await rig.tick()
    assert (report.retry_rows, report.dead_letters) == (0, 0)
    await rig.assert_mirrored()


async def test_rows_refused_for_good_end_among_the_dead_letters_and_block_nothing(
    rig: Rig, clock: Clock
) -> None:
    await _ready(rig)
    device = await rig.add_device("meter-2")

    def admin(sent: Sent) -> httpx.Response | None:
        bad = [i for i, row in enumerate(sent.rows) if row.get("deviceId") == str(device)]
        if sent.batch_type != "measurements" or not bad:
            return None
        errors = [{"row": i, "reason": "deviceId: unknown device"} for i in bad]
        return httpx.Response(
            200, json={"accepted": len(sent.rows) - len(bad), "rejected": len(bad), "errors": errors}
        )

    await rig.drain()
    rig.network.always = admin
    await rig.store(device, 5)
    for _ in range(5):
        await rig.tick()
        clock.advance(minutes=31)
    status = await push.status(rig.client)
    assert (status.backlog.retry_rows, status.backlog.dead_letters) == (0, 5)
    assert {dead_letter.tries for dead_letter in status.dead_letters} == {5}
    assert {dead_letter.device_id for dead_letter in status.dead_letters} == {device}
    rig.network.always = None
    [first] = await rig.on_client("SELECT id FROM monitoring.devices WHERE name = 'meter-1'")
    await rig.store(first[0], 10, start=START + timedelta(days=1))
    assert line_of(await rig.tick(), READINGS).accepted == 10


async def test_fresh_readings_keep_a_batch_of_every_tick_beside_many_refused_ones(rigs: OpenRig) -> None:
    rig = await rigs(FleetIngest__BatchSize="10", FleetIngest__MaxBatchesPerTick="2")
    await _ready(rig, rows=100)
    await rig.on_admin("DELETE FROM fleet.devices")
    for _ in range(5):
        rig.network.always = lambda sent: httpx.Response(500) if sent.batch_type == "devices" else None
        await rig.tick(forced=True)
    rig.network.always = None
    [[device]] = await rig.on_client("SELECT id FROM monitoring.devices")
    await rig.store(device, 10, start=START + timedelta(days=1))
    report = await rig.tick(forced=True)
    assert line_of(report, READINGS).batches == 2
    [[fresh]] = await rig.on_admin(
        "SELECT count(*) FROM fleet.power_measurements WHERE time >= :t", t=START + timedelta(days=1)
    )
    assert fresh == 10
    assert report.retry_rows == 90


async def test_nobody_sees_the_token(rig: Rig) -> None:
    await _ready(rig)
    with capture_logs() as events:
        for trouble in (httpx.ConnectError("x"), httpx.Response(500), httpx.Response(401), None):
            rig.network.always = trouble
            await rig.tick(forced=True)
    status = await push.status(rig.client)
    assert rig.token not in str(events) + str(status)


async def test_a_pushed_batch_is_logged_with_its_figures_and_one_name_on_both_sides(rig: Rig) -> None:
    await _ready(rig)
    with capture_logs([merge_contextvars]) as events:
        await rig.tick()
    [accepted] = [event for event in events if event["event"].startswith("Accepted 20 measurements")]
    [event] = [event for event in events if event["event"] == "Pushed 20 measurements"]
    assert (event["accepted"], event["rejected"]) == (20, 0)
    assert event["cursor"]
    assert re.fullmatch(r"[0-9a-f]{8}-\d+", event["batch"])
    assert accepted["request"] == event["batch"]
