"""`portal push verify`: both sides are compared, and exactly what is missing goes out again."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import httpx
import pytest

from portal.core.errors import Invalid, PortalError
from portal.core.exchange.batches import BatchType
from portal.core.fleet.service import customers
from portal.core.outbox.service import push
from portal.core.readings.decoding import DecodedRows
from portal.core.readings.queries.ingest import device_by_id
from portal.core.readings.service.readings import store_device_batch
from portal.core.readings.wire import DeviceReading
from portal.core.tariffs.service import municipalities, tariff_imports
from portal.push import task
from portal.push.verify import VerifyReport
from tests.integration.push.restoring import recover
from tests.integration.push.rig import START, Rig, series
from tests.integration.push.test_full_sets import TARIFF


async def _verify(rig: Rig, **options: object) -> VerifyReport:
    return await task.verify_once(rig.client, transport=rig.network, **options)  # type: ignore[arg-type]


async def _two_weeks(rig: Rig) -> UUID:
    device = await rig.add_device()
    for day in range(0, 14, 3):
        await rig.store(device, 40, start=START - timedelta(days=day))
    await rig.drain()
    rig.network.sent.clear()
    return device


async def test_sides_that_agree_are_left_alone(rig: Rig) -> None:
    await _two_weeks(rig)
    report = await _verify(rig)
    assert (report.days, report.readings, report.queued, report.differences) == (5, 200, 0, [])


async def test_exactly_what_is_missing_goes_out_again(rig: Rig) -> None:
    device = await _two_weeks(rig)
    lost = START - timedelta(days=6)
    await rig.on_admin(
        "DELETE FROM fleet.readings WHERE time >= :a AND time < :b",
        a=lost,
        b=lost + timedelta(seconds=7),
    )
    report = await _verify(rig)
    [difference] = report.differences
    assert (difference.device_id, difference.day.date()) == (device, lost.date())
    assert (difference.missing, difference.extra, difference.different) == (7, 0, 0)
    assert report.queued == 7
    await rig.drain()
    assert rig.network.rows_of(BatchType.MEASUREMENTS) == 7
    await rig.assert_mirrored()
    assert (await _verify(rig)).differences == []


async def test_an_admin_restored_from_an_old_backup_gets_everything_it_lost(rig: Rig) -> None:
    await _two_weeks(rig)
    await rig.on_admin("TRUNCATE fleet.sites, fleet.readings CASCADE")
    report = await _verify(rig)
    assert report.queued == 200
    await rig.drain()
    await rig.assert_mirrored()


async def test_an_admin_restored_from_a_backup_gets_its_tariffs_as_they_are_now(rig: Rig) -> None:
    """Nothing is refused there: the devices are known, only older than what this stack pushed since."""
    await municipalities.add_municipality(rig.client, "Example City", "Africa/Johannesburg")
    await tariff_imports.import_tariffs(rig.client, [TARIFF])
    await _two_weeks(rig)
    await rig.on_admin("UPDATE fleet.tariffs SET default_rate_per_kwh = 1")
    await rig.on_admin("UPDATE fleet.tariff_periods SET rate_per_kwh = 1")
    await rig.on_admin("UPDATE fleet.sites SET name = 'Old name'")
    await rig.on_admin("DELETE FROM fleet.readings WHERE time >= :t", t=START)
    await _verify(rig, repair=False)
    await rig.tick()
    assert rig.network.rows_of(BatchType.TARIFFS) == 0, "who only looks changes nothing"
    assert (await _verify(rig)).queued == 40
    await rig.drain()
    await rig.assert_mirrored()
    assert await rig.on_admin(
        "SELECT s.name, t.default_rate_per_kwh, p.rate_per_kwh FROM fleet.sites s, fleet.tariffs t, "
        "fleet.tariff_periods p"
    ) == [("House", Decimal("2.5"), Decimal("3.75"))]


async def test_what_waits_anyway_is_not_queued_twice(rig: Rig) -> None:
    device = await _two_weeks(rig)
    await rig.store(device, 25, start=START + timedelta(hours=1))
    report = await _verify(rig)
    [difference] = report.differences
    assert (difference.missing, difference.waiting, report.queued) == (25, 25, 0)
    await rig.drain()
    assert rig.network.rows_of(BatchType.MEASUREMENTS) == 25


async def test_a_half_sent_outbox_entry_counts_only_what_is_left_as_waiting(rig: Rig) -> None:
    device = await _two_weeks(rig)
    at = START + timedelta(hours=1)
    await rig.store(device, 20, start=at)
    await rig.on_client(
        "UPDATE app.push_outbox SET sent_time = :t, sent_rows = 10",
        t=at + timedelta(seconds=9),
    )
    report = await _verify(rig)
    assert (report.differences[0].missing, report.differences[0].waiting, report.queued) == (20, 10, 10)
    await rig.drain()
    await rig.assert_mirrored()


async def test_what_a_person_discarded_stays_away(rig: Rig) -> None:
    device = await _two_weeks(rig)
    await rig.on_client(
        "INSERT INTO app.push_dead_letters (row_key, time, device_id, reason, tries) "
        "VALUES ('a', :a, :d, 'no', 5), ('b', :b, :d, 'no', 5)",
        a=START,
        b=START + timedelta(seconds=1),
        d=device,
    )
    await rig.on_admin("DELETE FROM fleet.readings WHERE time < :t", t=START + timedelta(days=9))
    [first, *_] = await push.dead_letters(rig.client, 10)
    await push.discard_dead_letters(rig.client, first.id, by="alice@example.com")
    report = await _verify(rig)
    assert sum(line.given_up for line in report.differences) == 2
    assert report.left == 2
    assert report.queued == 198


async def test_values_that_differ_and_readings_that_are_only_there_are_said_and_left(rig: Rig) -> None:
    device = await _two_weeks(rig)
    await rig.on_admin("UPDATE fleet.readings SET voltage_v = 100 WHERE time = :t", t=START)
    await rig.on_client("DELETE FROM monitoring.readings WHERE time = :t", t=START + timedelta(seconds=1))
    report = await _verify(rig)
    [difference] = report.differences
    assert (difference.missing, difference.extra, difference.different) == (0, 1, 1)
    assert difference.device_id == device
    assert (report.queued, report.left) == (0, 2)
    await rig.drain()
    assert rig.network.rows_of(BatchType.MEASUREMENTS) == 0
    done = await recover(rig)
    assert (done.readings, done.merged_readings) == (1, 1)
    assert [(each.device_id, each.at) for each in done.merged] == [(device, START)]
    assert await rig.on_client("SELECT voltage_v FROM monitoring.readings WHERE voltage_v IS NOT NULL") == [
        (100,)
    ]
    await rig.assert_mirrored()
    assert (await _verify(rig)).differences == []


async def test_what_the_admin_has_less_of_goes_out_again_and_once(rig: Rig) -> None:
    """It was restored from a backup between a reading and its completion, or its greater value."""
    device = await _two_weeks(rig)
    at = [START, START + timedelta(seconds=1)]
    sent = [
        DeviceReading(time=at[0], voltage_v=231.0),
        DeviceReading(time=at[1], active_power_kw=99.0),
    ]
    async with rig.client.db.direct.connection() as connection:
        known = await device_by_id(connection, device)
    answer = await store_device_batch(rig.client, known, DecodedRows(sent, range(2), ()))
    assert (answer.completed, answer.conflicts) == (1, 1)
    await rig.drain()
    rig.network.sent.clear()
    for name, time in (("voltage_v", at[0]), ("active_power_kw", at[1])):
        was = None if name == "voltage_v" else round(10_000 / 7)
        await rig.on_admin(f"UPDATE fleet.readings SET {name} = :was WHERE time = :at", was=was, at=time)
    await rig.on_admin("DELETE FROM fleet.reading_conflicts")
    looked = await _verify(rig, repair=False)
    assert (looked.queued, looked.left) == (0, 3)
    report = await _verify(rig)
    [difference] = report.differences
    assert (difference.missing, difference.lesser, difference.different, difference.conflicts) == (0, 2, 0, 1)
    assert (report.queued, report.left) == (2, 0)
    await rig.drain()
    await rig.assert_mirrored()
    assert (await _verify(rig)).differences == []


async def test_another_source_is_said_and_not_sent(rig: Rig) -> None:
    """An Admin whose sources are too many has none of it, and never will."""
    await _two_weeks(rig)
    await rig.on_admin("UPDATE fleet.readings SET source = NULL WHERE time = :t", t=START)
    report = await _verify(rig)
    assert (report.queued, report.left, report.differences[0].different) == (0, 1, 1)


async def test_what_either_side_has_more_of_goes_each_way_and_ends(rig: Rig) -> None:
    await _two_weeks(rig)
    await rig.on_client("UPDATE monitoring.readings SET voltage_v = 23000 WHERE time = :t", t=START)
    await rig.on_admin("UPDATE fleet.readings SET frequency_hz = 50000 WHERE time = :t", t=START)
    first, again = await _verify(rig), await _verify(rig)
    assert (first.queued, first.left) == (1, 0)
    assert (again.queued, again.differences[0].waiting) == (0, 1)
    await rig.drain()
    after = await _verify(rig)
    assert (after.queued, after.left, after.differences[0].different) == (0, 1, 1)
    await recover(rig)
    assert (await _verify(rig)).differences == []
    await rig.assert_mirrored()


async def test_looking_only_changes_nothing(rig: Rig) -> None:
    await _two_weeks(rig)
    await rig.on_admin("DELETE FROM fleet.readings WHERE time = :t", t=START)
    report = await _verify(rig, repair=False)
    assert (report.differences[0].missing, report.queued, report.left) == (1, 0, 1)
    assert await rig.on_client("SELECT count(*) FROM app.push_retries") == [(0,)]


async def test_what_lies_outside_of_all_that_is_here_is_compared_too(rig: Rig) -> None:
    """A database that was set back has nothing of the last days, and one from scratch nothing at all."""
    await _two_weeks(rig)
    await rig.on_client("DELETE FROM monitoring.readings WHERE time >= :t", t=START)
    assert (await _verify(rig)).left == 40
    await rig.on_client("DELETE FROM monitoring.readings")
    assert (await _verify(rig)).left == 200


async def test_a_window_compares_its_days_only(rig: Rig) -> None:
    await _two_weeks(rig)
    await rig.on_admin("DELETE FROM fleet.readings")
    report = await _verify(rig, from_at=START - timedelta(days=4), to_at=START - timedelta(days=1))
    assert report.queued == 40
    with pytest.raises(Invalid):
        await _verify(rig, from_at=START, to_at=START - timedelta(days=9))


async def test_a_stack_without_readings_has_nothing_to_compare(rig: Rig) -> None:
    assert (await _verify(rig)).days == 0


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(404), "upgrade"),
        (httpx.Response(401), "token"),
        (httpx.Response(500), "500"),
        (httpx.Response(200, text="<html>"), "FleetIngest__Url"),
        (httpx.ConnectError("refused"), "reached"),
    ],
)
async def test_an_admin_that_cannot_be_asked_is_said(
    rig: Rig, answer: httpx.Response | Exception, words: str
) -> None:
    await _two_weeks(rig)
    rig.network.always = answer
    with pytest.raises(PortalError, match=words):
        await _verify(rig)


async def test_charlie_learns_nothing_about_another_customer(rig: Rig) -> None:
    device = await _two_weeks(rig)
    charlie = await customers.register(rig.admin, "CHARLIE", "Charlie")
    async with httpx.AsyncClient(transport=rig.network.inner, base_url="https://admin.test") as http:
        window = {"from": "2026-05-18T00:00:00Z", "to": "2026-05-19T00:00:00Z"}

        async def asked(path: str, token: str, **more: str) -> httpx.Response:
            headers = {"X-Customer-Token": token}
            return await http.get(f"/api/fleet/{path}", params=window | more, headers=headers)

        assert len((await asked("reconcile", rig.token)).json()["days"]) == 1
        assert (await asked("reconcile", charlie.token)).json()["days"] == []
        hers = await asked("reconcile/readings", rig.token, deviceId=str(device))
        assert len(hers.json()["times"]) == 40
        his = await asked("reconcile/readings", charlie.token, deviceId=str(device))
        assert his.json() == {"times": [], "checksums": []}
        assert his.json() == (await asked("reconcile/readings", charlie.token, deviceId=str(uuid4()))).json()
        assert (await asked("reconcile", "0" * 64)).status_code == 401
        long = {"from": "2020-05-18T00:00:00Z"}
        assert (await asked("reconcile", rig.token, **long)).status_code == 400
        assert (await asked("reconcile/readings", rig.token)).status_code == 400


async def test_a_verify_beside_a_running_push_loses_and_doubles_nothing(rig: Rig) -> None:
    device = await _two_weeks(rig)
    await rig.on_admin("DELETE FROM fleet.readings WHERE time < :t", t=START)

    async def more() -> None:
        for turn in range(6):
            await rig.store(device, 30, start=START + timedelta(hours=1 + turn))
            await rig.tick(forced=True)

    await asyncio.gather(more(), _verify(rig))
    await rig.drain()
    await rig.assert_mirrored()


def test_the_series_of_these_tests_has_fractions() -> None:
    """Checksums are over texts of floating point numbers: whole numbers would prove little."""
    assert any((row.active_power_kw or 0) % 1 for row in series(10))
