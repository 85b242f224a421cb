"""Sites, devices, municipalities and tariffs: all of a set, whenever it differs, in the order they need each other."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from typing import Any

import httpx

from portal.client.rates.draft import draft_of, to_wire
from portal.core.exchange.batches import BatchType
from portal.core.exchange.sync import FULL_SET_HEADER
from portal.core.outbox.service import push
from portal.core.sites.service import sites
from portal.core.tariffs.rules.tariffs import HOLIDAY_BIT, DayType, Holiday, MonthDay, Period, Season
from portal.core.tariffs.service import municipalities, tariff_imports, tariffs
from tests.integration.databases import Clock
from tests.integration.push.rig import Rig, Sent, line_of, with_fleet

OpenRig = Callable[..., Awaitable[Rig]]

TARIFF: dict[str, Any] = {
    "municipality": "Example City",
    "name": "Domestic TOU",
    "effectiveFrom": "2026-01-01",
    "defaultRatePerKwh": Decimal("2.50"),
    "fixedMonthlyCharge": Decimal("120.00"),
    "vatRate": Decimal("0.15"),
    "periods": [
        {
            "name": "Peak",
            "daysOfWeek": 31,
            "startTime": "17:00",
            "endTime": "20:00",
            "ratePerKwh": Decimal("3.75"),
        }
    ],
}


async def _furnish(rig: Rig) -> None:
    await municipalities.add_municipality(rig.client, "Example City", "Africa/Johannesburg")
    await sites.add_site(rig.client, "House", address="1 Main Road", municipality="Example City")
    await rig.add_device()
    await tariff_imports.import_tariffs(rig.client, [TARIFF])


async def test_everything_arrives_in_the_order_it_is_needed(rig: Rig) -> None:
    await _furnish(rig)
    await rig.tick()
    assert [sent.batch_type for sent in rig.network.sent] == ["sites", "devices", "municipalities", "tariffs"]
    assert await rig.on_admin(
        "SELECT s.name, s.address, m.name, m.time_zone_id, d.external_id FROM fleet.sites s "
        "JOIN fleet.devices d ON (d.customer_id, d.site_id) = (s.customer_id, s.id) "
        "JOIN fleet.municipalities m ON (m.customer_id, m.id) = (s.customer_id, s.local_municipality_id)"
    ) == [("House", "1 Main Road", "Example City", "Africa/Johannesburg", "meter-1")]
    assert await rig.on_admin(
        "SELECT t.name, t.default_rate_per_kwh, t.vat_rate, t.fixed_monthly_charge, p.name, p.days_of_week, "
        "p.start_time::text, p.end_time::text, p.rate_per_kwh FROM fleet.tariffs t "
        "JOIN fleet.tariff_periods p ON (p.customer_id, p.tariff_id) = (t.customer_id, t.id)"
    ) == [
        (
            "Domestic TOU",
            Decimal("2.5"),
            Decimal("0.15"),
            120,
            "Peak",
            31,
            "17:00:00",
            "20:00:00",
            Decimal("3.75"),
        )
    ]


async def test_rates_travel_as_exact_decimals(rig: Rig) -> None:
    await _furnish(rig)
    await rig.on_client("UPDATE app.tariffs SET default_rate_per_kwh = 2.123457, vat_rate = 0.15")
    await rig.tick()
    [[rate]] = await rig.on_admin("SELECT default_rate_per_kwh FROM fleet.tariffs")
    assert rate == Decimal("2.123457")


async def test_nothing_is_sent_while_nothing_changes(rig: Rig) -> None:
    await _furnish(rig)
    await rig.tick()
    rig.network.sent.clear()
    for _ in range(3):
        await rig.tick()
    assert rig.network.sent == []


async def test_a_new_stack_says_once_that_it_is_there_and_ends_nothing_by_it(rig: Rig) -> None:
    """An operator sees that the link works before anything is set up; an Admin that holds more keeps it."""
    for _ in range(2):
        await rig.tick()
    [greeting] = rig.network.sent
    assert (greeting.batch_type, greeting.rows) == ("sites", [])
    assert FULL_SET_HEADER not in greeting.headers
    assert await rig.on_admin("SELECT count(*) FROM fleet.customers WHERE first_seen_at IS NOT NULL") == [
        (1,)
    ]
    await _furnish(rig)
    await rig.tick()
    assert await rig.on_admin("SELECT name FROM fleet.sites") == [("House",)]


async def test_a_change_sends_its_own_set_only(rig: Rig) -> None:
    await _furnish(rig)
    await rig.tick()
    rig.network.sent.clear()
    await rig.on_client("UPDATE monitoring.sites SET name = 'Big house'")
    await rig.tick()
    assert [sent.batch_type for sent in rig.network.sent] == ["sites"]
    assert await rig.on_admin("SELECT name FROM fleet.sites") == [("Big house",)]


async def test_edited_periods_replace_those_of_the_admin(rig: Rig) -> None:
    await _furnish(rig)
    await rig.tick()
    await rig.on_client("UPDATE app.tariff_periods SET rate_per_kwh = 4, name = 'High'")
    await rig.tick()
    assert await rig.on_admin("SELECT name, rate_per_kwh FROM fleet.tariff_periods") == [("High", 4)]


async def test_a_tariff_without_a_currency_travels_in_this_stacks(rigs: OpenRig) -> None:
    rig = await rigs(Billing__Currency="NAD")
    await _furnish(rig)
    await rig.tick()
    assert await rig.on_admin("SELECT currency FROM fleet.tariffs") == [("NAD",)]


async def test_a_set_larger_than_a_tick_is_finished_by_the_next_ones(rigs: OpenRig) -> None:
    rig = await rigs(FleetIngest__BatchSize="4", FleetIngest__MaxBatchesPerTick="2")
    for number in range(20):
        await rig.add_device(f"meter-{number}")
    sent = [line_of(await rig.tick(), BatchType.DEVICES).sent for _ in range(4)]
    assert sent == [8, 8, 4, 0]
    assert len(await rig.on_admin("SELECT 1 FROM fleet.devices")) == 20


async def test_a_set_that_changes_during_its_pass_arrives_as_it_is_at_the_end(rigs: OpenRig) -> None:
    rig = await rigs(FleetIngest__BatchSize="4", FleetIngest__MaxBatchesPerTick="1")
    for number in range(10):
        await rig.add_device(f"meter-{number}")
    await rig.tick()
    await rig.on_client("UPDATE monitoring.devices SET name = 'renamed'")
    for _ in range(6):
        await rig.tick()
    assert await rig.on_admin("SELECT DISTINCT name FROM fleet.devices") == [("renamed",)]


async def test_a_pass_that_fails_in_the_middle_goes_on_from_there(rigs: OpenRig) -> None:
    rig = await rigs(FleetIngest__BatchSize="4", FleetIngest__MaxBatchesPerTick="5")
    for number in range(10):
        await rig.add_device(f"meter-{number}")
    rig.network.always = lambda sent: (
        httpx.Response(500)
        if rig.network.rows_of(BatchType.DEVICES) > 4 and sent.batch_type == "devices"
        else None
    )
    await rig.tick()
    rig.network.always = None
    assert line_of(await rig.tick(forced=True), BatchType.DEVICES).sent == 6
    assert len(await rig.on_admin("SELECT 1 FROM fleet.devices")) == 10


async def test_rows_of_a_set_that_are_refused_go_out_again(rig: Rig, clock: Clock) -> None:
    """The Admin lost a site: the device names it in vain, then both follow."""
    await _furnish(rig)
    await rig.tick()
    await rig.on_admin("DELETE FROM fleet.devices")
    await rig.on_admin("DELETE FROM fleet.sites")
    await rig.on_client("UPDATE monitoring.devices SET description = 'moved'")
    report = await rig.tick()
    assert line_of(report, BatchType.DEVICES).rejected == 1
    assert "unknown site" in ((await rig.state(BatchType.DEVICES)).last_error or "")
    clock.advance(minutes=1)
    await rig.tick()
    assert await rig.on_admin("SELECT description FROM fleet.devices") == [("moved",)]
    assert (await rig.state(BatchType.DEVICES)).last_error is None


def _refuse_device(name: str) -> Callable[[Sent], httpx.Response | None]:
    """Take every row of a batch but one, as an Admin that checks more than the Client does."""

    def admin(sent: Sent) -> httpx.Response | None:
        bad = [number for number, row in enumerate(sent.rows) if row.get("name") == name]
        if sent.batch_type != BatchType.DEVICES or not bad or len(sent.rows) == 1:
            return None
        errors = [{"row": bad[0], "reason": "name: not here"}]
        return httpx.Response(200, json={"accepted": len(sent.rows) - 1, "rejected": 1, "errors": errors})

    return admin


async def test_a_poison_row_of_a_set_holds_up_no_row_that_comes_later(rig: Rig, clock: Clock) -> None:
    await rig.add_device("good")
    await rig.add_device("poison")
    rig.network.always = _refuse_device("poison")
    for _ in range(6):
        await rig.tick()
        clock.advance(minutes=34)
    await rig.tick()
    rig.network.sent.clear()
    clock.advance(minutes=1)
    await rig.tick()
    assert rig.network.rows_of(BatchType.DEVICES) == 0, "a set that was refused waits while it is the same"
    await rig.add_device("later")
    await rig.tick()
    assert rig.network.rows_of(BatchType.DEVICES) == 3
    state = await rig.state(BatchType.DEVICES)
    assert "name: not here" in (state.last_error or "")
    assert state.consecutive_failures == 8


async def test_a_poison_row_of_a_set_holds_up_no_refused_reading(rig: Rig, clock: Clock) -> None:
    device = await rig.add_device("good")
    await rig.tick()
    await rig.add_device("poison")
    rig.network.always = _refuse_device("poison")
    await rig.tick()
    await rig.store(device, 3)
    await rig.on_client(
        "INSERT INTO app.push_retries (time, device_id, received_at, reason, tries) "
        "SELECT time, device_id, received_at, 'missing', 0 FROM monitoring.power_measurements"
    )
    await rig.on_client("DELETE FROM app.push_outbox")
    report = await rig.tick()
    assert (report.retry_rows, report.dead_letters) == (0, 0)
    await rig.assert_mirrored()


async def test_a_refused_set_that_changed_waits_for_an_admin_that_is_away(rig: Rig, clock: Clock) -> None:
    await rig.add_device("good")
    await rig.add_device("poison")
    rig.network.always = _refuse_device("poison")
    await rig.tick()
    await rig.add_device("later")
    rig.network.always = lambda sent: httpx.Response(503) if sent.batch_type == BatchType.DEVICES else None
    await rig.tick()
    await rig.add_device("last")
    rig.network.sent.clear()
    await rig.tick()
    assert rig.network.rows_of(BatchType.DEVICES) == 0
    rig.network.always = None
    clock.advance(minutes=34)
    await rig.tick()
    assert len(await rig.on_admin("SELECT 1 FROM fleet.devices")) == 4


async def test_readings_wait_for_the_first_push_of_devices(rig: Rig) -> None:
    await rig.store(await rig.add_device(), 10)
    rig.network.always = lambda sent: httpx.Response(500) if sent.batch_type == "devices" else None
    report = await rig.tick()
    assert line_of(report, BatchType.MEASUREMENTS).skipped is not None
    assert (report.pending_rows, report.retry_rows) == (10, 0)
    rig.network.always = None
    await rig.tick(forced=True)
    await rig.assert_mirrored()


async def test_a_row_of_a_set_that_is_too_large_is_put_aside(rig: Rig) -> None:
    for number in range(5):
        await rig.add_device(f"meter-{number}")

    def admin(sent: Sent) -> httpx.Response | None:
        return httpx.Response(413) if any(row["name"] == "meter-3" for row in sent.rows) else None

    rig.network.always = admin
    for _ in range(6):
        await rig.tick()
    assert len(await rig.on_admin("SELECT 1 FROM fleet.devices")) == 4
    [dead_letter] = (await push.status(rig.client)).dead_letters
    assert dead_letter.resource == "devices"


async def test_another_admin_gets_everything(rig: Rig) -> None:
    await _furnish(rig)
    await rig.tick()
    rig.network.sent.clear()
    fleet = rig.client.settings.fleet_ingest.model_copy(update={"url": "https://other.test/api/fleet/ingest"})
    await with_fleet(rig, fleet).tick()
    assert {sent.batch_type for sent in rig.network.sent} == {"sites", "devices", "municipalities", "tariffs"}


async def test_a_name_of_an_earlier_release_goes_without_its_control_characters(rig: Rig) -> None:
    await _furnish(rig)
    await rig.on_client(
        "UPDATE monitoring.sites SET name = 'Ho' || chr(7) || 'use', address = E'1 Road\\nTown\\u009b'"
    )
    await rig.tick()
    assert await rig.on_admin("SELECT name, address FROM fleet.sites") == [("Ho use", "1 Road\nTown ")]
    assert await rig.on_admin("SELECT count(*) FROM fleet.devices") == [(1,)]


async def test_a_tariff_is_at_the_admin_what_it_is_in_the_form(rig: Rig) -> None:
    """From the form to the Admin nothing of it is lost, and what it has no more goes there too."""
    await _furnish(rig)
    [[key]] = await rig.on_client("SELECT id FROM app.tariffs")
    plain = (await tariffs.get_tariff(rig.client, key)).tariff
    night = Period("Night", 3 | HOLIDAY_BIT, time(22), time(6), Decimal("0.815"))
    only_holidays = Period("Quiet", HOLIDAY_BIT, time(7), time(9), Decimal(1))
    rich = replace(
        plain,
        effective_to=date(2026, 12, 31),
        currency="EUR",
        periods=(night, only_holidays),
        seasons=(Season("High", MonthDay(6, 1), MonthDay(8, 31), Decimal("3.000001"), (only_holidays,)),),
        holidays=(Holiday(date(2026, 12, 25), "Christmas Day", DayType.HOLIDAY),),
    )
    for each in (rich, plain, rich):
        assert await tariffs.save_tariff(rig.client, to_wire(draft_of(each))) == key
        await rig.tick()
        assert (await tariffs.get_tariff(rig.client, key)).tariff == each
        [held] = await tariffs.list_customer_tariffs(rig.admin, rig.customer_id)
        assert held.tariffs == (replace(each, currency=each.currency or "ZAR"),)
