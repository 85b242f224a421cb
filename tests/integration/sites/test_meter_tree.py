"""Bulk meters, sub-meters below them and virtual ones: what is added up, and what is kept when two people edit."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import pytest

from portal.core import energy
from portal.core.audit import service as audit
from portal.core.cost.service import cost
from portal.core.errors import Conflict, Invalid, Unauthenticated
from portal.core.overview.service import overview
from portal.core.readings.service import readings
from portal.core.readings.wire import DeviceReading
from portal.core.sites.rules.meter_tree import DeviceKind, Formula
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from portal.core.tariffs.service import municipalities, tariff_imports
from tests.integration.databases import Clock

NOON = datetime(2026, 5, 18, 12, tzinfo=UTC)
TARIFF = {
    "municipality": "City",
    "name": "Business",
    "effectiveFrom": "2026-01-01",
    "defaultRatePerKwh": 2,
    "fixedMonthlyCharge": 0,
    "vatRate": 0.15,
    # An edge within an hour of UTC: its energy is taken apart by its readings.
    "periods": [
        {"name": "Peak", "daysOfWeek": 127, "startTime": "14:30", "endTime": "20:00", "ratePerKwh": 4}
    ],
}


class Yard(NamedTuple):
    """A supply with two sub-meters and the rest of it."""

    stack: Stack
    site: UUID
    main: UUID
    cold: UUID
    ice: UUID
    rest: UUID


async def _used(stack: Stack, device: UUID, kwh: float) -> None:
    """A register that rises by so much from noon to two, evenly, every ten minutes."""
    rows = [
        DeviceReading(
            time=NOON + timedelta(minutes=10 * n),
            energy_imported_kwh=1000 + kwh * n / 12,
            active_power_kw=kwh / 2,
        )
        for n in range(13)
    ]
    await readings.import_readings(stack, device, rows)


@pytest.fixture
async def yard(client_stack: Stack, clock: Clock) -> Yard:
    stack, clock.now = client_stack, NOON + timedelta(hours=2, minutes=1)
    await municipalities.add_municipality(stack, "City", "Africa/Johannesburg")
    await tariff_imports.import_tariffs(stack, [TARIFF])
    site = await sites.add_site(stack, "Yard", municipality="City")

    async def add(name: str, above: UUID | None = None, formula: Formula | None = None) -> UUID:
        made = await devices.add_device(
            stack, name, site="Yard", external_id=name, parent_id=above, formula=formula
        )
        assert (made.token is None) == (formula is not None)
        return made.id

    main = await add("Main")
    cold, ice = await add("Cold room", main), await add("Ice plant", main)
    rest = await add("Rest", main, Formula((main,), (cold, ice)))
    for device, kwh in ((main, 24), (cold, 12), (ice, 6)):
        await _used(stack, device, kwh)
    return Yard(stack, site.id, main, cold, ice, rest)


@pytest.mark.parametrize("is_refreshed", [True, False])
@pytest.mark.parametrize("of_site", [True, False])
async def test_a_site_adds_up_its_bulk_meters_alone(yard: Yard, *, is_refreshed: bool, of_site: bool) -> None:
    """Whole hours, an hour that a rate splits, and hours that are still queued; for one site and for all."""
    if is_refreshed:
        await energy.refresh(yard.stack)
    report = await cost.client_cost(
        yard.stack, NOON, NOON + timedelta(hours=3), yard.site if of_site else None
    )
    assert (report.total_kwh, report.base_cost) == (24, 6 * 2 + 18 * 4)
    assert sum(day.kwh for day in report.days) == sum(line.kwh for line in report.periods) == 24
    assert [(line.name, line.kwh) for line in report.devices] == [("Main", 24)]
    below = {line.name: (line.kind, line.kwh, line.base_cost) for line in report.submeters}
    assert below == {
        "Cold room": (DeviceKind.SUB, 12, report.base_cost / 2),
        "Ice plant": (DeviceKind.SUB, 6, report.base_cost / 4),
        "Rest": (DeviceKind.VIRTUAL, 6, report.base_cost / 4),
    }


async def test_the_dashboard_adds_up_bulk_meters_alone(yard: Yard) -> None:
    found = await overview.client_overview(yard.stack)
    assert (found.power_kw, found.energy_today_kwh) == (12, 24)
    assert found.sites[0].device_count == 3


async def test_a_meter_that_is_put_below_another_is_not_added_up_any_more(yard: Yard) -> None:
    await devices.change_device(yard.stack, yard.site, yard.cold, {"parent_id": None})
    report = await cost.client_cost(yard.stack, NOON, NOON + timedelta(hours=3))
    assert report.total_kwh == 36
    changed = await devices.change_device(yard.stack, yard.site, yard.cold, {"parent_id": yard.main})
    assert changed.kind is DeviceKind.SUB
    report = await cost.client_cost(yard.stack, NOON, NOON + timedelta(hours=3))
    assert report.total_kwh == 24
    event = (await audit.list_events(yard.stack, topic="device"))[0]
    assert (event.subject, event.detail) == ("Cold room", "below: none → Main")


async def test_two_people_make_no_ring(yard: Yard) -> None:
    """Each puts one of two meters below the other at the same time: the second is told."""
    for device in (yard.cold, yard.ice):
        await devices.change_device(yard.stack, yard.site, device, {"parent_id": None})
    done = await asyncio.gather(
        devices.change_device(yard.stack, yard.site, yard.cold, {"parent_id": yard.ice}),
        devices.change_device(yard.stack, yard.site, yard.ice, {"parent_id": yard.cold}),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in done) == ["Invalid", "StoredDevice"]


async def test_what_others_depend_on_stays(yard: Yard) -> None:
    await sites.add_site(yard.stack, "Shop")
    shop = next(site.id for site in await sites.list_sites(yard.stack) if site.name == "Shop")
    with pytest.raises(Conflict, match="depend on it"):
        await devices.change_device(yard.stack, yard.site, yard.main, {"site_id": shop})
    empty = await devices.add_device(yard.stack, "Empty", site="Yard", external_id="E", parent_id=yard.main)
    more = await devices.add_device(yard.stack, "More", site="Yard", external_id="M", parent_id=empty.id)
    with pytest.raises(Conflict, match="'More' depends on it"):
        await devices.remove_device(yard.stack, yard.site, empty.id)
    await devices.remove_device(yard.stack, yard.site, more.id)
    await devices.remove_device(yard.stack, yard.site, empty.id)


async def test_a_virtual_meter_measures_nothing_and_stays_one(yard: Yard) -> None:
    with pytest.raises(Invalid, match="no board and no token"):
        await devices.rotate_device_token(yard.stack, yard.rest)
    for device, edits in ((yard.rest, {"formula": None}), (yard.main, {"formula": Formula((yard.cold,))})):
        with pytest.raises(Invalid, match="stays as it is"):
            await devices.change_device(yard.stack, yard.site, device, edits)  # pyright: ignore[reportArgumentType]
    changed = await devices.change_device(
        yard.stack, yard.site, yard.rest, {"formula": Formula((yard.main,), (yard.cold,))}
    )
    assert changed.formula == Formula((yard.main,), (yard.cold,))
    report = await cost.client_cost(yard.stack, NOON, NOON + timedelta(hours=3))
    assert {line.name: line.kwh for line in report.submeters}["Rest"] == Decimal(12)


async def test_the_old_token_works_for_its_grace_and_only_one_does(yard: Yard, clock: Clock) -> None:
    first = await devices.rotate_device_token(yard.stack, yard.main)
    second = await devices.rotate_device_token(yard.stack, yard.main, grace_hours=24)
    assert first.token is not None
    assert second.token is not None
    for token in (first.token, second.token):
        assert (await readings.authenticate_device(yard.stack, token)).id == yard.main
    shown = (await devices.get_device(yard.stack, yard.site, yard.main)).token
    assert (shown.last4, shown.previous_expires_at) == (second.token[-4:], clock.now + timedelta(hours=24))
    await devices.rotate_device_token(yard.stack, yard.main, grace_hours=1)
    with pytest.raises(Unauthenticated):
        await readings.authenticate_device(yard.stack, first.token)
    clock.advance(hours=1)
    with pytest.raises(Unauthenticated):
        await readings.authenticate_device(yard.stack, second.token)
    with pytest.raises(Invalid):
        await devices.rotate_device_token(yard.stack, yard.main, grace_hours=10_000)
