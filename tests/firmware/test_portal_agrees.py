"""Node and portal mean the same: quantities, steps, rows and what an answer says."""

from __future__ import annotations

import gzip
import json
import struct
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node import outcome
from node.float_bits import scaled
from node.http import Answer
from node.packing import RowPacker
from node.payload import row_fields
from node.quantities import ALL, DECIMALS, FIRST_REGISTER, PAST_REGISTERS, Reading, fits
from portal.core.readings.decoding import decode_rows
from portal.core.readings.rules.quantities import ALL_QUANTITIES
from portal.core.readings.rules.scaling import to_stored
from portal.core.readings.wire import DeviceIngestAnswer, DeviceReading
from portal.core.wire_fields import RowProblem
from tests.firmware.checks import MOST_STEPS, NAMES
from tests.firmware.test_acuvim import EXPECTED

GOLDEN = Path(__file__).parents[1] / "contract/golden/node_readings.json"
MORNING = 1_779_177_600
STEPS = st.tuples(*[st.none() | st.integers(-most, most) for most in MOST_STEPS])


def packed(readings: list[Reading]) -> bytes:
    packer = RowPacker(bytearray(1 << 20))
    for reading in readings:
        assert packer.add(row_fields(reading, reading.at, ALL, "acuvim-ii 3LN/3CT"))
    return bytes(packer.finish())


def test_the_quantities_are_the_portals() -> None:
    assert [(each.wire_name, each.decimals) for each in ALL_QUANTITIES] == list(
        zip(NAMES, DECIMALS, strict=True)
    )
    registers = [index for index, each in enumerate(ALL_QUANTITIES) if each.group == "registers"]
    assert registers == list(range(FIRST_REGISTER, PAST_REGISTERS))
    for index, each in enumerate(ALL_QUANTITIES):
        if index not in registers:
            assert fits(index, each.most)
            assert not fits(index, each.most + 1)


@given(st.lists(STEPS, min_size=1, max_size=5))
def test_the_portal_stores_the_very_steps_that_the_node_counted(rows: list[tuple[int | None, ...]]) -> None:
    """From the meter's answer to the database nothing is rounded, though it travels as decimal text."""
    sent = [Reading(MORNING + 60 * at, list(values), 6) for at, values in enumerate(rows)]
    decoded = decode_rows(gzip.decompress(packed(sent)), DeviceReading, max_rows=10)
    assert not decoded.problems
    for reading, row in zip(sent, decoded.rows, strict=True):
        assert row.time == datetime.fromtimestamp(reading.at, UTC)
        assert row.source == "acuvim-ii 3LN/3CT"
        for quantity, steps in zip(ALL_QUANTITIES, reading.values, strict=True):
            value = getattr(row, quantity.name)
            assert (None if value is None else to_stored(quantity, value)) == steps


@given(st.integers(0, (1 << 32) - 1), st.integers(1, 1 << 40), st.integers(1, 1 << 40))
def test_a_float_becomes_steps_exactly(bits: int, numerator: int, denominator: int) -> None:
    [value] = struct.unpack(">f", bits.to_bytes(4, "big"))
    steps = scaled(bits, numerator, denominator)
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - is it a number
        assert steps is None
    else:
        exact = Fraction(value) * numerator / denominator
        nearest = int(abs(exact) + Fraction(1, 2))
        assert steps == (nearest if exact >= 0 else -nearest)


def golden_readings() -> list[Reading]:
    values: list[int | None] = list(EXPECTED.values())
    later: list[int | None] = [None if each is None else each + 7 for each in values]
    return [
        Reading(MORNING, values),
        Reading(MORNING + 60, later),
        Reading(MORNING + 120, [*values[:6], 999_999_999, *[None] * 23]),
        Reading(MORNING + 180, [-68_883, *values[1:6], 381_089_000_040, *[None] * 23], 6),
    ]


def test_the_payload_is_what_it_was() -> None:
    """`tests/contract` holds that the portal reads this file; a node of today may meet the portal of another year."""
    assert gzip.decompress(packed(golden_readings())) == GOLDEN.read_bytes().rstrip(b"\n")


def _answer(said: Any, status: int = 200) -> outcome.Outcome:
    return outcome.outcome_of(Answer(status, {}, msgspec.json.encode(said), is_kept=True), 5)


def test_the_portals_answers_are_understood() -> None:
    counts = {"accepted": 1, "rejected": 1, "duplicates": 1, "completed": 1, "conflicts": 1}
    said = DeviceIngestAnswer(**counts, errors=[RowProblem(3, "no known quantity")])
    heard = _answer(said)
    assert (heard.kind, heard.refused, heard.server_s) == (outcome.STORED, [(3, "no known quantity")], None)
    at = datetime(2026, 5, 18, 12, 0, 0, 250_000, tzinfo=UTC)
    heard = _answer(
        DeviceIngestAnswer(**counts, errors=said.errors, server_time=at, clock_skew_seconds=-3600)
    )
    assert heard.server_s == int(at.timestamp())


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (200, {}, outcome.AGAIN),
        (200, {"accepted": 4}, outcome.AGAIN),
        (200, [], outcome.AGAIN),
        (200, {"accepted": 4, "rejected": 1, "errors": []}, outcome.SMALLER),
        (401, {"error": {"code": "unauthenticated"}}, outcome.UNWELCOME),
        (413, {"error": {"code": "too_large"}}, outcome.SMALLER),
        (400, {"error": {"code": "invalid"}}, outcome.SMALLER),
        (400, "Bad Request", outcome.AGAIN),
        (404, {"error": {"code": "not_found"}}, outcome.AGAIN),
        (503, {"error": {"code": "unavailable"}}, outcome.AGAIN),
    ],
)
def test_what_an_answer_means(status: int, said: Any, kind: str) -> None:
    assert _answer(said, status).kind == kind


def test_the_golden_payload_is_json() -> None:
    assert len(json.loads(GOLDEN.read_bytes())) == 4
