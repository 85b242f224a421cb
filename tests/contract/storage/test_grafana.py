"""Grafana reads a stack by a role that may read the views of `reporting` and nothing else: each panel, both engines."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from portal.core import energy
from portal.core.database import reporting
from portal.core.database.hour_views import drop_views
from portal.core.database.reader_role import (
    ensure_reader,
    prepare_readers,
    role_name,
    role_of_customer,
    verifier,
)
from portal.core.database.rows import values_of
from portal.core.errors import Misconfigured
from portal.core.fleet.service import readers
from portal.core.setting_sections import Grafana
from portal.core.settings import load_settings
from tests.architecture.source import ROOT
from tests.contract.storage.fleet import ALICE, CHARLIE, METERS, Fleet, readings
from tests.contract.storage.grafana_macros import Shown, filled_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from portal.core.stack import Stack
    from tests.integration.databases import Stacks, TestServer

BOARDS = sorted((ROOT / "grafana/dashboards").glob("*/*.json"))
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
MADE = {board: json.loads(board.read_text(encoding="utf-8")) for board in BOARDS}
RANGES = (timedelta(hours=24), timedelta(days=30))
SITE, DEVICES = UUID(int=1), (UUID(int=11), UUID(int=12))
# What is not there to be shown: these histories have neither gaps nor phases nor batches.
EMPTY = {"Energy of gaps", "Batches", "Rows received", "Voltage by phase", "Current by phase", "Power factor"}
EMPTY |= {"Distortion of the current", "Rows refused"}


@dataclass(frozen=True)
class Reader:
    """A role of the database, and who connects as it."""

    stack: Stack
    role: str

    async def rows(self, sql: str) -> list[asyncpg.Record]:
        address = make_url(self.stack.db.dsn).set(
            drivername="postgresql", username=self.role, password="pa:ss'word"
        )
        connection = await asyncpg.connect(address.render_as_string(hide_password=False))
        try:
            return await connection.fetch(sql)
        finally:
            await connection.close()

    async def value(self, sql: str) -> Any:
        return (await self.rows(sql))[0][0]


@pytest.fixture
async def role(database_server: TestServer) -> AsyncIterator[str]:
    """The name of a role: they belong to the whole server, and go when the databases of the test are gone."""
    name = f"reader_{uuid4().hex[:12]}"
    yield name
    of_customers = (f"{name}_{customer.hex}" for customer in METERS)
    await database_server.execute(*(f"DROP ROLE IF EXISTS {each}" for each in (name, *of_customers)))


@pytest.fixture
async def fleet_reader(role: str, stacks: Stacks, engine: str) -> Reader:
    fleet = await Fleet.open(await stacks.admin(Database__Storage=engine))
    for customer, devices in METERS.items():
        for device in devices:
            await fleet.store(readings(customer, device, NOW - timedelta(days=2), timedelta(minutes=10), 288))
    await fleet.refresh()
    return await _reader(fleet.stack, role)


@pytest.fixture
async def client_reader(role: str, stacks: Stacks, engine: str) -> Reader:
    stack = await stacks.client(Database__Storage=engine)
    await _seed(stack)
    return await _reader(stack, role)


async def _reader(stack: Stack, role: str) -> Reader:
    await ensure_reader(stack.db, stack.layout, role, "pa:ss'word")
    return Reader(stack, role)


async def _seed(stack: Stack) -> None:
    connection = await asyncpg.connect(
        make_url(stack.db.dsn).set(drivername="postgresql").render_as_string(False)
    )
    await connection.execute(f"INSERT INTO monitoring.sites (id, name) VALUES ('{SITE}', 'Main street')")
    for meter, device in enumerate(DEVICES, 1):
        await connection.execute(
            "INSERT INTO monitoring.devices (id, site_id, name, external_id, token_hash, customer, meter) "
            f"VALUES ('{device}', '{SITE}', 'Meter {meter}', 'SN-{meter}', '{device.hex}', 1, {meter})"
        )
    await stack.storage.ensure_partitions(stack.db, [NOW - timedelta(days=2), NOW])
    await connection.execute(
        "INSERT INTO monitoring.readings (customer, meter, time, active_power_kw, energy_imported_kwh) "
        "SELECT 1, m, $1::timestamptz + i * interval '10 minutes', 50000 + m, 1000000000 + i * 1000000 "
        "FROM generate_series(0, 287) i, generate_series(1, 2) m",
        NOW - timedelta(days=2),
    )
    await connection.execute(
        "INSERT INTO monitoring.rollup_batches (customer, meters, hours, firsts) "
        "SELECT 1, array_agg(m), array_agg(at), array_agg(at) "
        "FROM generate_series($1::timestamptz, $1::timestamptz + interval '47 hours', interval '1 hour') at, "
        "generate_series(1, 2) m",
        NOW - timedelta(days=2),
    )
    await connection.close()
    await energy.refresh(stack)


def _shown(duration: timedelta, customer: UUID | None = None) -> Shown:
    devices = DEVICES if customer is None else METERS[customer]
    chosen = {"device": [str(each) for each in devices], "customer": [str(customer)]}
    return Shown(NOW - duration, NOW + timedelta(minutes=1), chosen)


async def _ask(reader: Reader, board: Path, customer: UUID | None) -> dict[str, list[asyncpg.Record]]:
    """Every question of a dashboard, over a day and over a month: what the longest range answers, by panel."""
    made = MADE[board]
    answers = {}
    for duration in RANGES:
        shown = _shown(duration, customer)
        for variable in made["templating"]["list"]:
            listed = await reader.rows(filled_in(variable["query"], shown))
            assert set(map(str, shown.variables[variable["name"]])) <= {row["__value"] for row in listed}
        for panel in made["panels"]:
            for target in panel["targets"]:
                answers[panel["title"]] = await reader.rows(filled_in(target["rawSql"], shown))
    return answers


def _is_told(rows: list[asyncpg.Record]) -> bool:
    return any(row[len(row) - 1] is not None for row in rows)


async def test_a_clients_panels_are_answered(client_reader: Reader) -> None:
    [board] = [path for path in BOARDS if path.parent.name == "client"]
    answers = await _ask(client_reader, board, None)
    silent = {title for title, rows in answers.items() if not _is_told(rows)}
    # The last reading is ten minutes old when this is written, and may be older when it is asked for.
    assert silent - {"Power now"} == EMPTY & set(answers)
    [energy_kwh] = answers["Energy"][-1:]
    assert sum(row["value"] for row in answers["Energy"]) == pytest.approx(2 * 287)
    assert energy_kwh["metric"].startswith("Main street, Meter")


async def test_the_admins_panels_are_answered(fleet_reader: Reader) -> None:
    for board in [path for path in BOARDS if path.parent.name == "admin"]:
        answers = await _ask(fleet_reader, board, ALICE)
        silent = {title for title, rows in answers.items() if not _is_told(rows)}
        assert silent - {"Power now"} <= EMPTY


async def test_a_reader_reads_the_views_and_nothing_else(client_reader: Reader, fleet_reader: Reader) -> None:
    for reader in (client_reader, fleet_reader):
        others = await reader.rows(
            "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^(pg_|information_schema)' "
            "AND n.nspname !~ '^_?timescaledb_(catalog|config|cache|experimental|information)' "
            "AND has_schema_privilege(n.oid, 'USAGE') "
            "AND (has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE') "
            "OR has_any_column_privilege(c.oid, 'SELECT'))"
        )
        names = {row[0] for row in others if "timescaledb" not in row[0]}
        assert names == {f"{name}" for name in reporting._views(reader.stack.layout)}
        for refused in ("SELECT token_hash FROM monitoring.devices", "SELECT * FROM app.users"):
            with pytest.raises(asyncpg.PostgresError):
                await reader.rows(refused)
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await reader.rows("CREATE TABLE public.mine ()")
        assert await reader.value("SHOW statement_timeout") == "30s"


async def test_a_customers_role_sees_that_customer_whatever_it_asks_for(fleet_reader: Reader) -> None:
    stack, name = fleet_reader.stack, role_of_customer(fleet_reader.role, ALICE)
    alice = await _reader(stack, name)
    for view in reporting._views(stack.layout):
        seen = await alice.rows(f"SELECT DISTINCT customer_id FROM reporting.{view}")
        assert {row[0] for row in seen} <= {ALICE}
    assert await alice.value("SELECT count(*) FROM reporting.readings") == 2 * 288
    charlies = f"SELECT count(*) FROM reporting.readings WHERE device_id = '{METERS[CHARLIE][0]}'"
    assert await fleet_reader.value(charlies) == 288
    assert await alice.value(charlies) == 0
    for switch in (f"SET ROLE {fleet_reader.role}", f"SET SESSION AUTHORIZATION {fleet_reader.role}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await alice.rows(switch)
    board = next(path for path in BOARDS if path.name == "customer-drilldown.json")
    for panel in MADE[board]["panels"]:
        rows = await alice.rows(filled_in(panel["targets"][0]["rawSql"], _shown(RANGES[1], CHARLIE)))
        assert not _is_told(rows), f"{panel['title']} tells Alice of Charlie"


async def test_readers_go_on_when_what_they_read_is_made_anew(fleet_reader: Reader) -> None:
    stack = fleet_reader.stack
    count = "SELECT count(*) FROM reporting.hours"
    before = await fleet_reader.value(count)
    async with stack.db.transaction() as session:
        await drop_views(session, stack.layout)
    await energy.bootstrap(stack)
    assert await fleet_reader.value(count) == before > 0
    async with stack.db.transaction() as session:  # as a migration does
        await reporting.drop(session)
    await prepare_readers(stack.db, stack.layout, load_settings({}).grafana)
    assert await fleet_reader.value(count) == before


async def test_the_servers_log_never_has_the_password(
    client_reader: Reader, database_server: TestServer
) -> None:
    connection = await asyncpg.connect(
        make_url(client_reader.stack.db.dsn).set(drivername="postgresql").render_as_string(False)
    )
    stored = await connection.fetchval(
        "SELECT rolpassword FROM pg_authid WHERE rolname = $1", client_reader.role
    )
    # The server makes the same of the password itself.
    await connection.execute(f"ALTER ROLE {client_reader.role} PASSWORD 'plain'")
    own = await connection.fetchval(
        "SELECT rolpassword FROM pg_authid WHERE rolname = $1", client_reader.role
    )
    await connection.close()
    assert stored.startswith("SCRAM-SHA-256$4096:")
    assert own == verifier("plain", _salt(own))
    assert stored == verifier("pa:ss'word", _salt(stored))


def _salt(stored: str) -> bytes:
    return b64decode(stored.split("$")[1].partition(":")[2])


async def test_a_role_with_rights_of_its_own_is_no_reader(
    client_reader: Reader, database_server: TestServer
) -> None:
    stack, role = client_reader.stack, client_reader.role
    await database_server.execute(f"ALTER ROLE {role} CREATEDB")
    with pytest.raises(Misconfigured, match="rights of its own"):
        await ensure_reader(stack.db, stack.layout, role, "other")


@pytest.mark.parametrize("name", ["", "Reader", "a b", "x" * 31, "r; DROP ROLE x", "1st", 'r"'])
def test_a_name_that_cannot_be_a_role_is_refused(name: str) -> None:
    with pytest.raises(Misconfigured):
        role_name(name)


async def test_a_customers_reader_is_on_record(fleet_reader: Reader) -> None:
    named = fleet_reader.stack.settings.model_copy(update={"grafana": Grafana(reader_name=fleet_reader.role)})
    stack = replace(fleet_reader.stack, settings=named)
    role = await readers.let_read(stack, ALICE, "c1", "pa:ss'word")
    assert role == f"{fleet_reader.role}_{ALICE.hex}"
    assert await Reader(stack, role).value("SELECT count(*) FROM reporting.customers") == 1
    async with stack.db.snapshot() as session:
        said = "SELECT detail FROM app.audit_events WHERE action = 'customer.reader_set'"
        assert await values_of(session, str, said) == [role]
