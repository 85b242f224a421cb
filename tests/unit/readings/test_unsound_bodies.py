"""What boards print for a failed measurement costs one row, and no body costs more than its size."""

import asyncio
import json
import math
import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.core.errors import Invalid, TooLarge
from portal.core.readings.decoding import DecodedRows, decode_rows, decode_rows_aside
from portal.core.readings.wire import DeviceReading, FleetReading, without_quantity
from portal.core.sites.wire import SiteRow

GOOD = '{"time":"2026-10-03T00:01:00Z","activePowerKw":1.5,"energyImportedKwh":20.1}'
MOST_ROWS = 50
SIZE = 4_000_000


def decode(text: str | bytes, row_type: Any = DeviceReading) -> DecodedRows[Any]:
    return decode_rows(text.encode() if isinstance(text, str) else text, row_type, max_rows=MOST_ROWS)


def refusal(body: bytes) -> str:
    """Why a body is refused as a whole; nothing where it is rows, each taken or refused by itself."""
    try:
        decode(body)
    except (Invalid, TooLarge) as refused:
        return refused.message
    return ""


@pytest.mark.parametrize(
    "word",
    [
        "nan", "NaN", "NAN", "Nan", "-nan", "+nan", "-NaN", "nan(snan)", "nan(0x8000)", "-nan(ind)",
        "inf", "-inf", "+inf", "Inf", "INF", "-Infinity", "Infinity", "infinity", "1.#INF", "-1.#INF", "1.#QNAN",
        "-1.#IND", "None", "NULL", "Null", "nil", "undefined", "NA", "N/A", "-", "--", "+1.5", ".5", "01", "1.",
        "0x1F", "1e", "True",
    ],
)  # fmt: skip
def test_a_word_for_a_number_costs_its_row_alone(word: str) -> None:
    for value in (word, f" {word}\n\t"):
        bad = f'{{"time":"2026-10-03T00:00:00Z","activePowerKw":{value},"energyImportedKwh":20.0}}'
        found = decode(f"[{bad},{GOOD}]")
        assert [problem.reason for problem in found.problems] == ["activePowerKw: not a number"]
        assert [row.energy_imported_kwh for row in found.rows] == [20.1]


_FAILED = ",".join(
    f'"{name}":nan' for name in DeviceReading.__struct_encode_fields__ if name.endswith(("Kw", "V", "A"))
)


def test_as_many_words_as_a_batch_has_room_for_cost_their_rows_alone() -> None:
    bad = f'{{"time":"2026-10-03T00:00:00Z",{_FAILED}}}'
    count = 110_000 // _FAILED.count("nan")
    found = decode_rows(f"[{','.join([bad] * count)},{GOOD}]".encode(), DeviceReading, max_rows=count + 1)
    assert (len(found.problems), list(found.numbers)) == (count, [count])


@pytest.mark.parametrize("rows", [4000, 1])
async def test_nobody_waits_while_a_large_body_with_a_flaw_is_decoded(rows: int) -> None:
    bad = f'{{"time":"2026-10-03T00:00:00Z",{_FAILED}}}'
    body = f"[{','.join([bad] * rows)},{GOOD}]".encode()
    decoding = asyncio.ensure_future(decode_rows_aside(body, DeviceReading, max_rows=rows + 1))
    turns = 0
    while not decoding.done():
        await asyncio.sleep(0)
        turns += 1
    assert list((await decoding).numbers) == [rows]
    assert (turns > 5) == (rows > 1), "a brief body is not worth a thread"


def test_the_same_word_in_a_text_is_text() -> None:
    source = r"a\"b, nan, \\"
    row = GOOD[:-1] + f',"source":"{source}","note":"x: nan, inf]"}}'
    found = decode(f'[{row},{{"time":"2026-10-03T00:00:00Z","voltageV":nan}},{row}]')
    assert [row.source for row in found.rows] == [json.loads(f'"{source}"')] * 2
    assert [problem.row for problem in found.problems] == [1]


def test_a_word_in_a_field_that_nobody_knows_costs_nothing() -> None:
    assert len(decode(f'[{GOOD[:-1]},"rssi":nan,"cells":[nan,{{"v":-inf}}]}}]').rows) == 1


def test_a_byte_order_mark_is_passed_over() -> None:
    assert len(decode(b"\xef\xbb\xbf" + f"[{GOOD}]".encode()).rows) == 1


def test_a_batch_of_other_rows_is_taken_strictly() -> None:
    with pytest.raises(Invalid, match="the body is not JSON"):
        decode('[{"id":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","name":nan}]', SiteRow)


def test_a_client_states_times_strictly() -> None:
    found = decode('[{"time":1790823845,"deviceId":"6ba7b810-9dad-11d1-80b4-00c04fd430c8"}]', FleetReading)
    assert [problem.reason.split(":")[0] for problem in found.problems] == ["time"]


@pytest.mark.parametrize("time", ["null", "true", "[]", "{}"])
def test_what_cannot_be_a_time_is_told_what_it_may_be(time: str) -> None:
    found = decode(f'[{{"time":{time},"activePowerKw":1}},{GOOD}]')
    assert [problem.reason for problem in found.problems] == ["time: neither a text nor a number"]
    assert len(found.rows) == 1


def test_a_row_of_names_that_nobody_knows_has_no_quantity() -> None:
    rows = decode(
        '[{"time":"2026-11-02T00:20:00Z","active_power_kw":1.5,"energy_imported_kwh":20},'
        f'{GOOD},{{"time":"2026-11-02T00:21:00Z","frequencyHz":null,"source":"acuvim"}}]'
    ).rows
    assert [row.time.minute for row in without_quantity(rows)] == [20, 21]
    assert not without_quantity(rows[1:2])
    assert not without_quantity(())


HOSTILE = {
    "words": b"[" + b"a," * (SIZE // 2) + b"1]",
    "words of a row": b'[{"a":[' + b"nan," * (SIZE // 4) + b"1]}]",
    "escapes": b'[nan,"' + b"\\\\" * (SIZE // 2) + b'"]',
    "a text without end": b'[nan,"' + b'\\"' * (SIZE // 2),
    "quotes": b"[nan," + b'"' * SIZE,
    "texts": b'[{"a":[' + b'"",' * (SIZE // 3) + b"nan]}]",
    "brackets": b"[nan," + b"[" * SIZE,
    "commas": b"[nan" + b", " * (SIZE // 2),
    "colons": b"[nan," + b":" * SIZE,
    "letters": b"[nan," + b"a" * SIZE,
    "digits": b"[nan," + b"1" * SIZE + b"]",
    "space": b"[nan," + b" " * SIZE + b"]",
    "lines": b"[nan" + b"\n" * SIZE + b"x",
    "other bytes": b"[nan," + b"\xff" * SIZE,
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_body_made_to_be_costly_takes_memory_by_its_size(body: bytes) -> None:
    tracemalloc.start()
    try:
        words = refusal(body)
    finally:
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert most < 5 * SIZE
    assert len(words) < 200


_NUMBERS = st.floats() | st.integers(-(2**70), 2**70) | st.sampled_from([0, -0.0, 1e308])
_ANY = st.recursive(
    st.none() | st.booleans() | _NUMBERS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
_TIMES = st.sampled_from(
    ["2026-10-03T00:00:00Z", "20261003T00+02", "2026-10-03T00:00", "x", 1790823845, math.nan]
)
_FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "time": _TIMES | _ANY,
        "deviceId": _ANY,
        "activePowerKw": _NUMBERS | _ANY,
        "source": _ANY,
        "x": _ANY,
    },
)


@given(st.binary(max_size=200) | st.text(alphabet='[]{}",:\\nanif-1. \u00e4', max_size=80).map(str.encode))
@example(b'["\\')
@example(b'[{"a":nan,"\\')
def test_any_bytes_are_rows_or_refused(body: bytes) -> None:
    words = refusal(body)
    assert words == "" or words.startswith(("the body is ", "at most "))


@given(st.lists(_FIELDS | _ANY, max_size=6), st.integers(0, 6))
def test_a_good_row_is_kept_among_any_others(rows: list[Any], index: int) -> None:
    texts = [json.dumps(row) for row in rows]
    texts.insert(index, GOOD)
    index = min(index, len(rows))
    found = decode(f"[{','.join(texts)}]")
    assert found.sent == len(texts)
    assert index in found.numbers
    assert found.rows[list(found.numbers).index(index)].energy_imported_kwh == 20.1
    assert all(row.time.tzinfo is not None for row in found.rows)


@given(st.lists(_FIELDS, max_size=6), st.data())
def test_a_body_that_is_cut_or_spoiled_is_rows_or_refused(rows: list[Any], data: st.DataObject) -> None:
    body = json.dumps([*rows, json.loads(GOOD)], ensure_ascii=False).encode("utf-8", "surrogatepass")
    at = data.draw(st.integers(0, len(body) - 1))
    for text in (body[:at], body[:at] + data.draw(st.binary(min_size=1, max_size=3)) + body[at + 1 :]):
        words = refusal(text)
        assert words == "" or words.startswith(("the body is ", "at most "))
