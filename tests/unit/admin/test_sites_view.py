"""Sites and devices as texts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from portal.admin.customer_detail.sites.view import build_sites
from portal.core.fleet.service.customers import CustomerDevice, CustomerSite

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def site(**change: object) -> CustomerSite:
    device = CustomerDevice(
        id=UUID(int=2),
        name="Incomer",
        external_id="ACV-1",
        is_active=True,
        last_reading_at=NOW - timedelta(minutes=2),
        energy_today_kwh=Decimal("98.1"),
    )
    values: dict[str, object] = {
        "id": UUID(int=1),
        "name": "Main mill",
        "address": "12 Mill Road",
        "is_active": True,
        "municipality": "Drakenstein",
        "time_zone_id": "Africa/Johannesburg",
        "devices": (device,),
    }
    return CustomerSite(**(values | change))


def test_a_site_says_where_it_is() -> None:
    [shown] = build_sites([site()], NOW)
    assert shown["location"] == "Drakenstein \u00b7 12 Mill Road"
    assert shown["device_count"] == "1 device"


def test_a_site_without_municipality_says_so_since_it_costs_nothing() -> None:
    [shown] = build_sites([site(municipality=None, address="")], NOW)
    assert shown["location"] == "No municipality"


def test_a_device_says_when_it_was_last_heard_of() -> None:
    [shown] = build_sites([site()], NOW)
    [device] = shown["devices"]
    assert (device["last_reading"], device["last_reading_utc"]) == ("2 min ago", "2026-11-20 11:58:00 UTC")
    assert device["today_kwh"] == "98.10"
