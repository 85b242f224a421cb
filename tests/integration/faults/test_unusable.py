"""A database that cannot be used: 503 with `Retry-After` on every path, one line in the log, and back by itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

import asyncpg
import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from structlog.testing import capture_logs

from fleet_ingest.app import build_app, finish
from portal.core.database import db as databases
from portal.core.database.connection_strings import plain
from portal.core.fleet.service import customers
from portal.core.settings import RunMode
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from tests.integration.conftest import Stacks
from tests.integration.fleet_ingest.api import Api

READING = [{"time": "2026-05-18T08:00:00Z", "activePowerKw": 1.0, "energyImportedKwh": 5.0}]
MANY = [
    {"time": f"2026-05-18T08:{minute:02}:{second:02}Z", "activePowerKw": 1.0}
    for minute in range(2)
    for second in range(60)
]
YEAR = {"from": "2025-05-18T00:00:00Z", "to": "2026-05-18T00:00:00Z"}
# What one or the other of a mode's questions cannot do without.
BLOCKED = {
    RunMode.CLIENT: (
        "monitoring.devices",
        "monitoring.sites",
        "monitoring.hourly_energy",
        "app.municipalities",
    ),
    RunMode.ADMIN: ("fleet.customers", "fleet.sites", "fleet.hourly_energy"),
}
Ask = Callable[[], Awaitable[httpx.Response]]


@dataclass
class Under:
    """A stack's API, and a connection with which to disturb its database."""

    api: Api
    key: dict[str, str]
    asks: dict[str, Ask]
    name: str
    blocked: tuple[str, ...]
    control: asyncpg.Connection
    outside: asyncpg.Connection

    async def cut(self) -> None:
        """End every connection of the stack."""
        await self.control.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()",
            self.name,
        )

    async def alter(self, change: str) -> None:
        """Change a setting of the database; it holds for new connections."""
        await self.control.execute(f"ALTER DATABASE {self.name} {change}")
        await self.cut()

    @asynccontextmanager
    async def holding(self, *tables: str) -> AsyncIterator[None]:
        """Hold tables so that nobody else gets at them."""
        async with self.control.transaction():
            for table in tables:
                await self.control.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield

    async def waiting(self, count: int, answer: asyncio.Task[httpx.Response] | None = None) -> None:
        """Wait until so many statements of the stack wait for a lock; an answer that comes instead is a mistake."""
        async with asyncio.timeout(20):
            while await self.control.fetchval(
                "SELECT count(*) < $2 FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'",
                self.name,
                count,
            ):
                await self.control.execute("SELECT pg_stat_clear_snapshot()")
                assert answer is None or not answer.done(), answer.result().text
                await asyncio.sleep(0.02)

    async def drained(self) -> None:
        """Have done what an answer left to do, so that no line of the next one is its."""
        await finish(self.api.app)

    async def ready(self) -> int:
        return (await self.api.http.get("/health/ready")).status_code


@asynccontextmanager
async def under(
    stack: Stack, asks: Callable[[Api, dict[str, str]], Awaitable[dict[str, Ask]]]
) -> AsyncIterator[Under]:
    app = build_app(stack.settings, stack)
    name = stack.db.engine.url.database or ""
    # In another database, since one of its own would be in the way of closing it.
    elsewhere = make_url(plain(stack.db.dsn)).set(database="postgres").render_as_string(hide_password=False)
    outside = await asyncpg.connect(elsewhere)
    control = await stack.db.dedicated(
        default_transaction_read_only="off", lock_timeout="0", statement_timeout="0"
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://stack.example") as http:
        api = Api(http, stack, app)
        key = await api.key()
        try:
            yield Under(
                api, key, await asks(api, key), name, BLOCKED[stack.settings.run_mode], control, outside
            )
        finally:
            await finish(app)
            await outside.execute(f"ALTER DATABASE {name} RESET ALL")
            await control.close()
            await outside.close()


async def client_asks(api: Api, key: dict[str, str]) -> dict[str, Ask]:
    http, stack = api.http, api.stack
    site = await sites.add_site(stack, "Head office")
    device = await devices.add_device(stack, "Main", site="Head office", external_id="main-1")
    return {
        "one reading": lambda: api.post_readings(device.token, READING),
        "a batch": lambda: api.post_readings(device.token, MANY),
        "sites": lambda: http.get("/api/sites", headers=key),
        "a new site": lambda: http.post("/api/admin/sites", headers=key, json={"name": "Depot"}),
        "a change": lambda: http.patch(
            f"/api/admin/sites/{site.id}", headers=key, json={"name": "Head office"}
        ),
        "readings": lambda: http.get(
            "/api/measurements",
            headers=key,
            params={"deviceId": str(device.id), "from": "2026-05-18T00:00:00Z", "to": "2026-05-19T00:00:00Z"},
        ),
        "cost": lambda: http.get("/api/cost", headers=key, params=YEAR),
        "tariffs": lambda: http.get("/api/rates/tariffs", headers=key),
    }


async def admin_asks(api: Api, key: dict[str, str]) -> dict[str, Ask]:
    http, stack = api.http, api.stack
    issued = await customers.register(stack, "alpha", "Alpha")
    site = {"id": "00000000-0000-0000-0000-0000000000aa", "name": "Head office"}
    return {
        "a batch": lambda: api.push(issued.token, "sites", [site]),
        "customers": lambda: http.get("/api/admin/customers", headers=key),
        "overview": lambda: http.get("/api/fleet/overview", headers=key),
        "cost": lambda: http.get(f"/api/fleet/customers/{issued.id}/cost", headers=key, params=YEAR),
        "a new token": lambda: http.post(
            f"/api/admin/customers/{issued.id}/rotate-token", headers=key, json={}
        ),
    }


@pytest.fixture
async def client(client_stack: Stack) -> AsyncIterator[Under]:
    async with under(client_stack, client_asks) as made:
        yield made


@pytest.fixture(params=[RunMode.CLIENT, RunMode.ADMIN])
async def either(request: pytest.FixtureRequest, stacks: Stacks) -> AsyncIterator[Under]:
    """The stack of a Client, and then that of the Admin."""
    if request.param is RunMode.CLIENT:
        async with under(await stacks.client(), client_asks) as made:
            yield made
    else:
        async with under(await stacks.admin(), admin_asks) as made:
            yield made


def assert_unavailable(answer: httpx.Response, what: str) -> None:
    assert answer.status_code == 503, f"{what}: {answer.status_code} {answer.text}"
    assert int(answer.headers["Retry-After"]) > 0, what
    assert answer.json()["error"]["code"] == "unavailable", what


def assert_one_line_each(events: list[dict[str, object]], count: int) -> None:
    said = [event for event in events if event["log_level"] in {"warning", "error", "critical"}]
    assert not [event for event in said if event.get("exc_info")], said
    assert len(said) == count, said


async def cut_off_while_asking(under: Under, ask: Ask) -> httpx.Response:
    answer = asyncio.create_task(ask())
    await under.waiting(1, answer)
    await under.cut()
    return await answer


async def test_a_connection_that_is_lost_in_a_statement(either: Under) -> None:
    for what, ask in either.asks.items():
        with capture_logs() as events:
            async with either.holding(*either.blocked):
                answer = await cut_off_while_asking(either, ask)
            assert_unavailable(answer, what)
            assert_one_line_each(events, 1)
        answer = await again(ask)
        assert answer.is_success, f"{what}: {answer.text}"
        await either.drained()


@pytest.mark.parametrize("limit", ["lock_timeout", "statement_timeout"])
async def test_a_limit_of_the_server_on_waiting(either: Under, limit: str) -> None:
    await either.alter(f"SET {limit} = '200ms'")
    for what, ask in either.asks.items():
        with capture_logs() as events:
            async with either.holding(*either.blocked):
                assert_unavailable(await ask(), what)
        assert_one_line_each(events, 1)
        await either.drained()


async def test_a_server_that_takes_no_changes(either: Under) -> None:
    reading = {"sites", "readings", "tariffs", "customers"}
    await either.alter("SET default_transaction_read_only = on")
    for what in either.asks.keys() - reading - {"cost", "overview"}:
        with capture_logs() as events:
            assert_unavailable(await either.asks[what](), what)
        assert_one_line_each(events, 1)
        await either.drained()
    for what in either.asks.keys() & reading:
        # An API key notes its use now and then, and cannot.
        assert (await either.asks[what]()).status_code in {200, 503}, what
    assert await either.ready() == 503
    # As after a change-over: what was opened meanwhile is still read-only, and has to be replaced by the stack.
    await either.control.execute(f"ALTER DATABASE {either.name} RESET default_transaction_read_only")
    assert await eventually(either.ready, 200)
    for what, ask in either.asks.items():
        assert (await again(ask)).is_success, what


async def test_a_database_that_lets_nobody_in(either: Under) -> None:
    await either.outside.execute(f"ALTER DATABASE {either.name} ALLOW_CONNECTIONS false")
    await either.cut()
    for what, ask in either.asks.items():
        with capture_logs() as events:
            assert_unavailable(await ask(), what)
        assert_one_line_each(events, 1)
        await either.drained()
    assert await either.ready() == 503
    await either.outside.execute(f"ALTER DATABASE {either.name} ALLOW_CONNECTIONS true")
    assert await eventually(either.ready, 200)
    for what, ask in either.asks.items():
        assert (await again(ask)).is_success, what


async def eventually(ask: Callable[[], Awaitable[int]], wanted: int) -> bool:
    for _ in range(3):
        if await ask() == wanted:
            return True
    return False


async def again(ask: Ask) -> httpx.Response:
    """Ask as a sender does that heard 503 once: its connection was replaced."""
    answer = await ask()
    return await ask() if answer.status_code == 503 else answer


async def test_more_questions_than_connections(client: Under, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "_TURN_SECONDS", 0.5)
    # Nobody gets at the energy, so that each question keeps what it has, however fast this machine is.
    async with client.holding("monitoring.hourly_energy"):
        questions = [asyncio.create_task(client.asks["cost"]()) for _ in range(40)]
        await client.waiting(1)
        others = await asyncio.gather(*(client.asks["sites"]() for _ in range(5)))
        done, waiting = await asyncio.wait(questions, timeout=60, return_when=asyncio.FIRST_COMPLETED)
    answers = [question.result() for question in done] + list(await asyncio.gather(*waiting))
    assert [other.status_code for other in others] == [200] * 5, "reports take every connection"
    assert {answer.status_code for answer in answers} == {200, 503}
    for answer in answers:
        if answer.status_code == 503:
            assert_unavailable(answer, "cost")


async def test_forty_costs_of_a_year_at_once_are_answered(client: Under) -> None:
    answers = await asyncio.gather(*(client.asks["cost"]() for _ in range(40)))
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert sum(answer.status_code == 200 for answer in answers) >= 30


async def test_a_pool_without_a_free_connection(stacks: Stacks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "_WAIT_SECONDS", 0.5)
    async with under(await stacks.client(), client_asks) as made:
        async with AsyncExitStack() as held:
            for _ in range(10):
                session = await held.enter_async_context(made.api.stack.db.transaction())
                await session.execute(text("SELECT 1"))
            with capture_logs() as events:
                for what in ("sites", "readings", "a new site", "tariffs"):
                    assert_unavailable(await made.asks[what](), what)
            assert_one_line_each(events, 4)
        assert (await made.asks["sites"]()).is_success


async def test_a_server_that_was_out_of_disk_is_ready_once_it_has_room(client: Under) -> None:
    db = client.api.stack.db
    with suppress(databases.Unavailable):
        async with db.transaction():
            raise asyncpg.exceptions.DiskFullError
    assert db.is_full
    await client.alter("SET default_transaction_read_only = on")
    assert await client.ready() == 503
    assert db.is_full
    await client.alter("RESET ALL")
    assert await eventually(client.ready, 200)
    assert not db.is_full
    assert (await client.asks["one reading"]()).is_success
