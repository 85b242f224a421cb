"""A row of the trail is for ever, so nobody writes any for nothing, and no person writes them without end."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from uuid import UUID

import pytest
from sqlalchemy import text

from portal.core.access import Actor, Role
from portal.core.audit import queries as trail
from portal.core.audit import service as audit
from portal.core.audit.acting import acting, of
from portal.core.brand import service as branding
from portal.core.errors import Throttled
from portal.core.fleet.service import customers
from portal.core.identity.service import accounts, sessions
from portal.core.outbox.service import push
from portal.core.stack import Stack
from portal.core.tariffs.service import municipalities, tariff_imports, tariffs
from tests.integration.databases import Stacks
from tests.unit.brand.test_images import png

ALICE, BOB, PASSWORD, HOME = "alice@example.com", "bob@example.com", "correct horse battery", "203.0.113.7"
FLAT = {
    "municipality": "Old Town",
    "name": "Flat",
    "effectiveFrom": "2026-01-01",
    "defaultRatePerKwh": "2.50",
    "fixedMonthlyCharge": 100,
    "vatRate": 0.15,
    "isActive": True,
    "periods": [
        {"name": "Peak", "daysOfWeek": 31, "startTime": "17:00", "endTime": "20:00", "ratePerKwh": 4}
    ],
}


@pytest.fixture
async def alice(client_stack: Stack) -> Actor:
    await accounts.add_user(client_stack, ALICE, Role.ADMIN, PASSWORD)
    return (await sessions.sign_in(client_stack, ALICE, PASSWORD, HOME)).actor


@pytest.fixture
def as_alice(alice: Actor) -> Iterator[Actor]:
    with acting(of(alice, HOME)):
        yield alice


async def _rows(stack: Stack) -> int:
    async with stack.db.snapshot() as session:
        return int(await session.scalar(text("SELECT count(*) FROM app.audit_events")) or 0)


async def _brand(stack: Stack, name: str) -> None:
    await branding.save_brand(
        stack, product_name=name, primary_color="#123456", accent_color="#654321", appearance="dark"
    )


async def _once_and_again(stack: Stack, *changes: Callable[[], Awaitable[object]]) -> None:
    for change in changes:
        await change()
    before = await audit.list_events(stack, limit=100)
    for change in changes:
        await change()
    assert await audit.list_events(stack, limit=100) == before


async def test_what_changes_nothing_is_not_written_down(client_stack: Stack, as_alice: Actor) -> None:
    stack = client_stack
    municipality = await municipalities.add_municipality(stack, "Old Town", "Africa/Johannesburg")
    bob = await accounts.add_user(stack, BOB, Role.USER, PASSWORD)
    await tariff_imports.import_tariffs(stack, [FLAT])
    [stored] = (await tariffs.list_tariffs(stack))[0].tariffs
    raw = {**FLAT, "municipalityId": municipality.id, "id": stored.id}
    raw.pop("municipality")
    await _once_and_again(
        stack,
        lambda: _brand(stack, "Acme"),
        lambda: branding.save_image(stack, "logo", png()),
        lambda: accounts.set_role(stack, bob, Role.ADMIN),
        lambda: accounts.set_active(stack, bob, is_active=False),
        lambda: municipalities.change_municipality(stack, int(raw["municipalityId"]), {"name": "New Town"}),
        lambda: tariff_imports.import_tariffs(stack, [{**FLAT, "municipality": "New Town"}]),
        lambda: tariffs.save_tariff(stack, raw),
        lambda: push.retry_dead_letters(stack, None, by=ALICE),
        lambda: push.discard_dead_letters(stack, None, by=ALICE),
        lambda: sessions.end_other_sessions(stack, as_alice, "the only one"),
        lambda: audit.record_export(stack, "/download/cost.csv", "by=day"),
    )


async def test_a_customer_is_not_disabled_twice(stacks: Stacks) -> None:
    admin = await stacks.admin()
    made = await customers.register(admin, "ACME", "Acme")
    await _once_and_again(admin, lambda: customers.set_active(admin, made.id, is_active=False))


async def test_a_brand_that_is_saved_as_it_is_stays_the_same_version(client_stack: Stack) -> None:
    await _brand(client_stack, "Acme")
    before = await branding.get_brand(client_stack)
    await _brand(client_stack, "Acme")
    assert await branding.get_brand(client_stack) == before


async def test_a_person_cannot_write_without_end(
    client_stack: Stack, as_alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "MOST_AN_HOUR", 5)
    for number in range(5):
        await _brand(client_stack, f"Acme {number}")
    with pytest.raises(Throttled, match="go on in 60 min"):
        await _brand(client_stack, "Acme 5")
    assert (await branding.get_brand(client_stack)).product_name == "Acme 4"
    with pytest.raises(Throttled):
        await audit.record_export(client_stack, "/download/cost.csv", "by=day")
    assert await sessions.sign_in(client_stack, ALICE, PASSWORD, HOME), "log-ins are counted apart"
    with acting(of(Actor(UUID(int=7), BOB, Role.ADMIN), HOME)):
        await _brand(client_stack, "Bob's")


async def test_many_at_once_write_no_more_than_there_are_connections(
    client_stack: Stack, as_alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "MOST_AN_HOUR", 5)
    before = await _rows(client_stack)
    made = await asyncio.gather(
        *(_brand(client_stack, f"Acme {number}") for number in range(60)), return_exceptions=True
    )
    assert {type(each) for each in made} == {type(None), Throttled}
    assert await _rows(client_stack) - before == sum(each is None for each in made) < 60


async def test_what_is_done_to_many_things_at_once_is_one_thing_done(
    client_stack: Stack, as_alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "MOST_AN_HOUR", 5)
    await municipalities.add_municipality(client_stack, "Old Town", "Africa/Johannesburg")
    many = [
        FLAT | {"name": f"Of {year}", "effectiveFrom": f"{year}-01-01", "effectiveTo": f"{year}-12-31"}
        for year in range(2010, 2026)
    ]
    before = await _rows(client_stack)
    await tariff_imports.import_tariffs(client_stack, many)
    assert await _rows(client_stack) - before == len(many)
    for number in range(3):
        await _brand(client_stack, f"Acme {number}")
    with pytest.raises(Throttled):
        await _brand(client_stack, "Acme 3")


async def test_an_hour_later_they_go_on(client_stack: Stack, as_alice: Actor) -> None:
    async def fill(minutes_ago: int) -> None:
        async with client_stack.db.transaction() as session:
            await session.execute(
                text(
                    "INSERT INTO app.audit_events (at, action, actor_kind, actor_id, actor_name, address) "
                    "SELECT now() - make_interval(mins => :ago) - number * interval '1 ms', "
                    "'brand.changed', 'user', :id, 'a', '' "
                    "FROM generate_series(1, :count) AS number"
                ),
                {"ago": minutes_ago, "id": as_alice.id, "count": trail.MOST_AN_HOUR},
            )

    await fill(61)
    await _brand(client_stack, "Acme")
    await fill(58)
    with pytest.raises(Throttled) as refused:
        await _brand(client_stack, "Acme 2")
    assert 60 < refused.value.retry_after_seconds <= 120


async def test_log_ins_in_a_row_end_too_and_every_session_can_be_ended(
    client_stack: Stack, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "MOST_AN_HOUR", 4)
    tokens = [(await sessions.sign_in(client_stack, ALICE, PASSWORD, HOME)).token for _ in range(3)]
    with pytest.raises(Throttled):
        await sessions.sign_in(client_stack, ALICE, PASSWORD, HOME)
    with acting(of(alice, HOME)):
        for token in tokens:
            await sessions.sign_out(client_stack, token)
            assert await sessions.session_actor(client_stack, token) is None
    await accounts.add_user(client_stack, BOB, Role.USER, PASSWORD)
    assert await sessions.sign_in(client_stack, BOB, PASSWORD, HOME)


async def test_a_machine_and_the_command_line_are_not_counted(
    client_stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "MOST_AN_HOUR", 2)
    for number in range(4):
        await _brand(client_stack, f"System {number}")
    key = Actor(UUID(int=1), "a key", Role.ADMIN, kind="api_key")
    with acting(of(key, HOME)):
        for number in range(4):
            await _brand(client_stack, f"Key {number}")
