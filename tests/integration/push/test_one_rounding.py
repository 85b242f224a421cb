"""What is read back differs from what was posted by at most half a unit, the same on the Client and on the Admin.

Numbers go in by HTTP as texts, come out of the REST route, are pushed, and come out of the Admin; sent straight to the
Admin, the same texts are the same readings.
"""

import json
import random
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import httpx
import pytest

from fleet_ingest.app import build_app
from portal.core.identity.service import api_keys
from portal.core.readings.rules.quantities import ALL_QUANTITIES, Quantity
from portal.core.sites.service import devices, sites
from portal.core.sites.service.devices import IssuedDevice
from portal.core.stack import Stack
from tests.integration.push.rig import START, Rig
from tests.length import usual_or_long

_ALL = ",".join(quantity.wire_name for quantity in ALL_QUANTITIES)
_END = START + timedelta(hours=1)


def _step(quantity: Quantity) -> Decimal:
    return Decimal(1).scaleb(-quantity.decimals)


def _texts(quantity: Quantity, chance: random.Random) -> Iterator[str]:
    """Yield numbers as boards print them: halves of a step, long and short ones, 32-bit floats, the largest."""
    step, half = _step(quantity), _step(quantity) / 2
    some = chance.randrange(30_000)
    for steps in (0, 1, some, some + 1):
        for sign in ("", "-"):
            yield f"{sign}{steps * step:f}"
            yield f"{sign}{steps * step + half:f}"
    # Doubles that are a little more or less than the text says.
    yield from ("0.575", "1.005", "2.675", "1.1e0", "25E-1", "1e-9", "-0.0", "0", "3")
    most = float(min(quantity.most, 10**12) * step)
    for _ in range(10):
        value = chance.uniform(-most, most) * chance.choice([1, 0.01, 0.0001])
        yield repr(value)
        yield repr(struct.unpack("f", struct.pack("f", value))[0])
        yield f"{value * 0.99:.3f}"
    for bound in (quantity.least, quantity.most):
        yield f"{bound * step:f}"
        # Towards nought, so that it rounds to what fits.
        yield f"{bound * step - (half / 2).copy_sign(bound):f}"


def _beyond(quantity: Quantity) -> tuple[str, ...]:
    step = _step(quantity)
    bounds = (f"{(quantity.most + 1) * step:f}", f"{(quantity.least - 1) * step:f}")
    return (*bounds, "1e300", "-1e300")


def _rows(chance: random.Random) -> list[dict[str, str]]:
    """Return rows with every text of every quantity in one of them, from one quantity a row to all."""
    left = {each.wire_name: list(_texts(each, chance)) for each in ALL_QUANTITIES}
    rows: list[dict[str, str]] = []
    while left:
        row: dict[str, str] = {}
        for name in chance.sample(
            list(left), chance.choice([1, 8, len(left)]) if len(left) > 8 else len(left)
        ):
            row[name] = left[name].pop()
            if not left[name]:
                del left[name]
        rows.append(row)
    return rows


def _body(rows: list[dict[str, str]], **more: str) -> bytes:
    """Write rows as JSON with the texts as they stand, a second apart."""
    others = "".join(f', "{name}": "{value}"' for name, value in more.items())
    written = [
        f'{{"time": "{(START + timedelta(seconds=number)).isoformat()}"{others}, '
        + ", ".join(f'"{name}": {text}' for name, text in row.items())
        + "}"
        for number, row in enumerate(rows)
    ]
    return f"[{', '.join(written)}]".encode()


@asynccontextmanager
async def _http(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    app = build_app(stack.settings, stack)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://stack.test") as http:
        yield http
    await app.state.refreshing.drain()


async def _meter(rig: Rig) -> IssuedDevice:
    await sites.add_site(rig.client, "House")
    return await devices.add_device(rig.client, "Main", site="House", external_id="main-1")


def _figures(rows: list[dict[str, Any]]) -> list[dict[str, Decimal]]:
    """Return what of rows is a quantity, not null."""
    known = {quantity.wire_name for quantity in ALL_QUANTITIES}
    return [
        {name: Decimal(value) for name, value in row.items() if name in known and value is not None}
        for row in rows
    ]


async def _at_client(rig: Rig, http: httpx.AsyncClient, device: IssuedDevice) -> list[dict[str, Decimal]]:
    key = await api_keys.add_api_key(rig.client, "tests")
    asked = {
        "deviceId": str(device.id),
        "from": START.isoformat(),
        "to": _END.isoformat(),
        "quantities": _ALL,
        "limit": "10000",
    }
    answer = await http.get("/api/measurements", params=asked, headers={"Authorization": f"Bearer {key.key}"})
    return _figures(json.loads(answer.text, parse_float=Decimal)["measurements"])


async def _at_admin(rig: Rig, http: httpx.AsyncClient, device: IssuedDevice) -> list[dict[str, Decimal]]:
    asked = {"deviceId": str(device.id), "from": START.isoformat(), "to": _END.isoformat()}
    answer = await http.get(
        "/api/fleet/recovery/measurements", params=asked, headers={"X-Customer-Token": rig.token}
    )
    return _figures(json.loads(answer.text, parse_float=Decimal)["rows"])


def _rounded(rows: list[dict[str, str]]) -> list[dict[str, Decimal]]:
    """Return what is to be read back: of the shortest text of each number the nearest step, of a half the even one."""
    steps = {quantity.wire_name: _step(quantity) for quantity in ALL_QUANTITIES}
    return [
        {
            name: Decimal(repr(float(text))).quantize(steps[name], ROUND_HALF_EVEN)
            for name, text in row.items()
        }
        for row in rows
    ]


@pytest.mark.parametrize("seed", range(usual_or_long(2, 20)))
async def test_every_number_is_rounded_once_and_everywhere_the_same(rig: Rig, seed: int) -> None:
    rows = _rows(random.Random(seed))
    device = await _meter(rig)
    token = {"Authorization": f"Bearer {device.token}"}
    async with _http(rig.client) as client, _http(rig.admin) as admin:
        # A handful goes another way than a batch, and what was there before goes a third.
        for sent, accepted in ((rows[:20], 20), (rows, len(rows) - 20), (rows, 0)):
            answer = await client.post("/api/ingest/measurements", content=_body(sent), headers=token)
            counts = answer.json()
            assert (counts["accepted"], counts["duplicates"]) == (accepted, len(sent) - accepted), answer.text
        expected = _rounded(rows)
        read = await _at_client(rig, client, device)
        assert read == expected
        for row, asked in zip(read, rows, strict=True):
            for quantity in ALL_QUANTITIES:
                if text := asked.get(quantity.wire_name):
                    posted = Decimal(repr(float(text)))
                    assert abs(row[quantity.wire_name] - posted) <= _step(quantity) / 2
        await rig.drain()
        assert await _at_admin(rig, admin, device) == expected
        await rig.assert_mirrored()
        # An Admin is sent unrounded numbers as well, by a Client of an earlier release: the same readings.
        headers = {"X-Customer-Token": rig.token, "X-Batch-Type": "measurements"}
        again = await admin.post(
            "/api/fleet/ingest", content=_body(rows, deviceId=str(device.id)), headers=headers
        )
        assert again.json() == {"accepted": len(rows), "rejected": 0, "errors": []}
        assert await _at_admin(rig, admin, device) == expected
    assert await rig.on_admin("SELECT count(*) FROM fleet.reading_conflicts") == [(0,)]
    assert await rig.on_client("SELECT count(*) FROM monitoring.reading_conflicts") == [(0,)]


@pytest.mark.parametrize("at_once", [20, 1000], ids=["few", "many"])
async def test_what_does_not_fit_is_refused_by_name_on_either_side(rig: Rig, at_once: int) -> None:
    device = await _meter(rig)
    await rig.tick()
    bad = [(quantity, text) for quantity in ALL_QUANTITIES for text in _beyond(quantity)]
    async with _http(rig.client) as client, _http(rig.admin) as admin:
        for start in range(0, len(bad), at_once):
            some = bad[start : start + at_once]
            # The good value of a bad row goes with it.
            rows = [
                {"frequencyHz" if quantity.name == "voltage_v" else "voltageV": "5", quantity.wire_name: text}
                for quantity, text in some
            ]
            rows += [{"voltageV": "230"}] * (start == 0)
            here = await client.post(
                "/api/ingest/measurements",
                content=_body(rows),
                headers={"Authorization": f"Bearer {device.token}"},
            )
            there = await admin.post(
                "/api/fleet/ingest",
                content=_body(rows, deviceId=str(device.id)),
                headers={"X-Customer-Token": rig.token, "X-Batch-Type": "measurements"},
            )
            reasons = [_refusal(quantity, text) for quantity, text in some]
            errors = [{"row": row, "reason": reason} for row, reason in enumerate(reasons)]
            for answer in (here.json(), there.json()):
                assert (answer["accepted"], answer["errors"]) == (int(start == 0), errors)
    assert await rig.on_client("SELECT count(*) FROM monitoring.readings") == [(1,)]
    assert await rig.on_admin("SELECT count(*) FROM fleet.readings") == [(1,)]


def _refusal(quantity: Quantity, text: str) -> str:
    least, most = (f"{bound * _step(quantity):f}" for bound in (quantity.least, quantity.most))
    return f"{quantity.wire_name}: {float(text)!r} does not fit, {least} to {most} can be stored"
