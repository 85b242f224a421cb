"""Payloads as they are on the wire today. A stack in the field may be older than its Admin: these stay readable."""

import json
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from portal.core.brand.wire import PushedBrand
from portal.core.energy.rules.judging import DeclaredSwitch, SwitchKind
from portal.core.energy.rules.judging.decision_fields import decision_of, fields_of
from portal.core.energy.wire import MeterDecisionRow
from portal.core.exchange.batches import ENCODER, ROW_TYPES, BatchType
from portal.core.exchange.limits import device_problem, municipality_problem, tariff_problem
from portal.core.readings.decoding import decode_rows
from portal.core.readings.wire import DeviceReading, FleetReading
from portal.core.sites.wire import DeviceRow, MunicipalityRow, SiteRow
from portal.core.tariffs.rules.editions import Edition
from portal.core.tariffs.rules.tariff_wire import tariff_from_wire
from portal.core.tariffs.rules.tariffs import Period, Tariff
from portal.core.tariffs.wire import EditionPage, TariffPeriodRow, TariffRow, edition_row

GOLDEN = Path(__file__).parent / "golden"
DEVICE, SITE = UUID("11111111-1111-4111-8111-111111111111"), UUID("22222222-2222-4222-8222-222222222222")
DECISION = UUID("44444444-4444-4444-8444-444444444444")
EXCHANGED = DeclaredSwitch(
    at=1_779_105_600_000_000,
    kind=SwitchKind.EXCHANGE,
    closing_milliwh=2_030_500_000,
    opening_milliwh=73_999_500_000,
    scale=(40, 1),
)
FULL = {
    "active_power_kw": 12.5, "reactive_power_kvar": -1.25, "apparent_power_kva": 12.6, "power_factor": 0.99,
    "voltage_v": 230.4, "frequency_hz": 50.02, "energy_imported_kwh": 1994.0, "energy_exported_kwh": 0.5,
    "source": "acuvim",
}  # fmt: skip
MEANING: dict[BatchType, list[Any]] = {
    BatchType.SITES: [
        SiteRow(id=SITE, name="Head office", address="1 Main Road", is_active=True, local_municipality_id=1),
        SiteRow(id=UUID("33333333-3333-4333-8333-333333333333"), name="Depot", address="", is_active=False),
    ],
    BatchType.DEVICES: [
        DeviceRow(
            id=DEVICE, site_id=SITE, name="Main incomer", external_id="main-1", description="basement",
            max_power_kw=Decimal("99.5"), is_active=True,
        )
    ],
    BatchType.MUNICIPALITIES: [MunicipalityRow(id=1, name="Example City", time_zone_id="Africa/Johannesburg")],
    BatchType.TARIFFS: [
        TariffRow(
            id=7, municipality_id=1, name="Domestic TOU", effective_from=datetime(2026, 1, 1, tzinfo=UTC).date(),
            default_rate_per_kwh=Decimal("2.50"), fixed_monthly_charge=Decimal("120.00"), vat_rate=Decimal("0.15"),
            currency="ZAR",
            periods=[
                TariffPeriodRow(
                    name="Peak", days_of_week=31, start_time="17:00", end_time="20:00", rate_per_kwh=Decimal("3.75")
                ),
                TariffPeriodRow(
                    name="Off-Peak", days_of_week=96, start_time="00:00", end_time="23:59", rate_per_kwh=Decimal("1.20")
                ),
            ],
        )
    ],
    BatchType.MEASUREMENTS: [
        FleetReading(time=datetime(2026, 5, 18, 8, tzinfo=UTC), device_id=DEVICE, **FULL),
        FleetReading(
            time=datetime(2026, 5, 18, 8, 2, 0, 123456, UTC), device_id=DEVICE, energy_imported_kwh=1994.2
        ),
    ],
    BatchType.EVENTS: [
        MeterDecisionRow(
            id=DECISION, device_id=DEVICE, note="Job card 4417", author="alice@example.com",
            decided_at=datetime(2026, 5, 19, 6, 30, tzinfo=UTC),
            event_kind="exchange", event_at=datetime(2026, 5, 18, 12, tzinfo=UTC), says=fields_of(EXCHANGED),
        ),
        MeterDecisionRow(
            id=UUID("55555555-5555-4555-8555-555555555555"), device_id=DEVICE, note="It was another meter",
            author="alice@example.com", decided_at=datetime(2026, 5, 19, 7, 0, 0, 500_000, UTC), undoes=DECISION,
        ),
    ],
    BatchType.BRAND: [
        PushedBrand(
            product_name="Harbour Energy", primary_color="#123456", accent_color="#0a7a55", appearance="light",
            logo=b"\x89PNG\r\n\x1a\n",
        )
    ],
}  # fmt: skip


def golden(name: str) -> bytes:
    return (GOLDEN / f"{name}.json").read_bytes()


@pytest.mark.parametrize("batch_type", BatchType)
def test_a_batch_means_what_it_meant(batch_type: BatchType) -> None:
    decoded = decode_rows(golden(batch_type), ROW_TYPES[batch_type], max_rows=10)
    assert not decoded.problems
    assert list(decoded.rows) == MEANING[batch_type]


@pytest.mark.parametrize("batch_type", BatchType)
def test_a_batch_is_written_as_it_was(batch_type: BatchType) -> None:
    assert json.loads(ENCODER.encode(MEANING[batch_type])) == json.loads(golden(batch_type))


def test_editions_are_told_as_they_were() -> None:
    """A Client in the field reads these, whatever the Admin's release."""
    tariff = Tariff(
        name="Domestic TOU 2026/27",
        municipality="Example City",
        effective_from=datetime(2026, 7, 1, tzinfo=UTC).date(),
        effective_to=None,
        default_rate_per_kwh=Decimal("2.50"),
        fixed_monthly_charge=Decimal(120),
        vat_rate=Decimal("0.15"),
        is_active=True,
        periods=(Period("Peak", 31, time(17), time(20), Decimal("3.75")),),
    )
    edition = Edition(DECISION, "Example City", "Africa/Johannesburg", "Council resolution", tariff)
    page = EditionPage(rows=[edition_row(edition, edition.version)], next=DECISION)
    assert json.loads(ENCODER.encode(page)) == json.loads(golden("editions"))
    read = msgspec.json.decode(golden("editions"), type=EditionPage)
    assert tariff_from_wire({**read.rows[0].tariff, "municipality": "Example City"}) == tariff
    assert read.rows[0].version == edition.version


def test_the_golden_rows_are_sound() -> None:
    assert device_problem(MEANING[BatchType.DEVICES][0]) is None
    assert municipality_problem(MEANING[BatchType.MUNICIPALITIES][0]) is None
    assert tariff_problem(MEANING[BatchType.TARIFFS][0]) is None
    assert decision_of(MEANING[BatchType.EVENTS][0].says) == EXCHANGED


def test_a_devices_readings_mean_what_they_meant() -> None:
    decoded = decode_rows(golden("device_readings"), DeviceReading, max_rows=10)
    assert not decoded.problems
    assert list(decoded.rows) == [
        DeviceReading(time=datetime(2026, 5, 18, 8, tzinfo=UTC), **FULL),
        DeviceReading(
            time=datetime(2026, 5, 18, 8, 1, tzinfo=UTC), device_id=DEVICE, energy_imported_kwh=1994.2
        ),
        DeviceReading(time=datetime(2026, 5, 18, 8, 2, 0, 123456, UTC), energy_imported_kwh=1994.0),
    ]


def test_a_nodes_readings_mean_what_they_meant() -> None:
    """As the firmware writes them; `tests/firmware` holds that it writes this file."""
    decoded = decode_rows(golden("node_readings"), DeviceReading, max_rows=10)
    assert not decoded.problems
    first, second, rolling, behind = decoded.rows
    assert first.time == datetime(2026, 5, 19, 8, tzinfo=UTC)
    assert first.source == "acuvim-ii 3LN/3CT"
    assert (first.active_power_kw, first.power_factor, first.voltage_v) == (6.8883, 0.95, 230.2)
    assert (first.energy_imported_kwh, first.apparent_energy_kvah) == (38108.9, 39912.1)
    assert (first.current_l2_a, first.current_thd_percent, first.apparent_demand_kva) == (11.25, 11.42, 6.9)
    assert (second.time, second.energy_imported_kwh) == (datetime(2026, 5, 19, 8, 1, tzinfo=UTC), 38109.6)
    assert (rolling.energy_imported_kwh, rolling.energy_exported_kwh) == (99_999_999.9, None)
    assert (behind.active_power_kw, behind.energy_imported_kwh) == (-6.8883, 381089.00004)
