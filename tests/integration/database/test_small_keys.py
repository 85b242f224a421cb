"""Numbers of customers and meters are given out once, and found again by their ids."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import text

from portal.core.database import small_keys
from portal.core.database.layout import MeterKey
from portal.core.database.small_keys import SmallKey, SmallKeys
from portal.core.errors import Conflict
from portal.core.fleet.queries.fleet_batches import KnownCustomer
from portal.core.fleet.service import customers
from portal.core.fleet.service.fleet_batches import BatchHeading, store_batch
from portal.core.readings.decoding import DecodedRows
from portal.core.settings import RunMode
from portal.core.sites.service import devices, sites
from portal.core.sites.service.devices import IssuedDevice
from portal.core.sites.wire import DeviceRow, SiteRow
from portal.core.stack import Stack
from tests.integration.databases import Stacks
from tests.integration.energy.metering import Meter, new_meter

_SECONDS = "SELECT extract(epoch FROM clock_timestamp() - timestamptz '2026-01-01 00:00Z')::int"


async def _rows(stack: Stack, statement: str, **given: object) -> list[tuple[Any, ...]]:
    async with stack.db.transaction() as session:
        found = await session.execute(text(stack.layout.sql(statement)), given)
        return [tuple(row) for row in found] if found.returns_rows else []


async def _value(stack: Stack, statement: str, **given: object) -> Any:
    ((value,),) = await _rows(stack, statement, **given)
    return value


async def _add(stack: Stack, external_id: str) -> IssuedDevice:
    return await devices.add_device(stack, "Meter", site="Office", external_id=external_id)


async def _number(stack: Stack, device: IssuedDevice) -> int:
    return await _value(stack, "SELECT meter FROM monitoring.devices WHERE id = :id", id=device.id)


@pytest.fixture
async def office(client_stack: Stack) -> Stack:
    """A Client with a site."""
    await sites.add_site(client_stack, "Office")
    return client_stack


async def test_a_meter_has_the_number_of_the_moment_or_the_next(office: Stack) -> None:
    """So a database that is set back to yesterday gives out none that it gave out since."""
    began = await _value(office, _SECONDS)
    added = [await _add(office, name) for name in "abc"]
    numbers = [await _number(office, device) for device in added]
    assert numbers == sorted(set(numbers))
    assert numbers[0] >= began
    assert await _rows(office, "SELECT DISTINCT customer FROM monitoring.devices") == [(1,)]


async def test_the_number_of_a_deleted_meter_is_nobodys(office: Stack) -> None:
    (site,) = await sites.list_sites(office)
    numbers: list[int] = []
    for _ in range(5):
        device = await _add(office, "the same")
        numbers.append(await _number(office, device))
        await devices.remove_device(office, site.id, device.id)
    assert numbers == sorted(set(numbers))


async def test_a_clock_that_is_wrong_leaves_numbers_to_give_out(
    office: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    early, late = await _add(office, "early"), [await _number(office, await _add(office, "now"))]
    for name, year in (("ahead", 2200), ("further", 2300), ("behind", 1980)):
        clock = small_keys._CLOCK.replace("clock_timestamp()", f"timestamptz '{year}-01-01 00:00Z'")
        monkeypatch.setattr(small_keys, "_CLOCK", clock)
        late.append(await _number(office, await _add(office, name)))
        monkeypatch.undo()
    assert late[1:] == [2_000_000_000, 2_000_000_001, 2_000_000_002]
    assert await _number(office, early) < late[0] < late[1]


async def test_devices_that_are_added_at_once_have_numbers_of_their_own(office: Stack) -> None:
    added = await asyncio.gather(*(_add(office, f"meter {each}") for each in range(25)))
    assert len({await _number(office, device) for device in added}) == 25


@dataclass
class Pusher:
    """A customer of an Admin, and what its stack pushes."""

    stack: Stack
    id: UUID
    site_id: UUID = field(default_factory=uuid4)

    async def push(self, kind: str, rows: Sequence[SiteRow] | Sequence[DeviceRow]) -> None:
        customer, heading = KnownCustomer(self.id, "code", await self.number()), BatchHeading(kind, None, 0)
        stored = await store_batch(self.stack, customer, heading, DecodedRows(rows, range(len(rows)), ()))
        assert (stored.answer.accepted, stored.answer.rejected) == (len(rows), 0)

    async def push_devices(self, *ids: UUID) -> None:
        rows = [DeviceRow(id=each, site_id=self.site_id, name="Meter", external_id=str(each)) for each in ids]
        await self.push("devices", rows)

    async def numbers(self) -> dict[UUID, int]:
        found = await _rows(
            self.stack, "SELECT id, meter FROM fleet.devices WHERE customer_id = :c", c=self.id
        )
        return {row[0]: row[1] for row in found}

    async def number(self) -> int:
        return await _value(self.stack, "SELECT number FROM fleet.customers WHERE id = :id", id=self.id)


async def _customer(stack: Stack, code: str) -> Pusher:
    pusher = Pusher(stack, (await customers.register(stack, code, code)).id)
    await pusher.push("sites", [SiteRow(id=pusher.site_id, name="Office")])
    return pusher


@pytest.fixture
async def alice(admin_stack: Stack) -> Pusher:
    """Customer A."""
    return await _customer(admin_stack, "alice")


@pytest.fixture
async def charlie(admin_stack: Stack, alice: Pusher) -> Pusher:
    """Customer B."""
    return await _customer(admin_stack, "charlie")


async def test_a_thousand_new_devices_of_a_batch_are_numbered(alice: Pusher) -> None:
    ids = [uuid4() for _ in range(2000)]
    await alice.push_devices(*ids)
    before = await alice.numbers()
    assert len(set(before.values())) == len(before) == 2000
    others = [uuid4() for _ in range(10)]
    await alice.push_devices(*others, *ids[:500])
    after = await alice.numbers()
    assert {each: after[each] for each in ids} == before, "a key never changes"
    assert min(after[each] for each in others) > max(before.values())


async def test_who_brings_no_new_device_waits_for_nobody(alice: Pusher) -> None:
    ids = [uuid4() for _ in range(3)]
    await alice.push_devices(*ids)
    async with alice.stack.db.transaction() as session, asyncio.timeout(20):
        await small_keys.give_out(session, alice.stack.layout, 5, alice.id)
        await alice.push_devices(*ids)
    assert len(await alice.numbers()) == 3


async def test_batches_at_once_give_no_number_twice(alice: Pusher) -> None:
    """The same devices in all of them, and others in each."""
    same = [uuid4() for _ in range(200)]
    await asyncio.gather(*(alice.push_devices(*same, *(uuid4() for _ in range(200))) for _ in range(5)))
    numbers = await alice.numbers()
    assert len(set(numbers.values())) == len(numbers) == 1200


async def test_each_customer_counts_for_itself_and_has_one_number(alice: Pusher, charlie: Pusher) -> None:
    device = uuid4()
    for pusher in (alice, charlie):
        await pusher.push_devices(device)
        assert await _rows(
            pusher.stack, "SELECT DISTINCT customer FROM fleet.devices WHERE customer_id = :c", c=pusher.id
        ) == [(await pusher.number(),)]
    assert await alice.number() < await charlie.number()


async def test_the_number_of_a_customer_that_was_deleted_is_nobodys(alice: Pusher) -> None:
    stack, numbers = alice.stack, [await alice.number()]
    await customers.remove_customer(stack, alice.id)
    for _ in range(3):
        issued = await customers.register(stack, "alice", "Alice")
        numbers.append(await Pusher(stack, issued.id).number())
        await customers.remove_customer(stack, issued.id)
    assert numbers == sorted(set(numbers))


async def test_a_code_that_is_registered_twice_at_once_is_one_customer(admin_stack: Stack) -> None:
    codes = ["same", "SAME", *(f"other-{each}" for each in range(8))]
    made = await asyncio.gather(
        *(customers.register(admin_stack, code, code) for code in codes), return_exceptions=True
    )
    refused = [each for each in made if isinstance(each, BaseException)]
    assert [type(each) for each in refused] == [Conflict]
    assert "already" in str(refused[0])
    assert await _value(admin_stack, "SELECT count(DISTINCT number) FROM fleet.customers") == 9


@dataclass
class Asked:
    """A connection of the driver that remembers for which devices it was asked."""

    connection: asyncpg.Connection
    devices: list[list[UUID]] = field(default_factory=list[list[UUID]])

    async def fetch(self, statement: str, *given: Any) -> list[asyncpg.Record]:
        self.devices.append(given[0])
        return await self.connection.fetch(statement, *given)


async def _keys(
    keys: SmallKeys, stack: Stack, meters: Collection[MeterKey]
) -> tuple[dict[MeterKey, SmallKey], list[list[UUID]]]:
    """What is answered, customer by customer, and which devices each statement asked for."""
    found: dict[MeterKey, SmallKey] = {}
    async with stack.db.direct.connection() as connection:
        asked = Asked(connection)
        driver = cast("asyncpg.Connection", asked)
        for customer_id in dict.fromkeys(map(stack.layout.customer_of, meters)):
            own = {key[-1].int: key for key in meters if stack.layout.customer_of(key) == customer_id}
            devices = {number: key[-1] for number, key in own.items()}
            small = await keys.of_devices(driver, stack.layout, customer_id, devices)
            found |= {own[number]: each for number, each in small.items()}
    return found, asked.devices


@pytest.fixture(params=RunMode)
async def meters(request: pytest.FixtureRequest, stacks: Stacks) -> list[Meter]:
    """Meters of a stack of either mode; at the Admin each of a customer of its own."""
    stack = await (stacks.client() if request.param is RunMode.CLIENT else stacks.admin())
    made = [await new_meter(stack) for _ in range(4)]
    await _rows(stack, _AS_GIVEN_OUT)
    return made


_AS_GIVEN_OUT = """
INSERT INTO {meter_numbers} (customer, last_meter) SELECT customer, max(meter) FROM {devices} GROUP BY customer
ON CONFLICT (customer) DO UPDATE SET last_meter = excluded.last_meter
"""
_SET = "UPDATE {meter_numbers} SET last_meter = last_meter + :change"
_STORED = "SELECT customer, meter FROM {devices} WHERE {customer_id = :customer_id AND} id = CAST(:device_id AS uuid)"


async def _stored(meter: Meter) -> SmallKey:
    ((customer, number),) = await _rows(meter.stack, _STORED, **meter.layout.given(meter.key))
    return SmallKey(customer, number)


async def test_small_keys_are_found_by_one_statement_and_kept(meters: list[Meter]) -> None:
    stack, keys = meters[0].stack, SmallKeys()
    expected = {meter.key: await _stored(meter) for meter in meters}
    found, asked = await _keys(keys, stack, [*expected])
    assert found == expected
    assert [each for devices in asked for each in devices] == [key[-1] for key in expected]
    whose = {*map(stack.layout.customer_of, expected)}
    assert len(asked) == len(whose)
    assert len(keys) == 4
    found, asked = await _keys(keys, stack, [*expected])
    assert found == expected
    assert [len(each) for each in asked] == [1] * len(whose)
    assert await _keys(keys, stack, []) == ({}, [])


async def test_what_is_not_there_has_no_key(meters: list[Meter]) -> None:
    stack, keys = meters[0].stack, SmallKeys()
    nobody = stack.layout.key(uuid4(), uuid4() if stack.layout.has_customers else None)
    found, _ = await _keys(keys, stack, [nobody, meters[1].key])
    assert found == {meters[1].key: await _stored(meters[1])}


async def test_a_deleted_meter_has_no_key(office: Stack) -> None:
    (site,), keys = await sites.list_sites(office), SmallKeys()
    gone, stays = await _add(office, "gone"), await _add(office, "stays")
    assert len((await _keys(keys, office, [(gone.id,), (stays.id,)]))[0]) == 2
    await devices.remove_device(office, site.id, gone.id)
    assert [*(await _keys(keys, office, [(gone.id,), (stays.id,)]))[0]] == [(stays.id,)]
    assert [*(await _keys(keys, office, [(gone.id,)]))[0]] == []


async def test_a_database_that_was_set_back_under_a_running_process_is_believed(meters: list[Meter]) -> None:
    stack, keys = meters[0].stack, SmallKeys()
    assert len((await _keys(keys, stack, [each.key for each in meters]))[0]) == 4
    await _rows(stack, "UPDATE {devices} SET meter = meter + 1000000")  # lost, and added again
    await _rows(stack, _SET, change=1_000_000)
    found, asked = await _keys(keys, stack, [each.key for each in meters])
    assert found == {each.key: await _stored(each) for each in meters}
    whose = {stack.layout.customer_of(each.key) for each in meters}
    assert len(asked) == 2 * len(whose)
    assert len((await _keys(keys, stack, [each.key for each in meters]))[1]) == len(whose)


async def test_a_customer_that_was_deleted_has_no_keys(alice: Pusher, charlie: Pusher) -> None:
    stack, keys, device = alice.stack, SmallKeys(), uuid4()
    await alice.push_devices(device)
    await charlie.push_devices(device)
    both = [(alice.id, device), (charlie.id, device)]
    found, _ = await _keys(keys, stack, both)
    assert {key: small.customer for key, small in found.items()} == {
        both[0]: await alice.number(),
        both[1]: await charlie.number(),
    }
    await customers.remove_customer(stack, alice.id)
    assert [*(await _keys(keys, stack, both))[0]] == [both[1]]
    assert len(keys) == 1


async def test_a_device_of_another_customer_has_no_key(alice: Pusher, charlie: Pusher) -> None:
    own, others, keys = uuid4(), uuid4(), SmallKeys()
    await alice.push_devices(own)
    await charlie.push_devices(others)
    for _ in range(2):
        asked = [(alice.id, others), (charlie.id, own), (alice.id, own)]
        assert [*(await _keys(keys, alice.stack, asked))[0]] == [(alice.id, own)]


async def test_what_is_kept_is_bounded(alice: Pusher, charlie: Pusher) -> None:
    keys = SmallKeys(most=10)
    for pusher, count in ((alice, 8), (charlie, 7)):
        ids = [uuid4() for _ in range(count)]
        await pusher.push_devices(*ids)
        found, _ = await _keys(keys, alice.stack, [(pusher.id, each) for each in ids])
        assert (len(found), len(keys)) == (count, count), "of the customer asked about last"
    many = [uuid4() for _ in range(11)]
    await alice.push_devices(*many)
    for _ in range(2):
        assert len((await _keys(keys, alice.stack, [(alice.id, each) for each in many]))[0]) == 11
        assert len(keys) <= 10
