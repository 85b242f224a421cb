"""What re-prices history is in the audit trail: who did it, to what, what was and what is."""

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from portal.core.access import Actor, Role, Scope
from portal.core.audit import queries as trail
from portal.core.audit import service as audit
from portal.core.audit.acting import acting, of
from portal.core.brand import service as branding
from portal.core.errors import Conflict, Invalid, NotFound, Outdated, PortalError, Throttled
from portal.core.fleet.service import customers
from portal.core.identity.service import accounts, api_keys
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from portal.core.tariffs.service import municipalities, tariff_imports, tariffs
from portal.features.settings.audit.view import TOPICS, action_words
from tests.unit.brand.test_images import png

ALICE = Actor(UUID(int=0xA), "alice@example.com", Role.ADMIN)
HOME = "203.0.113.7"
FLAT: dict[str, Any] = {
    "municipality": "Old Town", "name": "Flat", "effectiveFrom": "2026-01-01", "defaultRatePerKwh": "2.50",
    "fixedMonthlyCharge": 100, "vatRate": 0.15, "isActive": True,
    "periods": [
        {"name": "Peak", "daysOfWeek": 31, "startTime": "17:00", "endTime": "20:00", "ratePerKwh": 4}
    ],
}  # fmt: skip


@pytest.fixture(autouse=True)
def as_alice() -> Iterator[None]:
    with acting(of(ALICE, HOME)):
        yield


async def written(stack: Stack) -> list[tuple[str, str, str]]:
    """Action, subject and detail of all rows, the oldest first; all of them are Alice's, in words of their own."""
    events = (await audit.list_events(stack, limit=1000))[::-1]
    assert {(e.actor_kind, e.actor_name, e.address) for e in events} <= {("user", ALICE.email, HOME)}
    for action in {event.action for event in events}:
        assert action.partition(".")[0] in dict(TOPICS)
        assert action_words(action) != action.replace(".", ": ").replace("_", " ").capitalize()
    return [(event.action, event.subject, event.detail) for event in events]


async def test_municipalities(client_stack: Stack) -> None:
    stack = client_stack
    municipality = await municipalities.add_municipality(stack, " Old Town ", "Africa/Johannesburg")
    await municipalities.change_municipality(
        stack, municipality.id, {"name": "Old Town", "time_zone_id": "Africa/Windhoek"}
    )
    await municipalities.change_municipality(stack, municipality.id, {"name": "New Town"})
    await municipalities.remove_municipality(stack, municipality.id)
    assert await written(stack) == [
        ("tariff.municipality_added", "Old Town", "time zone: Africa/Johannesburg"),
        ("tariff.municipality_changed", "Old Town", "time zone: Africa/Johannesburg → Africa/Windhoek"),
        ("tariff.municipality_changed", "Old Town", "name: Old Town → New Town"),
        ("tariff.municipality_removed", "New Town", "time zone: Africa/Windhoek"),
    ]


async def test_sites(client_stack: Stack) -> None:
    stack = client_stack
    old, new = [
        await municipalities.add_municipality(stack, name, "Africa/Johannesburg")
        for name in ("Old Town", "New Town")
    ]
    site = await sites.add_site(stack, "Yard", municipality="Old Town")
    assert site.municipality_id == old.id
    await sites.change_site(stack, site.id, {"municipality_id": new.id, "address": "1 Main Road\nCape Town"})
    await sites.change_site(stack, site.id, {"municipality_id": None, "is_active": False, "name": "Depot"})
    await sites.remove_site(stack, site.id)
    assert (await written(stack))[2:] == [
        ("site.added", "Yard", "municipality: Old Town; active: yes"),
        ("site.changed", "Yard", "address: none → 1 Main Road Cape Town; municipality: Old Town → New Town"),
        ("site.changed", "Yard", "name: Yard → Depot; municipality: New Town → none; active: yes → no"),
        ("site.removed", "Depot", "address: 1 Main Road Cape Town; active: no"),
    ]


async def test_devices(client_stack: Stack) -> None:
    stack = client_stack
    yard, depot = [await sites.add_site(stack, name) for name in ("Yard", "Depot")]
    made = await devices.add_device(stack, "Main", site=yard.id, external_id="m-1", max_power_kw=Decimal(100))
    await devices.change_device(stack, yard.id, made.id, {"max_power_kw": Decimal("62.5")})
    await devices.change_device(stack, yard.id, made.id, {"site_id": depot.id, "external_id": "m-2"})
    await devices.rotate_device_token(stack, "m-2")
    await devices.remove_device(stack, depot.id, made.id)
    assert (await written(stack))[2:] == [
        ("device.added", "m-1", "name: Main; site: Yard; rated power: 100 kW; active: yes"),
        ("device.changed", "m-1", "rated power: 100 kW → 62.5 kW"),
        ("device.changed", "m-1", "external id: m-1 → m-2; site: Yard → Depot"),
        ("device.token_rotated", "m-2", ""),
        ("device.removed", "m-2", "name: Main; site: Depot; rated power: 62.5 kW; active: yes"),
    ]


async def test_tariffs(client_stack: Stack) -> None:
    stack = client_stack
    await municipalities.add_municipality(stack, "Old Town", "Africa/Johannesburg")
    other = FLAT | {"name": "Other", "effectiveFrom": "2027-01-01"}
    first, _ = (await tariff_imports.import_tariffs(stack, [FLAT, other])).tariffs
    dearer = FLAT["periods"][0] | {"ratePerKwh": "4.25"}
    again = await tariff_imports.import_tariffs(stack, [FLAT | {"periods": [dearer]}, other])
    assert again.tariffs[0].id == first.id
    stored = await tariffs.get_tariff(stack, first.id or 0)
    night = {"name": "Night", "daysOfWeek": 127, "startTime": "22:00", "endTime": "06:00", "ratePerKwh": 1}
    wire = stored.wire() | {"vatRate": 0.14, "effectiveTo": "2026-12-31", "periods": [dearer, night]}
    await tariffs.save_tariff(stack, wire)
    await tariffs.remove_tariff(stack, first.id or 0)
    title = "Flat of Old Town from 2026-01-01"
    facts = "default rate: 2.5; fixed monthly charge: 100; VAT: {} %; active: yes; "
    facts += "Peak Mon Tue Wed Thu Fri 17:00-20:00: {}"
    new = "name: Flat; municipality: Old Town; from: 2026-01-01; "
    rows = (await written(stack))[1:]
    assert rows[0] == ("tariff.imported", title, new + facts.format(15, 4))
    assert rows[1][1] == "Other of Old Town from 2027-01-01"
    assert rows[2:] == [
        ("tariff.imported", title, "Peak Mon Tue Wed Thu Fri 17:00-20:00: 4 → 4.25"),
        ("tariff.saved", title, "to: none → 2026-12-31; VAT: 15 % → 14 %; Night daily 22:00-06:00: none → 1"),
        (
            "tariff.removed",
            title,
            f"{new}to: 2026-12-31; {facts.format(14, 4.25)}; Night daily 22:00-06:00: 1",
        ),
    ]


async def test_a_refused_change_and_one_that_changes_nothing_leave_no_row(client_stack: Stack) -> None:
    stack = client_stack
    municipality = await municipalities.add_municipality(stack, "Old Town", "Africa/Johannesburg")
    yard, depot = [
        await sites.add_site(stack, name, municipality=municipality.id) for name in ("Yard", "Depot")
    ]
    made = await devices.add_device(stack, "Main", site="Yard", external_id="m-1", max_power_kw=Decimal(100))
    await devices.add_device(stack, "Other", site="Yard", external_id="m-2")
    [stored] = (await tariff_imports.import_tariffs(stack, [FLAT])).tariffs
    before = await written(stack)
    await tariff_imports.import_tariffs(stack, [FLAT | {"defaultRatePerKwh": 3}], dry_run=True)
    await tariffs.save_tariff(stack, (await tariffs.get_tariff(stack, stored.id or 0)).wire())
    await sites.change_site(
        stack, yard.id, {"name": " Yard ", "municipality_id": municipality.id, "is_active": True}
    )
    await devices.change_device(
        stack, yard.id, made.id, {"max_power_kw": Decimal("100.000"), "site_id": yard.id}
    )
    refusals: list[tuple[type[PortalError], Any]] = [
        (Conflict, municipalities.add_municipality(stack, "Old Town", "UTC")),
        (Invalid, municipalities.change_municipality(stack, municipality.id, {"time_zone_id": "Mars/Base"})),
        (
            Outdated,
            municipalities.change_municipality(stack, municipality.id, {"name": "X"}, expected={"old"}),
        ),
        (Conflict, municipalities.remove_municipality(stack, municipality.id)),
        (Conflict, sites.add_site(stack, "Yard")),
        (NotFound, sites.add_site(stack, "Mill", municipality="Nowhere")),
        (NotFound, sites.change_site(stack, yard.id, {"municipality_id": 99})),
        (Conflict, sites.change_site(stack, yard.id, {"name": "Depot"})),
        (
            Invalid,
            sites.change_site(stack, yard.id, {"address": "2 Side Road"}, said={"time_zone_id": "UTC"}),
        ),
        (Conflict, sites.remove_site(stack, yard.id)),
        (Conflict, devices.add_device(stack, "Main", site="Yard", external_id="m-1")),
        (NotFound, devices.add_device(stack, "Main", site="Nowhere", external_id="m-3")),
        (Conflict, devices.change_device(stack, yard.id, made.id, {"external_id": "m-2"})),
        (Invalid, devices.change_device(stack, yard.id, made.id, {"max_power_kw": Decimal(0)})),
        (NotFound, devices.change_device(stack, depot.id, made.id, {"name": "Mine"})),
        (Outdated, devices.rotate_device_token(stack, made.id, expected={"old"})),
        (NotFound, devices.remove_device(stack, depot.id, made.id)),
        (Outdated, tariffs.remove_tariff(stack, stored.id or 0, {"old"})),
    ]
    for refusal, change in refusals:
        with pytest.raises(refusal):
            await change
    assert await written(stack) == before
    assert (await sites.get_site(stack, yard.id))[0] == yard


async def test_what_cannot_be_written_down_is_not_done(
    client_stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = client_stack
    municipality = await municipalities.add_municipality(stack, "Old Town", "Africa/Johannesburg")
    site = await sites.add_site(stack, "Yard", municipality=municipality.id)
    made = await devices.add_device(stack, "Main", site=site.id, external_id="m-1", max_power_kw=Decimal(100))
    monkeypatch.setattr(trail, "MOST_AN_HOUR", 3)
    for change in (
        municipalities.add_municipality(stack, "New Town", "UTC"),
        municipalities.change_municipality(stack, municipality.id, {"time_zone_id": "UTC"}),
        sites.change_site(stack, site.id, {"municipality_id": None}),
        devices.change_device(stack, site.id, made.id, {"max_power_kw": Decimal(5)}),
        devices.remove_device(stack, site.id, made.id),
        tariff_imports.import_tariffs(stack, [FLAT]),
    ):
        with pytest.raises(Throttled):
            await change
    assert [line.time_zone_id for line in await municipalities.list_municipalities(stack)] == [
        "Africa/Johannesburg"
    ]
    assert [municipality.tariffs for municipality in await tariffs.list_tariffs(stack)] == [()]
    assert (await devices.get_device(stack, site.id, made.id)).max_power_kw == 100
    assert (await sites.get_site(stack, site.id))[0] == site


async def test_a_very_long_change_keeps_its_beginning(client_stack: Stack) -> None:
    stack = client_stack
    await municipalities.add_municipality(stack, "Old Town", "Africa/Johannesburg")
    periods = [
        {"name": f"{hour:02} {'x' * 90}", "daysOfWeek": 127, "startTime": f"{hour:02}:00",
         "endTime": f"{hour:02}:30", "ratePerKwh": hour} for hour in range(24)
    ]  # fmt: skip
    await tariff_imports.import_tariffs(stack, [FLAT | {"periods": periods}])
    [*_, (_, _, detail)] = await written(stack)
    assert len(detail) == 2000
    assert detail.startswith("name: Flat; municipality: Old Town; from: 2026-01-01; ")
    assert detail.endswith("…")


async def test_a_command_leaves_the_row_that_the_service_leaves(
    portal_program: Path, client_stack: Stack, tmp_path: Path
) -> None:
    with acting(of(None)):
        await municipalities.add_municipality(client_stack, "Old Town", "Africa/Johannesburg")
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "LOGNAME": "bob",
        "Database__ConnectionString": client_stack.db.dsn,
    }  # fmt: skip
    command = [
        portal_program,
        "site",
        "add",
        "Yard",
        "--municipality",
        "Old Town",
        "--json",
    ]
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["name"] == "Yard"
    event = (await audit.list_events(client_stack))[0]
    assert (event.action, event.subject, event.detail) == (
        "site.added", "Yard", "municipality: Old Town; active: yes",
    )  # fmt: skip
    assert (event.actor_kind, event.actor_name, event.address) == ("command", "bob (command line)", "")


async def test_people_keys_and_brand(client_stack: Stack) -> None:
    stack = client_stack
    bob = await accounts.add_user(stack, "bob@example.com", Role.USER, "correct horse battery")
    await accounts.set_role(stack, bob, Role.ADMIN)
    await api_keys.add_api_key(stack, "reporting", Scope.READ)
    assert (await api_keys.revoke_api_key(stack, "reporting")).scope is Scope.READ
    with pytest.raises(NotFound, match="named 'reporting'"):
        await api_keys.revoke_api_key(stack, "reporting")
    for name, colour in (("Acme", "#123456"), ("Acme", "#654321")):
        await branding.save_brand(
            stack, product_name=name, primary_color=colour, accent_color="#1f5fd6", appearance="dark"
        )
    await branding.save_image(stack, "logo", png())
    await branding.save_image(stack, "logo", png(5))
    await branding.remove_image(stack, "logo")
    called = stack.settings.application.name
    sizes = [f"image/png, {len(each)} bytes" for each in (png(), png(5))]
    assert await written(stack) == [
        ("user.added", "bob@example.com", "as user"),
        ("user.role_changed", "bob@example.com", "role: user → admin"),
        ("api_key.issued", "reporting", "may read"),
        ("api_key.revoked", "reporting", "could read"),
        (
            "brand.changed",
            "Acme",
            f"product name: {called} → Acme; primary color: #1f5fd6 → #123456; appearance: system → dark",
        ),
        ("brand.changed", "Acme", "primary color: #123456 → #654321"),
        ("brand.image_changed", "logo", f"image: none → {sizes[0]}"),
        ("brand.image_changed", "logo", f"image: {sizes[0]} → {sizes[1]}"),
        ("brand.image_removed", "logo", f"image: {sizes[1]}"),
    ]


async def test_customers(admin_stack: Stack) -> None:
    stack = admin_stack
    made = await customers.register(stack, "ACME", "Acme Foods")
    await customers.rotate(stack, made.id, 24)
    for is_active in (False, False, True):
        await customers.set_active(stack, made.id, is_active)
    with pytest.raises(Outdated):
        await customers.remove_customer(stack, made.id, {"old"})
    await customers.remove_customer(stack, made.id)
    assert await written(stack) == [
        ("customer.registered", "ACME", "Acme Foods"),
        ("customer.token_rotated", "ACME", "old token valid for 24 hours"),
        ("customer.disabled", "ACME", ""),
        ("customer.enabled", "ACME", ""),
        ("customer.deleted", "ACME", "name: Acme Foods"),
    ]
