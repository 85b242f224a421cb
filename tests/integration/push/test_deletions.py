"""What is deleted on the Client becomes inactive at the Admin, and its history stays."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from portal.core.exchange.batches import BatchType
from portal.core.exchange.sync import SetRange, parse_set_range
from portal.core.fleet.queries.fleet_push import end_missing
from portal.core.fleet.service import customers
from portal.core.tariffs.service import tariff_imports
from tests.integration.push.rig import Rig
from tests.integration.push.test_full_sets import TARIFF, _furnish

OpenRig = Callable[..., Awaitable[Rig]]


async def _active(rig: Rig, table: str = "devices") -> list[str]:
    rows = await rig.on_admin(f"SELECT name FROM fleet.{table} WHERE is_active ORDER BY name")
    return [row[0] for row in rows]


async def _delete_device(rig: Rig, name: str) -> None:
    await rig.on_client(
        "DELETE FROM monitoring.readings m USING monitoring.devices d "
        "WHERE d.customer = m.customer AND d.meter = m.meter AND d.name = :name",
        name=name,
    )
    await rig.on_client(
        "DELETE FROM monitoring.rollup_batches b USING monitoring.devices d "
        "WHERE d.meter = ANY (b.meters) AND d.name = :name",
        name=name,
    )
    await rig.on_client(
        "DELETE FROM monitoring.hourly_energy e USING monitoring.devices d "
        "WHERE d.id = e.device_id AND d.name = :name",
        name=name,
    )
    await rig.on_client("DELETE FROM monitoring.devices WHERE name = :name", name=name)


async def test_a_deleted_device_becomes_inactive_and_its_readings_stay(rig: Rig) -> None:
    await rig.store(await rig.add_device("gone"), 20)
    await rig.add_device("kept")
    await rig.drain()
    await _delete_device(rig, "gone")
    await rig.tick()
    assert await _active(rig) == ["kept"]
    assert await rig.on_admin("SELECT count(*) FROM fleet.power_measurements") == [(20,)]


async def test_the_last_of_a_set_can_be_deleted_too(rig: Rig) -> None:
    await rig.add_device("only")
    await rig.drain()
    await _delete_device(rig, "only")
    await rig.on_client("DELETE FROM monitoring.sites")
    await rig.tick()
    assert await _active(rig) == []
    assert await _active(rig, "sites") == []
    rig.network.sent.clear()
    await rig.tick()
    assert rig.network.sent == [], "an empty set is said once"


async def test_a_deleted_tariff_becomes_inactive_and_one_edited_keeps_its_id(rig: Rig) -> None:
    await _furnish(rig)
    await tariff_imports.import_tariffs(
        rig.client, [{**TARIFF, "name": "Business", "effectiveFrom": "2026-07-01"}]
    )
    await rig.tick()
    await rig.on_client("DELETE FROM app.tariffs WHERE name = 'Business'")
    await rig.on_client("UPDATE app.tariff_periods SET rate_per_kwh = 4")
    await rig.tick()
    assert await _active(rig, "tariffs") == ["Domestic TOU"]
    assert await rig.on_admin(
        "SELECT DISTINCT p.rate_per_kwh FROM fleet.tariff_periods p JOIN fleet.tariffs t "
        "ON (t.customer_id, t.id) = (p.customer_id, p.tariff_id) WHERE t.is_active"
    ) == [(4,)]


async def test_deletions_are_found_whatever_the_batches(rigs: OpenRig) -> None:
    rig = await rigs(FleetIngest__BatchSize="3", FleetIngest__MaxBatchesPerTick="2")
    for number in range(14):
        await rig.add_device(f"meter-{number:02}")
    for _ in range(4):
        await rig.tick()
    keys = [r[0] for r in await rig.on_client("SELECT name FROM monitoring.devices ORDER BY id")]
    gone = {keys[0], keys[3], keys[4], keys[5], keys[12], keys[13]}
    for name in gone:
        await _delete_device(rig, name)
    for _ in range(5):
        await rig.tick()
    assert await _active(rig) == sorted(set(keys) - gone)


async def test_what_is_deleted_during_a_pass_is_found_as_well(rigs: OpenRig) -> None:
    rig = await rigs(FleetIngest__BatchSize="3", FleetIngest__MaxBatchesPerTick="1")
    for number in range(9):
        await rig.add_device(f"meter-{number}")
    for _ in range(4):
        await rig.tick()
    await rig.on_client("UPDATE monitoring.devices SET description = 'changed'")
    await rig.tick()
    keys = [r[0] for r in await rig.on_client("SELECT name FROM monitoring.devices ORDER BY id")]
    for name in keys[3:]:
        await _delete_device(rig, name)
    for _ in range(6):
        await rig.tick()
    assert await _active(rig) == sorted(keys[:3])


async def test_another_customer_keeps_its_own(rig: Rig) -> None:
    """Charlie's devices have any ids, and are nobody else's to end."""
    await rig.add_device("acme")
    await rig.drain()
    other = await customers.register(rig.admin, "OTHER", "Other Ltd")
    site = uuid4()
    await rig.on_admin(
        "INSERT INTO fleet.sites (customer_id, id, name) VALUES (:c, :s, 'Charlie')", c=other.id, s=site
    )
    await _delete_device(rig, "acme")
    await rig.on_client("DELETE FROM monitoring.sites")
    await rig.tick()
    assert await _active(rig, "sites") == ["Charlie"]


async def test_a_row_that_returns_is_active_again(rig: Rig) -> None:
    await rig.add_device("meter")
    await rig.drain()
    await rig.on_client("CREATE TABLE aside AS SELECT * FROM monitoring.devices")
    await _delete_device(rig, "meter")
    await rig.tick()
    assert await _active(rig) == []
    await rig.on_client("INSERT INTO monitoring.devices SELECT * FROM aside")
    await rig.tick()
    assert await _active(rig) == ["meter"]


async def test_an_admin_that_does_not_know_the_header_takes_the_rows(rig: Rig) -> None:
    await rig.add_device("meter")
    rig.network.always = lambda sent: sent.headers.pop("X-Full-Set", None) and None
    await rig.drain()
    await rig.assert_mirrored()
    assert await _active(rig) == ["meter"]


async def test_a_row_that_came_later_than_a_request_that_hung_is_not_ended_by_it(rig: Rig) -> None:
    """A request the Client gave up on is handled after the next pass: it knows less than the Admin does."""
    await rig.add_device("meter-1")
    await rig.drain()
    [[customer]] = await rig.on_admin("SELECT id FROM fleet.customers")
    async with rig.admin.db.transaction() as late:
        await late.execute(text("SELECT 1"))
        await rig.add_device("meter-2")
        await rig.tick()
        ended = await end_missing(late, customer, BatchType.DEVICES, SetRange(None, None), [])
    assert ended == 0
    assert await _active(rig) == ["meter-1", "meter-2"]


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("after=; through=", SetRange(None, None)),
        ("after=0000000003; through=", SetRange("0000000003", None)),
        (None, None),
        ("", None),
        ("everything", None),
        ("after=1; through=2; and=3", None),
        ("after=" + "x" * 999 + "; through=", None),
    ],
)
def test_a_header_that_cannot_be_read_is_none(header: str | None, span: SetRange | None) -> None:
    assert parse_set_range(header) == span
    if span is not None:
        assert parse_set_range(span.header()) == span


async def test_a_range_of_nonsense_ends_nothing(rig: Rig) -> None:
    await rig.add_device("meter")
    await rig.drain()
    [[customer]] = await rig.on_admin("SELECT id FROM fleet.customers")
    async with rig.admin.db.transaction() as session:
        assert await end_missing(session, customer, BatchType.DEVICES, SetRange("'; DROP", None), []) == 0
    assert await _active(rig) == ["meter"]


async def test_a_refused_row_of_the_set_is_not_taken_for_deleted(rig: Rig) -> None:
    await rig.add_device("meter-1")
    await rig.add_device("meter-2")
    await rig.drain()
    rig.network.before.append(
        httpx.Response(200, json={"accepted": 1, "rejected": 1, "errors": [{"row": 0, "reason": "no"}]})
    )
    await rig.on_client("UPDATE monitoring.devices SET description = 'changed'")
    await rig.tick()
    assert await _active(rig) == ["meter-1", "meter-2"]
