"""The numbers of customers and meters are nobody's but the database's: none is pushed, answered, shown or printed."""

import asyncio
import os
import re
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from fleet_ingest.app import build_app
from portal.core import energy
from portal.core.alerts.rules.alert_rules import AlertKind
from portal.core.alerts.rules.channels import ChannelFields, ChannelKind
from portal.core.alerts.service import alert_channels, alert_rules
from portal.core.fleet.service import customers, decommission, fleet_views
from portal.core.identity.service import api_keys
from portal.core.overview.service.overview import client_overview
from portal.core.quality.service import meter_events
from portal.core.settings import RunMode
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from portal.core.tariffs.service import library, municipalities, tariff_imports, tariffs
from tests.integration.fleet_ingest.examples import TARIFF
from tests.integration.push.rig import START, Rig

CUSTOMER, METER = 1_876_543_210, 1_987_654_321
_NUMBERS = re.compile(f"{CUSTOMER}|{METER}")
_AT_CLIENT = (
    f"UPDATE monitoring.devices SET meter = {METER}",
    f"UPDATE monitoring.meter_numbers SET last_meter = {METER}",
)
_AT_ADMIN = (
    f"UPDATE fleet.customers SET number = {CUSTOMER}",
    f"UPDATE fleet.devices SET customer = {CUSTOMER}, meter = {METER}",
    f"UPDATE fleet.meter_numbers SET customer = {CUSTOMER}, last_meter = {METER}",
)


@pytest.fixture
async def pushed(rig: Rig) -> Rig:
    """A device with readings on both sides, whose numbers are like nothing else there."""
    await municipalities.add_municipality(rig.client, "Example City", "Africa/Johannesburg")
    await tariff_imports.import_tariffs(rig.client, [TARIFF])
    await sites.add_site(rig.client, "House", municipality="Example City")
    device = await rig.add_device()
    for statement in _AT_CLIENT:
        await rig.on_client(statement)
    await rig.store(device, 100, seconds=60)
    # Its register begins again: that is an event.
    await rig.store(device, 100, start=START + timedelta(hours=2), seconds=60)
    await rig.drain()
    for stack in (rig.client, rig.admin):
        await energy.refresh(stack)
    for statement in _AT_ADMIN:
        await rig.on_admin(statement)
    return rig


def _told(said: object) -> list[str]:
    return _NUMBERS.findall(str(said))


async def test_they_are_not_pushed(pushed: Rig) -> None:
    assert {sent.batch_type for sent in pushed.network.sent} >= {
        "sites",
        "devices",
        "tariffs",
        "measurements",
    }
    for sent in pushed.network.sent:
        assert _told((sent.rows, sent.headers)) == [], sent.batch_type


_EDITION = {
    "municipality": "Example City",
    "timeZoneId": "Africa/Johannesburg",
    "name": "Home",
    "effectiveFrom": "2026-07-01",
    "defaultRatePerKwh": 2,
    "vatRate": 0.15,
}


async def _ids(rig: Rig) -> dict[str, str]:
    (device,) = await devices.list_devices(rig.client)
    ((tariff, municipality),) = await rig.on_client("SELECT id, municipality_id FROM app.tariffs")
    rule = await alert_rules.add_rule(rig.client, {"name": "Silent", "kind": AlertKind.SILENT, "minutes": 60})
    told = ChannelFields(name="Post", kind=ChannelKind.MAIL, target="olga@example.com")
    channel = await alert_channels.add_channel(rig.client, told)
    # Only of a customer that leaves is the number told: it is what remains of it.
    gone = await customers.register(rig.admin, "GONE", "Gone")
    leaving = await decommission.begin(rig.admin, gone.id, "GONE", without_export=True)
    (edition,) = await library.keep_editions(rig.admin, [_EDITION])
    return {
        "rule_id": str(rule.id),
        "channel_id": str(channel.id),
        "decommission_id": str(leaving.id),
        "edition_id": str(edition.id),
        "site_id": str(device.site_id),
        "device_id": str(device.id),
        "deviceId": str(device.id),
        "customer_id": str(rig.customer_id),
        "municipality_id": str(municipality),
        "tariff_id": str(tariff),
        "event_id": str((await meter_events.list_events(rig.client)).items[0].id),
        "from": START.isoformat(),
        "to": (START + timedelta(hours=2)).isoformat(),
        "hour": START.isoformat(),
    }


@pytest.mark.parametrize("mode", RunMode)
async def test_no_route_answers_them(pushed: Rig, mode: RunMode) -> None:
    stack = pushed.client if mode is RunMode.CLIENT else pushed.admin
    known, app = await _ids(pushed), build_app(stack.settings, stack)
    key = (await api_keys.add_api_key(stack, "tests")).key
    headers = {"Authorization": f"Bearer {key}", "X-Customer-Token": pushed.token}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://stack", headers=headers) as http:
        document = (await http.get("/api/openapi.json")).json()
        # What a board asks for, by a token of its own, is not in it; and there is no release of a firmware.
        of_boards = [{"deviceToken": []}]
        asked = [
            path
            for path, item in document["paths"].items()
            if "get" in item and item["get"].get("security") != of_boards and "{version}" not in path
        ]
        assert len(asked) > 15
        for path in asked:
            answer = await http.get(_address(document, path, known), params=_query(document, path, known))
            assert (answer.status_code, _told((answer.text, answer.headers))) == (200, []), path
    await app.state.refreshing.drain()


def _address(document: dict[str, Any], path: str, known: dict[str, str]) -> str:
    server = document["paths"][path].get("servers", document["servers"])[0]["url"]
    return server.rstrip("/") + path.format_map(known)


def _query(document: dict[str, Any], path: str, known: dict[str, str]) -> dict[str, str]:
    item = document["paths"][path]
    of_query = [
        each for each in (*item.get("parameters", ()), *item["get"].get("parameters", ())) if "name" in each
    ]
    return {
        each["name"]: known[each["name"]] for each in of_query if each["in"] == "query" and each["required"]
    }


async def test_no_page_has_them_to_show(pushed: Rig) -> None:
    """Pages show what services return."""
    client, admin, customer = pushed.client, pushed.admin, pushed.customer_id
    returned = [
        await devices.list_devices(client),
        await sites.list_sites(client),
        await tariffs.list_tariffs(client),
        await client_overview(client),
        await customers.list_customers(admin),
        await customers.get_customer(admin, customer),
        await customers.list_customer_sites(admin, customer),
        await fleet_views.fleet_overview(admin),
        await fleet_views.customer_detail(admin, customer),
    ]
    assert all(returned)
    assert _told(returned) == []


async def _portal(program: Path, stack: Stack, directory: Path, words: str) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "Application__RunMode": stack.settings.run_mode.value,
        "Database__ConnectionString": stack.db.dsn,
    }
    done = await asyncio.to_thread(
        subprocess.run, [program, *words.split()], cwd=directory, env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


async def test_no_command_prints_them(pushed: Rig, portal_program: Path, tmp_path: Path) -> None:
    of_client = ("device list", "site list", "push status", "doctor", "device rotate meter-1")
    asked = [(pushed.client, each, "meter-1" if "device" in each else "") for each in of_client]
    asked += [(pushed.admin, each, "ACME") for each in ("customer list", "customer rotate ACME")]
    asked += [(pushed.admin, "doctor", "")]
    for stack, words, expected in asked:
        for form in (words, f"{words} --json"):
            said = await _portal(portal_program, stack, tmp_path, form)
            assert expected in said, said
            assert _told(said) == [], form
