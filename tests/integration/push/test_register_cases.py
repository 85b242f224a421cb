"""Registers that went wrong at somebody's site, posted by their boards: both sides answer what is right."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple

import httpx
import pytest

from fleet_ingest.app import build_app
from portal.core import energy
from portal.core.energy.rules.judging import RegisterReading
from portal.core.identity.service import api_keys
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from portal.core.values.time import instant_of, iso_utc
from tests.integration.databases import Clock
from tests.integration.push.conftest import OpenRig
from tests.unit.energy.judging.histories import KWH
from tests.unit.energy.judging.test_register_cases import CASES, ORDERS, Answer, Case, original_cases

_MONTHS_LATER = datetime(2027, 3, 1, tzinfo=UTC)
_LATE = "months late, the last piece first"
_PIECES = 4


class _Posted(NamedTuple):
    """A case at a Client: its device, alone at its site."""

    name: str
    site_id: str
    device_id: str
    token: str
    pieces: list[list[RegisterReading]]
    right: Answer


def _known() -> dict[str, Case]:
    """The cases; a device here always has the width of an Acuvim II."""
    return {name: case for name, case in CASES.items() if "not known" not in name} | original_cases()


def _pieces(readings: list[RegisterReading], order: str) -> list[list[RegisterReading]]:
    if order != _LATE:
        return [ORDERS[order](readings)]
    rest = iter(readings)
    return [list(islice(rest, 1 + len(readings) // _PIECES)) for _ in range(_PIECES)][::-1]


async def _add(stack: Stack, order: str) -> list[_Posted]:
    found: list[_Posted] = []
    for name, case in _known().items():
        site = await sites.add_site(stack, name)
        watts = case.facts.rated_watts
        added = await devices.add_device(
            stack, name, site=name, external_id=name, max_power_kw=watts and Decimal(watts) / 1000
        )
        pieces = _pieces(case.readings, order)
        found.append(_Posted(name, str(site.id), str(added.id), added.token, pieces, case.answer))
    return found


async def _post(http: httpx.AsyncClient, case: _Posted, number: int) -> None:
    if number >= len(case.pieces) or not case.pieces[number]:
        return
    rows = [
        {"time": iso_utc(instant_of(at)), "energyImportedKwh": milliwh / KWH}
        for at, milliwh in case.pieces[number]
    ]
    headers = {"Authorization": f"Bearer {case.token}"}
    answer = await http.post("/api/ingest/measurements", json=rows, headers=headers)
    assert (answer.status_code, answer.json()["rejected"]) == (200, 0), (case.name, answer.text)


async def _get(http: httpx.AsyncClient, path: str, **asked: str) -> dict[str, Any]:
    answer = await http.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _window(cases: list[_Posted]) -> dict[str, str]:
    times = [at for case in cases for piece in case.pieces for at, _ in piece]
    first, last = instant_of(min(times)), instant_of(max(times)) + timedelta(days=1)
    return {"from": iso_utc(first), "to": iso_utc(last)}


@asynccontextmanager
async def _opened(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    app = build_app(stack.settings, stack)
    headers = {"Authorization": f"Bearer {(await api_keys.add_api_key(stack, 'tests')).key}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://stack", headers=headers) as http:
        yield http
    await app.state.refreshing.drain()


async def _kinds(http: httpx.AsyncClient, path: str, case: _Posted) -> list[str]:
    found = await _get(http, path, state="all", deviceId=case.device_id)
    return sorted(event["kind"] for event in found["events"] if event["kind"] != "learnedBound")


@pytest.mark.parametrize("order", [*ORDERS, _LATE])
async def test_registers_that_went_wrong_come_out_right_on_both_sides(
    rigs: OpenRig, clock: Clock, order: str
) -> None:
    clock.now = _MONTHS_LATER
    rig = await rigs(RateLimit__Enabled="false")
    cases = await _add(rig.client, order)
    async with _opened(rig.client) as http:
        for number in range(_PIECES):
            for case in cases:
                await _post(http, case, number)
            await rig.drain()
            for stack in (rig.client, rig.admin):
                await energy.refresh(stack)
        window = _window(cases)
        for case in cases:
            answer = await _get(http, "/api/cost", siteId=case.site_id, **window)
            found = (answer["totalKwh"], answer["unallocatedKwh"], answer["suspectReadings"])
            assert found == pytest.approx(case.right[:3]), case.name
            assert await _kinds(http, "/api/meter-events", case) == sorted(case.right.events), case.name
    async with _opened(rig.admin) as http:
        of_customer = f"/api/fleet/customers/{rig.customer_id}"
        answer = await _get(http, f"{of_customer}/cost", **window)
        kwh = {device["deviceId"]: device["kwh"] for device in answer["devices"]}
        assert kwh == pytest.approx({case.device_id: case.right.allocated for case in cases})
        assert answer["unallocatedKwh"] == pytest.approx(sum(case.right.unallocated for case in cases))
        assert answer["suspectReadings"] == sum(case.right.suspects for case in cases)
        for case in cases:
            kinds = await _kinds(http, f"{of_customer}/meter-events", case)
            assert kinds == sorted(case.right.events), case.name
