"""The list of customers as the database filters, orders and cuts it."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from portal.core.fleet.rules.customer_lists import CustomerOrder, CustomersAsked
from portal.core.fleet.rules.refused_pushes import RefusedPush
from portal.core.fleet.service import customer_lists, customers, refused_pushes
from portal.core.stack import Stack
from portal.core.values.tokens import token_hash
from tests.integration.databases import Clock


async def execute(stack: Stack, statement: str, **given: object) -> None:
    async with stack.db.transaction() as session:
        await session.execute(text(statement), given)


async def with_meter(stack: Stack, customer_id: UUID, site: str, external_id: str, zone: str) -> UUID:
    """Give a customer a site with a municipality in a zone, and a meter there."""
    site_id, device_id = uuid4(), uuid4()
    given = {"c": customer_id, "s": site_id, "d": device_id, "name": site, "ext": external_id, "zone": zone}
    await execute(stack, "INSERT INTO fleet.municipalities (customer_id, id, name, time_zone_id) "
                  "VALUES (:c, 1, 'Town', :zone)", c=customer_id, zone=zone)  # fmt: skip
    await execute(stack, "INSERT INTO fleet.sites (customer_id, id, name, local_municipality_id) "
                  "VALUES (:c, :s, :name, 1)", c=customer_id, s=site_id, name=site)  # fmt: skip
    await execute(stack, "INSERT INTO fleet.devices (customer_id, id, site_id, name, external_id, customer, meter) "
                  "SELECT :c, :d, :s, 'Meter', :ext, number, 1 FROM fleet.customers WHERE id = :c",
                  **{name: given[name] for name in "csd"}, ext=external_id)  # fmt: skip
    return device_id


async def add_up_days(stack: Stack) -> None:
    """Make the days of the hours that are stored, as a refresh does."""
    await execute(
        stack,
        "INSERT INTO fleet.daily_energy (customer_id, device_id, day, allocated_milliwh, unallocated_milliwh, "
        "estimated_milliwh, suspect_count) SELECT customer_id, device_id, (hour AT TIME ZONE 'UTC')::date, "
        "sum(allocated_milliwh), sum(unallocated_milliwh), 0, 0 FROM fleet.hourly_energy GROUP BY 1, 2, 3 "
        "ON CONFLICT DO NOTHING",
    )


async def seen(stack: Stack, customer_id: UUID, at: datetime) -> None:
    await execute(stack, "UPDATE fleet.customers SET first_seen_at = :at, last_seen_at = :at WHERE id = :c",
                  at=at, c=customer_id)  # fmt: skip


async def codes(stack: Stack, asked: CustomersAsked) -> list[str]:
    return [each.code for each in (await customer_lists.page_of_list(stack, asked)).customers]


@pytest.fixture
async def fleet(admin_stack: Stack, clock: Clock) -> dict[str, customers.IssuedToken]:
    """One customer of each state."""
    # What comes in is stamped by the database's clock.
    async with admin_stack.db.snapshot() as session:
        clock.now = await session.scalar(text("SELECT now()"))
    made = {
        code: await customers.register(admin_stack, code, name)
        for code, name in (
            ("active", "Bay Cold Store"), ("late", "Acme Mills"), ("later", "Acme Mills Two"), ("new", "Zulu Ice"),
            ("off", "Old Foods"), ("failing", "Karoo Steel"),
        )
    }  # fmt: skip
    for code, hours in (("active", 0.5), ("late", 2), ("later", 30), ("off", 90), ("failing", 3)):
        await seen(admin_stack, made[code].id, clock.now - timedelta(hours=hours))
    await customers.set_active(admin_stack, made["off"].id, False)
    await customers.rotate(admin_stack, made["failing"].id, grace_hours=0)
    await refused_pushes.keep_refused(admin_stack, [_with_token(made["failing"].token)])
    return made


def _with_token(token: str, batch_type: str = "measurements") -> RefusedPush:
    return RefusedPush(batch_type, token_hash(token), len(token), token[-4:], "10.0.0.9", 12_000, "c")


@pytest.mark.usefixtures("fleet")
async def test_trouble_comes_first_and_the_filters_count(admin_stack: Stack) -> None:
    page = await customer_lists.page_of_list(admin_stack, CustomersAsked())
    assert [(each.code, each.state) for each in page.customers] == [
        ("failing", "failing"), ("later", "late"), ("late", "late"), ("new", "never"), ("active", "active"),
        ("off", "disabled"),
    ]  # fmt: skip
    assert page.counts == (6, 1, 2, 1, 1, 1, 0)
    for shown in ("failing", "late", "never", "active", "disabled"):
        found = await customer_lists.page_of_list(admin_stack, CustomersAsked(shown=shown))
        assert {each.state for each in found.customers} == {shown}
        assert found.counts == page.counts


async def test_an_old_token_is_a_filter_only_inside_its_grace_window(
    admin_stack: Stack, fleet: dict[str, customers.IssuedToken], clock: Clock
) -> None:
    await customers.rotate(admin_stack, fleet["active"].id, grace_hours=2)
    assert await codes(admin_stack, CustomersAsked(shown="old-token")) == ["active"]
    clock.advance(hours=3)
    assert await codes(admin_stack, CustomersAsked(shown="old-token")) == []


async def test_a_search_finds_code_name_site_and_meter_and_means_what_it_says(
    admin_stack: Stack, fleet: dict[str, customers.IssuedToken]
) -> None:
    await with_meter(admin_stack, fleet["late"].id, "Coffee Bay 100%", "ACU-77_a", "Africa/Johannesburg")
    for search, found in {
        "BAY": ["late", "active"], "cold bay": ["active"], "coffee": ["late"], "acu-77_A": ["late"],
        "acme coffee": ["late"], "100%": ["late"], "%": ["late"], "_": ["late"], "nobody": [], "failing": ["failing"],
    }.items():  # fmt: skip
        assert await codes(admin_stack, CustomersAsked(search=search)) == found, search


async def test_every_order_has_every_customer_once(
    admin_stack: Stack, fleet: dict[str, customers.IssuedToken], clock: Clock
) -> None:
    device = await with_meter(admin_stack, fleet["new"].id, "Yard", "m1", "Africa/Johannesburg")
    hour = clock.now.replace(minute=0, second=0, microsecond=0)
    await execute(admin_stack, "INSERT INTO fleet.hourly_energy (customer_id, device_id, hour, allocated_milliwh) "
                  "VALUES (:c, :d, :h, 5000000)", c=fleet["new"].id, d=device, h=hour)  # fmt: skip
    await add_up_days(admin_stack)
    for order in CustomerOrder:
        for descending in (False, True):
            found = await codes(admin_stack, CustomersAsked(order=order, is_descending=descending))
            assert sorted(found) == sorted(fleet), (order, descending)
    for order in (CustomerOrder.SITES, CustomerOrder.METERS, CustomerOrder.TODAY):
        assert (await codes(admin_stack, CustomersAsked(order=order, is_descending=True)))[0] == "new"
    by_name = await codes(admin_stack, CustomersAsked(order=CustomerOrder.NAME))
    assert by_name == ["late", "later", "active", "failing", "off", "new"]


async def test_today_begins_at_midnight_where_the_sites_are(admin_stack: Stack, clock: Clock) -> None:
    clock.now = datetime.fromisoformat("2026-05-18T10:30:00+00:00")
    made = {}
    for code, zone in (("za", "Africa/Johannesburg"), ("nz", "Pacific/Auckland"), ("odd", "Nowhere/Gone")):
        made[code] = await customers.register(admin_stack, code, code)
        device = await with_meter(admin_stack, made[code].id, "Yard", "m1", zone)
        await execute(
            admin_stack,
            "INSERT INTO fleet.hourly_energy (customer_id, device_id, hour, allocated_milliwh) "
            "SELECT :c, :d, h, 1000000 "
            "FROM generate_series(timestamptz '2026-05-16 00:00Z', '2026-05-18 10:00Z', interval '1 hour') h",
            c=made[code].id, d=device,
        )  # fmt: skip
    found = (
        await customer_lists.page_of_list(admin_stack, CustomersAsked(order=CustomerOrder.NAME))
    ).customers
    assert {each.code: each.energy_today_kwh for each in found} == {
        "za": 13,  # from 22:00 UTC
        "nz": 23,  # it is half past ten at night there, and that day began at 12:00 UTC
        "odd": 11 if admin_stack.settings.application.time_zone == "UTC" else 13,
    }


async def test_pages_are_of_fifty(admin_stack: Stack) -> None:
    await execute(
        admin_stack,
        "INSERT INTO fleet.customers (code, name, token_hash, token_issued_at, number) "
        "SELECT 'c' || n, 'Customer ' || lpad(n::text, 3, '0'), n::text, now(), 1000 + n "
        "FROM generate_series(1, 120) n",
    )
    pages = [
        await codes(admin_stack, CustomersAsked(order=CustomerOrder.NAME, page=page)) for page in (1, 2, 3, 4)
    ]
    assert [len(page) for page in pages] == [50, 50, 20, 0]
    assert pages[0] + pages[1] + pages[2] == [f"c{number}" for number in range(1, 121)]


async def test_whoever_pushes_again_fails_no_more(
    admin_stack: Stack, fleet: dict[str, customers.IssuedToken], clock: Clock
) -> None:
    failing = await customer_lists.customer_now(admin_stack, fleet["failing"].id)
    assert failing.refusal.startswith("401: an old token, ended ")
    assert failing.refusal.endswith(f"(ends {fleet['failing'].token[-4:]})")
    await seen(admin_stack, fleet["failing"].id, clock.now + timedelta(minutes=1))
    assert (await customer_lists.customer_now(admin_stack, fleet["failing"].id)).state == "active"


async def test_a_token_of_a_disabled_customer_is_that_customers(
    admin_stack: Stack, fleet: dict[str, customers.IssuedToken]
) -> None:
    await refused_pushes.keep_refused(admin_stack, [_with_token(fleet["off"].token), _with_token("0" * 64)])
    async with admin_stack.db.snapshot() as session:
        rows = (
            await session.execute(text("SELECT customer_id, reason, status FROM fleet.push_refusals"))
        ).all()
        unknown = (await session.execute(text("SELECT token_last4, pushes FROM fleet.unknown_pushes"))).all()
    assert (fleet["off"].id, f"the customer is disabled (ends {fleet['off'].token[-4:]})", 401) in rows
    assert unknown == [("0000", 1)]
    assert (await customer_lists.customer_now(admin_stack, fleet["off"].id)).state == "disabled"


async def test_a_flood_of_dead_tokens_is_a_line_a_minute_and_a_bounded_list(
    admin_stack: Stack, fleet: dict[str, customers.IssuedToken]
) -> None:
    dead = [_with_token(fleet["failing"].token)] * 40
    strangers = [_with_token(f"{number:064}") for number in range(150)]
    await refused_pushes.keep_refused(admin_stack, [*dead, *strangers])
    await refused_pushes.keep_refused(admin_stack, dead)
    async with admin_stack.db.snapshot() as session:
        events = await session.scalar(text("SELECT count(*) FROM fleet.ingest_events"))
        refused = await session.scalar(text("SELECT refused FROM fleet.push_refusals"))
    assert (events, refused) == (1, 81)
    assert len(await refused_pushes.unknown_pushes(admin_stack)) == 20
    async with admin_stack.db.snapshot() as session:
        assert await session.scalar(text("SELECT count(*) FROM fleet.unknown_pushes")) == 100
