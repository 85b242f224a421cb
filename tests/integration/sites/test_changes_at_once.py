"""Two people who change the same thing at the same moment: the first has it, the second is told so in words."""

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import httpx
import pytest
from structlog.testing import capture_logs

from fleet_ingest.app import build_app, finish
from portal.core.errors import Conflict
from portal.core.identity.service import api_keys
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from portal.core.tariffs.service import municipalities
from tests.integration.meeting import come_second

WORDS = "Somebody else changed this at the same moment"


@pytest.fixture
async def stack(client_stack: Stack) -> Stack:
    """Two municipalities, two sites and two devices at the first of these."""
    await municipalities.add_municipality(client_stack, "Old Town", "Africa/Johannesburg")
    await municipalities.add_municipality(client_stack, "New Town", "Africa/Johannesburg")
    await sites.add_site(client_stack, "Yard", municipality="Old Town")
    await sites.add_site(client_stack, "Empty")
    for external_id in ("SN-1", "SN-2"):
        await devices.add_device(client_stack, "Meter", site="Yard", external_id=external_id)
    return client_stack


async def _site(stack: Stack, name: str) -> UUID:
    return next(each.id for each in await sites.list_sites(stack) if each.name == name)


async def _municipality(stack: Stack, name: str) -> int:
    return next(each.id for each in await municipalities.list_municipalities(stack) if each.name == name)


async def _device(stack: Stack, external_id: str) -> UUID:
    return next(each.id for each in await devices.list_devices(stack) if each.external_id == external_id)


async def rename_site(stack: Stack) -> object:
    return await sites.change_site(stack, await _site(stack, "Empty"), {"name": "Depot"})


async def rename_municipality(stack: Stack) -> object:
    found = await _municipality(stack, "New Town")
    return await municipalities.change_municipality(stack, found, {"name": "Depot"})


async def rename_device(stack: Stack) -> object:
    site, device = await _site(stack, "Yard"), await _device(stack, "SN-2")
    return await devices.change_device(stack, site, device, {"external_id": "Depot"})


async def remove_site(stack: Stack) -> object:
    return await sites.remove_site(stack, await _site(stack, "Empty"))


async def add_device(stack: Stack) -> object:
    return await devices.add_device(stack, "New", site="Empty", external_id="SN-3")


async def add_site(stack: Stack) -> object:
    return await sites.add_site(stack, "New", municipality="New Town")


async def remove_municipality(stack: Stack) -> object:
    return await municipalities.remove_municipality(stack, await _municipality(stack, "New Town"))


_EMPTY = "(SELECT id FROM monitoring.sites WHERE name = 'Empty')"
_NEW_TOWN = "(SELECT id FROM app.municipalities WHERE name = 'New Town')"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("UPDATE monitoring.sites SET name = 'Depot' WHERE name = 'Yard'", rename_site),
        ("UPDATE app.municipalities SET name = 'Depot' WHERE name = 'Old Town'", rename_municipality),
        ("UPDATE monitoring.devices SET external_id = 'Depot' WHERE external_id = 'SN-1'", rename_device),
        (f"UPDATE monitoring.devices SET site_id = {_EMPTY}", remove_site),
        ("DELETE FROM monitoring.sites WHERE name = 'Empty'", add_device),
        (f"UPDATE monitoring.sites SET municipality_id = {_NEW_TOWN}", remove_municipality),
        ("DELETE FROM app.municipalities WHERE name = 'New Town'", add_site),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
async def test_who_comes_second_is_told(
    stack: Stack, first: str, second: Callable[[Stack], Awaitable[object]]
) -> None:
    with capture_logs() as said, pytest.raises(Conflict, match=WORDS):
        await come_second(stack, first, second(stack))
    (constraint,) = [line["constraint"] for line in said if line["event"] == "Two changes met in a key"]
    assert constraint.endswith(("_key", "_fkey"))


@pytest.fixture
async def http(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    app = build_app(stack.settings, stack)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://stack.example"
    ) as client:
        yield client
    await finish(app)


async def test_the_api_says_so_by_409(stack: Stack, http: httpx.AsyncClient) -> None:
    key = {"Authorization": f"Bearer {(await api_keys.add_api_key(stack, 'tests')).key}"}
    path = f"/api/admin/sites/{await _site(stack, 'Empty')}"
    answer = await come_second(
        stack,
        "UPDATE monitoring.sites SET name = 'Depot' WHERE name = 'Yard'",
        http.patch(path, json={"name": "Depot"}, headers=key),
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
    assert WORDS in answer.json()["error"]["message"]
    assert "sites" not in answer.text, "nothing of the schema"
