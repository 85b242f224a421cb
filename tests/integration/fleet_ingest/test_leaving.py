"""Customers that leave: handed out whole, then deleted everywhere, whatever is killed meanwhile."""

import asyncio
import csv
import hashlib
import io
import json
import os
import signal
import subprocess
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from portal.core.database.db import Database
from portal.core.errors import NotFound
from portal.core.fleet.queries import customer_export as export_queries
from portal.core.fleet.queries import erasure
from portal.core.fleet.service import customers, decommission
from portal.core.stack import Stack
from tests.integration.fleet_ingest.api import Api, Pusher

_WEEKS = ("2026-05-04", "2026-05-11", "2026-05-18")
# Every relation with a column that says whose a row is, whatever schema it is in: chunks, and what is packed, too.
_RELATIONS = """
SELECT c.oid::regclass::text, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind = 'r' AND a.attname IN ('customer', 'customer_id') AND NOT a.attisdropped
AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
AND c.relname <> 'meter_numbers' AND c.relpersistence <> 't'
"""


async def _push_readings(pusher: Pusher) -> None:
    for week in _WEEKS:
        rows = [
            {
                "time": f"{week}T08:{minute:02}:00Z",
                "deviceId": str(pusher.device_id),
                "energyImportedKwh": 1000 + minute,
                "activePowerKw": 12.3456,
                "source": "board",
            }
            for minute in range(10)
        ]
        assert (await pusher.push("measurements", rows)).json()["accepted"] == 10
    other = {"time": f"{_WEEKS[-1]}T08:00:00Z", "deviceId": str(pusher.device_id), "activePowerKw": 11}
    assert (await pusher.push("measurements", [other])).json()["accepted"] == 1


@pytest.fixture
async def both(admin_api: Api, alice: Pusher, charlie: Pusher) -> tuple[Pusher, Pusher]:
    """Alice and Charlie, whose readings lie in the same weeks; what can be packed is."""
    for pusher in (alice, charlie):
        await _push_readings(pusher)
    await admin_api.app.state.refreshing.drain()
    await _pack(admin_api.stack)
    return alice, charlie


async def _pack(stack: Stack) -> None:
    async with stack.db.transaction() as session:
        kind = await session.scalar(
            text("SELECT relkind::text FROM pg_class WHERE oid = 'fleet.readings'::regclass")
        )
        if kind == "r":
            await session.execute(
                text("SELECT compress_chunk(c) FROM show_chunks('fleet.readings') c ORDER BY 1 LIMIT 2")
            )


async def _left_of(stack: Stack, customer_id: UUID, number: int) -> dict[str, int]:
    """Return how many rows each relation holds of a customer, without those that hold none."""
    async with stack.db.transaction() as session:
        found = [tuple(row) for row in await session.execute(text(_RELATIONS))]
        counts = {
            name: await session.scalar(
                text(f"SELECT count(*) FROM {name} WHERE {key} = :whose"),
                {"whose": number if key == "customer" else customer_id},
            )
            for name, key in found
        }
    return {name: count for name, count in counts.items() if count}


async def _kept_of(stack: Stack, customer_id: UUID, number: int) -> dict[str, int]:
    """Return the same of our own tables alone: what lies in chunks, jobs of the database move about."""
    held = await _left_of(stack, customer_id, number)
    return {name: count for name, count in held.items() if name.startswith("fleet.")}


async def _number(api: Api, pusher: Pusher) -> int:
    return (await api.rows("SELECT number FROM fleet.customers WHERE id = :id", id=pusher.issued.id))[0][0]


async def _archive(api: Api, pusher: Pusher, key: dict[str, str]) -> zipfile.ZipFile:
    answer = await api.http.get(f"/api/admin/customers/{pusher.issued.id}/export", headers=key)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="{pusher.issued.code}-')
    return zipfile.ZipFile(io.BytesIO(answer.content))


async def test_everything_of_a_customer_is_handed_out_and_nothing_of_another(
    admin_api: Api, both: tuple[Pusher, Pusher]
) -> None:
    alice, charlie = both
    archive = await _archive(admin_api, alice, await admin_api.key())
    assert archive.testzip() is None
    sums = dict(line.split("  ")[::-1] for line in archive.read("SHA256SUMS").decode().splitlines())
    manifest = json.loads(archive.read("manifest.json"))
    files = {each["name"]: each for each in manifest["files"]}
    assert set(archive.namelist()) == {*files, "manifest.json", "README.txt", "SHA256SUMS"}
    for name, told in files.items():
        content = archive.read(name)
        assert told["sha256"] == sums[name] == hashlib.sha256(content).hexdigest()
        assert (told["sizeBytes"], len(content.splitlines()) - name.endswith(".csv")) == (
            len(content),
            told["rows"],
        )
        assert str(charlie.device_id).encode() not in content
        assert charlie.issued.name.encode() not in content
    rows = [*csv.DictReader(io.StringIO(archive.read(f"readings/{alice.device_id}.csv").decode()))]
    assert [row["time"] for row in rows[:2]] == ["2026-05-04T08:00:00.000000Z", "2026-05-04T08:01:00.000000Z"]
    assert (len(rows), rows[0]["active_power_kw"], rows[0]["source"]) == (30, "12.3456", "board")
    assert rows[0]["voltage_v"] == ""
    (conflict,) = csv.DictReader(io.StringIO(archive.read("reading_conflicts.csv").decode()))
    assert (conflict["device_id"], conflict["quantity"], conflict["value"]) == (
        str(alice.device_id), "activePowerKw", "11",
    )  # fmt: skip
    assert json.loads(archive.read("customer.jsonl"))["code"] == "alpha"
    assert b"token_hash" not in archive.read("customer.jsonl")
    (site,) = archive.read("sites.jsonl").splitlines()
    assert json.loads(site)["name"] == "Head office"
    assert len(archive.read("daily_energy.csv").splitlines()) == 1 + len(_WEEKS)


async def test_every_table_of_customers_is_handed_out_or_says_why_not(admin_stack: Stack) -> None:
    issued = await customers.register(admin_stack, "ACME", "Acme")
    async with admin_stack.db.snapshot() as session:
        held = {part.name.split(".")[1].strip('"') for part in await erasure.holders(session)}
        found = await export_queries.files_of(session, issued.id)
    assert found is not None
    shown = {file.name.split(".")[0] for file in found.files}
    assert held - shown - export_queries.LEFT_OUT.keys() == set()
    assert shown & export_queries.LEFT_OUT.keys() == set()


async def test_a_customer_leaves_and_nothing_of_it_remains(
    admin_api: Api, both: tuple[Pusher, Pusher]
) -> None:
    alice, charlie = both
    key, stack = await admin_api.key(), admin_api.stack
    number, others = await _number(admin_api, alice), await _number(admin_api, charlie)
    before = await _kept_of(stack, charlie.issued.id, others)
    path = f"/api/admin/customers/{alice.issued.id}"
    assert (await admin_api.http.delete(path, headers=key)).json()["error"]["code"] == "has_readings"
    wanted: dict[str, Any] = {"confirm": "alpha"}
    early = await admin_api.http.post(f"{path}/decommission", json=wanted, headers=key)
    assert (early.status_code, "export it first" in early.text) == (409, True)
    archive = await _archive(admin_api, alice, key)
    wrong = await admin_api.http.post(f"{path}/decommission", json={"confirm": "bravo"}, headers=key)
    assert wrong.status_code == 409
    assert (await alice.push("sites", [])).status_code == 200  # which is later than the export
    assert (await admin_api.http.post(f"{path}/decommission", json=wanted, headers=key)).status_code == 409
    archive = await _archive(admin_api, alice, key)
    begun = await admin_api.http.post(f"{path}/decommission", json=wanted, headers=key)
    assert (begun.status_code, begun.json()["number"]) == (202, number)
    assert begun.json()["manifestSha256"] == hashlib.sha256(archive.read("manifest.json")).hexdigest()
    assert (await alice.push("sites", [])).status_code == 401
    for refused in ("enable", "rotate-token", "decommission"):
        body = {} if refused != "decommission" else wanted
        answer = await admin_api.http.post(f"{path}/{refused}", json=body, headers=key)
        assert answer.status_code == 409, refused
    where = begun.headers["location"]
    assert (await admin_api.http.get(where, headers=key)).json()["deletedAt"] is None

    await decommission.finish(stack, UUID(begun.json()["id"]))

    state = (await admin_api.http.get(where, headers=key)).json()
    assert (state["customerId"], state["relationsToShrink"]) == (None, 0)
    assert None not in (state["deletedAt"], state["finishedAt"])
    assert state["rowsDeleted"] >= 30
    assert await _left_of(stack, alice.issued.id, number) == {}
    assert await _kept_of(stack, charlie.issued.id, others) == before
    assert (await admin_api.http.get(path, headers=key)).status_code == 404
    assert (await alice.push("sites", [])).status_code == 401
    assert (await charlie.push("sites", [])).status_code == 200


async def test_the_record_of_it_says_nothing_about_who_it_was(
    admin_api: Api, both: tuple[Pusher, Pusher]
) -> None:
    alice, charlie = both
    stack, number = admin_api.stack, await _number(admin_api, alice)
    await customers.rotate(stack, alice.issued.id)
    begun = await decommission.begin(stack, alice.issued.id, "ALPHA", without_export=True)
    await decommission.finish(stack, begun.id)
    trail = await admin_api.rows("SELECT action, subject, detail FROM app.audit_events ORDER BY id")
    own = [row for row in trail if row[1] == f"customer {number}"]
    assert [action for action, _, _ in own] == [
        "customer.registered", "customer.token_rotated", "customer.decommission_begun", "customer.decommissioned",
    ]  # fmt: skip
    assert own[0][2] == own[1][2] == ""
    assert own[-1][2].endswith("rows; nothing was exported")
    kept = str(trail) + str(await admin_api.rows("SELECT * FROM fleet.decommissions"))
    assert "lpha" not in kept.lower().replace("alphabet", "")
    assert str(alice.issued.id) not in kept
    assert ("customer.registered", charlie.issued.code, "Bravo") in trail
    with pytest.raises(NotFound):
        await decommission.begin(stack, alice.issued.id, "alpha")


async def test_the_trail_forgets_who_and_nothing_else(admin_api: Api, alice: Pusher) -> None:
    for change in ("subject = 'customer 1'", "subject = 'somebody', detail = ''", "action = 'x'",
                   "subject = 'customer 1', detail = '', actor_name = 'x'"):  # fmt: skip
        with pytest.raises(Exception, match="append-only"):
            await admin_api.rows(f"UPDATE app.audit_events SET {change}")


async def test_it_goes_on_wherever_it_was_ended_in_small_transactions(
    admin_api: Api, both: tuple[Pusher, Pusher], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every transaction of it is the one that fails once."""
    alice, charlie = both
    stack, number = admin_api.stack, await _number(admin_api, alice)
    before = await _kept_of(stack, charlie.issued.id, await _number(admin_api, charlie))
    monkeypatch.setattr(erasure, "MOST_ROWS", 3)
    begun = await decommission.begin(stack, alice.issued.id, "alpha", without_export=True)
    failing = _Failing()
    failing.install(monkeypatch)
    while (await decommission.get_leaving(stack, begun.id)).finished_at is None:
        failing.begin()
        try:
            await decommission.finish(stack, begun.id)
        except _Killed:
            continue
    assert failing.ended > 20
    assert await _left_of(stack, alice.issued.id, number) == {}
    assert await _kept_of(stack, charlie.issued.id, await _number(admin_api, charlie)) == before


class _Killed(Exception):
    """Stands for the end of the process."""


class _Failing:
    """Undoes the second transaction of each run, whatever that is; so each run comes one further."""

    def __init__(self) -> None:
        self.ended = self._so_far = 0

    def begin(self) -> None:
        self._so_far = 0

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        original, own = Database.transaction, self

        @asynccontextmanager
        async def transaction(database: Database) -> AsyncIterator[Any]:
            async with original(database) as session:
                yield session
                if await session.scalar(text("SELECT txid_current_if_assigned() IS NULL")):
                    return
                own._so_far += 1
                if own._so_far == 2:
                    own.ended += 1
                    raise _Killed

        monkeypatch.setattr(Database, "transaction", transaction)


async def test_a_process_that_is_killed_at_it_is_followed_by_another(
    admin_api: Api, both: tuple[Pusher, Pusher], portal_program: Path, tmp_path: Path
) -> None:
    alice, _ = both
    stack, number = admin_api.stack, await _number(admin_api, alice)
    given = {
        "PATH": os.environ["PATH"],
        "Application__RunMode": "Admin",
        "Database__ConnectionString": stack.settings.database.connection_string.get_secret_value(),
        "Storage__DataDirectory": str(tmp_path),
    }
    command = [portal_program, "customer", "decommission", "alpha", "--confirm", "ALPHA", "--without-export"]

    def start() -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            command, cwd=tmp_path, env=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    async with stack.db.transaction() as session:  # it gets as far as here
        await session.execute(text("LOCK TABLE fleet.hourly_energy IN EXCLUSIVE MODE"))
        process = start()
        await _readings_gone(stack, number, process)
        process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(process.wait, 60)
        await asyncio.sleep(1)  # what it waits for comes too late for it
    left = await _left_of(stack, alice.issued.id, number)
    assert left["fleet.customers" if "fleet.customers" in left else "fleet.hourly_energy"] > 0
    assert (await alice.push("sites", [])).status_code == 401
    process = start()
    out, _ = await asyncio.to_thread(process.communicate, None, 120)
    assert (process.returncode, b"left on" in out) == (0, True), out
    assert await _left_of(stack, alice.issued.id, number) == {}


async def _readings_gone(stack: Stack, number: int, process: "subprocess.Popen[bytes]") -> None:
    async with asyncio.timeout(120):
        while True:
            assert process.poll() is None, process.stdout and process.stdout.read()
            async with stack.db.transaction() as session:
                asked = text("SELECT count(*) FROM fleet.readings WHERE customer = :number")
                if await session.scalar(asked, {"number": number}) == 0:
                    return
            await asyncio.sleep(0.05)


async def test_the_space_is_given_back(admin_api: Api, both: tuple[Pusher, Pusher]) -> None:
    alice, charlie = both
    stack, number = admin_api.stack, await _number(admin_api, alice)
    many = text(
        "INSERT INTO fleet.readings (time, customer, meter, energy_imported_kwh, active_power_kw) "
        "SELECT t, d.customer, d.meter, 1, (random() * 1e6)::int FROM fleet.devices d, "
        "generate_series(TIMESTAMPTZ '2026-05-11 12:00Z', '2026-05-13 12:00Z', '10 s') t "
        "WHERE d.customer = :number"
    )
    async with stack.db.transaction() as session:
        await session.execute(many, {"number": number})
    before = await _bytes(stack)
    begun = await decommission.begin(stack, alice.issued.id, "alpha", without_export=True)
    await decommission.finish(stack, begun.id)
    assert await _bytes(stack) < before / 5
    rows = await admin_api.rows("SELECT count(*) FROM fleet.readings")
    assert rows == [(30,)]  # Charlie's, who can still be pushed to the same weeks
    await _push_readings(charlie)


async def _bytes(stack: Stack) -> int:
    async with stack.db.transaction() as session:
        async with stack.db.snapshot() as reading:
            parts = await stack.storage.parts(reading)
        sizes = [
            await session.scalar(text(f"SELECT pg_total_relation_size('{part.name}')")) or 0 for part in parts
        ]
    return sum(sizes)
