"""Boards at the ingest: what they say of themselves, what they are told, how they come by a token and a release."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from node.claim import code_of
from node.quantities import ALL, EIGHT
from node.settings import Settings
from portal.core.boards.service import boards, claims, commissioning, releases
from portal.core.energy.rules.registers import REGISTER_COUNT_MILLIWH
from portal.core.errors import Conflict, Invalid, NotFound, Outdated
from portal.core.sites.service import devices
from portal.simulator.load_model import BuildingLoad, LoadKind
from portal.simulator.meter import Shown, block_of
from tests.firmware.release import BUNDLE, MODULUS, VERSION
from tests.firmware.simulated_board import SimulatedBoard, SimulatedPortal
from tests.firmware.simulated_files import SimulatedFiles
from update.slots import Slots

if TYPE_CHECKING:
    from collections.abc import Callable

    from portal.core.sites.service.devices import IssuedDevice
    from tests.integration.databases import Clock
    from tests.integration.fleet_ingest.api import Api, Caller

READING = [{"time": "2026-05-18T08:00:00Z", "activePowerKw": 1.5}]
WORD = {"X-Board": "1.0.0 0 -71"}
ANSWER_BYTES = 200


async def _post(api: Api, device: IssuedDevice, word: str = "1.0.0 0 -71") -> dict[str, Any]:
    answer = await api.post_readings(device.token, READING, **{"X-Board": word})
    assert answer.status_code == httpx.codes.OK
    return answer.json()


async def test_what_a_board_says_of_itself_is_kept(
    client_api: Api, device: IssuedDevice, clock: Clock
) -> None:
    assert await boards.list_boards(client_api.stack) == []
    await client_api.post_readings(device.token, READING)
    await client_api.post_readings(device.token, READING, **{"X-Board": "<script> 0"})
    assert await boards.list_boards(client_api.stack) == [], "only who says what it runs"
    assert (await _post(client_api, device)).keys().isdisjoint({"settings", "update"})
    (found,) = await boards.list_boards(client_api.stack)
    assert (found.external_id, found.board.running, found.board.signal_dbm) == ("main-1", "1.0.0", -71)
    assert found.board.heard_at == clock.now
    await _post(client_api, device, "1.1.0 3 0 1.2.0")
    board = (await boards.list_boards(client_api.stack))[0].board
    assert (board.running, board.applied_version, board.failed_release) == ("1.1.0", 3, "1.2.0")
    assert board.signal_dbm == -71, "it did not know it this time"


async def test_settings_wait_until_the_board_has_them(
    client_api: Api, device: IssuedDevice, call: Caller
) -> None:
    there = f"/api/admin/sites/{await _site(client_api)}/devices/{device.id}/board"
    wanted = {"periodSeconds": 30, "everySeconds": 600, "quantities": ["voltageV", "activePowerKw"]}
    answer = await call("PUT", f"{there}/settings", json={"settings": wanted})
    assert answer.status_code == httpx.codes.OK, answer.text
    assert answer.json()["settingsVersion"] == 1
    assert (await _post(client_api, device))["settings"] == 1
    asked = await client_api.http.get(
        "/api/ingest/settings", headers={"Authorization": f"Bearer {device.token}"}
    )
    assert asked.json() == {
        "version": 1,
        "settings": wanted | {"quantities": ["activePowerKw", "voltageV"]},
    }
    assert "settings" not in await _post(client_api, device, "1.0.0 1 -71")
    shown = (await call("GET", there)).json()
    assert (shown["appliedVersion"], shown["settingsVersion"], shown["running"]) == (1, 1, "1.0.0")
    for wrong in (
        {"periodSeconds": 1},
        {"quantities": []},
        {"host": "evil.example"},
        {"everySeconds": 10, "periodSeconds": 60},
    ):
        assert (
            await call("PUT", f"{there}/settings", json={"settings": wrong})
        ).status_code == httpx.codes.BAD_REQUEST


async def test_an_answer_with_everything_in_it_stays_within_two_hundred_bytes(
    client_api: Api, device: IssuedDevice, clock: Clock
) -> None:
    await boards.change_settings(client_api.stack, device.external_id, {"periodSeconds": 30})
    await releases.add_release(client_api.stack, BUNDLE, 100)
    ahead = int((clock.now + timedelta(hours=2)).timestamp())
    rows = [{"time": ahead + minute * 60, "activePowerKw": 1.5} for minute in range(60)]
    answer = await client_api.post_readings(device.token, rows, **WORD)
    said = answer.json()
    assert {"serverTime", "clockSkewSeconds", "settings", "update"} <= said.keys()
    assert len(answer.content) <= ANSWER_BYTES


async def test_a_code_typed_in_at_a_device_brings_its_board_the_token(
    client_api: Api, device: IssuedDevice, call: Caller, clock: Clock
) -> None:
    secret = secrets.token_hex(32)

    async def collect() -> httpx.Response:
        return await client_api.http.post("/api/ingest/claim", json={"secret": secret})

    assert (await collect()).status_code == httpx.codes.NOT_FOUND
    code = code_of(secret)
    there = f"/api/admin/sites/{await _site(client_api)}/devices/{device.id}/claim"
    made = await call("POST", there, json={"code": code.lower().replace("-", " ")})
    assert made.json()["code"] == code
    first, again = (await collect()).json()["token"], (await collect()).json()["token"]
    assert [(await client_api.post_readings(token, READING)).status_code for token in (device.token, first, again)] == [
        401, 401, 200,
    ]  # fmt: skip
    clock.now += claims.CLAIM_HOLDS
    assert (await collect()).status_code == httpx.codes.NOT_FOUND, "after a day it has to be typed in again"
    trail = await client_api.rows(
        "SELECT action FROM app.audit_events WHERE action LIKE 'device.%' ORDER BY id"
    )
    assert [action for (action,) in trail][-3:] == [
        "device.board_claimed",
        "device.token_collected",
        "device.token_collected",
    ]


async def test_a_code_is_for_one_device_and_another_board_gets_nothing_by_it(
    client_api: Api, device: IssuedDevice
) -> None:
    stack = client_api.stack
    other = await devices.add_device(stack, "Other", site="Head office", external_id="other-1")
    code = code_of(secrets.token_hex(32))
    await claims.claim_board(stack, device.external_id, code)
    with pytest.raises(Conflict):
        await claims.claim_board(stack, other.external_id, code)
    with pytest.raises(NotFound):
        await claims.claim_board(stack, "nobody", code)
    with pytest.raises(NotFound):
        await claims.collect_token(stack, secrets.token_hex(32))
    for wrong in ("", "7XK4", "7XK4-9MTC-02QU", "7XK4-9MTC-02QF-1"):
        with pytest.raises(Invalid):
            await claims.claim_board(stack, device.external_id, wrong)


async def test_a_release_is_handed_out_in_parts_to_those_it_is_rolled_out_to(
    client_api: Api, device: IssuedDevice, call: Caller
) -> None:
    stack = client_api.stack
    assert await releases.add_release(stack, BUNDLE) == VERSION
    with pytest.raises(Conflict):
        await releases.add_release(stack, BUNDLE)
    with pytest.raises(Invalid):
        await releases.add_release(stack, b"PK" + BUNDLE)
    assert "update" not in await _post(client_api, device), "nobody yet"
    assert (await call("PATCH", f"/api/admin/releases/{VERSION}", json={"percent": 100})).status_code == 200
    assert (await _post(client_api, device))["update"] == VERSION
    for running in (VERSION, "1.2.0", f"1.0.0 0 0 {VERSION}"):
        word = running if " " in running else f"{running} 0"
        assert "update" not in await _post(client_api, device, word), running
    headers = {"Authorization": f"Bearer {device.token}"}
    found, whole = b"", 1
    while len(found) < whole:
        part = await client_api.http.get(
            f"/api/ingest/firmware/{VERSION}?offset={len(found)}", headers=headers
        )
        found, whole = found + part.content, int(part.headers["X-Bundle-Bytes"])
    assert found == BUNDLE
    assert (await client_api.http.get("/api/ingest/firmware/9.9.9", headers=headers)).status_code == 404
    for nobodys in ("9.9.9", "%00", "1.1.0%20", "%C3%A9"):
        assert (await call("GET", f"/api/admin/releases/{nobodys}")).status_code == 404
        assert (
            await client_api.http.get(f"/api/ingest/firmware/{nobodys}", headers=headers)
        ).status_code == 404
    await call("DELETE", f"/api/admin/releases/{VERSION}")
    assert "update" not in await _post(client_api, device)


async def test_how_far_a_release_has_come_is_counted(
    client_api: Api, device: IssuedDevice, call: Caller
) -> None:
    stack = client_api.stack
    await releases.add_release(stack, BUNDLE, 100)
    boards_of = {
        name: await devices.add_device(stack, name, site="Head office", external_id=name)
        for name in ("taken", "waiting", "broken", "silent")
    }
    for name, word in (("taken", "1.1.0 0"), ("waiting", "1.0.0 0"), ("broken", "1.0.0 0 0 1.1.0")):
        await _post(client_api, boards_of[name], word)

    async def counted() -> tuple[int, ...]:
        [found] = (await call("GET", "/api/admin/releases")).json()["releases"]
        return tuple(found[f"{what}Boards"] for what in ("confirmed", "offered", "failed"))

    async def failed() -> bool:
        return "portal_board_updates_failed 1.0" in (await call("GET", "/metrics")).text

    assert await counted() == (1, 1, 1)
    assert await failed()
    await releases.roll_out(stack, VERSION, 0)
    assert await counted() == (1, 0, 1)
    assert not await failed(), "who withdrew it has seen it"
    await boards.pin_release(stack, "broken", VERSION)
    await _post(client_api, boards_of["broken"], "1.0.0 0 0 1.1.0")
    assert await failed(), "that one is still to run it"


async def test_two_people_do_not_overwrite_what_a_board_is_to_be(
    client_api: Api, device: IssuedDevice
) -> None:
    stack = client_api.stack
    await releases.add_release(stack, BUNDLE)
    seen = (await boards.get_board(stack, device.id)).version
    await boards.change_settings(stack, device.id, {"periodSeconds": 30}, expected=[seen])
    with pytest.raises(Outdated):
        await boards.change_settings(stack, device.id, {"periodSeconds": 60}, expected=[seen])
    with pytest.raises(Outdated):
        await boards.pin_release(stack, device.id, VERSION, expected=[seen])
    mark = (await releases.get_release(stack, VERSION)).mark
    await releases.roll_out(stack, VERSION, 10, expected=[mark])
    with pytest.raises(Outdated):
        await releases.roll_out(stack, VERSION, 100, expected=[mark])


async def test_the_check_of_a_new_meter_reads_what_it_has_sent(
    client_api: Api, device: IssuedDevice, call: Caller, clock: Clock
) -> None:
    there = f"/api/admin/sites/{await _site(client_api)}/devices/{device.id}/commissioning"
    assert {each["result"] for each in (await call("GET", there)).json()["findings"]} == {"open"}
    phases = {
        f"{name}L{number}{unit}": value
        for number in (1, 2, 3)
        for name, unit, value in (
            ("voltage", "V", 230.0),
            ("current", "A", 20.0),
            ("activePower", "Kw", -4.3 if number == 2 else 4.3),
            ("powerFactor", "", -0.93 if number == 2 else 0.93),
        )
    }
    rows = [
        {"time": (clock.now - timedelta(minutes=minute)).isoformat(), "activePowerKw": 4.3, **phases}
        for minute in range(12)
    ]
    assert (await client_api.post_readings(device.token, rows, **WORD)).json()["accepted"] == len(rows)
    answer = (await call("GET", there)).json()
    found = {each["check"]: each for each in answer["findings"]}
    assert found["Current transformers"]["result"] == "wrong"
    assert "L2 is the wrong way round" in found["Current transformers"]["words"]
    assert found["Signal"]["result"] == found["Readings"]["result"] == "good"
    with pytest.raises(NotFound):
        await commissioning.check_device(client_api.stack, device.id, site_id=device.id)


class _RealPortal(SimulatedPortal):
    """The portal itself, behind the simulated line."""

    def __init__(self, api: Api, clock: Clock, board: SimulatedBoard) -> None:
        super().__init__()
        self._api, self._clock, self._board = api, clock, board
        self._loop = asyncio.get_running_loop()
        self.lengths: list[int] = []

    def answer(self, request: bytes) -> bytes:
        head, _, body = request.partition(b"\r\n\r\n")
        line, *lines = head.decode().split("\r\n")
        method, path, _ = line.split()
        headers = dict(each.split(": ", 1) for each in lines)
        self._clock.now = self._board_time()
        asking = self._api.http.request(method, path, content=body, headers=headers)
        response = asyncio.run_coroutine_threadsafe(asking, self._loop).result()
        told = "".join(f"{name}: {value}\r\n" for name, value in response.headers.items())
        answer = f"HTTP/1.1 {response.status_code} x\r\n{told}\r\n".encode() + response.content
        self.lengths.append(len(request) + len(answer))
        return answer

    def _board_time(self) -> Any:
        return self._clock.now.fromtimestamp(self._board.true_ms() / 1000, self._clock.now.tzinfo)


async def test_a_board_without_a_token_comes_by_settings_and_a_release_and_falls_back(
    client_api: Api, device: IssuedDevice, clock: Clock
) -> None:
    """From the code on its case to its second program, with nothing but the firmware's own code on the board."""
    stack = client_api.stack
    files = SimulatedFiles()
    files.files = {"a/version": b"1.0.0"}
    board = SimulatedBoard(blocks=24)
    kept = Settings(board.flash)
    kept.values = {"host": "portal.example.com", "every_s": 300}
    kept.store()
    board.link.portal = board.portal = _RealPortal(client_api, clock, board)

    def start() -> None:
        board.updates = Slots(files, MODULUS)
        board.updates.choose()
        board.start()

    start()
    assert board.node is not None
    await asyncio.to_thread(board.run, 120)
    assert await client_api.count("monitoring.power_measurements") == 0
    await claims.claim_board(stack, device.external_id, code_of(board.node.settings.text("claim_secret")))
    await boards.change_settings(stack, device.external_id, {"periodSeconds": 30, "everySeconds": 120})
    await asyncio.to_thread(board.run, 600)
    assert await client_api.count("monitoring.power_measurements") >= 5
    assert board.node.wants_restart
    phases = await client_api.rows("SELECT count(*), count(voltage_l1_v) FROM monitoring.power_measurements")
    assert phases[0][0] == phases[0][1], "all quantities, as long as somebody checks its wires"
    start()
    await releases.add_release(stack, BUNDLE, 100)
    await asyncio.to_thread(board.run, 600)
    assert (await boards.get_board(stack, device.external_id)).board.applied_version == 1
    assert board.node.wants_restart
    start()
    assert board.updates is not None
    assert board.updates.is_trial()
    board.node.target.running = VERSION
    await asyncio.to_thread(board.run, 600)
    assert not board.updates.is_trial(), "the portal has taken readings of it"
    assert (await boards.get_board(stack, device.external_id)).board.running == VERSION
    stored = await client_api.rows(
        "SELECT extract(epoch FROM time)::bigint FROM monitoring.power_measurements ORDER BY 1"
    )
    gaps = [later - earlier for (earlier,), (later,) in zip(stored[-20:], stored[-19:], strict=False)]
    assert max(gaps) <= 33


@pytest.mark.parametrize(("quantities", "most"), [(EIGHT, 2_500_000), (ALL, 6_500_000)], ids=["eight", "all"])
async def test_what_a_month_of_readings_costs(
    client_api: Api,
    device: IssuedDevice,
    clock: Clock,
    quantities: tuple[int, ...],
    most: int,
    record_property: Callable[[str, object], None],
) -> None:
    """A day of it, all that goes over HTTP both ways; TLS and TCP come on top (docs/firmware.md)."""
    board = SimulatedBoard(blocks=24)
    kept = Settings(board.flash)
    kept.values = {"host": "portal.example.com", "token": device.token, "wanted": list(quantities)}
    kept.store()
    board.link.portal = board.portal = _RealPortal(client_api, clock, board)
    board.updates = Slots(SimulatedFiles(), MODULUS)
    shows = board.meter.shows
    load = BuildingLoad(11, LoadKind.OFFICE)

    def shown() -> dict[int, int]:
        at = datetime.fromtimestamp(board.true_ms() / 1000, UTC)
        counts = load.register_milliwh(at) // REGISTER_COUNT_MILLIWH
        words = block_of(Shown(load.sample(at), counts, 0))
        return {0x4000 + index: word for index, word in enumerate(words)} | shows()

    board.meter.shows = shown
    board.start()
    await asyncio.to_thread(board.run, 86_400)
    assert await client_api.count("monitoring.power_measurements") >= 1400
    month = sum(board.portal.lengths) * 30.5
    record_property("megabytes", f"{month / 1e6:.2f} in {len(board.portal.lengths)} posts a day")
    assert month <= most


async def _site(api: Api) -> str:
    ((site_id,),) = await api.rows("SELECT id FROM monitoring.sites")
    return str(site_id)
