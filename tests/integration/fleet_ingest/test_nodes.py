"""Nodes post to the ingest that they will meet: what they took is stored once, whatever goes wrong in between."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from node import records
from node.node import ASIDE_BLOCKS, SETTINGS_BLOCKS
from node.quantities import ALL
from node.ring import Ring
from node.settings import Settings
from portal.core.settings import RunMode, load_settings
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack, close_stack, open_stack
from tests.firmware.lives import befall, start_again, without_time
from tests.firmware.simulated_board import SimulatedBoard, SimulatedPortal, answered
from tests.firmware.simulated_flash import PowerCut, SimulatedFlash
from tests.firmware.test_micropython import ENVIRONMENT, HERE, MICROPYTHON, ROOT, needs_micropython
from tests.integration.fleet_ingest.servers import serving
from tools.deflate_tables import made_up_readings

if TYPE_CHECKING:
    from pathlib import Path

    from portal.core.sites.service.devices import IssuedDevice
    from tests.integration.databases import Clock, TestServer
    from tests.integration.fleet_ingest.api import Api

STORED = (
    "SELECT extract(epoch FROM time)::bigint, round(energy_imported_kwh * 10)::bigint, source"
    " FROM monitoring.power_measurements ORDER BY time"
)
FAULTS = 60
READINGS = 500


class RealPortal(SimulatedPortal):
    """The portal itself, behind the simulated line, at the simulated time."""

    def __init__(self, api: Api, token: str, clock: Clock, board: SimulatedBoard) -> None:
        super().__init__()
        self._api, self._clock, self._board = api, clock, board
        self._loop = asyncio.get_running_loop()
        self.token = token
        self.answers: list[dict[str, Any]] = []

    def answer(self, request: bytes) -> bytes:
        head, _, body = request.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:])
        self._clock.now = datetime.fromtimestamp(self._board.true_ms() / 1000, UTC)
        posting = self._api.http.post(lines[0].split()[1], content=body, headers=headers)
        response = asyncio.run_coroutine_threadsafe(posting, self._loop).result()
        self.answers.append(response.json())
        return answered(response.status_code, response.text)


def _live(board: SimulatedBoard) -> None:
    """Go through faults by chance, and then send everything that is left."""
    for _ in range(FAULTS):
        befall(board)
        try:
            board.run(60 + board.random_below(900))
        except PowerCut:
            start_again(board)
    board.flash.cut_after = None
    board.link.moods.clear()
    board.link.is_up = True
    board.start()
    board.run(1)
    board.drain()


async def test_each_reading_of_a_node_is_stored_once(
    client_api: Api, device: IssuedDevice, clock: Clock
) -> None:
    board = SimulatedBoard(blocks=24)
    board.set_up(token=device.token)
    board.portal = RealPortal(client_api, device.token, clock, board)
    board.link.portal = board.portal
    board.start()
    await asyncio.to_thread(_live, board)
    stored = await client_api.rows(STORED)
    found = {register: at for at, register, _ in stored}
    assert len(found) == len(stored), "the same reading twice"
    assert board.node is not None
    missing = set(board.taken) - set(found) - without_time(board)
    assert len(missing) <= board.node.ring.dropped
    assert not set(found) - set(board.taken) - board.unsure
    assert {at for register, at in found.items() if not 0 <= board.taken.get(register, at) - at <= 3} == set()
    assert not any(answer["rejected"] or answer["conflicts"] for answer in board.portal.answers)
    assert {source for _, _, source in stored} == {"acuvim-ii 3LN/3CT"}
    assert len(stored) > 200


async def _device(given: dict[str, str]) -> str:
    stack: Stack = open_stack(load_settings(given))
    try:
        await sites.add_site(stack, "Head office")
        return (await devices.add_device(stack, "Main", site="Head office", external_id="main-1")).token
    finally:
        await close_stack(stack)


def _flash(host: str, port: int, token: str) -> SimulatedFlash:
    flash = SimulatedFlash(40)
    settings = Settings(flash)
    settings.values = {"host": host, "port": port, "tls": False, "token": token, "wanted": list(ALL)}
    settings.store()
    ring = Ring(flash, SETTINGS_BLOCKS + ASIDE_BLOCKS)
    ring.mount()
    for reading in made_up_readings(READINGS):
        ring.append(records.READING, records.encode(reading))
    return flash


async def _stored(given: dict[str, str]) -> list[tuple[Any, ...]]:
    stack = open_stack(load_settings(given))
    try:
        async with stack.db.transaction() as session:
            return [tuple(row) for row in await session.execute(text(STORED))]
    finally:
        await close_stack(stack)


@pytest.mark.parametrize(
    "python",
    [
        pytest.param([sys.executable], id="cpython"),
        pytest.param([str(MICROPYTHON)], id="micropython", marks=needs_micropython),
    ],
)
def test_a_node_posts_over_a_real_connection(
    database_server: TestServer, tmp_path: Path, python: list[str]
) -> None:
    name = asyncio.run(database_server.copy(RunMode.CLIENT))
    given = {
        "Application__RunMode": RunMode.CLIENT.value,
        "Database__ConnectionString": database_server.dsn(name),
    }
    try:
        token = asyncio.run(_device(given))
        with serving(tmp_path, given) as server:
            address = urlsplit(server.url)
            image = tmp_path / "flash"
            image.write_bytes(b"".join(_flash(str(address.hostname), address.port or 0, token).data))
            done = subprocess.run(
                [*python, str(HERE / "post_over_tcp_micropython.py"), str(image)],
                cwd=ROOT, env={**ENVIRONMENT, "PYTHONPATH": ".:firmware"}, capture_output=True, text=True, check=False,
            )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        said = json.loads(done.stdout)
        assert (said["sent"], said["failed"], said["opened"]) == (READINGS, 0, 1)
        assert len(asyncio.run(_stored(given))) == READINGS
    finally:
        asyncio.run(database_server.drop(name))
