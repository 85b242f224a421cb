"""Client stacks mirror their data: each customer into its own part of the fleet, whatever the body says."""

import asyncio
import gzip
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from portal.core import energy
from portal.core.fleet.service import customers
from tests.integration.databases import Clock
from tests.integration.fleet_ingest.api import Api, Pusher

READINGS = "fleet.power_measurements"
TABLES = ("sites", "devices", "municipalities", "tariffs", "tariff_periods", "power_measurements")


def reading(device: UUID, time: str = "2026-05-18T08:00:00Z", **values: Any) -> dict[str, Any]:
    return {"time": time, "deviceId": str(device), "energyImportedKwh": 1994.0, **values}


def tariff(**changes: Any) -> dict[str, Any]:
    return {
        "id": 7, "municipalityId": 1, "name": "Domestic TOU", "effectiveFrom": "2026-01-01", "effectiveTo": None,
        "defaultRatePerKwh": 2.50, "fixedMonthlyCharge": 120.00, "vatRate": 0.15, "isActive": True,
        "periods": [
            {"name": "Peak", "daysOfWeek": 31, "startTime": "17:00", "endTime": "20:00", "ratePerKwh": 3.75},
            {"name": "Off-Peak", "daysOfWeek": 96, "startTime": "00:00", "endTime": "23:59", "ratePerKwh": 1.20},
        ],
    } | changes  # fmt: skip


async def holdings(api: Api, customer_id: UUID) -> dict[str, list[tuple[Any, ...]]]:
    """Everything the fleet database holds of a customer."""
    statement = "SELECT t::text FROM fleet.{} t WHERE customer_id = :id ORDER BY 1"
    return {table: await api.rows(statement.format(table), id=customer_id) for table in TABLES}


async def events(api: Api, customer_id: UUID) -> list[tuple[Any, ...]]:
    return await api.rows(
        "SELECT batch_type, rows_accepted, rows_rejected, batch_bytes, client_hwm, time_spread, error"
        " FROM fleet.ingest_events WHERE customer_id = :id ORDER BY received_at, batch_type",
        id=customer_id,
    )


async def test_the_registry_is_kept_as_pushed_and_updated_by_id(admin_api: Api, alice: Pusher) -> None:
    site = {"id": str(alice.site_id), "name": "New name", "address": "1 Main Road", "isActive": False}
    device = {
        "id": str(alice.device_id), "siteId": str(alice.site_id), "name": "Incomer", "externalId": "m-1",
        "description": "basement", "maxPowerKw": 99.5, "isActive": False,
    }  # fmt: skip
    await alice.push("sites", [site])
    await alice.push("devices", [device])
    await alice.push("municipalities", [{"id": 1, "name": "Example Metro", "timeZoneId": "Europe/Zurich"}])
    assert await admin_api.rows(
        "SELECT id, name, address, is_active, local_municipality_id FROM fleet.sites"
    ) == [(alice.site_id, "New name", "1 Main Road", False, None)]
    assert await admin_api.rows(
        "SELECT id, site_id, name, external_id, description, max_power_kw::text, is_active FROM fleet.devices"
    ) == [(alice.device_id, alice.site_id, "Incomer", "m-1", "basement", "99.500", False)]
    assert await admin_api.rows("SELECT id, name, time_zone_id FROM fleet.municipalities") == [
        (1, "Example Metro", "Europe/Zurich")
    ]


async def test_another_rated_power_has_a_device_s_readings_judged_anew(admin_api: Api, alice: Pusher) -> None:
    device = {
        "id": str(alice.device_id),
        "siteId": str(alice.site_id),
        "name": "Incomer",
        "externalId": "m-1",
    }
    await alice.push("measurements", [
        reading(alice.device_id, "2026-05-18T08:00:00Z", energyImportedKwh=100.0),
        reading(alice.device_id, "2026-05-18T08:30:00Z", energyImportedKwh=400.0),
    ])  # fmt: skip
    stored = "SELECT sum(allocated_milliwh)::bigint, sum(suspect_count)::int FROM fleet.hourly_energy"
    for power, expected in ((None, (300_000_000, 0)), (50, (0, 1)), (50, (0, 1)), (700, (300_000_000, 0))):
        await alice.push("devices", [device | {"isActive": True, "maxPowerKw": power}])
        await energy.refresh(admin_api.stack)
        assert await admin_api.rows(stored) == [expected]


async def test_of_two_rows_with_one_id_the_last_holds(admin_api: Api, alice: Pusher) -> None:
    rows = [{"id": str(alice.site_id), "name": name} for name in ("First", "Second")]
    assert (await alice.push("sites", rows)).json()["accepted"] == 2
    assert await admin_api.rows("SELECT name FROM fleet.sites") == [("Second",)]


async def test_a_tariff_arrives_whole_and_its_periods_are_replaced(admin_api: Api, alice: Pusher) -> None:
    other = tariff(id=8, name="Other", periods=[])
    assert (await alice.push("tariffs", [tariff(), other])).json() == {
        "accepted": 2,
        "rejected": 0,
        "errors": [],
    }
    changed = tariff(
        periods=[
            {
                "name": "Night",
                "daysOfWeek": 127,
                "startTime": "22:00",
                "endTime": "06:00",
                "ratePerKwh": 0.815,
            }
        ]
    )
    await alice.push("tariffs", [changed])
    heading = "SELECT id, municipality_id, name, effective_from::text, effective_to::text, is_active FROM fleet.tariffs"
    assert await admin_api.rows(f"{heading} WHERE id = 7") == [
        (7, 1, "Domestic TOU", "2026-01-01", None, True)
    ]
    figures = await admin_api.rows(
        "SELECT default_rate_per_kwh, fixed_monthly_charge, vat_rate, currency FROM fleet.tariffs WHERE id = 7"
    )
    assert figures == [(Decimal("2.5"), Decimal(120), Decimal("0.15"), None)]
    periods = await admin_api.rows(
        "SELECT tariff_id, name, days_of_week, start_time::text, end_time::text, rate_per_kwh FROM fleet.tariff_periods"
    )
    assert periods == [(7, "Night", 127, "22:00:00", "06:00:00", Decimal("0.815"))]


async def test_the_periods_of_many_tariffs_keep_to_their_own(admin_api: Api, alice: Pusher) -> None:
    await alice.push("tariffs", [tariff(id=1, currency="EUR"), tariff(id=2)])
    await alice.push("tariffs", [tariff(id=2), tariff(id=3)])
    found = await admin_api.rows(
        "SELECT tariff_id, array_agg(name ORDER BY id) FROM fleet.tariff_periods GROUP BY 1 ORDER BY 1"
    )
    assert found == [(number, ["Peak", "Off-Peak"]) for number in (1, 2, 3)]
    assert await admin_api.rows("SELECT currency FROM fleet.tariffs ORDER BY id") == [
        ("EUR",),
        (None,),
        (None,),
    ]


async def test_tariff_batches_at_once_do_not_get_into_each_others_way(alice: Pusher) -> None:
    answers = await asyncio.gather(
        *(alice.push("tariffs", [tariff(id=n % 3), tariff(id=9)]) for n in range(9))
    )
    assert [answer.json().get("accepted") for answer in answers] == [2] * 9


SITE = {"id": str(UUID(int=5)), "name": "Depot"}
DEVICE = {"id": str(UUID(int=6)), "siteId": str(UUID(int=0xA)), "name": "D", "externalId": "d"}
OWN = UUID(int=0x10A)
BAD_ROWS: dict[str, tuple[dict[str, Any], list[tuple[Any, str]]]] = {
    "sites": (SITE, [(SITE | {"id": "x"}, "id: "), ({"id": SITE["id"]}, "name: missing"), (17, "Expected")]),
    "devices": (
        DEVICE,
        [
            (DEVICE | {"siteId": str(UUID(int=99))}, "siteId: unknown site"),
            (DEVICE | {"maxPowerKw": -1}, "maxPowerKw: "),
        ],
    ),
    "municipalities": (
        {"id": 3, "name": "Example Town", "timeZoneId": "UTC"},
        [({"id": 2, "name": "Nowhere", "timeZoneId": "Mars/Base"}, "timeZoneId: ")],
    ),
    "tariffs": (
        tariff(),
        [
            (tariff(id=8, municipalityId=99), "municipalityId: unknown municipality"),
            (tariff(id=8, vatRate=15), "vatRate: "),
            (tariff(id=8, periods=tariff()["periods"] * 2), "periods["),
        ],
    ),
    "measurements": (
        reading(OWN),
        [
            (reading(UUID(int=99)), "deviceId: unknown device"),
            (reading(OWN, "2026-05-18T08:00:00"), "time: "),
            (reading(OWN, "2000-01-01T00:00:00Z"), "time is before 2010"),
            (reading(OWN, "2026-05-20T00:00:00Z"), "time is more than 24 hours ahead"),
            (reading(OWN, activePowerKw=float("inf")), "activePowerKw: "),
            ({"time": "2026-05-18T08:00:00Z"}, "deviceId: missing"),
        ],
    ),
}


async def test_bad_rows_are_refused_by_themselves_and_the_others_kept(alice: Pusher) -> None:
    for batch_type, (good, bad_rows) in BAD_ROWS.items():
        answer = await alice.push(batch_type, [*(row for row, _ in bad_rows), good])
        assert answer.status_code == 200
        found = answer.json()
        assert (found["accepted"], found["rejected"]) == (1, len(bad_rows))
        assert [error["row"] for error in found["errors"]] == [*range(len(bad_rows))]
        for error, (row, reason) in zip(found["errors"], bad_rows, strict=True):
            assert error["reason"].startswith(reason), (row, error)
    kept = await holdings(alice.api, alice.issued.id)
    # One of each was there before, but for tariffs and readings.
    assert {table: len(rows) for table, rows in kept.items()} == {
        "sites": 2, "devices": 2, "municipalities": 2, "tariffs": 1, "tariff_periods": 2, "power_measurements": 1,
    }  # fmt: skip


async def test_measurements_are_stored_once_however_often_they_are_pushed(
    admin_api: Api, alice: Pusher
) -> None:
    rows = [
        reading(alice.device_id, f"2026-05-18T08:{minute:02}:00Z", voltageV=230 + minute)
        for minute in range(60)
    ]
    for _ in range(2):
        assert (await alice.push("measurements", rows)).json() == {
            "accepted": 60,
            "rejected": 0,
            "errors": [],
        }
    assert await admin_api.rows(
        f"SELECT count(*), sum(voltage_v), min(customer_id::text) FROM {READINGS}"
    ) == [(60, 60 * 230.0 + 59 * 30, str(alice.issued.id))]


async def test_the_same_batch_many_times_at_once_is_stored_once(admin_api: Api, alice: Pusher) -> None:
    rows = [
        reading(alice.device_id, f"2026-0{month}-18T08:{minute:02}:00Z")
        for minute in range(60)
        for month in range(1, 6)
    ]
    answers = await asyncio.gather(
        *(alice.push("measurements", rows if n % 2 else rows[::-1]) for n in range(8))
    )
    assert [answer.status_code for answer in answers] == [200] * 8
    assert await admin_api.count(READINGS) == len(rows)


async def test_charlie_cannot_touch_alices_data_with_her_ids(
    admin_api: Api, alice: Pusher, charlie: Pusher
) -> None:
    await alice.push("tariffs", [tariff()])
    await alice.push("measurements", [reading(alice.device_id)])
    before = await holdings(admin_api, alice.issued.id)
    body = reading(alice.device_id, "2026-05-18T09:00:00Z", customerId=str(alice.issued.id))
    answer = await charlie.push("measurements", [body, reading(alice.device_id, energyImportedKwh=0)])
    assert answer.json()["rejected"] == 2
    assert {error["reason"] for error in answer.json()["errors"]} == {"deviceId: unknown device"}
    owned = {"customerId": str(alice.issued.id), "customer_id": str(alice.issued.id)}
    answer = await charlie.push(
        "devices",
        [
            {
                "id": str(alice.device_id),
                "siteId": str(alice.site_id),
                "name": "Mine",
                "externalId": "x",
                **owned,
            }
        ],
    )
    assert answer.json()["errors"] == [{"row": 0, "reason": "siteId: unknown site"}]
    # The same ids under Charlie's own name are hers alone.
    await charlie.push("sites", [{"id": str(alice.site_id), "name": "Charlie's", **owned}])
    await charlie.push("municipalities", [{"id": 1, "name": "Charlie's", "timeZoneId": "UTC", **owned}])
    await charlie.push("tariffs", [tariff(name="Charlie's", periods=[])])
    assert await holdings(admin_api, alice.issued.id) == before


async def test_an_unknown_token_is_401_and_leaves_nothing(admin_api: Api, alice: Pusher) -> None:
    before = len(await events(admin_api, alice.issued.id))
    for token in ("", "wrong", "0" * 64):
        answer = await admin_api.push(token, "measurements", [reading(alice.device_id)])
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "unauthenticated"
    assert await admin_api.count(READINGS) == 0
    assert len(await events(admin_api, alice.issued.id)) == before


async def test_a_rotated_token_is_honoured_until_its_grace_ends(
    admin_api: Api, alice: Pusher, clock: Clock
) -> None:
    old = alice.issued.token
    new = (await customers.rotate(admin_api.stack, alice.issued.id, 24)).token
    clock.advance(hours=23, minutes=59)
    assert (await admin_api.push(old, "sites", [])).status_code == 200
    assert (await admin_api.push(new, "sites", [])).status_code == 200
    clock.advance(minutes=2)
    assert (await admin_api.push(old, "sites", [])).status_code == 401
    assert (await admin_api.push(new, "sites", [])).status_code == 200


async def test_at_most_one_previous_token_is_honoured_and_a_zero_window_none(
    admin_api: Api, alice: Pusher
) -> None:
    first = alice.issued.token
    second = (await customers.rotate(admin_api.stack, alice.issued.id, 24)).token
    third = (await customers.rotate(admin_api.stack, alice.issued.id, 24)).token
    assert [(await admin_api.push(token, "sites", [])).status_code for token in (first, second, third)] == [
        401,
        200,
        200,
    ]
    fourth = (await customers.rotate(admin_api.stack, alice.issued.id, 0)).token
    assert [(await admin_api.push(token, "sites", [])).status_code for token in (second, third, fourth)] == [
        401,
        401,
        200,
    ]


async def test_an_inactive_customers_tokens_are_both_refused(admin_api: Api, alice: Pusher) -> None:
    new = (await customers.rotate(admin_api.stack, alice.issued.id, 24)).token
    await customers.set_active(admin_api.stack, alice.issued.id, False)
    for token in (alice.issued.token, new):
        assert (await admin_api.push(token, "sites", [])).status_code == 401


async def test_a_body_that_is_no_array_is_400_and_the_operator_sees_why(
    admin_api: Api, alice: Pusher
) -> None:
    bodies = {
        b"not json": "the body is not JSON: invalid character at line 1, column 5",
        b"{}": "the body is not a JSON array but an object",
        b"": "the body is empty",
        b"[": "the body is cut off: it ends at line 1, column 2",
    }
    for body, reason in bodies.items():
        answer = await alice.push("measurements", body)
        assert answer.status_code == 400
        assert answer.json()["error"]["message"] == reason
        last = (await events(admin_api, alice.issued.id))[-1]
        assert last == ("measurements", 0, 0, len(body), "2026-05-18T12:00:00Z", None, reason)


async def test_an_unknown_batch_type_is_400(admin_api: Api, alice: Pusher) -> None:
    for batch_type in ("", "Sites", "readings", "x" * 60):
        answer = await alice.push(batch_type, [])
        assert answer.status_code == 400
        assert "sites, devices, municipalities, tariffs, measurements" in answer.json()["error"]["message"]
        assert (await events(admin_api, alice.issued.id))[-1][0] == batch_type[:20]


async def test_each_handled_batch_leaves_an_event_and_a_sign_of_life(admin_api: Api, alice: Pusher) -> None:
    (first_seen, last_seen) = (
        await admin_api.rows(
            "SELECT first_seen_at, last_seen_at FROM fleet.customers WHERE id = :id", id=alice.issued.id
        )
    )[0]
    assert first_seen is not None
    rows = [reading(alice.device_id, f"2026-05-18T0{hour}:00:00Z") for hour in (6, 8, 7)] + [
        reading(UUID(int=99))
    ]
    body = json.dumps(rows).encode()
    cursor = "2026-05-18T08:00:00.123456+02:00 and more that no column keeps"
    await alice.push(
        "measurements", gzip.compress(body), **{"Content-Encoding": "gzip", "X-Push-Cursor": cursor}
    )
    assert (await events(admin_api, alice.issued.id))[-1] == (
        "measurements", 3, 1, len(body), cursor[:50], timedelta(hours=2), None,
    )  # fmt: skip
    ((again_first, again_last),) = await admin_api.rows(
        "SELECT first_seen_at, last_seen_at FROM fleet.customers WHERE id = :id", id=alice.issued.id
    )
    assert again_first == first_seen
    assert again_last > last_seen


async def test_too_much_is_413_and_recorded(admin_api: Api, alice: Pusher) -> None:
    too_many = b"[" + b",".join([b"{}"] * 20_001) + b"]"
    assert (await alice.push("sites", too_many)).status_code == 413
    bomb = gzip.compress(b"[" + b" " * 9_000_000 + b"]")
    assert (await alice.push("sites", bomb, **{"Content-Encoding": "gzip"})).status_code == 413
    errors = [event[-1] for event in await events(admin_api, alice.issued.id)][-2:]
    assert errors == [
        "at most 20000 rows are allowed in one request",
        "The body is larger than 8388608 bytes.",
    ]


async def test_what_was_stored_is_logged_without_the_token(
    alice: Pusher, capfd: pytest.CaptureFixture[str]
) -> None:
    await alice.push("measurements", [reading(alice.device_id), reading(UUID(int=99))])
    said = "".join(capfd.readouterr())
    assert f"Accepted 1 measurements from alpha ({alice.issued.id}), rejected 1" in said
    assert alice.issued.token not in said


async def test_the_hours_of_pushed_readings_reach_the_rollup(admin_api: Api, alice: Pusher) -> None:
    await alice.push(
        "measurements",
        [reading(alice.device_id), reading(alice.device_id, "2026-05-18T08:40:00Z", energyImportedKwh=2000)],
    )
    await admin_api.app.state.refreshing.drain()
    assert await admin_api.rows("SELECT customer_id, allocated_milliwh FROM fleet.hourly_energy") == [
        (alice.issued.id, 6_000_000)
    ]
