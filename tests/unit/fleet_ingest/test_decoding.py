"""A batch keeps its good rows, and each bad row says which field is wrong."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from portal.core.errors import Invalid, TooLarge
from portal.core.exchange.limits import device_problem, municipality_problem, tariff_problem
from portal.core.readings.decoding import decode_rows
from portal.core.readings.wire import DeviceReading, FleetReading
from portal.core.sites.wire import DeviceRow, MunicipalityRow, SiteRow
from portal.core.tariffs.wire import TariffRow

GOOD = '{"time": "2026-05-18T08:00:00Z", "energyImportedKwh": 1994}'
DEVICE = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"


def decode(*rows: str, row_type: Any = DeviceReading, max_rows: int = 100) -> Any:
    return decode_rows(f"[{','.join(rows)}]".encode(), row_type, max_rows=max_rows)


def reasons(*rows: str, row_type: Any = DeviceReading) -> dict[int, str]:
    return {p.row: p.reason for p in decode(*rows, row_type=row_type).problems}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the body is empty"),
        (b" \r\n\t", "the body is empty"),
        (b"\xef\xbb\xbf", "the body is empty"),
        (b"{}", "the body is not a JSON array but an object"),
        (b'{"time": 1}\n{"time": 2}', "the body is not a JSON array but an object"),
        (b'"x"', "the body is not a JSON array but a text"),
        (b"null", "the body is not a JSON array but null"),
        (b"true", "the body is not a JSON array but true or false"),
        (b"1", "the body is not a JSON array but a number"),
        (b"<html>", "the body is not JSON: invalid character at line 1, column 1"),
        (b"NaN", "the body is not JSON: invalid character at line 1, column 1"),
        (b"[}", "the body is not JSON: invalid character at line 1, column 2"),
        (b'[{"time":]', "the body is not JSON: invalid character at line 1, column 10"),
        (b'[\n {"time": "\xc3\xa4" 5}]', "the body is not JSON: expected ',' or '}' at line 2, column 15"),
        (b'[{"a": nan,\n  "b" 5}]', "the body is not JSON: expected ':' at line 2, column 7"),
        (b"[{'time': 5}]", "the body is not JSON: expected '\"' at line 1, column 3"),
        (b"[", "the body is cut off: it ends at line 1, column 2"),
        (b'[{"time": "2026-05', "the body is cut off: it ends at line 1, column 19"),
        (b'[{"voltageV": 23', "the body is cut off: it ends at line 1, column 17"),
        (b'[{"voltageV": na', "the body is cut off: it ends at line 1, column 17"),
        (b'[{"voltageV": nan},\n{"source": "\xc3', "the body is cut off: it ends at line 2, column 13"),
        (b"\xff\xfa", "the body is not UTF-8: line 1, column 1"),
        (b'[\n{"source": "\xff"', "the body is not UTF-8: line 2, column 13"),
        ("[]".encode("utf-16"), "the body is not UTF-8 but UTF-16"),
        ("[]".encode("utf-16-be"), "the body is not UTF-8 but UTF-16"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_and_told_what_it_is_and_where(body: bytes, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        decode_rows(body, DeviceReading, max_rows=100)
    assert refused.value.message == words


def test_an_empty_array_is_no_rows() -> None:
    assert decode().sent == 0


def test_a_good_row_is_typed_and_unknown_fields_are_ignored() -> None:
    row = '{"time": "2026-05-18T10:00:00+02:00", "activePowerKw": 3, "source": "acuvim", "firmware": {"a": [1]}}'
    decoded = decode(row)
    assert not decoded.problems
    assert decoded.rows[0].time == datetime(2026, 5, 18, 8, tzinfo=UTC)
    assert decoded.rows[0].active_power_kw == 3.0
    assert decoded.rows[0].source == "acuvim"
    assert decoded.rows[0].voltage_v is None


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ('{"time": "2026-05-18T08:00:00"}', "time"),
        ('{"time": "yesterday"}', "time"),
        ('{"time": true}', "time"),
        ('{"time": 1e15}', "time"),
        ('{"time": nan}', "time"),
        ('{"energyImportedKwh": 1}', "time"),
        ('{"time": "2026-05-18T08:00:00Z", "activePowerKw": "3"}', "activePowerKw"),
        ('{"time": "2026-05-18T08:00:00Z", "activePowerKw": true}', "activePowerKw"),
        ('{"time": "2026-05-18T08:00:00Z", "voltageV": 1e999}', "voltageV"),
        ('{"time": "2026-05-18T08:00:00Z", "voltageV": -1e999}', "voltageV"),
        ('{"time": "2026-05-18T08:00:00Z", "voltageV": NaN}', "voltageV"),
        ('{"time": "2026-05-18T08:00:00Z", "voltageV": Infinity}', "voltageV"),
        ('{"time": "2026-05-18T08:00:00Z", "voltageV": -Infinity}', "voltageV"),
        ('{"time": "2026-05-18T08:00:00Z", "deviceId": "meter-1"}', "deviceId"),
        ('{"time": "2026-05-18T08:00:00Z", "source": "%s"}' % ("x" * 51), "source"),
        ('{"time": "2026-05-18T08:00:00Z", "source": "a\\u0000b"}', "source"),
    ],
)
def test_a_bad_row_names_its_field_and_the_good_ones_stay(row: str, field: str) -> None:
    decoded = decode(GOOD, row, GOOD)
    assert [p.row for p in decoded.problems] == [1]
    assert decoded.problems[0].reason.startswith(f"{field}: ")
    assert list(decoded.numbers) == [0, 2]
    assert [r.energy_imported_kwh for r in decoded.rows] == [1994.0, 1994.0]


@pytest.mark.parametrize(
    "row", ["1", "null", "[]", '"x"', "[" * 5000 + "]" * 5000, '{"z":' + "[" * 5000 + "]" * 5000 + "}"]
)
def test_a_row_that_is_no_object_is_refused_alone_or_with_its_body_but_never_an_error_of_ours(
    row: str,
) -> None:
    try:
        decoded = decode(GOOD, row)
    except Invalid:
        assert len(row) > 1000, "only nesting beyond what the parser takes may cost the whole body"
    else:
        assert [p.row for p in decoded.problems] == [1]
        assert len(decoded.rows) == 1


def test_a_row_with_bytes_that_are_no_text_is_refused_alone() -> None:
    body = b'[{"time":"2026-05-18T08:00:00Z"},{"time":"2026-05-18T08:00:00Z","source":"\xff"}]'
    decoded = decode_rows(body, DeviceReading, max_rows=10)
    assert [p.row for p in decoded.problems] == [1]
    assert "UTF-8" in decoded.problems[0].reason


def test_a_backslash_before_u0000_is_ordinary_text() -> None:
    decoded = decode('{"time": "2026-05-18T08:00:00Z", "source": "a\\\\u0000b"}')
    assert not decoded.problems
    assert decoded.rows[0].source == r"a\u0000b"


@pytest.mark.parametrize("bad", ["1", GOOD])
def test_too_many_rows_are_refused_whether_good_or_bad(bad: str) -> None:
    with pytest.raises(TooLarge, match="at most 2 rows"):
        decode(GOOD, GOOD, bad, max_rows=2)


def test_a_fleet_reading_needs_its_device() -> None:
    assert reasons(GOOD, row_type=FleetReading) == {0: "deviceId: missing"}


def tariff(**changes: Any) -> str:
    row = {
        "id": 1, "municipalityId": 2, "name": "Domestic TOU", "effectiveFrom": "2026-01-01", "effectiveTo": None,
        "defaultRatePerKwh": 2.5, "fixedMonthlyCharge": 120, "vatRate": 0.15, "isActive": True,
        "periods": [{"name": "Peak", "daysOfWeek": 31, "startTime": "17:00", "endTime": "20:00", "ratePerKwh": 3.75}],
    }  # fmt: skip
    return json.dumps(row | changes)


def period(**changes: Any) -> list[dict[str, Any]]:
    return [
        {"name": "Peak", "daysOfWeek": 31, "startTime": "17:00", "endTime": "20:00", "ratePerKwh": 3.75}
        | changes
    ]


def test_rates_arrive_exactly() -> None:
    text = tariff().replace("2.5", "2.123456789012345678")
    assert decode(text, row_type=TariffRow).rows[0].default_rate_per_kwh == Decimal("2.123456789012345678")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"periods": period(daysOfWeek=0)}, "periods[0].daysOfWeek"),
        ({"periods": period(daysOfWeek=128)}, "periods[0].daysOfWeek"),
        ({"periods": period(startTime="5pm")}, "periods[0].startTime"),
        ({"periods": period(endTime="24:01")}, "periods[0].endTime"),
        ({"periods": period(ratePerKwh="NaN")}, "periods[0].ratePerKwh"),
        ({"periods": [{"name": "Peak"}]}, "periods[0].startTime"),
        ({"periods": period(name="a\0b")}, "periods[0].name"),
        ({"currency": "rand"}, "currency"),
        ({"effectiveFrom": "01.01.2026"}, "effectiveFrom"),
        ({"id": 2**31}, "id"),
        ({"vatRate": "Infinity"}, "vatRate"),
    ],
)
def test_a_bad_tariff_names_its_field(changes: dict[str, Any], field: str) -> None:
    found = reasons(tariff(), tariff(**changes), row_type=TariffRow)
    assert list(found) == [1]
    assert found[1].startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"defaultRatePerKwh": 1_000_000_000}, "defaultRatePerKwh"),
        ({"fixedMonthlyCharge": 1e10}, "fixedMonthlyCharge"),
        ({"vatRate": -0.01}, "vatRate"),
        ({"vatRate": 10}, "vatRate"),
        ({"effectiveTo": "2025-12-31"}, "effectiveTo"),
        ({"periods": period(ratePerKwh=1_000_000_000)}, "periods[0].ratePerKwh"),
        ({"periods": period() + period(name="Evening", startTime="19:00", endTime="21:00")}, "periods[1]"),
    ],
)
def test_a_figure_no_column_holds_is_a_problem_of_its_row(changes: dict[str, Any], field: str) -> None:
    (row,) = decode(tariff(**changes), row_type=TariffRow).rows
    problem = tariff_problem(row)
    assert problem is not None
    assert problem.startswith(f"{field}: ")


@pytest.mark.parametrize(
    "number",
    ["1e-999999999", "1e999999999", "0." + "1" * 1_000_000, "1" * 1_000_000],
    ids=["small", "large", "long", "digits"],
)
def test_a_decimal_made_to_cost_memory_or_time_is_a_problem_of_its_row(number: str) -> None:
    good = tariff()
    decoded = decode(f"{good},{good.replace('2.5,', f'{number},')}", row_type=TariffRow)
    assert len(decoded.rows) == 1
    ((index, reason),) = [(problem.row, problem.reason) for problem in decoded.problems]
    assert index == 1
    assert reason.startswith("defaultRatePerKwh: ")
    assert len(reason) < 200


def test_a_good_tariff_and_device_have_no_problem() -> None:
    assert tariff_problem(decode(tariff(), row_type=TariffRow).rows[0]) is None
    text = json.dumps({"id": DEVICE, "siteId": DEVICE, "name": "Main", "externalId": "m1", "maxPowerKw": 100})
    row = decode(text, row_type=DeviceRow).rows[0]
    assert device_problem(row) is None
    row.max_power_kw = Decimal(-1)
    assert device_problem(row) == "maxPowerKw: out of range"


@pytest.mark.parametrize(
    ("zone", "known"), [("Africa/Johannesburg", True), ("Example/City", False), ("localtime", False)]
)
def test_a_municipality_needs_a_known_time_zone(zone: str, *, known: bool) -> None:
    text = json.dumps({"id": 1, "name": "Example City", "timeZoneId": zone})
    assert (municipality_problem(decode(text, row_type=MunicipalityRow).rows[0]) is None) == known


def test_names_must_fit_their_column() -> None:
    found = reasons(
        json.dumps({"id": DEVICE, "name": "x" * 201}),
        json.dumps({"id": DEVICE, "name": ""}),
        row_type=SiteRow,
    )
    assert set(found) == {0, 1}
    assert all(reason.startswith("name: ") for reason in found.values())
