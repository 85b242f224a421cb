"""Values that came beside those of a reading: the Admin is told them too, once, and behind the reading."""

import gzip
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from portal.core.exchange.batches import BatchType
from portal.core.exchange.sync import parse_report
from portal.core.operations.service import figures
from portal.core.outbox.service import push
from portal.core.outbox.service.push_conflicts import due_conflicts
from portal.core.readings.decoding import DecodedRows
from portal.core.readings.queries import ingest
from portal.core.readings.rules.quantities import ALL_QUANTITIES
from portal.core.readings.service import readings
from portal.core.readings.wire import DeviceReading
from portal.push import task
from portal.push.planner import MAX_TRIES
from portal.push.verify import VerifyReport
from tests.integration.databases import Clock
from tests.integration.push.restoring import recover
from tests.integration.push.rig import START, Rig, line_of

_HELD = "SELECT time, quantity, value FROM {}.reading_conflicts ORDER BY 1, 2, 3"

_GIVE_UP = """
WITH taken AS (DELETE FROM app.push_retries RETURNING *)
INSERT INTO app.push_dead_letters (resource_type, row_key, time, device_id, reason, tries)
SELECT 'measurements', 'again', time, device_id, reason, 5 FROM taken
"""


def _refused(rows: int) -> dict[str, Any]:
    """Return what an Admin answers that takes none of so many rows."""
    return {"accepted": 0, "rejected": rows, "errors": [{"row": row, "reason": "no"} for row in range(rows)]}


async def post(rig: Rig, device: UUID, *rows: dict[str, Any]) -> None:
    """Hand rows to the Client, as a board does."""
    async with rig.client.db.direct.connection() as connection:
        known = await ingest.device_by_id(connection, device)
    given = [DeviceReading(**{"time": START, **row}) for row in rows]
    answer = await readings.store_device_batch(rig.client, known, DecodedRows(given, range(len(given)), ()))
    assert answer.rejected == 0


async def _verify(rig: Rig) -> VerifyReport:
    return await task.verify_once(rig.client, transport=rig.network)


async def _is_same_on_both_sides(rig: Rig) -> None:
    await rig.assert_mirrored()
    held = await rig.on_client(_HELD.format("monitoring"))
    assert held
    assert await rig.on_admin(_HELD.format("fleet")) == held
    assert await rig.on_client("SELECT * FROM app.push_conflicts") == []


def _sent(rig: Rig) -> list[dict[str, Any]]:
    return [
        row for sent in rig.network.sent if sent.batch_type == BatchType.MEASUREMENTS for row in sent.rows
    ]


async def test_what_the_client_merged_before_it_pushed_is_at_the_admin(rig: Rig) -> None:
    device = await rig.add_device()
    await post(rig, device, {"active_power_kw": 1.0, "voltage_v": 230.0})
    await post(rig, device, {"active_power_kw": 3.0, "voltage_v": 229.0})
    await post(rig, device, {"active_power_kw": 2.0})
    await rig.drain()
    assert [value for _, _, value in await rig.on_client(_HELD.format("monitoring"))] == [10000, 20000, 22900]
    await _is_same_on_both_sides(rig)


async def test_rows_of_one_batch_for_one_instant_are_told_as_well(rig: Rig) -> None:
    device = await rig.add_device()
    await post(rig, device, *({"energy_imported_kwh": float(each)} for each in (7, 5, 6)))
    await rig.drain()
    await _is_same_on_both_sides(rig)


async def test_the_reading_goes_first_and_nothing_goes_twice(rig: Rig) -> None:
    """An Admin of an earlier release keeps what came first, and calls the rest duplicates."""
    device = await rig.add_device()
    await post(rig, device, {"active_power_kw": 1.0}, {"active_power_kw": 2.0, "voltage_v": 230.0})
    await rig.drain()
    # Of two transactions of one second the reading may go out twice.
    *first, last = [row["activePowerKw"] for row in _sent(rig)]
    assert (set(first), last) == ({2.0}, 1.0)
    rig.network.sent.clear()
    await post(rig, device, {"active_power_kw": 1.0})
    await rig.drain()
    assert _sent(rig) == []


async def test_a_value_waits_while_its_reading_is_refused(rig: Rig, clock: Clock) -> None:
    device = await rig.add_device()
    await rig.tick()
    await post(rig, device, {"active_power_kw": 1.0}, {"active_power_kw": 2.0})
    await rig.on_admin("DELETE FROM fleet.devices")
    await rig.tick()
    # Twice in one batch, of two transactions of one second; it is refused and remembered once.
    assert {row["activePowerKw"] for row in _sent(rig)} == {2.0}
    assert await rig.on_client("SELECT count(*) FROM app.push_retries") == [(1,)]
    await rig.on_client("UPDATE app.fleet_push_state SET content_hash = NULL")
    clock.advance(hours=2)
    await rig.drain()
    await _is_same_on_both_sides(rig)


async def test_a_value_that_the_admin_never_takes_is_given_up(rig: Rig, clock: Clock) -> None:
    device = await rig.add_device()
    await post(rig, device, {"active_power_kw": 2.0})
    await rig.drain()
    await post(rig, device, {"active_power_kw": 1.0})
    rig.network.always = lambda sent: (
        httpx.Response(200, json=_refused(1)) if sent.batch_type == BatchType.MEASUREMENTS else None
    )
    rig.network.sent.clear()
    for _ in range(MAX_TRIES + 3):
        await rig.tick()
        clock.advance(hours=2)
    assert len(_sent(rig)) == MAX_TRIES
    assert await rig.on_client("SELECT * FROM app.push_conflicts") == []


async def test_a_value_beside_a_reading_that_was_given_up_does_not_wait(rig: Rig, clock: Clock) -> None:
    device = await rig.add_device()
    await rig.drain()
    await post(rig, device, *({"active_power_kw": float(each)} for each in (1, 2)))
    rig.network.always = lambda sent: (
        httpx.Response(200, json=_refused(len(sent.rows)))
        if sent.batch_type == BatchType.MEASUREMENTS
        else None
    )
    for _ in range(MAX_TRIES):
        assert (await push.status(rig.client)).backlog.conflicts == 1
        await rig.tick()
        clock.advance(hours=2)
    rig.network.always = None
    for decide, conflicts in ((push.retry_dead_letters, 1), (push.discard_dead_letters, 0)):
        left = (await push.status(rig.client)).backlog
        assert (left.dead_letters, left.waiting_rows, left.retry_rows) == (1, 0, 0)
        await decide(rig.client, None, by="alice@example.com")
        left = (await push.status(rig.client)).backlog
        assert (left.dead_letters, left.conflicts) == (0, conflicts)
        if conflicts:
            await rig.on_client(_GIVE_UP)
    report = await rig.tick()
    assert (report.pending_rows, report.conflicts) == (0, 0)


async def test_values_that_the_admin_lost_are_found_and_sent_again(rig: Rig) -> None:
    device = await rig.add_device()
    await post(rig, device, {"active_power_kw": 1.0}, {"active_power_kw": 2.0}, {"active_power_kw": 3.0})
    await rig.drain()
    assert (await _verify(rig)).differences == []
    await rig.on_admin("DELETE FROM fleet.reading_conflicts WHERE value = 10000")
    report = await _verify(rig)
    [line] = report.differences
    assert (line.device_id, line.conflicts, line.missing, line.different) == (device, 1, 0, 0)
    assert (report.queued, report.conflicts_queued, report.left) == (0, 1, 0)
    rig.network.sent.clear()
    await rig.drain()
    assert [row["activePowerKw"] for row in _sent(rig)] == [1.0], "and the other one is there"
    await _is_same_on_both_sides(rig)


async def _with_conflicts(rig: Rig) -> UUID:
    device = await rig.add_device()
    await post(rig, device, *({"voltage_v": float(each)} for each in (230, 231, 232)))
    await rig.drain()
    rig.network.sent.clear()
    return device


async def test_values_that_only_the_admin_has_are_named_and_fetched(rig: Rig) -> None:
    """A Client's database was set back to between two values for one instant."""
    await _with_conflicts(rig)
    await rig.on_client("DELETE FROM monitoring.reading_conflicts WHERE value = 23000")
    report = await _verify(rig)
    [line] = report.differences
    assert (line.conflicts, line.extra_conflicts, report.left) == (0, 1, 1)
    tried = await recover(rig, dry_run=True)
    assert (tried.conflicting_values, tried.readings, tried.merged_readings) == (1, 0, 0)
    assert (await _verify(rig)).left == 1
    assert (await recover(rig)).conflicting_values == 1
    assert _sent(rig) == [], "the Admin has it"
    await _is_same_on_both_sides(rig)
    assert (await _verify(rig)).differences == []
    assert (await recover(rig)).conflicting_values == 0


async def test_as_many_values_are_not_the_same_values(rig: Rig) -> None:
    await _with_conflicts(rig)
    await rig.on_admin("UPDATE fleet.reading_conflicts SET value = 22900 WHERE value = 23000")
    [line] = (await _verify(rig)).differences
    assert (line.conflicts, line.extra_conflicts) == (1, 1)
    await rig.drain()
    await recover(rig)
    await _is_same_on_both_sides(rig)
    assert (await _verify(rig)).differences == []


async def test_a_value_of_a_quantity_that_one_side_does_not_know_is_no_difference(rig: Rig) -> None:
    await _with_conflicts(rig)
    rig.network.inner = FewerQuantities(rig.network.inner, without="voltageV")
    await rig.on_admin("DELETE FROM fleet.reading_conflicts")
    assert (await _verify(rig)).differences == []


async def test_values_come_in_pages_that_cut_no_instant_in_two(rig: Rig) -> None:
    device = await rig.add_device()
    for second in range(3):
        at = START + timedelta(seconds=second)
        await post(rig, device, *({"time": at, "voltage_v": 230.0 + each} for each in range(4)))
    await rig.drain()
    asked = {"deviceId": str(device), "from": START.isoformat(), "to": "2026-05-19T00:00:00Z", "limit": "2"}
    found: list[dict[str, Any]] = []
    pages = 0
    async with httpx.AsyncClient(transport=rig.network.inner, base_url="https://admin.test") as http:
        while asked["from"]:
            headers = {"X-Customer-Token": rig.token}
            answer = await http.get("/api/fleet/recovery/conflicts", params=asked, headers=headers)
            found += answer.json()["rows"]
            asked["from"] = answer.json()["next"]
            pages += 1
    assert [row["value"] for row in found] == [230.0, 231.0, 232.0] * 3
    assert {row["quantity"] for row in found} == {"voltageV"}
    assert pages >= 3


async def test_what_waits_is_told(rig: Rig) -> None:
    device = await rig.add_device()
    await post(rig, device, *({"voltage_v": float(each)} for each in (230, 231, 232)))
    backlog = (await push.status(rig.client)).backlog
    assert backlog.conflicts == 2
    assert (await figures.client_push(rig.client)).waiting == backlog.pending_rows + 2
    report = await rig.tick()
    assert report.conflicts == 0
    headers = [sent.headers for sent in rig.network.sent if sent.batch_type == BatchType.MEASUREMENTS]
    reports = [parse_report(each["X-Push-Backlog"]) for each in headers]
    # The reading may be there twice, of two transactions of one second.
    assert reports[-1] is not None
    assert reports[-1].waiting_rows == 0
    assert reports[0] is not None
    assert reports[0].waiting_rows >= 2


async def test_a_backlog_holds_back_the_values_of_its_own_readings(rig: Rig) -> None:
    """What was stored or changed before the oldest entry that waits is at the Admin."""
    device = await rig.add_device()
    await post(rig, device, *({"voltage_v": float(each)} for each in (230, 231)))
    await rig.on_client("UPDATE monitoring.readings SET received = received - 10")
    await rig.on_client("UPDATE app.push_outbox SET received_at = received_at - interval '10 seconds'")
    later = START + timedelta(minutes=1)
    await post(rig, device, {"time": later, "voltage_v": 229.0}, {"time": later, "voltage_v": 228.0})
    now = rig.client.clock()
    assert await due_conflicts(rig.client, 10, now) == []
    await rig.on_client("DELETE FROM app.push_outbox WHERE first_at < :at", at=later)
    assert [each.time for each in await due_conflicts(rig.client, 10, now)] == [START]
    await rig.on_client("DELETE FROM app.push_outbox")
    assert [each.time for each in await due_conflicts(rig.client, 10, now)] == [START, later]


@pytest.mark.parametrize("quantity", ALL_QUANTITIES[:1] + ALL_QUANTITIES[8:], ids=lambda each: each.name)
async def test_every_quantity_is_compared(rig: Rig, quantity: Any) -> None:
    device = await rig.add_device()
    await post(rig, device, {quantity.name: 0.5, "voltage_v": 230.0})
    await rig.drain()
    await rig.on_admin(f"UPDATE fleet.readings SET {quantity.name} = {quantity.name} + 1")
    [line] = (await _verify(rig)).differences
    assert (line.missing, line.different) == (0, 1)


@dataclass
class OlderAdmin(httpx.AsyncBaseTransport):
    """Refuses what an earlier release did not know, and says nothing of it."""

    inner: httpx.AsyncBaseTransport
    refused: list[str] = field(default_factory=list[str])

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if "reconcile" not in request.url.path:
            return await self.inner.handle_async_request(request)
        if "quantities" in request.url.params:
            self.refused.append(request.url.path)
            return httpx.Response(400, json={"code": "invalid", "message": "unknown parameter 'quantities'"})
        answer = await self.inner.handle_async_request(request)
        said = json.loads(await answer.aread())
        said.pop("quantities", None)
        said.pop("isRounded", None)
        for day in said.get("days", ()):
            del day["conflicts"], day["conflictChecksum"]
        return httpx.Response(answer.status_code, json=said)


@dataclass
class FewerQuantities(httpx.AsyncBaseTransport):
    """An Admin that does not know one of the quantities, and so refuses rows that have no other."""

    inner: httpx.AsyncBaseTransport
    without: str

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = gzip.decompress(await request.aread()) if request.method == "POST" else b""
        if b'"' + self.without.encode() + b'"' in body:
            rows = [
                {name: value for name, value in row.items() if name != self.without}
                for row in json.loads(body)
            ]
            body = json.dumps(rows).encode()
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in {"content-length", "content-encoding"}
        }
        params = request.url.params
        if "quantities" in params:
            names = [name for name in params["quantities"].split(",") if name != self.without]
            params = params.set("quantities", ",".join(names))
        url = request.url.copy_with(params=params)
        return await self.inner.handle_async_request(
            httpx.Request(request.method, url, headers=headers, content=body)
        )


async def test_rows_of_which_the_admin_knows_no_quantity_are_neither_tried_again_nor_missed(rig: Rig) -> None:
    """An older peer ignores what it does not know, and that is no difference; once it knows it, it gets it."""
    device = await rig.add_device()
    await rig.tick()
    upgraded = rig.network.inner
    rig.network.inner = FewerQuantities(upgraded, without="currentNA")
    both = {"time": START + timedelta(minutes=1), "voltage_v": 230.0, "current_n_a": 0.25}
    await post(rig, device, {"current_n_a": 0.125}, both)
    report = await rig.tick()
    assert (line_of(report, BatchType.MEASUREMENTS).rejected, report.retry_rows) == (1, 0)
    assert (report.pending_rows, report.dead_letters) == (0, 0)
    assert await rig.on_admin("SELECT count(*) FROM fleet.readings") == [(1,)], "nothing is stored empty"
    assert (await _verify(rig)).differences == []
    rig.network.inner = upgraded
    report = await _verify(rig)
    assert (report.queued, report.differences[0].missing, report.differences[0].lesser) == (2, 1, 1)
    await rig.drain()
    await rig.assert_mirrored()
    assert (await _verify(rig)).differences == []


async def test_an_admin_of_an_earlier_release_is_asked_for_times_alone(rig: Rig) -> None:
    """It keeps doubles as they came, and the first of several values: sent again, nothing of that would change."""
    device = await rig.add_device()
    await rig.store(device, 40)
    await post(rig, device, {"active_power_kw": 9.0})
    await rig.drain()
    rig.network.inner = older = OlderAdmin(rig.network.inner)
    await rig.on_admin("UPDATE fleet.readings SET active_power_kw = active_power_kw + 1")
    await rig.on_admin("DELETE FROM fleet.reading_conflicts")
    assert (await _verify(rig)).differences == []
    assert older.refused == ["/api/fleet/reconcile"], "asked once"
    await rig.on_admin("DELETE FROM fleet.readings WHERE time >= :t", t=START + timedelta(seconds=33))
    report = await _verify(rig)
    assert (report.queued, report.left) == (7, 0)
    rig.network.sent.clear()
    await rig.drain()
    assert len(_sent(rig)) == 7
    assert ((await _verify(rig)).queued, await rig.on_client("SELECT * FROM app.push_conflicts")) == (0, [])


async def test_a_client_of_an_earlier_release_compares_eight(rig: Rig) -> None:
    device = await rig.add_device()
    await post(rig, device, {"voltage_v": 230.0, "current_l1_a": 4.0})
    await rig.drain()
    window = {"from": "2026-05-18T00:00:00Z", "to": "2026-05-19T00:00:00Z"}

    async def asked(**more: str) -> dict[str, Any]:
        async with httpx.AsyncClient(transport=rig.network.inner, base_url="https://admin.test") as http:
            headers = {"X-Customer-Token": rig.token}
            answer = await http.get("/api/fleet/reconcile", params=window | more, headers=headers)
            return answer.json()

    before, listed = await asked(), await asked(quantities="currentL1A,unheardOf")
    assert listed["quantities"] == ["currentL1A"]
    await rig.on_admin("UPDATE fleet.readings SET current_l1_a = 5")
    assert await asked() == before
    assert (await asked(quantities="currentL1A"))["days"] != listed["days"]
