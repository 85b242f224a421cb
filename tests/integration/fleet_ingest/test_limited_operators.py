"""An operator who is limited to some customers: held by the database, on every path."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from portal.core.access import Actor, Role
from portal.core.audit.acting import acting, of
from portal.core.database import limited, scoped_role
from portal.core.energy import energy_proof
from portal.core.errors import Conflict, Invalid, NotFound, Refused
from portal.core.fleet.service import customer_export, customers, fleet_views, operators
from portal.core.identity.service import accounts, sessions
from portal.core.identity.service.sessions import SignedIn
from portal.core.stack import Stack
from tests.integration.fleet_ingest.api import Api, Pusher

_PASSWORD = "a long enough password"
_OLGA = "olga@example.com"
# Every relation of a database that says whose its rows are, by whatever name: tables, views, partitions, chunks.
_RELATIONS = """
SELECT c.oid::regclass::text, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND a.attname IN ('customer', 'customer_id', 'user_id', 'actor_id')
AND NOT a.attisdropped AND c.relpersistence <> 't'
AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
"""


async def _push_readings(pusher: Pusher) -> None:
    rows = [
        {"time": f"2026-05-18T{hour:02}:00:00Z", "deviceId": str(pusher.device_id), "energyImportedKwh": 10 * hour,
         "activePowerKw": 5}
        for hour in range(12)
    ]  # fmt: skip
    assert (await pusher.push("measurements", rows)).json()["accepted"] == 12


@pytest.fixture
async def both(admin_api: Api, alice: Pusher, charlie: Pusher) -> tuple[Pusher, Pusher]:
    for pusher in (alice, charlie):
        await _push_readings(pusher)
    await admin_api.app.state.refreshing.drain()
    await energy_proof.check(admin_api.stack)
    for pusher in (alice, charlie):  # what waits is seen like what does not
        late = {"time": "2026-05-18T12:00:00Z", "deviceId": str(pusher.device_id), "energyImportedKwh": 130}
        assert (await pusher.push("measurements", [late])).json()["accepted"] == 1
    return alice, charlie


@pytest.fixture
async def olga(admin_api: Api, both: tuple[Pusher, Pusher]) -> Actor:
    """Olga, who is limited to Alice."""
    stack = admin_api.stack
    user_id = await accounts.add_user(stack, _OLGA, Role.USER, _PASSWORD)
    await operators.limit(stack, _OLGA, ["ALPHA"])
    return Actor(user_id, _OLGA, Role.USER, is_limited=True)


@asynccontextmanager
async def _as_olga(stack: Stack, olga: Actor, *, may_write: bool = False) -> AsyncIterator[AsyncSession]:
    with acting(of(olga)):
        async with stack.db.transaction() if may_write else stack.db.snapshot() as session:
            yield session


async def _tried(stack: Stack, olga: Actor, statement: str, **given: object) -> list[tuple[Any, ...]] | None:
    """Return what a statement of Olga's comes to, as it stands; None where the database refuses it."""
    try:
        async with _as_olga(stack, olga, may_write=True) as session:
            connection = await session.connection()
            await connection.execution_options(is_limited=False)
            return [tuple(row) for row in await connection.execute(text(statement), given)]
    except DBAPIError as error:
        if "permission denied" not in str(error):
            raise
        return None


async def test_services_show_a_limited_operator_their_customers_alone(
    admin_api: Api, both: tuple[Pusher, Pusher], olga: Actor
) -> None:
    alice, charlie = both
    stack = admin_api.stack
    everything = await customers.list_customers(stack)
    with acting(of(olga)):
        lines = await customers.list_customers(stack)
        assert [line.id for line in lines] == [alice.issued.id]
        assert lines[0] == next(line for line in everything if line.id == alice.issued.id)
        (site,) = await customers.list_customer_sites(stack, alice.issued.id)
        assert site.devices[0].last_reading_at is not None
        overview = await fleet_views.fleet_overview(stack)
        assert (overview.customers, overview.sites, overview.devices) == (1, 1, 1)
        assert (await fleet_views.customer_detail(stack, alice.issued.id)).line.code == "alpha"
        assert await energy_proof.latest_proof(stack, alice.issued.id) is not None
        with pytest.raises(NotFound):
            await customers.get_customer(stack, charlie.issued.id)
        with pytest.raises(NotFound):
            await fleet_views.customer_detail(stack, charlie.issued.id)
        with pytest.raises(NotFound):
            await customers.find_customer_id(stack, "bravo")
        assert await customers.list_customer_sites(stack, charlie.issued.id) == ()
        shared = await stack.shared.answer(
            "customers", lambda: customers.list_customers(stack), since=0, keep_seconds=60
        )
        assert len(shared) == 1
    # What was read for her is told to nobody else, and nobody's is told to her.
    shared = await stack.shared.answer(
        "customers", lambda: customers.list_customers(stack), since=0, keep_seconds=60
    )
    assert len(shared) == 2
    assert len(await customers.list_customers(stack)) == 2


async def test_no_relation_of_any_name_shows_another_customer(
    admin_api: Api, both: tuple[Pusher, Pusher], olga: Actor
) -> None:
    """Tables, views, partitions and chunks, each by its own name; and `scoped`, which shows hers."""
    alice, _ = both
    stack = admin_api.stack
    number = (await admin_api.rows("SELECT number FROM fleet.customers WHERE id = :id", id=alice.issued.id))[
        0
    ][0]
    found = await admin_api.rows(_RELATIONS)
    shown = {}
    for name, key in found:
        rows = await _tried(stack, olga, f"SELECT DISTINCT {key} FROM {name}")
        if rows is not None:
            shown[name] = {row[0] for row in rows}
    mine = {alice.issued.id, number, olga.id}
    assert {name: whose for name, whose in shown.items() if not whose <= mine} == {}
    assert {name for name in shown if name.startswith(("fleet.", "_timescaledb", "reporting."))} == set()
    for name in ("sites", "devices", "readings", "power_measurements", "stored_readings", "hourly_per_device",
                 "hourly_energy", "daily_energy", "daily_per_customer", "ingest_events"):  # fmt: skip
        assert shown[f"scoped.{name}"] & mine, name
    named = {name.split(".")[1] for name, _ in found if name.startswith("fleet.")}
    left_out = (
        named - {name.split(".")[1] for name in shown if name.startswith("scoped.")} - set(limited._CLOSED)
    )
    assert {name for name in left_out if not name.startswith("readings_")} == set()


async def test_secrets_and_what_is_everybodys_are_closed(admin_api: Api, olga: Actor) -> None:
    stack = admin_api.stack
    assert await _tried(stack, olga, "SELECT id FROM scoped.customers") != []
    for closed in (
        "SELECT token_hash FROM fleet.customers",
        "SELECT * FROM fleet.operator_scopes",
        "SELECT * FROM app.api_keys",
        "SELECT * FROM fleet.last_stored(1, 1, now())",
        "UPDATE app.users SET is_limited = false RETURNING id",
        "UPDATE app.users SET role = 'admin' RETURNING id",
        "DELETE FROM app.audit_events RETURNING id",
        "INSERT INTO fleet.operator_scopes SELECT gen_random_uuid(), gen_random_uuid() RETURNING user_id",
        "UPDATE scoped.customers SET is_active = false RETURNING id",
        "DELETE FROM scoped.sites RETURNING id",
        "CREATE TABLE scoped.own (id int)",
    ):
        assert await _tried(stack, olga, closed) is None, closed
    people = await _tried(stack, olga, "SELECT email FROM app.users")
    assert people == [(_OLGA,)]
    columns = await admin_api.rows(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'scoped' AND table_name = 'customers'"
    )
    assert not {name for (name,) in columns} & set(limited.SECRET_COLUMNS)


async def test_functions_over_readings_look_at_the_customer_first(
    admin_api: Api, both: tuple[Pusher, Pusher], olga: Actor
) -> None:
    stack = admin_api.stack
    found = await admin_api.rows("SELECT customer_id, customer, meter FROM fleet.devices")
    keys = {customer_id: (customer, meter) for customer_id, customer, meter in found}
    last = "SELECT count(*) FROM scoped.last_stored(:customer, :meter, now())"
    for pusher, count in zip(both, (1, 0), strict=True):
        customer, meter = keys[pusher.issued.id]
        assert await _tried(stack, olga, last, customer=customer, meter=meter) == [(count,)]


async def test_the_limit_ends_with_its_transaction(admin_api: Api, olga: Actor) -> None:
    """Connections go back to the pool as they were."""
    stack = admin_api.stack
    for _ in range(3):
        async with _as_olga(stack, olga) as session:
            assert (await session.execute(text("SELECT current_user"))).scalar_one() == scoped_role.ROLE
        async with stack.db.snapshot() as session:
            found = await session.execute(text("SELECT current_user, current_setting('portal.person', true)"))
            user, person = found.one()
            assert user != scoped_role.ROLE
            assert not person
            assert (await session.execute(text("SELECT count(*) FROM fleet.customers"))).scalar_one() == 2


async def test_ways_round_transactions_are_refused(
    admin_api: Api, both: tuple[Pusher, Pusher], olga: Actor
) -> None:
    stack = admin_api.stack
    with acting(of(olga)):
        with pytest.raises(Refused):
            await stack.db.dedicated()
        with pytest.raises(Refused):
            async with stack.db.direct.connection():
                pass
        with pytest.raises(Refused):
            await customer_export.export_customer(stack, both[0].issued.id)


async def test_the_api_shows_a_limited_operator_theirs_and_changes_nothing(
    admin_api: Api, both: tuple[Pusher, Pusher], olga: Actor
) -> None:
    alice, charlie = both
    signed_in = await sessions.sign_in(admin_api.stack, _OLGA, _PASSWORD)
    assert isinstance(signed_in, SignedIn)
    cookie = {"Cookie": f"portal_session={signed_in.token}"}
    listed = (await admin_api.http.get("/api/admin/customers", headers=cookie)).json()["customers"]
    assert [each["code"] for each in listed] == ["alpha"]
    window = "from=2026-05-18T00:00:00Z&to=2026-05-19T00:00:00Z"
    for path, own, other in (
        ("/api/admin/customers/{}", 200, 404),
        ("/api/fleet/customers/{}/detail", 200, 404),
        ("/api/fleet/customers/{}/ingest-events", 200, 404),
        (f"/api/fleet/customers/{{}}/cost?{window}", 200, 404),
        ("/api/admin/customers/{}/export", 403, 403),
    ):
        for pusher, status in ((alice, own), (charlie, other)):
            answer = await admin_api.http.get(path.format(pusher.issued.id), headers=cookie)
            assert answer.status_code == status, (path, answer.text)
            assert "bravo" not in answer.text.lower()
    assert (await admin_api.http.get("/api/fleet/overview", headers=cookie)).json()["customers"] == 1
    same_origin = cookie | {"Sec-Fetch-Site": "same-origin"}
    for change in ("disable", "rotate-token", "decommission"):
        path = f"/api/admin/customers/{alice.issued.id}/{change}"
        answer = await admin_api.http.post(path, json={}, headers=same_origin)
        assert answer.status_code == 403, change
    body = {"code": "own", "name": "Own"}
    assert (
        await admin_api.http.post("/api/admin/customers", json=body, headers=same_origin)
    ).status_code == 403
    assert (await admin_api.http.get("/api/admin/decommissions", headers=cookie)).status_code == 403


async def test_a_limited_person_looks_after_their_own_account(admin_api: Api, olga: Actor) -> None:
    stack = admin_api.stack
    signed_in = await sessions.sign_in(stack, _OLGA, _PASSWORD)
    assert isinstance(signed_in, SignedIn)
    assert signed_in.actor.is_limited
    with acting(of(olga)):
        assert len(await sessions.list_sessions(stack, olga, signed_in.token)) == 1
        token = await accounts.change_password(stack, olga, _PASSWORD, "another long password")
        assert await sessions.session_actor(stack, token) == olga
        await sessions.sign_out(stack, token)


async def test_who_is_limited_is_a_user_and_their_sessions_end(
    admin_api: Api, both: tuple[Pusher, Pusher], olga: Actor
) -> None:
    stack = admin_api.stack
    signed_in = await sessions.sign_in(stack, _OLGA, _PASSWORD)
    assert isinstance(signed_in, SignedIn)
    for problem, call in (
        (Invalid, operators.limit(stack, _OLGA, ["nobody"])),
        (NotFound, operators.limit(stack, "x@example.com", ["alpha"])),
        (Conflict, accounts.set_role(stack, olga.id, Role.ADMIN)),
    ):
        with pytest.raises(problem):
            await call
    assert await sessions.session_actor(stack, signed_in.token) == olga
    line = await operators.limit(stack, _OLGA, ["alpha", "BRAVO"])
    assert await sessions.session_actor(stack, signed_in.token) is None
    with acting(of(olga)):
        assert len(await customers.list_customers(stack)) == 2
    assert [each.customers for each in await operators.list_limited(stack)] == [("alpha", "bravo")]
    await operators.limit(stack, _OLGA, None)
    assert await operators.list_limited(stack) == ()
    assert line.id == olga.id
    asked = "SELECT detail FROM app.audit_events WHERE action = 'user.scope_changed' ORDER BY id"
    written = await admin_api.rows(asked)
    assert [row[0] for row in written] == ["sees ALPHA", "sees BRAVO, alpha", "sees every customer"]


async def test_a_customer_that_is_deleted_is_seen_by_nobody(admin_stack: Stack) -> None:
    stack = admin_stack
    await accounts.add_user(stack, _OLGA, Role.USER, _PASSWORD)
    made = await customers.register(stack, "ACME", "Acme")
    line = await operators.limit(stack, _OLGA, ["acme"])
    await customers.remove_customer(stack, made.id)
    assert [each.customers for each in await operators.list_limited(stack)] == [()]
    with acting(of(Actor(line.id, _OLGA, Role.USER, is_limited=True))):
        assert await customers.list_customers(stack) == ()
