"""A batch is as large as its limits allow, counted on what goes over the wire."""

import gzip
import json
import random
import string
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from portal.core.exchange.batches import ENCODER
from portal.core.readings.wire import QUANTITIES, FleetReading
from portal.push import planner
from portal.push.lanes import pack

START = datetime(2026, 5, 18, tzinfo=UTC)


def _plain(count: int) -> list[FleetReading]:
    """What a meter sends: a few digits, one device."""
    chance = random.Random(1)
    return [
        FleetReading(
            time=START + timedelta(minutes=number),
            device_id=UUID(int=7),
            **{name: round(chance.random() * 100, 3) for name in QUANTITIES},
        )
        for number in range(count)
    ]


def _incompressible(count: int) -> list[FleetReading]:
    """Every digit, letter and id at random, as many as there can be."""
    chance = random.Random(1)
    return [
        FleetReading(
            time=START + timedelta(microseconds=chance.randrange(10**12)),
            device_id=UUID(int=chance.getrandbits(128)),
            source="".join(chance.choices(string.ascii_letters + string.digits, k=50)),
            **{name: chance.uniform(-1e-5, 1e-5) for name in QUANTITIES},
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize("max_bytes", [1024, 4096, 65_536, 200_000])
def test_the_body_obeys_the_limit_and_uses_it(max_bytes: int) -> None:
    rows = _plain(6000)
    packed = pack(rows, 5000, max_bytes)
    assert gzip.decompress(packed.body) == b"[" + b",".join(packed.rows) + b"]"
    assert packed.rows == tuple(ENCODER.encode(row) for row in rows[: len(packed.rows)])
    assert 0.8 * max_bytes < len(packed.body) <= max_bytes


def test_rows_are_the_limit_where_bytes_are_not() -> None:
    assert len(pack(_plain(6000), 5000, 1_048_576).rows) == 5000


def test_one_row_goes_out_however_large() -> None:
    [row] = json.loads(gzip.decompress(pack(_incompressible(3), 5000, 10).body))
    assert UUID(row["deviceId"]) == _incompressible(1)[0].device_id


def test_nothing_is_packed_of_nothing() -> None:
    assert pack([], 5000, 1024).rows == ()


@pytest.mark.parametrize("max_bytes", [1024, 4096, 65_536, 1_048_576])
def test_what_is_sure_to_fit_fits(max_bytes: int) -> None:
    sure = planner.sure_rows(5000, max_bytes)
    assert len(pack(_incompressible(sure), 5000, max_bytes).rows) == sure
