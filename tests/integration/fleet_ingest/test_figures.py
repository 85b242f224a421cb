"""What `/metrics` says: few series for many customers, of each one where asked, and names as Prometheus has them."""

import re
import shutil
import subprocess
from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from fleet_ingest.app import build_app, finish
from portal.core import energy
from portal.core.energy import energy_proof
from portal.core.exchange.sync import BACKLOG_HEADER
from portal.core.fleet.service import customers
from portal.core.sites.service.devices import IssuedDevice
from tests.integration.databases import Stacks
from tests.integration.fleet_ingest.api import Api, Pusher

READING = {"time": "2026-05-18T08:00:00Z", "activePowerKw": 1}
SITE = {"id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "name": "Head office"}
# What promtool says of names; units other than Prometheus' own, and what only other kinds of figures end with.
_UNITS = {
    "minutes",
    "hours",
    "days",
    "weeks",
    "milliseconds",
    "kilobytes",
    "megabytes",
    "bits",
    "kelvins",
    "percent",
}
_ENDINGS = ("_total", "_count", "_sum", "_bucket")
_KINDS = {"gauge", "counter", "histogram", "summary"}


@pytest.fixture
async def each_api(stacks: Stacks) -> AsyncIterator[Api]:
    """An Admin that has figures of each customer."""
    stack = await stacks.admin(Metrics__PerCustomer="true")
    app = build_app(stack.settings, stack)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://stack.example") as http:
        yield Api(http, stack, app)
    await finish(app)


async def _text(api: Api) -> str:
    return (await api.http.get("/metrics")).text


def _families(text: str) -> dict[str, Metric]:
    return {family.name: family for family in text_string_to_metric_families(text)}


def _value(text: str, series: str) -> float:
    [line] = [line for line in text.splitlines() if line.startswith(f"{series} ")]
    return float(line.rsplit(" ", 1)[1])


async def test_customers_come_and_go_without_a_series_more(admin_api: Api, alice: Pusher) -> None:
    await admin_api.push("0" * 64, "sites", [])
    await _text(admin_api)
    before = len((await _text(admin_api)).splitlines())
    for number in range(20):
        issued = await customers.register(admin_api.stack, f"customer-{number}", "One of many")
        assert (await admin_api.push(issued.token, "sites", [])).status_code == 200
    text = await _text(admin_api)
    assert len(text.splitlines()) == before
    assert "_created" not in text
    assert not re.search(r"customer-|alpha", text)
    assert _value(text, "portal_fleet_customers") == 21
    assert _value(text, "portal_fleet_customers_pushing") == 21


async def test_of_each_customer_where_asked_until_it_is_deleted_by_whomever(each_api: Api) -> None:
    issued = await customers.register(each_api.stack, "Acme", "Acme")
    other = await customers.register(each_api.stack, "Other", "Other")
    report = {BACKLOG_HEADER: "waiting=7; refused=1; given-up=0; oldest=; drain=60"}
    for one in (issued, other):
        await each_api.push(one.token, "sites", [SITE], **report)
    text = await _text(each_api)
    assert _value(text, 'portal_ingest_rows_total{customer="Acme",outcome="accepted",type="sites"}') == 1
    assert _value(text, 'portal_customer_waiting_readings{customer="Acme"}') == 8
    assert _value(text, "portal_push_waiting_readings") == 16
    assert 'portal_customer_seen_timestamp_seconds{customer="Acme"}' in text
    await customers.remove_customer(each_api.stack, issued.id)
    text = await _text(each_api)
    assert 'customer="Acme"' not in text
    assert _value(text, 'portal_ingest_rows_total{customer="Other",outcome="accepted",type="sites"}') == 1


async def test_requests_are_counted_by_route_and_never_by_path(admin_api: Api) -> None:
    key = await admin_api.key()
    for number in range(5):
        await admin_api.http.get(f"/api/v1/fleet/customers/{number:032x}/detail", headers=key)
        await admin_api.http.get(f"/api/nothing/{number}", headers=key)
        await admin_api.http.get(f"/a/page/{number}", headers=key)
        await admin_api.http.request(f"ODD{number}", "/api/fleet/overview")
    text = await _text(admin_api)
    found = {
        (sample.labels["method"], sample.labels["route"], sample.labels["code"]): sample.value
        for sample in _families(text)["portal_http_requests"].samples
    }
    assert found["GET", "/api/fleet/customers/{customer_id}/detail", "404"] == 5
    assert found["GET", "/api/{nothing}", "404"] == 5
    assert found["GET", "/{page}", "404"] == 5
    assert found["other", "/api/fleet/overview", "405"] == 5
    assert len(found) == 4
    assert _value(text, 'portal_http_request_seconds_count{route="/{page}"}') == 5


async def test_a_client_says_how_its_push_stands(client_api: Api, device: IssuedDevice) -> None:
    await client_api.post_readings(device.token, [READING])
    text = await _text(client_api)
    assert _value(text, "portal_push_enabled") == 0
    assert _value(text, "portal_push_waiting_readings") == 1
    assert _value(text, "portal_push_dead_letters") == 0
    assert _value(text, 'portal_push_consecutive_failures{resource="measurements"}') == 0
    assert "portal_push_oldest_waiting_timestamp_seconds" in text


async def test_meters_that_wait_to_be_recomputed_are_counted(client_api: Api, device: IssuedDevice) -> None:
    assert _value(await _text(client_api), "portal_recompute_passes") == 0
    await client_api.post_readings(device.token, [READING])
    await energy.recompute(client_api.stack)
    assert _value(await _text(client_api), "portal_recompute_passes") == 1


async def test_build_and_process_are_there(admin_api: Api) -> None:
    families = _families(await _text(admin_api))
    [build] = families["portal_build_info"].samples
    assert build.value == 1
    assert build.labels["mode"] == "Admin"
    assert {"process_resident_memory_bytes", "process_cpu_seconds", "process_open_fds"} <= set(families)


async def test_names_are_as_prometheus_has_them(each_api: Api, client_api: Api, device: IssuedDevice) -> None:
    issued = await customers.register(each_api.stack, "Acme", "Acme")
    await each_api.push(issued.token, "sites", [])
    await client_api.post_readings(device.token, [READING | {"energyImportedKwh": 7}])
    await energy_proof.check(client_api.stack)
    for api in (each_api, client_api):
        await _text(api)
        text = await _text(api)
        for family in text_string_to_metric_families(text):
            parts = set(family.name.split("_"))
            assert family.documentation, family.name
            assert re.fullmatch(r"[a-z][a-z0-9_]*", family.name)
            assert not parts & (_UNITS | _KINDS), family.name
            assert family.type == "counter" or not family.name.endswith(_ENDINGS), family.name
            assert {sample.name for sample in family.samples if sample.name.endswith("_created")} == set()
        _lint(text)


def _lint(text: str) -> None:
    """Put them to promtool itself, where it is installed."""
    promtool = shutil.which("promtool")
    if promtool is not None:
        done = subprocess.run(
            [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout + done.stderr) == (0, "")


async def test_the_api_has_of_each_customer_what_the_figures_leave_out(admin_api: Api, alice: Pusher) -> None:
    key = await admin_api.key()
    stranger = READING | {"deviceId": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}
    row = READING | {"deviceId": str(alice.device_id)}
    await alice.push("measurements", [row, stranger])
    await alice.push("measurements", b"{}")
    detail = (await admin_api.http.get(f"/api/fleet/customers/{alice.issued.id}/detail", headers=key)).json()
    [readings] = [line for line in detail["lastDay"] if line["batchType"] == "measurements"]
    assert readings == {
        "batchType": "measurements",
        "batches": 2,
        "refusedBatches": 1,
        "rowsAccepted": 1,
        "rowsRejected": 1,
    }
    [customer] = (await admin_api.http.get("/api/admin/customers", headers=key)).json()["customers"]
    assert customer["push"] is None
    assert customer["lastSeenAt"] is not None
