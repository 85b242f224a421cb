"""A body costs memory by what is allowed, not by what is sent."""

import tracemalloc

import pytest

from portal.core.errors import Invalid, TooLarge
from portal.core.readings.decoding import decode_rows
from portal.core.readings.wire import DeviceReading

SIZE = 8_000_000
ROW = b'{"time":"2026-05-18T08:00:00Z"},'
HOSTILE = {
    "numbers": b"[" + b"1," * (SIZE // 2) + b"1]",
    "objects": b"[" + b"{}," * (SIZE // 3) + b"{}]",
    "arrays": b"[" + b"[]," * (SIZE // 3) + b"[]]",
    "good rows": b"[" + ROW * (SIZE // len(ROW)) + b"{}]",
    "not numbers": b"[" + b"NaN," * (SIZE // 4) + b"1]",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_megabytes_of_too_many_rows_cost_little(body: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge, match="at most 20000 rows"):
            decode_rows(body, DeviceReading, max_rows=20_000)
        assert tracemalloc.get_traced_memory()[1] < 2 * SIZE
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("deep", "words"), [(b"[" * SIZE, "nested too deeply"), (b'{"a":' * (SIZE // 5), "not a JSON array")]
)
def test_endless_nesting_is_refused(deep: bytes, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        decode_rows(deep, DeviceReading, max_rows=10)


def test_nesting_has_a_limit_also_in_fields_that_are_ignored() -> None:
    for depth, is_refused in ((50, False), (100_000, True)):
        row = b'{"time":"2026-05-18T08:00:00Z","x":' + b"[" * depth + b"]" * depth + b"}"
        if is_refused:
            with pytest.raises(Invalid, match="nested too deeply"):
                decode_rows(b"[" + row + b"]", DeviceReading, max_rows=10)
        else:
            assert len(decode_rows(b"[" + row + b"]", DeviceReading, max_rows=10).rows) == 1


def test_the_limit_is_exact_whatever_the_rows_are() -> None:
    for row in (b"1", b"{}", b"[1]", b"NaN", ROW[:-1], b'{"a":{"b":{}}}'):
        body = b"[" + b",".join([row] * 5) + b"]"
        assert decode_rows(body, DeviceReading, max_rows=5).sent == 5
        with pytest.raises(TooLarge):
            decode_rows(body, DeviceReading, max_rows=4)
