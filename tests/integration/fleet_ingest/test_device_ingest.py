"""Devices hand over readings: nothing is lost, nothing is doubled, and what is refused says why."""

import asyncio
import gzip
import json
import math
from typing import Any

import pytest

from portal.core.readings.queries import ingest
from portal.core.sites.service.devices import IssuedDevice
from tests.integration.fleet_ingest.api import Api

READINGS = "monitoring.power_measurements"
OTHER = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"


def reading(time: str = "2026-05-18T08:00:00Z", **values: Any) -> dict[str, Any]:
    return {"time": time, "energyImportedKwh": 1994.0, **values}


def answered(**counts: int) -> dict[str, Any]:
    """The whole answer to a batch none of whose rows was refused."""
    nothing = dict.fromkeys(("accepted", "rejected", "duplicates", "completed", "conflicts"), 0)
    return nothing | counts | {"errors": []}


async def test_readings_are_stored_with_all_eight_quantities(client_api: Api, device: IssuedDevice) -> None:
    row = reading(
        "2026-05-18T10:00:00+02:00", activePowerKw=1.5, reactivePowerKvar=-0.25, apparentPowerKva=1.6,
        powerFactor=0.93, voltageV=230.1, frequencyHz=50.02, energyExportedKwh=7, source="acuvim", unknown={"x": [1]},
    )  # fmt: skip
    answer = await client_api.post_readings(device.token, [row, reading("2026-05-18T08:40:00Z")])
    assert answer.status_code == 200
    assert answer.json() == answered(accepted=2)
    stored = await client_api.rows(
        "SELECT to_char(time, 'YYYY-MM-DD HH24:MI'), device_id, active_power_kw, reactive_power_kvar,"
        " apparent_power_kva, power_factor, voltage_v, frequency_hz, energy_imported_kwh, energy_exported_kwh, source"
        f" FROM {READINGS} ORDER BY time"
    )
    assert stored == [
        ("2026-05-18 08:00", device.id, 1.5, -0.25, 1.6, 0.93, 230.1, 50.02, 1994.0, 7.0, "acuvim"),
        ("2026-05-18 08:40", device.id, None, None, None, None, None, None, 1994.0, None, None),
    ]


async def test_a_replay_changes_nothing(client_api: Api, device: IssuedDevice) -> None:
    first = await client_api.post_readings(device.token, [reading(energyImportedKwh=2)])
    again = await client_api.post_readings(
        device.token,
        [reading(energyImportedKwh=2), reading("2026-05-18T08:01:00Z"), reading("2026-05-18T08:01:00Z")],
    )
    assert first.json() == answered(accepted=1)
    assert again.json() == answered(accepted=1, duplicates=2)
    assert await client_api.rows(f"SELECT energy_imported_kwh FROM {READINGS} ORDER BY time") == [
        (2.0,),
        (1994.0,),
    ]


@pytest.mark.parametrize("others", [0, ingest.FEW], ids=["few", "many"])
async def test_a_second_row_for_an_instant_completes_the_reading_or_is_a_conflict(
    client_api: Api, device: IssuedDevice, others: int
) -> None:
    """The greatest value is the reading's, whichever came first; every other is kept beside it, once."""
    new = [reading(f"2026-05-18T09:{minute:02}:00Z", activePowerKw=1) for minute in range(others)]

    async def sent(*rows: dict[str, Any]) -> dict[str, Any]:
        return (await client_api.post_readings(device.token, [*rows, *new])).json()

    at = "2026-05-18T08:00:00Z"
    assert await sent({"time": at, "activePowerKw": 2}) == answered(accepted=1 + others)
    assert await sent({"time": at, "voltageV": 230, "source": "b"}) == answered(
        completed=1, duplicates=others
    )
    assert await sent({"time": at, "activePowerKw": 1}) == answered(conflicts=1, duplicates=others)
    assert await sent({"time": at, "activePowerKw": 1}) == answered(duplicates=1 + others)
    assert await sent({"time": at, "activePowerKw": 3, "frequencyHz": 50, "source": "a"}) == answered(
        conflicts=1, duplicates=others
    )
    assert await client_api.rows(
        f"SELECT active_power_kw, voltage_v, frequency_hz, source FROM {READINGS} WHERE time = '{at}'"
    ) == [(3.0, 230.0, 50.0, "b")]
    conflicts = "SELECT quantity, value FROM monitoring.reading_conflicts ORDER BY value"
    assert await client_api.rows(conflicts) == [(0, 10_000), (0, 20_000)]


async def test_rows_for_one_instant_within_a_batch_come_to_the_same(
    client_api: Api, device: IssuedDevice
) -> None:
    at = {"time": "2026-05-18T08:00:00Z"}
    rows = [
        {**at, "activePowerKw": 2},
        {**at, "voltageV": 230},
        {**at, "activePowerKw": 1},
        {**at, "voltageV": 230},
    ]
    many = [reading(f"2026-05-18T09:{minute:02}:00Z") for minute in range(60)]
    first = await client_api.post_readings(device.token, [*rows, *many])
    assert first.json() == answered(accepted=61, completed=1, conflicts=1, duplicates=1)
    again = await client_api.post_readings(device.token, [*many, *rows])
    assert again.json() == answered(duplicates=64)
    assert await client_api.rows(
        f"SELECT active_power_kw, voltage_v FROM {READINGS} ORDER BY time LIMIT 1"
    ) == [(2.0, 230.0)]


async def test_a_value_that_does_not_fit_is_refused_by_name_and_the_others_kept(
    client_api: Api, device: IssuedDevice
) -> None:
    bad = reading("2026-05-18T08:01:00Z", activePowerKw=1e9)
    reason = "activePowerKw: 1000000000.0 does not fit, -214748.3648 to 214748.3647 can be stored"
    for good in (1, 50):
        rows = [bad, *(reading(f"2026-05-18T09:{minute:02}:00Z") for minute in range(good))]
        found = (await client_api.post_readings(device.token, rows)).json()
        assert (found["rejected"], found["errors"]) == (1, [{"row": 0, "reason": reason}])
    assert await client_api.count(READINGS) == 50


async def test_a_body_that_cannot_be_read_is_400_in_words_and_changes_nothing(
    client_api: Api, device: IssuedDevice
) -> None:
    bodies = {
        b"": "the body is empty",
        b"{}": "the body is not a JSON array but an object",
        b"[}": "the body is not JSON: invalid character at line 1, column 2",
        b"[": "the body is cut off: it ends at line 1, column 2",
        b"\xff": "the body is not UTF-8: line 1, column 1",
        b"\x1f\x8b\x00": "The gzip body ends too early.",
        b"\x1f\x8b\x00" + b"\xff" * 20: "The body is not valid gzip.",
    }
    for body, message in bodies.items():
        answer = await client_api.post_readings(device.token, body)
        assert answer.status_code == 400
        assert answer.json() == {"error": {"code": "invalid", "message": message}}
    assert await client_api.count(READINGS) == 0


BAD_ROWS = [
    (reading("2026-05-18T08:01:00"), "time"),
    (reading("18 May 2026"), "time"),
    (reading("2000-01-01T00:05:00Z"), "time"),
    (reading("2009-12-31T23:59:59Z"), "time"),
    (reading("2026-05-19T12:00:01Z"), "time"),
    (reading("9999-12-31T23:59:59-05:00"), "time"),
    (reading(deviceId=OTHER), "deviceId"),
    (reading(deviceId="main-1"), "deviceId"),
    (reading(activePowerKw="12"), "activePowerKw"),
    ({"activePowerKw": 1.0}, "time"),
    ({"time": "2026-05-18T08:00:00Z"}, "no known quantity"),
    ({"time": "2026-05-18T08:00:00Z", "voltageV": None, "active_power_kw": 1.5}, "no known quantity"),
    (reading(source="a\0b"), "source"),
    (reading(source="x" * 51), "source"),
]
NOT_FINITE = [(reading(activePowerKw=value), "activePowerKw") for value in (math.nan, math.inf, -math.inf)]


@pytest.mark.parametrize("bad_rows", [BAD_ROWS, BAD_ROWS + NOT_FINITE])
async def test_bad_rows_are_refused_by_themselves_and_name_their_field(
    client_api: Api, device: IssuedDevice, bad_rows: list[tuple[dict[str, Any], str]]
) -> None:
    good = [reading("2026-05-18T09:00:00Z"), reading(deviceId=str(device.id))]
    found = (
        await client_api.post_readings(device.token, [good[0], *(row for row, _ in bad_rows), good[1]])
    ).json()
    assert (found["accepted"], found["rejected"], found["duplicates"]) == (2, len(bad_rows), 0)
    assert [error["row"] for error in found["errors"]] == [*range(1, len(bad_rows) + 1)]
    for error, (row, field) in zip(found["errors"], bad_rows, strict=True):
        assert error["reason"].startswith(field), (row, error)
    assert await client_api.count(READINGS) == 2


async def test_a_number_beyond_floating_point_is_refused_by_itself(
    client_api: Api, device: IssuedDevice
) -> None:
    body = (
        b'[{"time":"2026-05-18T08:00:00Z","voltageV":1e999},{"time":"2026-05-18T08:00:00Z","voltageV":230}]'
    )
    found = (await client_api.post_readings(device.token, body)).json()
    assert (found["accepted"], found["rejected"]) == (1, 1)
    assert found["errors"] == [{"row": 0, "reason": "voltageV: not a finite number"}]


async def test_the_limits_of_time_are_those_of_the_specification(
    client_api: Api, device: IssuedDevice
) -> None:
    rows = [reading("2010-01-01T00:00:00Z"), reading("2026-05-19T12:00:00Z")]
    assert (await client_api.post_readings(device.token, rows)).json()["accepted"] == 2


async def test_an_unknown_token_is_401_whatever_the_body(client_api: Api, device: IssuedDevice) -> None:
    tokens = [b"Bearer", b"Bearer wrong", b"Bearer " + b"0" * 64, b"Bearer \xff", device.token.encode(), b""]
    for token in tokens:
        answer = await client_api.http.post(
            "/api/ingest/measurements", json=[reading()], headers={"Authorization": token}
        )
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "unauthenticated"
        assert answer.headers["www-authenticate"] == "Bearer"
    assert await client_api.count(READINGS) == 0


async def test_an_inactive_device_is_401(client_api: Api, device: IssuedDevice) -> None:
    await client_api.rows("UPDATE monitoring.devices SET is_active = false RETURNING 1")
    assert (await client_api.post_readings(device.token, [reading()])).status_code == 401


async def test_gzip_is_read_and_the_limit_holds_after_decompression(
    client_api: Api, device: IssuedDevice
) -> None:
    body = gzip.compress(json.dumps([reading()]).encode())
    answer = await client_api.post_readings(device.token, body, **{"Content-Encoding": "gzip"})
    assert answer.json()["accepted"] == 1
    bomb = gzip.compress(b"[" + b" " * 9_000_000 + b"]")
    assert len(bomb) < 20_000
    answer = await client_api.post_readings(device.token, bomb, **{"Content-Encoding": "gzip"})
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


async def test_damaged_gzip_and_unknown_encodings_are_400(client_api: Api, device: IssuedDevice) -> None:
    packed = gzip.compress(b"[]")
    for body, encoding in ((b"[]", "gzip"), (packed[:-6], "gzip"), (packed + b"more", "gzip"), (b"[]", "br")):
        answer = await client_api.post_readings(device.token, body, **{"Content-Encoding": encoding})
        assert answer.status_code == 400


async def test_too_many_rows_or_bytes_are_413_and_nothing_is_stored(
    client_api: Api, device: IssuedDevice
) -> None:
    row = b'{"time":"2026-05-18T08:00:00Z"}'
    answer = await client_api.post_readings(device.token, b"[" + b",".join([row] * 20_001) + b"]")
    assert answer.status_code == 413
    assert (await client_api.post_readings(device.token, b"[" + b" " * 8_388_608 + b"]")).status_code == 413
    assert await client_api.count(READINGS) == 0


async def test_the_outbox_notes_only_for_what_really_went_in(client_api: Api, device: IssuedDevice) -> None:
    rows = [reading("2026-05-18T08:00:00Z"), reading("2026-05-18T09:30:00Z"), reading("2026-05-18T08:20:00Z")]
    await client_api.post_readings(device.token, rows[:2])
    await client_api.post_readings(device.token, rows)
    await client_api.post_readings(device.token, rows)
    entries = await client_api.rows(
        "SELECT to_char(first_at, 'HH24:MI'), to_char(last_at, 'HH24:MI'), row_count,"
        f" (SELECT count(*) >= row_count FROM {READINGS} m WHERE m.received_at = date_trunc('second', a.received_at)"
        " AND m.time BETWEEN a.first_at AND a.last_at)"
        " FROM app.push_outbox a ORDER BY id"
    )
    assert entries == [("08:00", "09:30", 2, True), ("08:20", "08:20", 1, True)]


async def test_readings_years_back_find_their_partition(client_api: Api, device: IssuedDevice) -> None:
    rows = [reading(f"{year}-02-28T23:59:00Z") for year in range(2010, 2027)]
    assert (await client_api.post_readings(device.token, rows)).json()["accepted"] == 17


async def test_the_hours_of_stored_readings_reach_the_rollup(client_api: Api, device: IssuedDevice) -> None:
    rows = [
        reading("2026-05-18T08:00:00Z", energyImportedKwh=1994),
        reading("2026-05-18T08:40:00Z", energyImportedKwh=2000),
    ]
    await client_api.post_readings(device.token, rows)
    await client_api.app.state.refreshing.drain()
    assert await client_api.rows("SELECT allocated_milliwh FROM monitoring.hourly_energy") == [(6_000_000,)]
    assert await client_api.rows("SELECT sample_count FROM monitoring.hourly_per_device") == [(2,)]


async def test_the_same_rows_in_many_requests_at_once_are_stored_once(
    client_api: Api, device: IssuedDevice
) -> None:
    rows = [reading(f"2026-05-{day:02}T{hour:02}:00:00Z") for day in range(1, 18) for hour in range(24)]
    posts = [client_api.post_readings(device.token, rows if n % 2 else rows[::-1]) for n in range(8)]
    answers = await asyncio.gather(*posts)
    assert [answer.status_code for answer in answers] == [200] * 8
    assert sum(answer.json()["accepted"] for answer in answers) == len(rows)
    assert await client_api.count(READINGS) == len(rows)


async def test_the_same_route_lives_under_v1(client_api: Api, device: IssuedDevice) -> None:
    answer = await client_api.http.post(
        "/api/v1/ingest/measurements", json=[reading()], headers={"Authorization": f"Bearer {device.token}"}
    )
    assert answer.json()["accepted"] == 1


async def test_no_token_reaches_the_log(
    client_api: Api, device: IssuedDevice, capfd: pytest.CaptureFixture[str]
) -> None:
    await client_api.post_readings(device.token, [reading()])
    await client_api.post_readings("f" * 64, [reading()])
    said = "".join(capfd.readouterr())
    assert device.token not in said
    assert "f" * 64 not in said


async def test_boards_are_forgiven_what_they_commonly_do(client_api: Api, device: IssuedDevice) -> None:
    rows = (
        '{"time":"2026-05-18T09:00:00+0200","voltageV":1},{"time":"2026-05-18T07:01:00-0000","voltageV":2},'
        '{"time":"2026-05-18T09:02:00+02","voltageV":3},{"time":"20260518T070300Z","voltageV":4},'
        '{"time":"2026-05-18T07:04z","voltageV":5},{"time":1779087900,"voltageV":6},'
        '{"time":1779087960000,"voltageV":7},{"time":"2026-05-18T07:07:00Z","voltageV":-nan},'
        '{"time":"2026-05-18T07:08:00Z","voltageV":1e1}'
    )
    body = gzip.compress(b"\xef\xbb\xbf" + f"[{rows}]".encode())
    answer = await client_api.post_readings(device.token, body)
    assert answer.status_code == 200
    assert answer.json()["errors"] == [{"row": 7, "reason": "voltageV: not a number"}]
    stored = await client_api.rows(
        f"SELECT to_char(time AT TIME ZONE 'UTC', 'HH24:MI:SS'), voltage_v FROM {READINGS} ORDER BY time"
    )
    assert stored == [(f"07:0{minute}:00", minute + 1.0) for minute in range(7)] + [("07:08:00", 10.0)]


async def test_names_in_another_case_are_no_quantities_and_nothing_is_stored_of_them(
    client_api: Api, device: IssuedDevice
) -> None:
    row = {"time": "2026-05-18T08:00:00Z", "active_power_kw": 1.5, "energy_imported_kwh": 20}
    answer = await client_api.post_readings(device.token, [row, row])
    assert answer.json() == {
        "accepted": 0,
        "rejected": 2,
        "duplicates": 0,
        "completed": 0,
        "conflicts": 0,
        "errors": [{"row": number, "reason": "no known quantity"} for number in (0, 1)],
    }
    assert await client_api.count(READINGS) == 0
